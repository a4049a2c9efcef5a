"""Prompts and scores of simple-evals, inspect_evals and lm-eval on made-up rows, as `make parity` wrote them down.

The fixtures are written by `python -m parity simple_evals inspect_tasks harness_text --write`, which executes the
references.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from parity._beside import asked, benchmark, graded, lay_out
from parity.agreement import GOLDEN, digest
from tests.conftest import require

NAMES = {
    "simple_evals_gsm8k": "",
    "simple_evals_drop": "",
    "inspect_evals_gsm8k": "",
    "lm_eval_squad": "",
    "lm_eval_truthfulqa": "rouge_score",
    "lm_eval_wmt22": "sacrebleu",
}


@pytest.mark.parametrize("name", NAMES)
def test_as_the_reference_asks_and_grades(name: str, tmp_path: Path) -> None:
    if NAMES[name]:
        require(NAMES[name])
    fixture: dict[str, Any] = orjson.loads((GOLDEN / f"{name}.json").read_bytes())
    lay_out(tmp_path, fixture["files"])
    ours = benchmark(fixture["benchmark"], tmp_path)
    samples = list(ours.samples(fixture["split"]))
    seen: Counter[tuple[str, bool]] = Counter()
    for case in fixture["cases"]:
        profile, sample = ours.profile(case["profile"]), samples[case["place"]]
        assert digest(asked(ours, profile, sample)) == case["prompt"], case
        assert graded(profile, sample, case["reply"]) == pytest.approx(case["score"], abs=1e-9), case
        seen[case["profile"], bool(case["score"])] += 1
    profiles = {profile for profile, _ in seen}
    assert all(seen[profile, True] for profile in profiles)
    assert any(seen[profile, False] for profile in profiles)
