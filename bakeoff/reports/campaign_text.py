"""A campaign as blocks of plain text: what its Markdown, HTML and PDF have in common. Pure.

[section.title for section in sections(report)]      # ["Criteria of success", "Gates", "Scores", …]
"""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.core.campaign import Check
from bakeoff.reports.campaign import CampaignReport, Combination, ModelResult, verdict_line
from bakeoff.reports.document import NOTHING, Block, Bullets, Paragraph, Section, Table, Verbatim, date_text
from bakeoff.reports.summary import CellSummary
from bakeoff.reports.terminal import missing_text, score_text, seconds_text

_MIB = 1 << 20
_MARKS = {"pass": "pass", "fail": "FAIL", "not measured": "not measured"}
_WORDS = {
    "all_models_evaluated": "all models evaluated",
    "all_combinations_valid": "all combinations valid",
    "tokens_per_second": "output tokens a second",
    "memory_share": "share of the device's memory",
    "failure_rate": "share of failed trials",
}
_RULES = {"tokens_per_second": "more than", "memory_share": "at most", "failure_rate": "under"}


def title(report: CampaignReport) -> str:
    return f"Campaign {report.name}"


def subtitle(report: CampaignReport) -> str:
    models = f"{len(report.models)} models" if len(report.models) != 1 else "1 model"
    return f"{date_text(report.created_at)} · {models} · Bakeoff {report.version}"


def sections(report: CampaignReport) -> list[Section]:
    """Every section that has something in it; the verdict and the criteria first."""
    found = [
        Section("Criteria of success", [Paragraph(verdict_line(report.gates)), _criteria(report.criteria)]),
        Section("Gates", [_gates(report)]),
        Section("What failed", [Bullets(failures(report))]),
        Section("Scores", _scores(report)),
        Section("Speed and memory", [_speed(report), _held(report), Paragraph(_HOW)]),
        Section("What size buys", _sizes(report)),
        Section("Signatures", [Verbatim([cell.signature for run in report.runs for cell in run.cells])]),
    ]
    kept = [Section(one.title, [block for block in one.blocks if _has(block)]) for one in found]
    return [section for section in kept if section.blocks]


_HOW = (
    "First reply: from building the engine, loading and all. Alone: output tokens a second of short replies one after"
    " the other. Evaluated: output tokens over the time in which a call was under way, in the whole run of the model."
    " Memory: the most that was held while it answered, and what was held before and after it was let go."
)


def _has(block: Block) -> bool:
    if isinstance(block, Table):
        return bool(block.rows)
    return bool(block.text) if isinstance(block, Paragraph) else bool(block.lines)


def _criteria(criteria: Sequence[Check]) -> Table:
    rows = [
        (_WORDS[check.criterion], value_text(check), bound_text(check), _MARKS[check.verdict], check.subject, check.why)
        for check in criteria
    ]
    return Table("criteria", "Criteria", ("criterion", "value", "bound", "verdict", "of", "why"), rows, frozenset({1}))


def value_text(check: Check) -> str:
    """The value of a check as it is read: a share in per cent, `5 of 6` where all are asked for."""
    if check.value is None or isinstance(check.value, bool | str):
        return NOTHING if check.value is None else str(check.value)
    if check.criterion in ("memory_share", "failure_rate"):
        return f"{100 * check.value:.1f} %"
    if check.criterion == "tokens_per_second":
        return f"{check.value:,.1f}"
    return f"{check.value:,}" if isinstance(check.value, int) else f"{check.value:,.3g}"


def bound_text(check: Check) -> str:
    if check.bound is None:
        return ""
    if check.criterion in ("memory_share", "failure_rate") and isinstance(check.bound, int | float):
        return f"{_RULES[check.criterion]} {100 * check.bound:g} %"
    if check.criterion.startswith("all_"):
        return f"all {check.bound:,}" if isinstance(check.bound, int) else "all"
    if check.criterion in _RULES:
        return f"{_RULES[check.criterion]} {check.bound:,}"
    return f"{check.bound:,}" if isinstance(check.bound, int) else str(check.bound)


def _gates(report: CampaignReport) -> Table:
    rows = []
    for gate in report.gates:
        counts = [sum(check.verdict == kind for check in gate.checks) for kind in _MARKS]
        rows.append((str(gate.number), gate.name, gate.status, *(f"{count}" for count in counts)))
    head = ("#", "gate", "status", "pass", "fail", "not measured")
    return Table("gates", "Gates", head, rows, frozenset({0, 3, 4, 5}))


def failures(report: CampaignReport) -> list[str]:
    """A line for each check that failed, but for those that only count others."""
    return [
        " · ".join(filter(None, (f"gate {gate.number}", _WORDS.get(check.criterion, check.criterion), check.subject)))
        + f": {check.why or value_text(check) + ', bound ' + bound_text(check)}"
        for gate in report.gates
        for check in gate.failures
        if not check.criterion.startswith("all_")
    ]


def _scores(report: CampaignReport) -> list[Block]:
    """Models against benchmarks: score and interval, and below what is missing from them."""
    asked = list(dict.fromkeys(_question(cell) for run in report.runs for cell in run.cells))
    several = len({cell.cell.preset for run in report.runs for cell in run.cells}) > 1
    rows, missing = [], []
    for model, preset, cells in _lines(report):
        name = f"{model.name} · {preset}" if several else model.name
        scores = [score_text(cells[one].estimate) if one in cells else NOTHING for one in asked]
        rows.append((name, *scores))
        for one, cell in cells.items():
            if cell.estimate.n_missing:
                missing.append(f"{name}, {one}: n {cell.estimate.n}, {missing_text(cell)}")
    rows += [(model.name, *[NOTHING] * len(asked)) for model in report.models if model.run is None]
    table = Table("scores", "Scores [95 %]", ("model", *asked), rows, frozenset(range(1, len(asked) + 1)))
    return [table, Paragraph("Not graded, and so in no score:" if missing else ""), Bullets(missing)]


def _lines(report: CampaignReport) -> list[tuple[ModelResult, str, dict[str, CellSummary]]]:
    found = []
    for model in report.models:
        cells = model.run.cells if model.run is not None else ()
        for preset in dict.fromkeys(cell.cell.preset for cell in cells):
            found.append((model, preset, {_question(cell): cell for cell in cells if cell.cell.preset == preset}))
    return found


def _question(cell: CellSummary) -> str:
    method = "" if cell.cell.method == "naive" else f" · {cell.cell.method}"
    return f"{cell.cell.benchmark}{method}"


def _speed(report: CampaignReport) -> Table:
    head = ("model", "preset", "coverage", "first reply", "first token", "alone tok/s", "evaluated tok/s", "p50", "p95")
    rows = [(*_tried(one), *_evaluated(report, one)) for one in report.combinations]
    return Table("speed", "Speed", head, rows, frozenset(range(3, 9)))


def _held(report: CampaignReport) -> Table:
    head = ("model", "preset", "memory at most", "share of the device", "before → after")
    rows = [(one.model, one.preset, *_memory(one)) for one in report.combinations if one.memory_peak is not None]
    return Table("memory", "Memory", head, rows, frozenset({2, 3, 4}))


def _tried(one: Combination) -> tuple[str, ...]:
    return (
        one.model,
        one.preset,
        "pass" if one.ok else f"FAIL: {one.stage}",
        _seconds(one.first_seconds),
        _seconds(one.first_token_s),
        _plain(one.tokens_per_second),
    )


def _evaluated(report: CampaignReport, one: Combination) -> tuple[str, ...]:
    model = next((model for model in report.models if model.name == one.model), None)
    cells = [cell for cell in (model.run.cells if model and model.run else ()) if cell.cell.preset == one.preset]
    slowest = max(cells, key=lambda cell: cell.latency.p95 or 0.0, default=None)
    speed = _plain(model.tokens_per_s if model and cells else None)
    if slowest is None:
        return speed, NOTHING, NOTHING
    return speed, _seconds(slowest.latency.p50), _seconds(slowest.latency.p95)


def _memory(one: Combination) -> tuple[str, ...]:
    if one.memory_peak is None:
        return NOTHING, NOTHING, NOTHING
    where = " GPU" if one.on_gpu else ""
    change = NOTHING
    if one.memory_before is not None and one.memory_after is not None:
        change = f"{one.memory_before / _MIB:,.0f} → {one.memory_after / _MIB:,.0f}"
    share = f"{100 * one.memory_share:.1f} %" if one.memory_share is not None else NOTHING
    return f"{one.memory_peak / _MIB:,.0f} MiB{where}", share, change


def _seconds(value: float | None) -> str:
    return NOTHING if value is None else seconds_text(value)


def _plain(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.1f}"


def _sizes(report: CampaignReport) -> list[Block]:
    if report.study is None:
        return [Paragraph(report.no_study)]
    sizes = [
        (one.name, f"{one.size_b:g} B" if one.size_b is not None else "not known", one.size_from or NOTHING)
        for one in report.study.contestants
    ]
    told = [f"{one.rule} ({one.scope}): {one.sentence}" for one in report.study.recommendations]
    head = ("model", "parameters", "known from")
    return [Table("sizes", "Sizes", head, sizes, frozenset({1})), Bullets(told), Bullets(list(report.study.notes))]
