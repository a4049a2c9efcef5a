"""`bakeoff ablate`: asks a grid, tells what it adds, shows a stored run again without a call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bakeoff.cli.main import main

ASK = ("ablate", "-m", "fake/a", "-b", "question_answering", "-n", "12", "--methods", "naive,self_consistency", "-q")
GRID = ("--vary", "self_consistency:votes=2,3", "--vary", "self_consistency:shots=1,2", "--name", "grid")


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(str(ended.value.code or 0))


def test_a_grid_is_asked_told_written_and_told_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*ASK, *GRID, "--output-dir", str(tmp_path / "out")) == 0
    told = capsys.readouterr().out
    assert "options of self_consistency" in told and "shots 2 × votes 3" in told
    assert max(map(len, told.splitlines())) <= 80
    assert told.count("Holm for 4") == 4
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {"report.html", "differences.csv", "pareto-0.svg"}

    assert run("ablate", "--of", "grid", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    rows = found["benchmarks"][0]["rows"]
    assert [row["method"] for row in rows] == [
        "naive", "self_consistency:1,votes=2", "self_consistency:2,votes=2",
        "self_consistency:1,votes=3", "self_consistency:2,votes=3",
    ]  # fmt: skip
    assert rows[0]["against"] is None and rows[1]["against"]["p_adjusted"] is not None
    assert any(row["front"] for row in rows) and rows[4]["tokens"] > rows[0]["tokens"]
    effects = found["options"]["self_consistency"]["tables"][0]["effects"]
    assert [effect["factors"] for effect in effects] == [["shots"], ["votes"], ["shots", "votes"]]


def test_a_dry_run_asks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*ASK, *GRID, "--dry-run", "--json") == 0
    spec = json.loads(capsys.readouterr().out)["spec"]
    assert len(spec["methods"]) == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*ASK[:7], "--methods", "naive"), "2 combinations or more"),
        ((*ASK, "--vary", "self_consistency:votse=2,3"), "no option 'votse': did you mean 'votes'?"),
        (("ablate", "--of", "nobody"), "nobody"),
        (("ablate", "--of", "grid", "-m", "fake/a"), "leave one of them out"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    told = capsys.readouterr().err
    assert said in told and "Traceback" not in told
