"""A/B tests that are killed, interrupted and starved: the same decision, and nothing paid for twice."""

from __future__ import annotations

import random
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from bench.stub import stub_server
from tests.chaos.commands import asked, finish, journals, shown, start
from tests.chaos.test_kill import settled_calls
from tests.conftest import DataFolder

pytestmark = pytest.mark.chaos

ITEMS = 1_200
BATCH = 40
IN_FLIGHT = 8  # for each arm
KILLS = 10
LAST_WORD = re.compile(r"^interrupted: [\d,]+ trials kept \(.*\); resume with: bakeoff resume ab$", re.MULTILINE)


def ab_words(url: str, name: str, *more: str, close: bool = True) -> list[str]:
    """Two arms, so `close` that all questions are needed, or else far apart."""
    shares = (58, 60) if close else (40, 75)
    models = ",".join(f"openai_compatible/knows-{share}" for share in shares)
    args = ["run", "--models", models, "--base-url", f"{url}/v1", "--benchmarks", "gsm8k", "--seed", "7"]
    rule = ["--decide", "difference", "--batch", str(BATCH), "--concurrency", str(IN_FLIGHT)]
    return [*args, *rule, "--name", name, "--json", *more]


def decision(name: str) -> dict[str, Any]:
    found = shown(name)["decision"]
    assert isinstance(found, dict)
    return found


def test_ten_kills_change_no_decision_and_pay_for_nothing_twice(home: Path, gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(ITEMS)
    dice = random.Random(10)
    elsewhere = {"BAKEOFF_STORE": f"sqlite:///{home}/elsewhere.db", "BAKEOFF_HOME": str(home / "elsewhere")}
    with stub_server(latency=0.01) as url:
        assert finish(start(*ab_words(url, "ab"), env=elsewhere))[0] == 0
        needed = asked(url)["n"]
        undisturbed = shown("ab", elsewhere)["decision"]
        asked(url, "reset")
        for _ in range(KILLS):
            until = asked(url)["n"] + dice.randint(1, needed // (KILLS + 2))
            process = start(*ab_words(url, "ab"))
            while asked(url)["n"] < until and process.poll() is None:
                time.sleep(0.001)
            time.sleep(dice.uniform(0, 0.02))
            process.kill()
            assert finish(process)[0] == -9, "the run was over before the last kill: give it more questions"
            settled_calls(url)
            between = decision("ab")
            assert between["winner"] is None and between["stop"] in ("interrupted", "decided")
        code, _, said = finish(start(*ab_words(url, "ab")))
        seen = asked(url)
    assert code == 0, said
    print(f"\n{KILLS} kills: {seen['n']} calls, {needed} undisturbed, {2 * IN_FLIGHT} in flight")
    assert decision("ab") == undisturbed
    assert seen["n"] <= needed + KILLS * 2 * IN_FLIGHT
    assert not journals(home)


def test_kills_on_the_way_to_an_early_decision(home: Path, gsm8k_folder: DataFolder) -> None:
    """What was shown stays shown; after the decision no process asks anything."""
    gsm8k_folder(ITEMS)
    elsewhere = {"BAKEOFF_STORE": f"sqlite:///{home}/elsewhere.db", "BAKEOFF_HOME": str(home / "elsewhere")}
    with stub_server(latency=0.05) as url:
        assert finish(start(*ab_words(url, "ab", close=False), env=elsewhere))[0] == 0
        undisturbed = shown("ab", elsewhere)["decision"]
        assert undisturbed["winner"] == "openai_compatible/knows-75"
        asked(url, "reset")
        for after in (30, 20, 10):
            until = asked(url)["n"] + after
            process = start(*ab_words(url, "ab", close=False))
            while asked(url)["n"] < until and process.poll() is None:
                time.sleep(0.001)
            process.kill()
            finish(process)
        assert finish(start("resume", "ab", "--json"))[0] == 0
        settled = settled_calls(url)
        assert finish(start("resume", "ab", "--json"))[0] == 0
        assert settled_calls(url) == settled
    assert decision("ab") == undisturbed
    assert settled <= 2 * (undisturbed["asked"] + BATCH) + 3 * 2 * IN_FLIGHT


def test_an_interrupt_in_the_middle_is_kept_and_resumed_to_the_same_decision(
    home: Path, gsm8k_folder: DataFolder
) -> None:
    gsm8k_folder(400)
    elsewhere = {"BAKEOFF_STORE": f"sqlite:///{home}/elsewhere.db", "BAKEOFF_HOME": str(home / "elsewhere")}
    with stub_server(latency=0.02) as url:
        assert finish(start(*ab_words(url, "ab"), env=elsewhere))[0] == 0
        needed = asked(url)["n"]
        asked(url, "reset")
        process = start(*ab_words(url, "ab"))
        while asked(url)["n"] < 200:
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        code, _, said = finish(process)
        assert code == 130 and "Traceback" not in said
        assert LAST_WORD.search(said), said
        halfway = decision("ab")
        assert (halfway["verdict"], halfway["winner"]) == ("unfinished", None)
        assert halfway["sentence"].startswith("Interrupted after ") and 0 < halfway["asked"] < 400
        assert finish(start("resume", "ab", "--json"))[0] == 0
        assert asked(url)["n"] == needed
    assert decision("ab") == shown("ab", elsewhere)["decision"]


def test_faults_in_a_fifth_of_the_calls_decide_nothing(home: Path, gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(ITEMS)
    elsewhere = {"BAKEOFF_STORE": f"sqlite:///{home}/elsewhere.db", "BAKEOFF_HOME": str(home / "elsewhere")}
    with stub_server() as url:
        assert finish(start(*ab_words(url, "ab", close=False), env=elsewhere))[0] == 0
    with stub_server(fault_rate=0.2) as url:
        code, _, said = finish(start(*ab_words(url, "ab", "--retries", "30", close=False)))
        assert code == 0, said
        assert asked(url)["bad"] > 20
    assert decision("ab") == shown("ab", elsewhere)["decision"]


def test_an_engine_that_dies_halfway_leaves_no_winner(gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(ITEMS)
    with stub_server(latency=0.02) as url:
        process = start(*[word for word in ab_words(url, "ab", "--retries", "1") if word != "--json"])
        while asked(url)["n"] < 300:
            time.sleep(0.002)
    code, _, said = finish(process)
    assert code == 3, said
    assert "Traceback" not in said and "resume with: bakeoff resume ab" in said
    found = decision("ab")
    assert (found["verdict"], found["winner"], found["stop"]) == ("unfinished", None, "engine")
    assert found["sentence"].startswith("Stopped by a dead engine after ")
