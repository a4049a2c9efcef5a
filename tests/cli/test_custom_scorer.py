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


STRICT = """
class Zero:
    def __init__(self, floor=0):
        self.floor = floor

    def score(self, sample, extracted):
        return bool(self.floor)
"""


@pytest.fixture
def three(bakeoff: Bakeoff, tmp_path: Path) -> Path:
    """The same replies, graded by three rules: r-def, r-zero, r-one."""
    path = tmp_path / "strict.py"
    path.write_text(STRICT)
    bakeoff(*RUN, "--name", "r-def")
    bakeoff(*RUN, "--scorer", "strict.py:Zero", "--name", "r-zero")
    bakeoff(*RUN, "--scorer", "strict.py:Zero", "--scorer-args", "floor=1", "--name", "r-one")
    return path


@pytest.mark.usefixtures("three")
def test_cells_of_two_rules_are_not_compared(bakeoff: Bakeoff) -> None:
    told = bakeoff("compare r-zero:0 r-def:0", code=2).err
    assert "is graded by scorer strict.py:Zero@" in told
    assert "by the profile's own scorer" in told
    assert "bakeoff run --profile bakeoff --scorer strict.py:Zero …" in told
    told = bakeoff("compare r-one:0 r-zero:0", code=2).err
    assert "--scorer-args floor=1" in told


@pytest.mark.usefixtures("three")
def test_a_report_ranks_no_cells_of_two_rules(bakeoff: Bakeoff) -> None:
    bakeoff("report r-zero r-def r-one --format json --output-dir out")
    report = json.loads(next(Path("out").glob("**/*.json")).read_text())
    assert (report["comparisons"], report["rankings"]) == ([], [])


@pytest.mark.usefixtures("three")
def test_a_scaling_study_has_one_rule(bakeoff: Bakeoff) -> None:
    bakeoff(*RUN[:1], "-m", "fake/b", *RUN[3:], "--name", "other")
    told = bakeoff("scaling r-zero:0 other:0", code=2).err
    assert "'r-zero:0' was graded by scorer strict.py:Zero@" in told
    assert "and 'other:0' by the profile's own scorer" in told


@pytest.mark.usefixtures("three")
def test_grade_names_the_rule_that_graded_before(bakeoff: Bakeoff) -> None:
    said = bakeoff("grade r-one --profile bakeoff").out
    assert "bakeoff, scorer strict.py:Zero@" in said
    assert "floor=1" in said


@pytest.mark.usefixtures("three")
def test_one_rule_under_two_runs_is_compared(bakeoff: Bakeoff) -> None:
    bakeoff(*RUN[:1], "-m", "fake/b", *RUN[3:], "--scorer", "./strict.py:Zero", "--name", "again")
    assert bakeoff("compare again:0 r-zero:0").out.startswith("No difference shown")


def test_a_scorer_whose_file_changed_is_another_one(bakeoff: Bakeoff, three: Path) -> None:
    signature = bakeoff("show r-zero --json").json["cells"][0]["signature"]
    bakeoff("run", "--from", signature, "-q", "--name", "pasted")
    three.write_text(STRICT.replace("bool(self.floor)", "True"))
    told = bakeoff(*RUN, "--scorer", "strict.py:Zero", "--name", "r-zero", code=2).err
    assert "the file of scorer 'strict.py:Zero' changed since run 'r-zero' was started" in told
    assert "changed since" in bakeoff("resume r-zero", code=2).err
    told = bakeoff("run", "--from", signature, "-q", code=2).err
    assert "the signature was made with @" in told
    bakeoff(*RUN, "--scorer", "strict.py:Zero", "--name", "new")
    told = bakeoff("compare new:0 r-zero:0", code=2).err
    assert told.count("strict.py:Zero@") == 2
