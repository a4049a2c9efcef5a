"""JSON lines: columns by their usual names, by flags, dotted; and what `bakeoff export` wrote, without a loss."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from bakeoff.app.experiments import Laboratory, run_fields
from bakeoff.app.importing import import_log
from bakeoff.app.results import Results, export_lines
from bakeoff.app.settings import Settings
from bakeoff.core.errors import ConfigInvalid, DataInvalid
from bakeoff.core.types import Outcome, Trial
from bakeoff.imports.found import Log
from bakeoff.imports.jsonl import Wish, read


def written(folder: Path, *rows: dict[str, Any], name: str = "log.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def trials_of(log: Log, out_of: float = 1.0) -> list[Trial]:
    laboratory = Laboratory(Settings.load())
    try:
        name = import_log(laboratory.database, log, out_of=out_of).run
        cells = laboratory.runs.cells(laboratory.runs.get(name).id)
        return [trial for cell in cells for trial in laboratory.trials.trials(cell.id)]
    finally:
        laboratory.close()


def test_columns_are_found_by_their_usual_names(tmp_path: Path) -> None:
    row = {"id": 7, "prompt": "2 + 2?", "completion": "It is 4.", "gold": "4", "is_correct": True, "epoch": 2}
    path = written(tmp_path, {**row, "input_tokens": 9, "latency": 0.5, "cost_usd": 0.01})
    (trial,) = trials_of(read(path, Wish(benchmark="sums")))
    assert (trial.sample_id, trial.repeat, trial.target, trial.answer) == ("7", 2, "4", "It is 4.")
    assert (trial.outcome, trial.value) == (Outcome.CORRECT, 1.0)
    assert (trial.prompt_tokens, trial.latency_s, trial.cost) == (9, 0.5, 0.01)


def test_columns_are_named_and_may_lie_inside(tmp_path: Path) -> None:
    rows = [{"key": str(i), "metrics": {"f1": i / 4}, "score": "not this one"} for i in range(5)]
    columns = {"id": "key", "score": "metrics.f1"}
    trials = trials_of(read(written(tmp_path, *rows), Wish(benchmark="b", columns=columns)))
    assert {trial.sample_id: trial.value for trial in trials} == {str(i): i / 4 for i in range(5)}
    assert {trial.outcome for trial in trials} == {Outcome.SCORED}


def test_scores_of_0_and_1_are_wrong_and_right_and_others_degrees(tmp_path: Path) -> None:
    path = written(tmp_path, {"id": 1, "score": 0}, {"id": 2, "score": 1.0}, {"id": 3, "score": True})
    outcomes = [trial.outcome for trial in trials_of(read(path, Wish(benchmark="b")))]
    assert outcomes == [Outcome.INCORRECT, Outcome.CORRECT, Outcome.CORRECT]
    path = written(tmp_path, {"id": 1, "score": 0}, {"id": 2, "score": 85}, name="percent.jsonl")
    trials = trials_of(read(path, Wish(benchmark="b")), out_of=100)
    assert [(trial.outcome, trial.value) for trial in trials] == [(Outcome.SCORED, 0.0), (Outcome.SCORED, 0.85)]


def test_a_fault_is_never_incorrect(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 1, "score": 0, "error": "connection reset"},
        {"id": 2, "score": None},
        {"id": 3, "score": 0, "response": "  "},
        {"id": 4, "score": 0, "response": "It i", "finish_reason": "length"},
        {"id": 5, "score": 0, "response": "", "finish_reason": "content_filter"},
        {"id": 6, "score": 0, "response": "5"},
    ]
    trials = trials_of(read(written(tmp_path, *rows), Wish(benchmark="b")))
    assert [trial.outcome.value for trial in trials] == [
        *("error", "unparsed", "unparsed", "truncated", "refused", "incorrect")
    ]
    assert trials[0].error == "connection reset"


def test_models_and_benchmarks_of_one_file_are_cells(tmp_path: Path) -> None:
    rows = [
        {"id": i, "model": model, "task": task, "correct": (i + len(model)) % 2 == 0}
        for model in ("a", "bb")
        for task in ("x", "y")
        for i in range(3)
    ]
    log = read(written(tmp_path, *rows), Wish())
    assert len(trials_of(log)) == 12
    assert [(cell.model, cell.benchmark) for cell in log.cells] == [("a", "x"), ("a", "y"), ("bb", "x"), ("bb", "y")]


def test_lines_without_an_id_are_numbered_in_their_cell(tmp_path: Path) -> None:
    rows = [{"model": model, "correct": 1} for model in ("a", "b", "a", "b")]
    trials = trials_of(read(written(tmp_path, *rows), Wish(benchmark="x")))
    assert [trial.sample_id for trial in trials] == ["1", "2", "1", "2"]


@pytest.mark.parametrize(
    ("rows", "wish", "told"),
    [
        ([{"id": 1, "quality": 3}], Wish(benchmark="b"), "no field for the score among: id, quality"),
        ([{"id": 1, "score": 1}], Wish(), "does not say what was asked"),
        ([{"id": 1, "score": 1}], Wish(benchmark="b", columns={"score": "f1"}), "field 'f1' is missing"),
        ([{"id": 1, "score": 1}], Wish(benchmark="b", columns={"scores": "f1"}), "knows no 'scores'"),
        ([{"id": 1, "score": 1}, {"score": 1}], Wish(benchmark="b"), "line 2: field 'id' is missing"),
        ([{"id": 1, "score": 1}, {"id": 2}], Wish(benchmark="b"), "line 2: field 'score' is missing"),
        ([{"id": 1, "score": float("nan")}], Wish(benchmark="b"), "line 1: field 'score' is nan"),
        ([{"id": 1, "score": "good"}], Wish(benchmark="b"), "is no number but a text"),
        ([{"id": 1, "correct": "perhaps"}], Wish(benchmark="b"), "neither true nor false"),
        ([{"id": 1, "score": 1}, {"id": 1, "score": 0}], Wish(benchmark="b"), "sample '1' comes twice"),
        ([{"id": 1, "score": 34.2}], Wish(benchmark="b"), "not between 0 and 1"),
        ([{"id": 1, "task": "x", "score": 1}, {"id": 2, "score": 1}], Wish(), "line 2: field 'task' is missing"),
        ([{"id": 1, "score": 1, "repeat": -1}], Wish(benchmark="b"), "no whole number from 0 on"),
        ([{"id": 1, "score": 1, "cost": -0.5}], Wish(benchmark="b"), "the cost is -0.5, which is no price"),
        ([{"id": 1, "score": 1, "cost": 1e308}], Wish(benchmark="b"), "the cost is 1e+308, which is no price"),
        ([{"id": 1, "score": 1, "prompt_tokens": 10**22}], Wish(benchmark="b"), "'prompt_tokens' is 1"),
        (
            [{"id": 1, "score": 1, "output_tokens": -1}],
            Wish(benchmark="b"),
            "'output_tokens' is -1, which is no number",
        ),
        ([{"id": 1, "score": 1, "model": " "}], Wish(benchmark="b"), "line 1: field 'model' is empty"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    rows: list[dict[str, Any]], wish: Wish, told: str, tmp_path: Path
) -> None:
    with pytest.raises((DataInvalid, ConfigInvalid), match=re.escape(told)):
        trials_of(read(written(tmp_path, *rows), wish))
    laboratory = Laboratory(Settings.load())
    assert laboratory.runs.all() == []
    laboratory.close()


def test_a_file_that_is_one_list_says_how_to_make_it_lines(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text(json.dumps([{"id": 1, "score": 1}], indent=2))
    with pytest.raises(DataInvalid, match=re.escape("line 1: a JSON list, and no object in each line: write one obj")):
        read(path, Wish(benchmark="b"))


def test_a_packed_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": 1, "score": 1}'))
    with pytest.raises(DataInvalid, match="packed by gzip: unpack it"):
        read(path, Wish(benchmark="b"))


def test_a_time_that_is_none_is_no_time(tmp_path: Path) -> None:
    trials = trials_of(
        read(written(tmp_path, *({"id": i, "score": 1, "latency": -(10.0**i)} for i in (1, 2))), Wish(benchmark="b"))
    )
    assert [trial.latency_s for trial in trials] == [0.0, 0.0]


def test_an_unknown_time_is_exported_as_none(tmp_path: Path) -> None:
    rows = {"id": 1, "score": 1}, {"id": 2, "score": 1, "latency_s": 0.5, "cost": 0}
    trials_of(read(written(tmp_path, *rows, name="times.jsonl"), Wish(benchmark="b")))
    laboratory = Laboratory(Settings.load())
    name = laboratory.runs.all()[0].name
    laboratory.close()
    assert [(row["latency_s"], row["cost"]) for row in exported(name)] == [(None, None), (0.5, 0.0)]


def exported(name: str) -> list[dict[str, Any]]:
    laboratory = Laboratory(Settings.load())
    try:
        return [json.loads(line) for line in export_lines(Results(laboratory.runs, laboratory.trials), name)]
    finally:
        laboratory.close()


def test_an_export_comes_back_without_a_loss(tmp_path: Path) -> None:
    run_fields(
        {
            "name": "own",
            "models": [
                {"model": "fake/a", "args": {"accuracy": 0.6, "truncate_rate": 0.2, "fault_rate": 0.3}},
                "fake/b",
            ],
            "benchmarks": ["question_answering", "summarisation"],
            "methods": ["naive", "few_shot:2"],
            "limit": 8,
            "repeats": 2,
            "retries": 0,
        }
    )
    before = exported("own")
    assert len({line["outcome"] for line in before}) > 3
    trials_of(read(written(tmp_path, *before)))
    (copy,) = (name for name in names() if name != "own")
    after = exported(copy)
    assert [{**line, "run": "own"} for line in after] == before
    assert summed(copy) == summed("own")


def names() -> list[str]:
    laboratory = Laboratory(Settings.load())
    try:
        return [run.name for run in laboratory.runs.all()]
    finally:
        laboratory.close()


def summed(name: str) -> list[Any]:
    laboratory = Laboratory(Settings.load())
    try:
        cells = Results(laboratory.runs, laboratory.trials).summary(name).cells
        return [(cell.estimate, cell.outcomes, cell.latency, cell.cost, cell.further) for cell in cells]
    finally:
        laboratory.close()


def test_two_cells_of_one_name_in_an_export_stay_two(tmp_path: Path) -> None:
    models = [{"model": "fake/a", "args": {"accuracy": share}} for share in (0.3, 0.9)]
    run_fields({"name": "own", "models": models, "benchmarks": ["question_answering"], "limit": 6})
    log = read(written(tmp_path, *exported("own")))
    assert len(trials_of(log)) == 12
    assert [cell.model for cell in log.cells] == ["fake/a accuracy=0.3", "fake/a accuracy=0.9"]


def test_an_imported_reply_answers_no_call_of_ours(tmp_path: Path) -> None:
    """A log may say anything: the cache of replies that were paid for takes nothing from it."""
    spec: dict[str, Any] = {"models": ["fake/a"], "benchmarks": ["question_answering"], "limit": 5}
    run_fields({"name": "own", **spec})
    forged = [{**line, "answer": "forged"} for line in exported("own")]
    path = written(tmp_path, *forged)
    elsewhere = f"sqlite:///{tmp_path / 'other.db'}"
    laboratory = Laboratory(Settings.load(elsewhere))
    import_log(laboratory.database, read(path))
    laboratory.close()
    run_fields({"name": "fresh", **spec}, store=elsewhere)
    laboratory = Laboratory(Settings.load(elsewhere))
    answers = [json.loads(li)["answer"] for li in export_lines(Results(laboratory.runs, laboratory.trials), "fresh")]
    laboratory.close()
    assert "forged" not in answers and len(answers) == 5
