"""Endpoints that fail: a fault of the machinery is never a wrong answer (law 1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.stub import stub_server
from tests.chaos.commands import asked, experiment, exported, finish, one_line, shown, start
from tests.conftest import DataFolder

pytestmark = pytest.mark.chaos

TRIALS = 600


def test_one_call_in_five_fails_and_no_answer_is_wrong_for_it(gsm8k_folder: DataFolder, home: Path) -> None:
    gsm8k_folder(TRIALS)
    with stub_server() as url:
        assert finish(start(*experiment(url, "calm")))[0] == 0
    port = int(url.rpartition(":")[2])
    with stub_server(fault_rate=0.2, seed=5, port=port) as again:
        # the same address is the same model, so a store of its own keeps the calm run's answers out
        store = {"BAKEOFF_STORE": f"sqlite:///{home}/stormy.db"}
        code, _, said = finish(start(*experiment(again, "stormy", "--concurrency", "32"), env=store))
        faults = asked(again)["bad"]
        trials = exported("stormy", env=store)
    calm = {trial["sample_id"]: trial["outcome"] for trial in exported("calm")}
    assert code in (0, 1), said
    assert faults > TRIALS * 0.15
    assert len(trials) == TRIALS
    for trial in trials:
        assert trial["outcome"] in ("error", calm[trial["sample_id"]])


def test_without_retries_faults_are_errors_in_the_table_and_resume_mends_them(gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(TRIALS)
    with stub_server(fault_rate=0.2, seed=5) as url:
        code, _, said = finish(start(*experiment(url, "brittle", "--retries", "0", "--concurrency", "8")))
        assert code == 1, said
        cell = shown("brittle")["cells"][0]
        errors = cell["outcomes"]["error"]
        assert TRIALS * 0.08 < errors < TRIALS * 0.25  # rate limits are waited for, so they are no errors
        assert cell["estimate"]["n"] + errors == TRIALS
        assert cell["estimate"]["n_missing"] == errors
        assert cell["estimate"]["lowest"] < cell["estimate"]["value"] < cell["estimate"]["highest"]
        assert finish(start("resume", "brittle", "--retries", "8", "--json"))[0] == 0
    assert shown("brittle")["cells"][0]["outcomes"]["error"] == 0


def test_a_dead_engine_stops_its_cell_and_leaves_the_rest_owed(gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(TRIALS)
    with stub_server(latency=0.02) as url:
        port = int(url.rpartition(":")[2])
        command = experiment(url, "dead", "--concurrency", "4", "--retries", "1")
        process = start(*command)
        while asked(url)["n"] < 50:
            pass
    code, _, said = finish(process)
    assert code == 3
    assert one_line(said, "unavailable"), said
    outcomes = shown("dead")["cells"][0]["outcomes"]
    assert outcomes["error"] <= 16
    assert outcomes["not_run"] > TRIALS / 2
    with stub_server(port=port):
        assert finish(start("resume", "dead", "--json"))[0] == 0
    assert shown("dead")["cells"][0]["estimate"]["n"] == TRIALS
