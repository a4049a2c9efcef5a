"""Calibration in reports: which cells have it, what is told, the diagram in every format."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from bakeoff.app.experiments import Laboratory
from bakeoff.app.results import Results
from bakeoff.app.settings import Settings
from bakeoff.cli.main import main
from bakeoff.core.types import Outcome
from bakeoff.reports.as_csv import render_bins, render_csv
from bakeoff.reports.as_json import summary_json
from bakeoff.reports.calibration import Confidences, told
from bakeoff.reports.html import render_html
from bakeoff.reports.markdown import render_markdown
from bakeoff.reports.report import Report, one_run
from bakeoff.reports.summary import CellSummary
from bakeoff.stats.calibration import calibration
from tests.conftest import require
from tests.reports.test_formats import HOSTILE
from tests.reports.test_html import Page
from tests.reports.test_renderers import cell, run_of, tallied


def sure(name: str, place: int = 0, samples: int = 60) -> CellSummary:
    """A cell that is right on two of three samples, and the surer the later they come."""
    said = Confidences()
    for i in range(samples):
        said.add(f"s{i}", i % 3 > 0, {"confidence": 0.3 + 0.7 * i / samples, "acc": float(i % 3 > 0)})
    right = sum(i % 3 > 0 for i in range(samples))
    summary = tallied({Outcome.CORRECT: right, Outcome.INCORRECT: samples - right}, cell(name, samples, place))
    return replace(summary, confidences=said)


def report(cells: int = 2, text: str = "") -> Report:
    """Cells with confidences, and one without."""
    plain = tallied({Outcome.CORRECT: 3, Outcome.INCORRECT: 2}, cell("plain", 5, cells))
    return one_run(run_of(*(sure(f"{text}model-{i}", i) for i in range(cells)), plain))


class TestConfidences:
    def test_a_cell_without_has_none(self) -> None:
        said = Confidences()
        said.add("1", True, {"acc": 1.0})
        assert said.calibration() is None
        assert tallied({Outcome.CORRECT: 1}, cell()).calibration is None

    def test_of_repeats_the_first_counts(self) -> None:
        said = Confidences()
        for sample, right, confidence in (("1", True, 0.7), ("1", False, 0.6), ("2", False, 0.4), ("2", False, 0.4)):
            said.add(sample, right, {"confidence": confidence})
        assert said.calibration() == calibration([0.7, 0.4], [True, False])

    @pytest.mark.parametrize("odd", [float("nan"), -0.1, 1.1])
    def test_what_is_no_probability_is_left_out(self, odd: float) -> None:
        said = Confidences()
        said.add("1", True, {"confidence": odd})
        assert said.calibration() is None

    def test_what_is_told(self) -> None:
        found = calibration([0.9] * 20, [True] * 12 + [False] * 8)
        assert found is not None
        line = told("a", found)
        assert line.startswith("a: Brier 0.330 [") and "(plain 0.300); on the average 90.0 % sure, 60.0 %" in line
        assert line.endswith("right of 20: overconfident.")
        even = calibration([0.6] * 20, [True] * 12 + [False] * 8)
        assert even is not None and told("a", even).endswith("no calibration error shown.")


class TestFormats:
    def test_json_has_the_bins_and_null_where_there_are_none(self) -> None:
        first, _, last = (one["calibration"] for one in json.loads(json.dumps(summary_json(report().runs[0])))["cells"])
        assert last is None
        assert sum(one["n"] for one in first["bins"]) == first["n"] == 60
        assert first["bins"][0]["right_low"] < first["bins"][0]["right"] < first["bins"][0]["right_high"]

    def test_csv_has_columns_only_where_there_is_one_and_the_bins_apart(self) -> None:
        rows = list(csv.DictReader(io.StringIO(render_csv(report().runs))))
        assert rows[0]["calibration_n"] == "60" and rows[2]["calibration_n"] == ""
        assert "calibration" not in ",".join(
            csv.DictReader(io.StringIO(render_csv([run_of(tallied({}, cell()))]))).fieldnames or ()
        )
        bins = list(csv.DictReader(io.StringIO(render_bins(report(1, "=1+").entries))))
        assert len(bins) == 6 and bins[0]["name"] == "'=1+model-0"
        assert render_bins(one_run(run_of()).entries) == ""

    def test_markdown_has_a_line_for_each_and_says_how(self) -> None:
        page = render_markdown(report())
        assert page.count("- Calibration of model") == 2
        assert "plain ECE is biased upward" in page
        assert "alibration" not in render_markdown(one_run(run_of(tallied({Outcome.CORRECT: 3}, cell()))))

    @pytest.mark.parametrize("text", ["", *HOSTILE])
    def test_html_is_whole(self, text: str) -> None:
        made = render_html(report(2, text), [])
        page = Page(made)
        assert made.count("Reliability diagram of") == 2
        assert len(page.scripts) == 1 and "img" not in {tag for tag, _ in page.elements}

    @pytest.mark.parametrize("text", ["", *HOSTILE])
    def test_the_figure_is_the_same_bytes_each_time(self, text: str) -> None:
        require("matplotlib")
        from bakeoff.reports.drawing import svg
        from bakeoff.reports.figures import figures

        name = "figure-reliability-0"
        made = svg(figures(report(2, text))[name])
        assert made == svg(figures(report(2, text))[name])
        assert not [one for one in ET.fromstring(made).iter() if one.tag.endswith(("script", "image"))]

    def test_many_cells_go_on_in_a_second_figure(self) -> None:
        require("matplotlib")
        from bakeoff.reports.figures import figures

        names = [name for name in figures(report(11)) if "reliability" in name]
        assert names == ["figure-reliability-0", "figure-reliability-0-1"]


BENCHMARK = """
name: trivia
data: trivia.jsonl
columns: {question: question, answer: answer, choices: [a, b, c]}
answer_is: text
licence: CC0-1.0
ask: likelihood
prompt: {question: "{question}", choice: " {choice}"}
"""


def test_from_a_run_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Log-probabilities of the fake engine: what is stored of each trial is what the diagram is made of."""
    rows = [{"question": f"Question {i}?", "answer": "no", "a": "yes", "b": "no", "c": "maybe"} for i in range(40)]
    (tmp_path / "trivia.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "trivia.yaml").write_text(BENCHMARK)
    monkeypatch.chdir(tmp_path)
    for command in (
        ("run", "-m", "fake/a", "-b", "trivia.yaml", "--name", "sure", "--quiet"),
        ("report", "sure", "-o", "out", "--format", "csv,json,html"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(list(command))
        assert not ended.value.code
    laboratory = Laboratory(Settings.load())
    (summary,) = Results(laboratory.runs, laboratory.trials).summary("sure").cells
    trials = list(laboratory.trials.trials(summary.cell.id))
    laboratory.close()
    wanted = calibration([one.parts["confidence"] for one in trials], [one.value == 1 for one in trials])
    assert len(trials) == 40 and summary.calibration == wanted
    told_of = json.loads((tmp_path / "out/report.json").read_text())["cells"][0]["calibration"]
    assert wanted is not None and told_of["brier"]["value"] == wanted.brier.value
    assert len((tmp_path / "out/calibration.csv").read_text().splitlines()) == 1 + len(wanted.bins)
    assert "Reliability diagram" in (tmp_path / "out/report.html").read_text()
