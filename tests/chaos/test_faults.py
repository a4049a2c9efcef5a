"""Endpoints that fail: a fault of the machinery is never a wrong answer (law 1)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from bench.stub import stub_server
from tests.chaos.commands import asked, experiment, exported, finish, one_line, shown, start
from tests.conftest import DataFolder

pytestmark = pytest.mark.chaos

TRIALS = 600
GRADED = ("outcome", "score", "extracted", "rule", "answer", "prompt", "content_key")


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def by_sample(trials: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {trial["sample_id"]: {name: trial[name] for name in GRADED} for trial in trials}


def wait_for_calls(url: str, count: int) -> None:
    while asked(url)["n"] < count:
        time.sleep(0.005)


def test_one_call_in_five_fails_and_no_answer_is_wrong_for_it(gsm8k_folder: DataFolder, home: Path) -> None:
    """429, 500, dropped connections and cut JSON, in turns."""
    gsm8k_folder(TRIALS)
    with stub_server() as url:
        assert finish(start(*experiment(url, "calm")))[0] == 0
    calm = by_sample(exported("calm"))
    with stub_server(fault_rate=0.2, seed=5, port=port_of(url)) as again:
        # the same address is the same model, so a store of its own keeps the calm run's answers out
        store = {"BAKEOFF_STORE": f"sqlite:///{home}/stormy.db"}
        code, _, said = finish(start(*experiment(again, "stormy", "--concurrency", "32"), env=store))
        seen = asked(again)
        trials = by_sample(exported("stormy", env=store))
        assert code in (0, 1), said
        assert seen["bad"] > TRIALS * 0.15
        errors = [id_ for id_, trial in trials.items() if trial["outcome"] == "error"]
        assert {id_: trial for id_, trial in trials.items() if id_ not in errors} == {
            id_: trial for id_, trial in calm.items() if id_ not in errors
        }
        assert len(errors) < TRIALS / 50  # five more tries help nearly all
        if errors:
            assert finish(start("resume", "stormy", "--retries", "20", "--json", env=store))[0] == 0
        assert by_sample(exported("stormy", env=store)) == calm
    print(f"\n{seen['n']:,} calls, {seen['bad']} faults: {len(errors)} errors of {TRIALS}, no other difference")


def test_without_retries_faults_are_errors_in_the_table_and_resume_mends_them(
    gsm8k_folder: DataFolder, home: Path
) -> None:
    gsm8k_folder(TRIALS)
    with stub_server() as url:
        assert finish(start(*experiment(url, "calm")))[0] == 0
    store = {"BAKEOFF_STORE": f"sqlite:///{home}/brittle.db"}
    with stub_server(fault_rate=0.2, seed=5, port=port_of(url)) as again:
        command = experiment(again, "brittle", "--retries", "0", "--concurrency", "8")
        code, _, said = finish(start(*command, env=store))
        assert code == 1, said
    cell = shown("brittle", store)["cells"][0]
    errors = cell["outcomes"]["error"]
    assert TRIALS * 0.08 < errors < TRIALS * 0.25  # rate limits are waited for, so they are no errors
    assert cell["estimate"]["n"] + errors == TRIALS
    assert cell["estimate"]["n_missing"] == errors
    assert cell["estimate"]["lowest"] < cell["estimate"]["value"] < cell["estimate"]["highest"]
    _, table, _ = finish(start("show", "brittle", env=store))
    assert f"{errors} error" in table
    assert f"|n:{TRIALS - errors}|miss:{errors}|" in "".join(table.split("\n"))
    codes = {trial["error_code"] for trial in exported("brittle", store)}
    assert codes == {None, "unavailable", "bad-response"}
    with stub_server(port=port_of(url)) as healed:
        assert finish(start("resume", "brittle", "--json", env=store))[0] == 0
        assert asked(healed)["n"] == errors  # and what was answered is not asked again
    assert shown("brittle", store)["cells"][0]["outcomes"]["error"] == 0
    assert by_sample(exported("brittle", store)) == by_sample(exported("calm"))
    print(f"\n{errors} errors of {TRIALS} without retries; mended with {errors} calls")


@pytest.mark.parametrize("death", ["gone", "all faults"])
def test_a_dead_engine_stops_its_cell_and_leaves_the_rest_owed(
    death: str, gsm8k_folder: DataFolder, home: Path
) -> None:
    """The server goes away in mid-run; or it stays, and every call ends in one fault or another."""
    gsm8k_folder(TRIALS)
    with stub_server(latency=0.02) as url:
        process = start(*experiment(url, "dead", "--concurrency", "4", "--retries", "1"))
        wait_for_calls(url, 50)
    if death == "all faults":
        with stub_server(fault_rate=1.0, port=port_of(url)):
            code, _, said = finish(process)
    else:
        code, _, said = finish(process)
    assert code == 3, said
    errors = [line for line in said.splitlines() if line.startswith("error[")]
    assert len(errors) == 1, said
    assert "Traceback" not in said
    outcomes = shown("dead")["cells"][0]["outcomes"]
    assert 0 < outcomes["error"] <= 16
    assert outcomes["not_run"] > TRIALS / 2
    before = {id_: trial for id_, trial in by_sample(exported("dead")).items() if trial["outcome"] != "error"}
    with stub_server(port=port_of(url)) as healed:
        assert finish(start("resume", "dead", "--json"))[0] == 0
        assert asked(healed)["n"] == TRIALS - len(before)
    assert shown("dead")["cells"][0]["estimate"]["n"] == TRIALS
    assert before.items() <= by_sample(exported("dead")).items()
    print(f"\n{death}: {len(before)} answered, {outcomes['error']} errors, {outcomes['not_run']} owed; {errors[0]}")


def test_nothing_listens_from_the_start(gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(TRIALS)
    with stub_server() as url:
        pass
    started = time.monotonic()
    code, _, said = finish(start(*experiment(url, "nobody")))
    assert code == 3
    assert one_line(said, "unavailable"), said
    assert time.monotonic() - started < 20
    with stub_server(port=port_of(url)):
        assert finish(start("resume", "nobody", "--json"))[0] == 0
    assert len(exported("nobody")) == TRIALS
