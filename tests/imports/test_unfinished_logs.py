"""What other tools leave undone is said: tasks without a result, an evaluation that did not end; and what is kept."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from bakeoff.app.experiments import Laboratory
from bakeoff.app.importing import import_log
from bakeoff.app.settings import Settings
from bakeoff.core.errors import DataInvalid
from bakeoff.core.types import Outcome
from bakeoff.imports import evalplus, inspect, lm_eval
from tests.imports.test_real_logs import LOGS, stored


def results(tmp_path: Path, change: dict[str, list[Any]]) -> Path:
    told = json.loads((LOGS / "evalplus" / "good_eval_results.json").read_text())
    told["eval"] = change | {task: found for task, found in told["eval"].items() if task not in change}
    (tmp_path / "odd_eval_results.json").write_text(json.dumps(told))
    return tmp_path / "odd_eval_results.json"


@pytest.mark.parametrize("first", [True, False])
def test_a_task_without_a_result_is_missing_and_not_lost(tmp_path: Path, first: bool) -> None:
    told = json.loads((LOGS / "evalplus" / "good_eval_results.json").read_text())["eval"]
    empty = next(iter(told)) if first else list(told)[-1]
    cells = stored(evalplus.read(results(tmp_path, {empty: []})))
    assert [summary.cell.profile for summary, _ in cells] == ["base", "plus"]
    for summary, trials in cells:
        (lost,) = [trial for trial in trials if trial.sample_id == empty]
        assert (lost.outcome, lost.reason) == (Outcome.UNPARSED, "evalplus logged no result of this task")
        assert (summary.estimate.n, summary.estimate.n_missing) == (len(told) - 1, 1)


def test_a_file_without_any_result_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none_eval_results.json"
    path.write_text(json.dumps({"hash": "x", "eval": {"HumanEval/0": [], "HumanEval/1": []}}))
    with pytest.raises(DataInvalid, match="no task has a result"):
        evalplus.read(path)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"status": "success"}, ()),
        ({"status": "error", "error": {"message": "no\nmoney"}}, ("status is 'error' (no money): inspect_ai did not",)),
        ({"status": "cancelled"}, ("status is 'cancelled': inspect_ai did not end it",)),
        ({"status": None}, ("the log has no status: its process was killed",)),
    ],
)
def test_an_evaluation_that_did_not_end_is_told(
    tmp_path: Path, change: dict[str, Any], wanted: tuple[str, ...]
) -> None:
    told = {**json.loads((LOGS / "inspect" / "log.json").read_text())}
    samples = told.pop("samples")
    told = {**told, **change, "samples": samples}  # inspect_ai writes the samples last
    (tmp_path / "log.json").write_text(json.dumps(told))
    laboratory = Laboratory(Settings.load())
    done = import_log(laboratory.database, inspect.read(tmp_path / "log.json"))
    laboratory.close()
    found = [one for one in done.cautions if "status" in one]
    assert len(found) == len(wanted) and all(part in one for part, one in zip(wanted, found, strict=True))


def test_log_likelihoods_of_lm_eval_say_how_sure_the_model_was(tmp_path: Path) -> None:
    """`acc` is won by the likeliest choice; by `acc_norm` another may be, and the log does not say which."""
    row = {
        "doc_id": 0,
        "doc": {},
        "target": "0",
        "arguments": {f"gen_args_{i}": {"arg_0": "Q:", "arg_1": text} for i, text in enumerate((" a", " b"))},
        "resps": [[["-1.0", "False"]], [["-2.0", "False"]]],
        "filtered_resps": [["-1.0", "False"], ["-2.0", "False"]],
        "filter": "none",
        "metrics": ["acc", "acc_norm"],
        "acc": 1.0,
        "acc_norm": 1.0,
    }
    (tmp_path / "samples_t_2026.jsonl").write_text(json.dumps(row))
    scores = {"acc,none": 1.0, "acc_norm,none": 1.0}
    head = {"results": {"t": scores}, "model_name": "m", "lm_eval_version": "0.4.13"}
    (tmp_path / "results_2026.json").write_text(json.dumps(head))
    for metric, wanted in (("acc", 1 / (1 + math.exp(-1))), ("acc_norm", None)):
        ((_, (trial,)),) = stored(lm_eval.read(tmp_path, lm_eval.Choice(metric=metric)))
        assert trial.parts.get("confidence") == (None if wanted is None else pytest.approx(wanted))
