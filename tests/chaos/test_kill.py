"""`kill -9` at random moments: at most the calls in flight are made again (law 2)."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from bench.stub import stub_server
from tests.chaos.commands import asked, experiment, exported, finish, start
from tests.conftest import DataFolder

pytestmark = pytest.mark.chaos

TRIALS = 5_000
ROUNDS = 20
IN_FLIGHT = 64


def test_twenty_kills_lose_nothing_and_pay_for_nothing_twice(gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(TRIALS)
    dice = random.Random(20)
    done = False
    with stub_server(latency=0.1) as url:
        command = experiment(url, "killed", "--concurrency", str(IN_FLIGHT))
        for _ in range(ROUNDS):
            before = asked(url)["n"]
            process = start(*command)
            while asked(url)["n"] <= before + 10 and process.poll() is None:
                time.sleep(0.01)  # be sure that it is killed at work, and not while it loads
            time.sleep(dice.uniform(0.0, 0.3))
            process.kill()
            process.communicate()
            done = done or process.returncode == 0
        at_kills = asked(url)["n"]
        code, _, said = finish(start(*command))
        calls = asked(url)["n"]
    assert code == 0, said
    assert not done, "the run was over before the last kill: give it more trials"
    trials = exported("killed")
    print(f"\n{ROUNDS} kills, {at_kills:,} calls by the last; in the end {calls:,} calls for {TRIALS:,} trials")
    assert len(trials) == TRIALS
    assert max(Counter(trial["sample_id"] for trial in trials).values()) == 1
    assert {trial["outcome"] for trial in trials} <= {"correct", "incorrect"}
    assert TRIALS <= calls <= TRIALS + ROUNDS * IN_FLIGHT
