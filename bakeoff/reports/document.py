"""A report as blocks of plain text: what Markdown, PDF and LaTeX have in common. Pure.

Each renderer escapes for itself; nothing here is markup. Example:

    [section.title for section in document(report)]      # ["Scores: gsm8k", "Comparisons", …]
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bakeoff.core.records import RunStatus
from bakeoff.core.types import Estimate
from bakeoff.reports.calibration import method_line, told
from bakeoff.reports.charts import seconds
from bakeoff.reports.compare import ALPHA, Comparison, format_p
from bakeoff.reports.performance import Performance
from bakeoff.reports.performance_text import HEAD as FIGURES
from bakeoff.reports.performance_text import OVERVIEW, figure_rows, overview_row
from bakeoff.reports.performance_text import method_lines as speed_lines
from bakeoff.reports.points import signed
from bakeoff.reports.report import Entry, Report, Standing, smallest
from bakeoff.reports.summary import NOT_RUN, CellSummary, RunSummary, other_metrics
from bakeoff.reports.terminal import cost_text, fault_lines, missing_text, score_text, seconds_text, tokens_known
from bakeoff.reports.verdict import Verdict
from bakeoff.reports.verdict_text import duel_line

NOTHING = "–"
STATUS_NOTES = {
    RunStatus.RUNNING: "Still running: every number is of the trials so far.",
    RunStatus.COMPLETE: "",
    RunStatus.DECIDED: "Ended by its decision rule; what was not run was spared, and does not count as missing.",
    RunStatus.INTERRUPTED: "Interrupted before its end; what was not run counts as missing.",
    RunStatus.BUDGET: "Ended at a limit of calls, tokens, money or time; what was not run counts as missing.",
    RunStatus.STOPPED: "Cells were stopped because an engine was dead; what was not run counts as missing.",
}
_SCORES = ("#", "model", "preset", "method", "score [95 %]", "n", "missing", "if all missing")
_RIGHT_OF_NAME = frozenset({0, *range(2, len(OVERVIEW))})
_SPEED = ("p50", "p95", "tok/s", "cost")


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Lines to be copied as they are."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """`name` is unique in the document (a file's name, a label); `numeric`: columns that stand to the right."""

    name: str
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()


Block = Paragraph | Bullets | Verbatim | Table


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    blocks: Sequence[Block]


def document(report: Report) -> list[Section]:
    """The sections of a report, each with something in it, but the signatures, which are always there."""
    found = [_runs(report)] if report.several else []
    found += _verdicts(report)
    unasked = not_run_lines(report)
    found += [Section("Not run", [Bullets(unasked)])] if unasked else []
    for place, benchmark in enumerate(report.benchmarks):
        found.append(Section(benchmark, _benchmark(report, benchmark, place)))
    found += [_performance(report)] if report.performance else []
    found += [_how(report)] if report.entries else []
    told = [line for run in report.runs for line in fault_lines(report.faults.get(run.name, {}), run.name)]
    found += [Section("Errors", [Bullets(told)])] if told else []
    return [*found, Section("Signatures", [Verbatim([entry.summary.signature for entry in report.entries])])]


def date_text(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def subtitle(report: Report) -> str:
    """`complete, 2026-11-21 10:00 UTC, 72.0 s, bakeoff 0.1.0`; of several runs their number."""
    if report.several:
        return f"{len(report.runs)} runs, the latest of {date_text(report.created_at)}"
    return "no runs" if not report.runs else ", ".join(_facts(report.runs[0]))


def _facts(run: RunSummary) -> tuple[str, ...]:
    # a process that was killed wrote no time down
    took = f"{run.seconds:.1f} s" if run.seconds else "time unknown"
    return run.status.value, date_text(run.created_at), took, f"bakeoff {run.version}"


def not_run_lines(report: Report) -> list[str]:
    """For each run with trials that were not run: how many, and why they do or do not count as missing."""
    found = []
    for run in report.runs:
        owed = sum(cell.outcomes.get(NOT_RUN, 0) for cell in run.cells)
        if owed and STATUS_NOTES[run.status]:
            whose = f"Run '{run.name}': " if report.several else ""
            count = "1 trial was" if owed == 1 else f"{owed:,} trials were"
            found.append(f"{whose}{count} not run. {STATUS_NOTES[run.status]}")
    return found


def _runs(report: Report) -> Section:
    rows = [(run.name, *_facts(run), f"{len(run.cells):,}") for run in report.runs]
    head = ("run", "status", "begun", "took", "version", "cells")
    return Section("Runs", [Table("runs", "The runs of this report", head, rows, frozenset({3, 5}))])


def _verdicts(report: Report) -> list[Section]:
    found = []
    for place, run in enumerate(report.runs):
        if run.verdict is not None:
            title = f"Verdict of {run.name}" if report.several else "Verdict"
            name = f"duels-{place}" if report.several else "duels"
            found.append(Section(title, _verdict(run.verdict, name)))
    return found


def _verdict(verdict: Verdict, name: str) -> list[Block]:
    said = [guard.said for guard in verdict.guards]
    blocks: list[Block] = [Paragraph(verdict.sentence)]
    blocks += [Bullets([duel_line(duel) for duel in verdict.duels])] if verdict.duels else []
    blocks += [Bullets(said)] if said else []
    blocks += [Paragraph(note) for note in verdict.notes]
    return [*blocks, Paragraph(rule_text(verdict))]


def rule_text(verdict: Verdict) -> str:
    """What the decision was made by: `Rule: difference at alpha 0.05, looked at early; 160 of 1,319 samples.`"""
    rule = verdict.rule
    margin = "" if rule.margin is None else f", margin {100 * rule.margin:g} points"
    looked = "looked at after every batch" if rule.early else "tested once, at the end"
    asked = f"{verdict.asked:,} of {verdict.planned:,} samples"
    said = f", unanswered counts as wrong ({verdict.counted_wrong:,} replies)"
    wrong = said if verdict.unanswered == "wrong" else ""
    return f"Rule: {rule.name} at alpha {rule.alpha:g}{margin}{wrong}, {looked}; {asked}."


def _benchmark(report: Report, benchmark: str, place: int) -> list[Block]:
    entries = [entry for entry in report.entries if entry.cell.benchmark == benchmark]
    blocks: list[Block] = [_scores(entries, report.several, f"scores-{place}", benchmark)]
    if any(other_metrics(entry.summary) for entry in entries):
        blocks.append(_further(entries, f"metrics-{place}", benchmark))
    said = calibration_lines(entries)
    blocks += [Bullets(said)] if said else []
    found = [one for one in report.comparisons if one.a.benchmark == benchmark]
    if found:
        blocks += [_compared(found, f"comparisons-{place}", benchmark), Bullets([one.verdict for one in found])]
    for number, standing in enumerate(one for one in report.standings if one.benchmark == benchmark):
        blocks += standing_blocks(standing, f"{place}-{number}")
    return blocks


def calibration_lines(entries: Sequence[Entry]) -> list[str]:
    """Brier score and ECE of each cell whose scorer kept how sure the model was."""
    return [
        f"Calibration of {told(entry.name, found)}"
        for entry in entries
        if (found := entry.summary.calibration) is not None
    ]


def _performance(report: Report) -> Section:
    """Quality and speed in one table, then every figure of each cell."""
    timed = [entry for entry in report.entries if entry.cell.id in report.performance]
    blocks: list[Block] = [
        Table(
            "performance",
            "Score and speed; times are medians",
            OVERVIEW,
            overview_rows(timed, report.performance),
            _RIGHT_OF_NAME,
        )
    ]
    for entry in timed:
        rows = figure_rows(report.performance[entry.cell.id])
        named = f"#{entry.number} {entry.name} on {entry.cell.benchmark}"
        blocks.append(Table(f"performance-{entry.number}", named, FIGURES, rows, frozenset({2})))
    return Section("Performance", blocks)


def overview_rows(entries: Sequence[Entry], found: Mapping[int, Performance]) -> list[tuple[str, ...]]:
    """A line for each cell: quality beside speed."""
    return [
        overview_row(str(one.number), f"{one.name}, {one.cell.benchmark}", one.summary, found[one.cell.id])
        for one in entries
    ]


def _scores(entries: Sequence[Entry], several: bool, name: str, benchmark: str) -> Table:
    head = (*_SCORES[:1], *(("run",) if several else ()), *_SCORES[1:], *_SPEED)
    rows = [_row(entry, several) for entry in entries]
    right = {head.index(column) for column in ("#", "score [95 %]", "n", *_SPEED)}
    return Table(name, f"Scores on {benchmark}", head, rows, frozenset(right))


def _row(entry: Entry, several: bool) -> tuple[str, ...]:
    cell, record = entry.summary, entry.cell
    speed = f"{cell.tokens_per_s:.0f}" if cell.tokens_per_s is not None and tokens_known(cell) else NOTHING
    return (
        str(entry.number),
        *((entry.run,) if several else ()),
        record.variant,
        record.preset,
        record.method,
        score_text(cell.estimate),
        f"{cell.estimate.n:,}",
        missing_text(cell),
        bounds_text(cell.estimate),
        latency_text(cell.latency.p50),
        latency_text(cell.latency.p95),
        speed,
        cost_text(cell.cost),
    )


def latency_text(value: float | None) -> str:
    """As on the terminal, but with the part of a millisecond that a quick call took: `0.42 ms`, and not `0 ms`."""
    return seconds(value) if value is not None and 0 < value < 0.001 else seconds_text(value)


def bounds_text(estimate: Estimate) -> str:
    """`0.70 to 0.85`: the score if all missing items were wrong, or right."""
    if not estimate.n_missing or estimate.lowest is None or estimate.highest is None:
        return NOTHING
    if estimate.method.startswith("wilson"):
        return f"{100 * estimate.lowest:.1f} to {100 * estimate.highest:.1f} %"
    return f"{estimate.lowest:.3f} to {estimate.highest:.3f}"


def _further(entries: Sequence[Entry], name: str, benchmark: str) -> Table:
    rows = [
        (str(entry.number), metric, score_text(found), f"{found.n:,}")
        for entry in entries
        for metric, found in other_metrics(entry.summary).items()
    ]
    return Table(
        name, f"Further metrics on {benchmark}", ("#", "metric", "score [95 %]", "n"), rows, frozenset({0, 2, 3})
    )


def _compared(comparisons: Sequence[Comparison], name: str, benchmark: str) -> Table:
    head = ("B against A", "difference [95 %]", "n", "missing", "improved", "regressed", "test", "p (Holm)", "MDE")
    rows = [
        (
            f"{one.name_b} against {one.name_a}",
            difference_text(one.difference),
            f"{one.difference.n:,}",
            f"{one.difference.n_missing:,}",
            f"{one.improved:,}",
            f"{one.regressed:,}",
            one.test,
            NOTHING if one.p_adjusted is None else format_p(one.p_adjusted),
            str(smallest(one)),
        )
        for one in comparisons
    ]
    return Table(name, f"Paired comparisons on {benchmark}", head, rows, frozenset({1, 2, 3, 4, 5}))


def _comparisons(count: int) -> str:
    return "1 comparison" if count == 1 else f"{count:,} comparisons"


def difference_text(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return NOTHING
    return f"{signed(estimate.value, 3)} [{signed(estimate.low, 3)}, {signed(estimate.high, 3)}]"


def standing_blocks(standing: Standing, name: str) -> list[Block]:
    """The ranking of comparable cells, the matrix of their differences, and how to read both."""
    ranking, of = standing.ranking, f"{standing.benchmark}, profile {standing.profile}"
    if ranking is None:
        return [Paragraph(f"No ranking on {of}: {standing.why}.")]
    return [
        Table(f"ranking-{name}", f"Ranking on {of}", *ranking_rows(standing), frozenset({0, 1, 3, 5})),
        Table(f"matrix-{name}", f"Row minus column in points on {of}", *matrix_rows(standing)),
        Paragraph(reading(standing)),
    ]


def ranking_rows(standing: Standing) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows: rank with its interval, number, name, score, tie groups, P(best)."""
    ranking = standing.ranking
    models = () if ranking is None else ranking.models
    rows: list[tuple[str, ...]] = [
        (
            f"{one.rank} [{one.rank_low}, {one.rank_high}]",
            one.name,
            standing.names[one.name],
            score_text(one.mean),
            one.groups,
            f"{100 * one.p_best:.1f} %",
        )
        for one in models
    ]
    return ("rank [95 %]", "#", "cell", "score [95 %]", "groups", "P(best)"), rows


def matrix_rows(standing: Standing) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows: the difference of every two cells, with a star where it was shown after Holm's correction."""
    ranking = standing.ranking
    if ranking is None:
        return ("",), []
    shown = {frozenset((pair.a, pair.b)) for pair in ranking.pairs if pair.differs(ranking.alpha)}
    names = [one.name for one in ranking.models]

    def told(row: str, column: str) -> str:
        value = None if row == column else ranking.difference(column, row).value
        star = "*" if frozenset((row, column)) in shown else ""
        return NOTHING if value is None else f"{signed(100 * value)}{star}"

    return ("#", *names), [(row, *(told(row, column) for column in names)) for row in names]


def reading(standing: Standing) -> str:
    """How to read a ranking and its matrix."""
    ranking = standing.ranking
    if ranking is None:
        return ""
    missing = ranking.models[0].mean.n_missing if ranking.models else 0
    leader = ranking.leader
    left = f" Left out: {', '.join(standing.left_out)}." if standing.left_out else ""
    first = "No cell was shown to be better than all others." if leader is None else f"#{leader} leads all others."
    return (
        f"{first} {ranking.items:,} samples graded in all {len(ranking.models)} cells, {missing:,} missing in one;"
        f" ranks from {ranking.resamples:,} resamples of the samples; cells that share a letter, or have no star, were"
        f" not shown to differ (Holm over all {len(ranking.pairs)} pairs, alpha {ranking.alpha:g}).{left}"
    )


def _how(report: Report) -> Section:
    return Section("How the numbers were made", [Bullets(method_lines(report))])


def method_lines(report: Report) -> list[str]:
    """Method of intervals and tests, n, missing, correction, seeds, the smallest difference: a line each."""
    cells = [entry.summary for entry in report.entries]
    lines = [
        f"Scores: {_methods([cell.estimate for cell in cells])} intervals at 95 %, over graded samples only.",
        _counts(cells),
        f"Seeds: {', '.join(map(str, report.seeds)) or 'none known'}.",
    ]
    calibrated = [found for cell in cells if (found := cell.calibration) is not None]
    lines += [method_line(calibrated)] if calibrated else []
    lines += speed_lines(report.performance)
    for run in (run for run in report.runs if run.verdict is not None):
        lines.append(_verdict_method(run))
    compared = report.comparisons
    if compared:
        tests = ", ".join(sorted({one.test for one in compared}))
        lines += [
            f"Comparisons: {_methods([one.difference for one in compared])} intervals, paired by sample; {tests}.",
            f"Correction: Holm over {_comparisons(compared[0].family)}, alpha {ALPHA:g}.",
            "MDE: the smallest difference that so many pairs show with a power of 80 %, corrected"
            " (Connor 1987; of graded scores by their standard error).",
        ]
    return [*lines, *(f"Not compared: {reason}." for reason in report.unlike)]


def _verdict_method(run: RunSummary) -> str:
    duels = () if run.verdict is None else run.verdict.duels
    missing = max((duel.difference.n_missing for duel in duels), default=0)
    return (
        f"Verdict of '{run.name}': {_methods([duel.difference for duel in duels])} intervals, paired by sample,"
        f" pairs of arms tested: {len(duels):,}, alpha {min((duel.alpha for duel in duels), default=ALPHA):.3g} each,"
        f" at most {missing:,} samples missing in one of them. {'' if run.verdict is None else rule_text(run.verdict)}"
    )


def _methods(estimates: Sequence[Estimate]) -> str:
    return ", ".join(sorted({one.method for one in estimates if one.value is not None})) or "no"


def _counts(cells: Sequence[CellSummary]) -> str:
    graded, missing = sum(cell.estimate.n for cell in cells), sum(cell.estimate.n_missing for cell in cells)
    return f"Samples over all cells: {graded:,} graded, {missing:,} missing; what is missing counts neither way."
