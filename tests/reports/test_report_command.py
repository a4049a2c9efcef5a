"""`bakeoff report` on stored runs: one, several in one, all; and what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bakeoff.cli.main import main


def run(*arguments: str) -> int:
    """The exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


@pytest.fixture
def runs() -> None:
    """Run `night` of three models, run `day` of one of them and another, both on the same questions."""
    common = ("-b", "question_answering", "-n", "20", "--quiet")
    assert run("run", "-m", "fake/a,fake/b,fake/c", "--name", "night", *common) == 0
    assert run("run", "-m", "fake/a,fake/d", "--name", "day", *common) == 0


def test_several_runs_are_one_report(runs: None, tmp_path: Path) -> None:
    assert run("report", "night", "day", "-o", str(tmp_path), "--format", "json,md") == 0
    found = json.loads((tmp_path / "report.json").read_text())
    assert [one["run"] for one in found["runs"]] == ["night", "day"]
    assert [one["a"]["name"] for one in found["comparisons"]] == ["fake/a (night)"] * 3
    assert {one["family"] for one in found["comparisons"]} == {3}
    assert found["not_compared"] == ["'fake/a (day)' asks what 'fake/a (night)' asked, of the same model"]
    (ranking,) = found["rankings"]
    assert sorted(one["cell"] for one in ranking["cells"]) == [0, 1, 2, 3, 4]
    assert (ranking["items"], len(ranking["pairs"])) == (20, 10)
    page = (tmp_path / "report.md").read_text()
    assert "# night, day" in page
    assert "| 4 | day | fake/d |" in page
    assert "Holm over 3 comparisons" in page


def test_other_questions_are_not_compared_and_that_is_told(runs: None, tmp_path: Path) -> None:
    few = ("-b", "question_answering", "-n", "8", "--seed", "5", "--name", "few", "--quiet")
    assert run("run", "-m", "fake/a", *few) == 0
    assert run("report", "few", "night", "-o", str(tmp_path), "--format", "json") == 0
    found = json.loads((tmp_path / "report.json").read_text())
    assert len(found["comparisons"]) + len(found["not_compared"]) == 3


def test_one_run_is_as_it_was_with_its_ranking(runs: None, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert run("report", "night", "-o", str(folder)) == 0
    assert {path.name for path in folder.iterdir()} == {f"report.{form}" for form in ("html", "md", "json", "csv")}
    found = json.loads((folder / "report.json").read_text())
    assert (found["run"], len(found["cells"]), len(found["comparisons"])) == ("night", 3, 2)
    assert "mde" in found["comparisons"][0]
    assert len(found["rankings"][0]["cells"]) == 3


def test_the_page_of_all_runs_links_the_reports_beside_it(
    runs: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("report", "night", "--format", "html") == 0
    capsys.readouterr()
    assert run("report", "--all", "-o", ".", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"files": ["index.html"]}
    page = (tmp_path / "index.html").read_text()
    assert 'href="report-night/report.html"' in page
    assert "report-day" not in page
    assert page.count("question_answering@") == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no run is named"),
        (("--all", "night"), "--all is the page of all runs, and 'night' goes with the report of one"),
        (("--all", "--format", "pdf"), "'--format pdf'"),
        (("night", "--format", ""), "--format names no format: choose from html, md"),
        (("night", "--format", "docx"), "unknown format 'docx'"),
        (("nigth",), "no run 'nigth'"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", *arguments) == 2
    assert said in capsys.readouterr().err


def test_a_missing_extra_is_told(
    runs: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    assert run("report", "night", "-o", str(tmp_path / "out"), "--format", "pdf") == 2
    assert list((tmp_path / "out").iterdir()) == []
    assert "pip install 'bakeoff[pdf]'" in capsys.readouterr().err


def test_a_report_has_the_performance_of_each_cell_beside_its_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["--models", "fake/a", "--benchmarks", "question_answering", "-n", "12", "--name", "timed"]
    for command in (["run", *told, "-q"], ["report", "timed", "-o", str(tmp_path)]):
        with pytest.raises(SystemExit):
            main(command)
    found = json.loads((tmp_path / "report.json").read_text())["performance"][0]
    assert (found["cell"], found["calls"], found["made"]) == (0, 12, 12)
    assert found["call_s"]["p50"]["n"] == 12 and found["machine"] is None
    for name in ("report.md", "report.html"):
        text = (tmp_path / name).read_text()
        assert "Performance" in text and "output tokens/s" in text
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["show", "timed", "--performance", "--json"])
    shown = json.loads(capsys.readouterr().out)["cells"][0]
    assert shown["performance"]["requests_per_s"]["n"] == 12 and shown["estimate"]["n"] == 12
    with pytest.raises(SystemExit):
        main(["show", "timed", "--performance"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("0  fake/a: 12 of 12 calls made in this run") for line in lines)


def logged(path: Path, samples: range, targets: str = "t", score: str = "correct") -> str:
    rows = [{"id": str(i), "response": "x", "target": f"{targets}{i}", score: i % 3 > 0} for i in samples]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_why_logs_of_one_benchmark_are_not_compared_is_told(tmp_path: Path) -> None:
    logs = {
        "a": logged(tmp_path / "a.jsonl", range(40)),
        "alike": logged(tmp_path / "alike.jsonl", range(40)),
        "few": logged(tmp_path / "few.jsonl", range(36, 60)),
        "none": logged(tmp_path / "none.jsonl", range(100, 140)),
        "other": logged(tmp_path / "other.jsonl", range(40), "u"),
        "most": logged(tmp_path / "most.jsonl", range(30)),
        "rule": logged(tmp_path / "rule.jsonl", range(40), score="mine"),
    }
    for name, path in logs.items():
        field = ("--field", "score=mine") if name == "rule" else ()
        assert run("import", "jsonl", path, "--name", name, "--model", name, "--benchmark", "t", *field) == 0
    assert run("report", *logs, "-o", str(tmp_path), "--format", "json,md") == 0
    found = json.loads((tmp_path / "report.json").read_text())
    assert [one["b"]["name"] for one in found["comparisons"]] == ["alike correct"]
    few, none, other, most, rule = found["not_compared"]
    assert few == "'a correct' and 'few correct' share 4 samples, of 40 and 24: too few to speak for either"
    assert none == "'a correct' and 'none correct' share no samples"
    assert other == "the data of 't' differs between 'a correct' and 'other correct'"
    assert "though 30 samples are shared: see 'bakeoff compare a:0 most:0'" in most
    assert "is graded by profile" in rule and "'mine'" in rule
    assert (tmp_path / "report.md").read_text().count("Not compared: ") == 5
