"""Small logs that the tools themselves wrote (lm-eval 0.4.13, inspect_ai 0.3.285, evalplus 0.3.1), read back.

What is expected is what the tool says: lm-eval's own lines, and for inspect_ai what its `read_eval_log` gave of
the same log (`*.expected`). Paths, host details and tracebacks are taken out of the logs, nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bakeoff.app.experiments import Laboratory
from bakeoff.app.importing import import_log
from bakeoff.app.results import Results
from bakeoff.app.settings import Settings
from bakeoff.core.types import Outcome, Trial
from bakeoff.imports import evalplus, inspect, lm_eval
from bakeoff.imports.found import Log
from bakeoff.reports.summary import CellSummary
from tests.conftest import require

LOGS = Path(__file__).parent / "logs"


def stored(log: Log) -> list[tuple[CellSummary, list[Trial]]]:
    """Import a log; each cell's summary and trials as the store has them."""
    laboratory = Laboratory(Settings.load())
    try:
        done = import_log(laboratory.database, log)
        assert done.new
        summary = Results(laboratory.runs, laboratory.trials).summary(done.run)
        return [(cell, list(laboratory.trials.trials(cell.cell.id))) for cell in summary.cells]
    finally:
        laboratory.close()


@pytest.mark.parametrize("model", ["small", "large"])
def test_lm_eval_says_the_same_of_every_sample(model: str) -> None:
    folder = LOGS / "lm-eval" / model
    lines = [json.loads(line) for line in next(folder.glob("samples_*")).read_text().splitlines()]
    results = json.loads(next(folder.glob("results_*")).read_text())["results"]["gsm8k_small"]
    cells = stored(lm_eval.read(folder))
    assert [cell.cell.profile for cell, _ in cells] == ["exact_match/strict-match", "exact_match/flexible-extract"]
    for cell, trials in cells:
        name = cell.cell.profile.partition("/")[2]
        told = {str(line["doc_id"]): line for line in lines if line["filter"] == name}
        assert len(told) == len(trials) == 12
        for trial in trials:
            line = told[trial.sample_id]
            assert trial.answer == line["resps"][0][0]
            assert trial.target == line["target"]
            if trial.value is None:  # lm-eval scored an empty reply as wrong
                assert (trial.outcome, line["exact_match"], line["resps"]) == (Outcome.UNPARSED, 0.0, [[""]])
                continue
            assert trial.value == line["exact_match"]
            assert trial.outcome is (Outcome.CORRECT if line["exact_match"] else Outcome.INCORRECT)
            assert trial.extracted == line["filtered_resps"][0]
        right = sum(line["exact_match"] for line in told.values())
        assert right / len(told) == pytest.approx(results[f"exact_match,{name}"])
        assert cell.estimate.value == pytest.approx(right / cell.estimate.n)
        assert (cell.estimate.n, cell.estimate.n_missing) == (11, 1)
        assert cell.latency.p50 is None  # lm-eval logs no times


@pytest.mark.parametrize(
    ("resps", "answer", "graded"),
    [(None, None, 12), ([], None, 12), ("said", "said", 12), (["said"], "said", 12), ([[""]], "", 4)],
)
def test_a_reply_that_was_not_kept_is_not_an_empty_one(
    resps: object, answer: str | None, graded: int, tmp_path: Path
) -> None:
    """Only what is known to be empty takes a score away."""
    folder = LOGS / "lm-eval" / "small"
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    samples = next(tmp_path.glob("samples_*"))
    lines = [json.loads(line) | {"resps": resps} for line in samples.read_text().splitlines()]
    samples.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (cell, trials), _ = stored(lm_eval.read(tmp_path))
    assert cell.estimate.n == graded
    assert cell.estimate.value == pytest.approx(4 / graded)
    assert {trial.answer for trial in trials} == {answer}


def test_lm_eval_choices_keep_their_log_probabilities() -> None:
    folder = LOGS / "lm-eval" / "choices"
    lines = [json.loads(line) for line in next(folder.glob("samples_*")).read_text().splitlines()]
    ((cell, trials),) = stored(lm_eval.read(folder, lm_eval.Choice(metric="acc_norm")))
    assert cell.cell.profile == "acc_norm"
    assert {trial.sample_id: trial.value for trial in trials} == {str(li["doc_id"]): li["acc_norm"] for li in lines}
    by_id = {trial.sample_id: trial for trial in trials}
    for line in lines:
        scores = [float(said[0][0]) for said in line["resps"]]
        assert by_id[str(line["doc_id"])].extracted == ["no", "yes"][scores.index(max(scores))]


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((LOGS / "inspect" / f"{name}.expected").read_text())
    return found


@pytest.mark.parametrize("file", ["small.eval", "large.eval", "log.json"])
def test_inspect_says_the_same_of_every_sample(file: str) -> None:
    require("pyarrow")
    told = {(str(one["id"]), one["epoch"]): one for one in expected(file.partition(".")[0])["samples"]}
    ((_, trials),) = stored(inspect.read(LOGS / "inspect" / file))
    assert {(trial.sample_id, trial.repeat + 1) for trial in trials} == told.keys()
    for trial in trials:
        one = told[trial.sample_id, trial.repeat + 1]
        assert trial.target == one["target"]
        if one["error"]:
            assert (trial.outcome, trial.value, trial.error_code) == (Outcome.ERROR, None, "imported")
            assert "the request is refused by the stub" in (trial.error or "")
            continue
        assert trial.answer == one["completion"]
        assert [trial.prompt_tokens, trial.output_tokens] == one["tokens"]
        if one["stop"] == "max_tokens":
            assert (trial.outcome, trial.value) == (Outcome.TRUNCATED, None)
        else:
            assert trial.value == {"C": 1.0, "I": 0.0}[one["scores"]["match"]]
            assert trial.latency_s > 0


def test_the_means_are_those_that_inspect_reports() -> None:
    require("pyarrow")
    told = expected("small")["scores"]
    ((match, _),) = stored(inspect.read(LOGS / "inspect" / "small.eval"))
    ((close, trials),) = stored(inspect.read(LOGS / "inspect" / "small.eval", "closeness"))
    assert match.estimate.value == pytest.approx(told["match"]["accuracy"])
    assert close.estimate.value == pytest.approx(told["closeness"]["mean"])
    assert {trial.outcome for trial in trials} == {Outcome.SCORED, Outcome.ERROR}


def test_a_limit_is_no_wrong_answer() -> None:
    require("pyarrow")
    assert all(one["limit"] == "token" for one in expected("limit")["samples"])
    ((cell, trials),) = stored(inspect.read(LOGS / "inspect" / "limit.eval"))
    assert {trial.outcome for trial in trials} == {Outcome.TRUNCATED}
    assert cell.estimate.value is None


@pytest.mark.parametrize(("name", "base", "plus"), [("good", 1.0, 0.875), ("bad", 6 / 7, 2 / 7)])
def test_evalplus_says_the_same_of_every_program(name: str, base: float, plus: float) -> None:
    """It printed 1.000 and 0.875; 0.750 and 0.250, with a task of 8 for which there is no program as wrong."""
    path = LOGS / "evalplus" / f"{name}_eval_results.json"
    told = json.loads(path.read_text())["eval"]
    cells = stored(evalplus.read(path))
    assert [cell.estimate.value for cell, _ in cells] == [pytest.approx(base), pytest.approx(plus)]
    for cell, trials in cells:
        for trial in trials:
            one = told[trial.sample_id][trial.repeat]
            names = ["base_status", "plus_status"][: 1 if cell.cell.profile == "base" else 2]
            right = all(one[status] == "pass" for status in names)
            if one["solution"]:
                assert trial.outcome is (Outcome.CORRECT if right else Outcome.INCORRECT)
            else:
                assert trial.outcome is Outcome.UNPARSED
            assert trial.answer == one["solution"]
