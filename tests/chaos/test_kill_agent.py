"""`kill -9` of agents whose tool says something else each time: what it said is said again, nothing is paid twice."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from bench.stub import stub_server
from tests.chaos.commands import asked, exported, finish, start
from tests.conftest import DataFolder

pytestmark = pytest.mark.chaos

TRIALS = 300
STEPS = 3
ROUNDS = 6
IN_FLIGHT = 32
TOOL = """
import random

def roll(text: str) -> str:
    "Rolls dice."
    return str(random.SystemRandom().random())
"""


def test_killed_agents_pay_for_no_step_twice(home: Path, tmp_path: Path, gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(TRIALS)
    (tmp_path / "dice.py").write_text(TOOL, encoding="utf-8")
    dice = random.Random(6)
    with stub_server(latency=0.02) as url:
        command = ["run", "--models", f"openai_compatible/agent-{STEPS}", "--base-url", f"{url}/v1", "--name", "killed"]
        command += ["--benchmarks", "gsm8k", "--methods", f"react:tools={tmp_path}/dice.py:roll", "--json"]
        command += ["--concurrency", str(IN_FLIGHT), "--seed", "7"]
        for _ in range(ROUNDS):
            before = asked(url)["n"]
            process = start(*command)
            until = before + dice.randint(20, 120)
            while asked(url)["n"] < until and process.poll() is None:
                time.sleep(0.001)
            process.kill()
            process.communicate()
            assert process.returncode == -9, "the run was over before the last kill: give it more trials"
        code, _, said = finish(start(*command))
        assert code == 0, said
        seen = asked(url)
    # Had a tool's word changed after a kill, the next prompt would have, and there would be more of them.
    assert seen["distinct"] == TRIALS * (STEPS + 1)
    assert seen["n"] - seen["distinct"] <= ROUNDS * IN_FLIGHT
    trials = exported("killed")
    assert len(trials) == TRIALS
    assert all(trial["parts"]["agent_calls"] == STEPS for trial in trials)
