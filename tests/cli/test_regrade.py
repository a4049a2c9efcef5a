"""`bakeoff grade`: stored answers under another profile, without a call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bakeoff.cli.main import main
from tests.conftest import DataFolder


def said(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit) as ended:
        main(args)
    out, err = capsys.readouterr()
    assert ended.value.code == code, err
    return out, err


@pytest.fixture
def graded(gsm8k_folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    gsm8k_folder(40)
    run = ("run", "--models", "fake/a", "--benchmarks", "gsm8k", "--name", "g", "--quiet")
    said(capsys, *run, "--methods", "naive,cot", "--repeats", "2")


@pytest.mark.usefixtures("graded")
def test_what_moved_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, "grade", "g", "--profile", "official", "--json")
    cells = [json.loads(line) for line in out.splitlines()]
    assert [cell["profile_before"] for cell in cells] == ["bakeoff", "bakeoff"]
    for cell in cells:
        right = sum(change["trials"] for change in cell["changes"] if change["before"] == "correct")
        assert cell["trials"] == 80
        assert len(cell["moved"]) == right > 0  # no reply of the fake engine has the "####" of the official rule
        assert {moved["extracted"] for moved in cell["moved"]} == {"[invalid]"}
        assert (cell["after"]["value"], cell["after"]["n"]) == (0.0, 40)


@pytest.mark.usefixtures("graded")
def test_the_same_profile_moves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, "grade", "g", "--profile", "bakeoff")
    assert out.count("nothing moved") == 2


@pytest.mark.usefixtures("graded")
@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("g", "--profile", "oficial"), "did you mean 'official'"),
        (("nope", "--profile", "official"), "no run 'nope'"),
        (("g", "--profile", "official", "--cell", "7"), "no cell 7"),
    ],
)
def test_mistakes(args: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, err = said(capsys, "grade", *args, code=2)
    assert told in err


def test_a_profile_that_the_runs_split_cannot_be_graded_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hotpotqa").mkdir()
    row = {"question": "Who?", "answer": "Ann", "type": "bridge"}
    (tmp_path / "hotpotqa" / "hotpot_dev_v1_simplified.json").write_text(json.dumps([row]))
    monkeypatch.setenv("BAKEOFF_DATA", str(tmp_path))
    said(capsys, "run", "--models", "fake/a", "--benchmarks", "hotpotqa", "--name", "h", "--quiet")
    _, err = said(capsys, "grade", "h", "--profile", "official-sp", code=2)
    assert "split: distractor, profile: official-sp" in err


@pytest.mark.usefixtures("graded")
@pytest.mark.parametrize("width", [40, 80])
def test_no_line_is_wider_than_the_screen(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out, _ = said(capsys, "grade", "g", "--profile", "official", "--samples", "3")
    assert max(map(len, out.splitlines())) <= width
    assert out.count("[invalid]") == 2 * 3 and "incorrect '[invalid]'" in " ".join(out.split())
    assert all(line.startswith("   ") or line[0] in "01" or len(line) < width for line in out.splitlines() if line)


def test_a_mixed_run_says_which_cells_cannot_be_graded_before_any_is(
    gsm8k_folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    gsm8k_folder(10)
    run = ("run", "--models", "fake/a,fake/b", "-b", "gsm8k,classification", "-n", "5", "--name", "m", "--quiet")
    said(capsys, *run)
    out, err = said(capsys, "grade", "m", "--profile", "official", code=2)
    assert out == "" and err.count("\n") == 1
    assert "not all can be graded by 'official' (cells 1, 3: unknown profile 'official')" in err
    line = "bakeoff grade m --profile official --cell 0 --cell 2"
    assert line in err
    out, _ = said(capsys, *line.split()[1:], "--json")
    assert [json.loads(line)["cell"] for line in out.splitlines()] == [0, 2]


def test_no_cell_can_be_graded_each_for_its_own_reason(
    gsm8k_folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = gsm8k_folder(10)
    said(capsys, "run", "--models", "fake/a", "-b", "gsm8k,classification", "-n", "5", "--name", "m", "--quiet")
    path = folder / "gsm8k" / "test.jsonl"
    path.write_text(path.read_text().replace("rolls", "buns"))
    _, err = said(capsys, "grade", "m", "--profile", "official", code=2)
    assert "cell 0: the data of 'gsm8k' changed since run 'm' was made; cell 1: unknown profile 'official'" in err
    assert err.endswith(": choose another\n")
