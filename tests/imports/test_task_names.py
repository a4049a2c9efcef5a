"""A results file of lm-eval whose task has a name that no file can have: refused, and never a crash."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bakeoff.core.errors import DataInvalid
from bakeoff.imports import lm_eval


@pytest.mark.parametrize("task", ["a/b", "../up", "a\\b", "nul\0", "t" * 300, "ä" * 130])
def test_a_task_that_names_no_file_is_refused(task: str, tmp_path: Path) -> None:
    told = {"results": {task: {"exact_match,none": 1.0}}, "model_name": "m"}
    (tmp_path / "results_2026-01-01.json").write_text(json.dumps(told))
    with pytest.raises(DataInvalid, match="no samples file can be called after that") as refused:
        lm_eval.read(tmp_path)
    assert len(refused.value.message) < 300 + len(str(tmp_path))
    with pytest.raises(DataInvalid):
        lm_eval.read(tmp_path, lm_eval.Choice(tasks=(task,)))
