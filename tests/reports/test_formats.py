"""Every format of a report, of odd runs and hostile texts: whole, inert, the same bytes each time."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise
from pathlib import Path

import pytest

from bakeoff.core.records import CellRecord, RunStatus
from bakeoff.core.types import Estimate, Outcome, Trial
from bakeoff.reports.as_csv import render_csv
from bakeoff.reports.as_json import report_json
from bakeoff.reports.compare import Comparison, compare, correct
from bakeoff.reports.document import Table, document, matrix_rows, method_lines, ranking_rows
from bakeoff.reports.html import _difference_chart, render_html
from bakeoff.reports.judging import judge
from bakeoff.reports.latex import escaped, render_latex
from bakeoff.reports.markdown import render_markdown
from bakeoff.reports.report import Report, Standing, one_run, smallest
from bakeoff.reports.tracker import render_tracker
from bakeoff.reports.verdict import Verdict
from bakeoff.stats.contest import Contest, Rule
from bakeoff.stats.power import mde
from bakeoff.stats.ranking import rank
from tests.conftest import require
from tests.reports.test_html import Page
from tests.reports.test_renderers import MIXED, cell, run_of, tallied

HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    '#import "evil.typ": *; #eval("1") $x$ ]) @a',
    r"\input{/etc/passwd} \write18{id} $\end{document}$ %",
    "a & b # c _ d ^ e ~ f {g} 'h' `i` \"j\" -- [k] *l*",
    "\x00\x1b[2J \u202e \ud800 \ufffe\n\n| x |",
    "$\\frac{1}{0}$ 模型 🙂",
)
RIGHT, WRONG = Outcome.CORRECT, Outcome.INCORRECT


def answers(rights: Sequence[bool]) -> list[Trial]:
    return [Trial(0, f"s{i}", 0, RIGHT if right else WRONG, float(right), "42") for i, right in enumerate(rights)]


def answered(place: int, samples: int = 60) -> list[Trial]:
    """The answers of the cell at a place, better with each."""
    return answers([(7 * i + 3 * place) % 17 < 8 + place * 0.7 for i in range(samples)])


def pairs_of(cells: Sequence[CellRecord], names: Sequence[str]) -> list[Comparison]:
    return correct(
        [
            compare((names[0], names[place]), (cells[0], one), (answered(0), answered(place)))
            for place, one in enumerate(cells)
            if place
        ]
    )


@cache
def full_report(count: int = 12, text: str = "") -> Report:
    """A run of `count` cells with comparisons, a ranking and latencies."""
    names = [f"{text}model-{place}" for place in range(count)]
    cells = [cell(name, 60, place, signature=f"g@d|{name}|seed:7") for place, name in enumerate(names)]
    counts = [{RIGHT: sum(t.outcome is RIGHT for t in answered(place))} for place in range(count)]
    summaries = [tallied({**one, WRONG: 60 - one[RIGHT]}, record) for one, record in zip(counts, cells, strict=True)]
    scores = [[float(t.outcome is RIGHT) for t in answered(place)] for place in range(count)]
    numbers = [str(place) for place in range(count)]
    standing = Standing("gsm8k", "bakeoff", dict(zip(numbers, names, strict=True)), rank(numbers, scores))
    medians = {one.id: Estimate(0.5 + place / 9, 0.4, 1.9, 60, 0, "order95") for place, one in enumerate(cells)}
    run = run_of(*summaries, name=text or "night")
    return Report([run], pairs_of(cells, names), [standing] if count > 2 else [], medians=medians)


def verdict(names: Sequence[str] = ("naive", "cot")) -> Verdict:
    contest = Contest(2, Rule())
    contest.look([(0.0, 1.0)] * 40 + [(1.0, 1.0)] * 20)
    return judge(contest, names, RunStatus.DECIDED, planned=100)


def decided(text: str = "") -> Report:
    summary = run_of(tallied(MIXED, cell(text or "a")), tallied(MIXED, cell(text or "b", position=1)))
    names = (f"{text}naive", f"{text}cot")
    return one_run(replace(summary, status=RunStatus.DECIDED, verdict=verdict(names)))


REPORTS: dict[str, Callable[[], Report]] = {
    "empty": lambda: one_run(run_of()),
    "one cell": lambda: full_report(1),
    "all missing": lambda: one_run(run_of(tallied({Outcome.ERROR: 3}, cell(planned=3)))),
    "twelve cells": full_report,
    "decided": decided,
    "two runs": lambda: Report([full_report(2).runs[0], replace(decided().runs[0], name="day")]),
    **{f"hostile {i}": partial(full_report, 3, text) for i, text in enumerate(HOSTILE)},
    "hostile verdict": partial(decided, "".join(HOSTILE)),
}
every_report = pytest.mark.parametrize("name", REPORTS)
few_reports = pytest.mark.parametrize(
    "name", ["empty", "all missing", "decided", "hostile 1", "hostile 2", "hostile 5"]
)


@every_report
def test_html_is_whole_and_runs_nothing_of_others(name: str) -> None:
    page = Page(render_html(REPORTS[name](), []))
    assert len(page.scripts) == 1
    assert not {"img", "iframe", "object"} & {tag for tag, _ in page.elements}
    assert not [attribute for _, attributes in page.elements for attribute in attributes if attribute.startswith("on")]


@every_report
def test_the_page_of_all_runs_is_whole(name: str) -> None:
    page = Page(render_tracker(REPORTS[name]().runs, {"night": 'report-night/"onload=x/report.html'}))
    assert len(page.scripts) == 1
    assert not {"img", "iframe", "object"} & {tag for tag, _ in page.elements}


@every_report
def test_markdown_keeps_its_tables(name: str) -> None:
    report = REPORTS[name]()
    page = render_markdown(report)
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    tables = [block for section in document(report) for block in section.blocks if isinstance(block, Table)]
    assert len(rows) == sum(2 + len(table.rows) for table in tables)
    shown = "\n".join(line for line in page.splitlines() if not line.startswith("    "))  # signatures are code
    assert not re.search(r"(?<!\\)[<>`]", shown)


@every_report
def test_latex_has_no_command_but_ours(name: str) -> None:
    files = render_latex(REPORTS[name]())
    ours = {
        *("documentclass", "usepackage", "newcommand", "fitted", "resizebox", "ifdim", "width", "linewidth", "else"),
        *("fi", "input", "begin", "end", "section", "subsection", "noindent", "par", "smallskip", "item", "sloppy"),
        *("texttt", "footnotesize", "toprule", "midrule", "bottomrule", "times", "dots"),
        *("textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater", "textbar", "textquotedbl"),
        *("textquotesingle", "textasciigrave", "textendash", "textemdash", "textperiodcentered"),
    }
    for text in files.values():
        plain = re.sub(r"\\[\\{}$&#_%]", "", text)
        assert set(re.findall(r"\\([A-Za-z]+)", plain)) <= ours
        body = plain.partition("\\begin{document}\n")[2] or plain
        assert body.count("{") == body.count("}")
        assert re.findall(r"\$[^$]*\$", body) == re.findall(r"\$(?:-|\\times)\$", body)
        assert all(ord(sign) < 0x100 for sign in text)
    included = re.findall(r"\\fitted\{([^}]+)\}", files["report.tex"])
    assert sorted([*included, "report.tex"]) == sorted(files)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not here")
@few_reports
def test_latex_compiles(name: str, tmp_path: Path) -> None:
    for file, text in render_latex(REPORTS[name]()).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "report.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:]


def test_latex_writes_signs_out() -> None:
    assert escaped("50 % of_a\\b {c} & $d") == r"50 \% of\_a\textbackslash{}b \{c\} \& \$d"
    assert escaped("模\n\x00") == "{[}U+6A21{]} {[}U+2400{]}"
    assert escaped("é ü") == "é ü"


@few_reports
def test_pdf_is_the_same_bytes_each_time(name: str) -> None:
    require("typst")
    require("matplotlib")
    from bakeoff.reports.pdf import render_pdf

    made = render_pdf(REPORTS[name]())
    assert made.startswith(b"%PDF-")
    assert b"/MediaBox" in made
    if name == "decided":
        assert made == render_pdf(REPORTS[name]())


def test_what_is_searched_or_copied_from_the_pdf_is_the_text() -> None:
    require("typst")
    require("matplotlib")
    require("pypdf")
    from pypdf import PdfReader

    from bakeoff.reports.pdf import render_pdf

    report = REPORTS["decided"]()
    long = "organisation/" + "a-very-long-name_" * 9 + "v1.5"
    cells = [replace(one, cell=replace(one.cell, model=long)) for one in report.runs[0].cells]
    report = replace(report, runs=[replace(report.runs[0], cells=cells)])
    told = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(render_pdf(report))).pages)
    assert not set("\u200b\u200c\u200d\u2060\ufeff\u00ad") & set(told)
    for text in ("80.0 % [37.6, 96.4]", "$2.00", "1.5 s", cells[0].signature):
        assert text in told, text
    assert long not in told and long in "".join(told.split("\n"))  # it is broken over lines to fit its column


def test_a_sign_that_no_font_has_is_shown_by_its_number() -> None:
    require("matplotlib")
    from bakeoff.reports.drawing import readable, shortened

    assert shortened("fake/模型") == "fake/[U+6A21][U+578B]"
    assert shortened("fake/形 é − ×") == "fake/[U+5F62] é − ×"
    assert readable("Ж 模", "DejaVu Sans Mono") == "Ж [U+6A21]"


def test_the_pdf_tells_names_apart_that_its_fonts_lack() -> None:
    require("matplotlib")
    from bakeoff.reports.pdf import _fields

    report = full_report(2)
    told = str(_fields(replace(report, runs=(replace(report.runs[0], name="模型"),))))
    assert "[U+6A21][U+578B]" in told
    assert "模" not in told


def test_a_killed_run_did_not_take_no_time() -> None:
    report = one_run(replace(full_report(2).runs[0], seconds=0.0))
    assert "time unknown" in render_markdown(report)
    assert ">0 s<" not in render_html(report, []) + render_tracker(report.runs, {})


def test_the_forest_of_several_benchmarks_names_each() -> None:
    pair = full_report(2).comparisons[0]
    other = replace(pair, a=replace(pair.a, benchmark="other"), b=replace(pair.b, benchmark="other"))
    groups = re.compile('class="c-group"[^>]*>([^<]*)<')
    assert groups.findall(_difference_chart([pair, other, pair])) == [pair.a.benchmark, "other"]
    assert groups.findall(_difference_chart([pair, pair])) == []


def test_the_pdf_reads_no_text_as_code() -> None:
    source = (Path(__file__).parents[2] / "bakeoff/reports/page/report.typ").read_text()
    assert "eval" not in source
    assert "#import" not in source
    assert "#include" not in source


@every_report
def test_figures_are_the_same_bytes_each_time(name: str) -> None:
    require("matplotlib")
    from bakeoff.reports.drawing import svg
    from bakeoff.reports.figures import figures

    drawn = {key: svg(one) for key, one in figures(REPORTS[name]()).items()}
    for made in drawn.values():
        root = ET.fromstring(made)
        assert not [one for one in root.iter() if one.tag.endswith(("script", "image", "foreignObject"))]
        assert b"<dc:date>" not in made
    if name == "one cell":
        assert drawn == {key: svg(one) for key, one in figures(REPORTS[name]()).items()}


def test_which_figures_there_are() -> None:
    require("matplotlib")
    from bakeoff.reports.figures import figures

    kinds = ("estimates", "latency", "pareto", "speed", "forest", "power")
    assert set(figures(full_report())) == {f"figure-{kind}-0" for kind in kinds}
    assert set(figures(decided())) == {"figure-estimates-0", "figure-pareto-0", "figure-forest-duels-0"}
    assert figures(REPORTS["all missing"]()) == {}


def test_a_png_has_300_dots_an_inch() -> None:
    require("matplotlib")
    from PIL import Image

    from bakeoff.reports.drawing import png
    from bakeoff.reports.figures import figures

    made = Image.open(io.BytesIO(png(figures(full_report(2))["figure-forest-0"])))
    assert made.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_labels_stand_apart() -> None:
    require("matplotlib")
    from bakeoff.reports.drawing import spread_out

    points = [(0.5 + i / 1000, 0.5) for i in range(12)]
    heights = sorted(spread_out(points))
    assert all(b - a >= 0.05 - 1e-9 for a, b in pairwise(heights))


@every_report
def test_parquet_has_the_columns_of_the_csv(name: str) -> None:
    require("pyarrow")
    import pyarrow.parquet as pq

    from bakeoff.reports.as_parquet import render_parquet

    report = REPORTS[name]()
    table = pq.read_table(io.BytesIO(render_parquet(report.runs)))
    assert table.num_rows == len(report.entries)
    assert ",".join(table.column_names) == render_csv(report.runs).partition("\n")[0]
    if name == "twelve cells":
        assert str(table.schema.field("estimate_value").type) == "double"


def test_json_of_several_runs_lists_them() -> None:
    found = report_json(REPORTS["two runs"]())
    runs = found["runs"]
    assert isinstance(runs, list)
    assert [run["run"] for run in runs if isinstance(run, dict)] == ["night", "day"]
    assert report_json(full_report())["run"] == "night"
    assert report_json(full_report())["seeds"] == [7]


class TestVerdict:
    def test_markdown_and_html_say_what_the_terminal_says(self) -> None:
        report = decided()
        found = report.runs[0].verdict
        assert found is not None
        words = Page(render_html(report, [])).words
        page = render_markdown(report)
        assert found.sentence in words
        assert "cot against naive: +66.7 points" in words
        assert "## Verdict\n\n" + found.sentence.replace("<", "\\<") in page
        assert "- cot against naive: +66.7 points" in page
        assert "Stopped early: the difference is too large on average" in page
        assert "Rule: difference at alpha 0.05, looked at after every batch; 60 of 100 samples." in page

    def test_html_draws_the_duels(self) -> None:
        page = render_html(decided(), [])
        (chart,) = re.findall(r'aria-label="Differences of the arms with their intervals[^"]*".*?</svg>', page, re.S)
        assert chart.count("<circle") == 1
        assert "c-hollow" not in chart


class TestMethod:
    def test_what_a_comparison_states(self) -> None:
        report = full_report(3)
        told = "\n".join(method_lines(report))
        assert "wilson95 intervals" in told
        assert "tango95 intervals, paired by sample; exact McNemar" in told
        assert "Holm over 2 comparisons" in told
        assert "180 graded, 0 missing" in told
        assert "Seeds: 7." in told
        for page in (render_markdown(report), Page(render_html(report, [])).words):
            for line in method_lines(report):
                assert line in page

    def test_the_smallest_difference_is_that_of_the_pairs(self) -> None:
        found = full_report(3).comparisons[0]
        psi = (found.improved + found.regressed) / found.difference.n
        assert smallest(found).value == pytest.approx(mde(60, psi, alpha=0.025))
        assert smallest(replace(found, looked="it was watched")).value is None
        assert smallest(replace(found, improved=0, regressed=0)).why == "none: too few pairs differ"

    def test_of_graded_scores_it_comes_from_the_standard_error(self) -> None:
        found = replace(full_report(3).comparisons[0], test="paired t", family=1)
        found = replace(found, difference=Estimate(0.0, -0.02, 0.02, 1000, 0, "paired-t95"))
        assert smallest(found).value == pytest.approx(0.0286, abs=2e-4)  # 2.80 standard errors of 0.0102


class TestRanking:
    def test_head_and_rows_fit(self) -> None:
        (standing,) = full_report().standings
        head, rows = ranking_rows(standing)
        assert {len(row) for row in rows} == {len(head)}
        assert rows[0][2] == "model-11"
        head, rows = matrix_rows(standing)
        assert len(head) == 13
        for i, row in enumerate(rows):
            assert row[i + 1] == "–"
            for j, other in enumerate(rows):
                if i != j:
                    assert float(row[j + 1].strip("*")) == -float(other[i + 1].strip("*"))

    def test_why_there_is_none_is_told(self) -> None:
        report = replace(full_report(2), standings=[Standing("gsm8k", "bakeoff", {}, None, "it was watched")])
        assert "No ranking on gsm8k, profile bakeoff: it was watched." in render_markdown(report)
        assert "No ranking: it was watched." in Page(render_html(report, [])).words


def test_cells_of_several_runs_are_told_apart() -> None:
    runs = [run_of(tallied(MIXED, cell()), name=name) for name in ("monday", "tuesday")]
    report = Report(runs)
    assert [(entry.number, entry.name) for entry in report.entries] == [
        (0, "qwen-8b (monday)"),
        (1, "qwen-8b (tuesday)"),
    ]
    page = render_markdown(report)
    assert "| 0 | monday | qwen-8b |" in page
    assert "| 1 | tuesday | qwen-8b |" in page
