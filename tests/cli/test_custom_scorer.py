"""Scorers from a file, as the commands show them: partial credit, which rule graded what, a file that changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.said import Bakeoff

PARTIAL = """
class Partial:
    def score(self, sample, extracted):
        return (0, 0.5, 1)[sum(sample.id.encode()) % 3]
"""
RUN = ("run", "-m", "fake/a", "-b", "question_answering", "-q", "--json")


@pytest.fixture
def scorer(tmp_path: Path) -> Path:
    path = tmp_path / "part.py"
    path.write_text(PARTIAL)
    return path


def test_partial_credit_is_the_mean_of_all_that_was_graded(bakeoff: Bakeoff, scorer: Path) -> None:
    bakeoff(*RUN, "--scorer", f"{scorer}:Partial", "--name", "r")
    scores = [json.loads(line)["score"] for line in bakeoff("export", "r").out.splitlines()]
    assert set(scores) == {0.0, 0.5, 1.0}
    estimate = bakeoff("show", "r", "--json").json["cells"][0]["estimate"]
    assert (estimate["n"], estimate["value"]) == (len(scores), pytest.approx(sum(scores) / len(scores)))
    assert estimate["low"] < estimate["value"] < estimate["high"]
