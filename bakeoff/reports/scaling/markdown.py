"""A scaling study as Markdown: every number with its interval, every gap with its reason, every rule stated."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.reports.charts import inert
from bakeoff.reports.scaling.model import Contestant, Quantity, Recommendation, Scope, Study
from bakeoff.reports.scaling.rules import RULES
from bakeoff.reports.scaling.words import ABSENT, front_line, pair_line, samples_line, title, told


def render_markdown(study: Study) -> str:
    first, *others = [_inert(one.name) for one in study.contestants]
    lines = [
        f"# {', '.join(others)} against {first}",
        "",
        f"Runs: {', '.join(_inert(run) for run in study.runs)}",
        "",
        *_models(study.contestants),
    ]
    lines += ["", "## What to take", "", *(_said(one) for one in study.recommendations)]
    lines += ["", "## Notes", "", *(f"- {_inert(note)}" for note in study.notes)] if study.notes else []
    for scope in ([study.pooled] if study.pooled else []) + list(study.scopes):
        lines += ["", *_scope(scope)]
    used = sorted({one.rule for one in study.recommendations}, key=lambda rule: int(rule[1:]))
    lines += ["", "## Rules", "", *(f"- **{rule}** {_inert(RULES[rule])}" for rule in used)]
    return "\n".join([*lines, ""])


def _models(contestants: Sequence[Contestant]) -> list[str]:
    rows = [
        [
            _inert(one.name),
            f"{one.size_b:g} B, {one.size_from}" if one.size_b is not None else "not known",
            f"{one.weight_bytes:g}, {one.bytes_from}" if one.weight_bytes is not None else "not known",
            "price given" if one.priced == "given" else "as stored",
        ]
        for one in contestants
    ]
    return _table(["model", "size", "bytes a weight", "cost"], rows)


def _said(one: Recommendation) -> str:
    return f"- **{one.rule}** ({_inert(one.scope)}) {_inert(one.sentence)} Would change it: {_inert(one.change)}."


def _scope(scope: Scope) -> list[str]:
    lines = [f"## {_inert(title(scope))}", ""]
    if scope.setting:
        asked = ", ".join(f"{count:,}" for count in scope.asked)
        lines += [
            f"{_inert(scope.setting)}; cells {_inert(', '.join(scope.cells))}, asked {asked} samples;"
            f" {samples_line(scope)}",
            "",
        ]
    heads = ["", *(_inert(one.model) for one in scope.standings)]
    by_label = [
        [one.quantities[place] for one in scope.standings] for place in range(len(scope.standings[0].quantities))
    ]
    lines += _table(heads, [[row[0].label, *(_cell(one) for one in row)] for row in by_label])
    for pair in scope.pairs:
        lines += ["", f"### {_inert(pair.b)} against {_inert(pair.a)}", "", _inert(pair_line(pair)), ""]
        lines += _table(["", "", ""], [[one.label, _cell(one), _inert(one.note)] for one in pair.quantities])
    lines += ["", *(f"- Pareto, {_inert(front_line(front))}" for front in scope.fronts)]
    if scope.fit is not None:
        lines += [f"- {scope.fit.label}: {told(scope.fit)} ({_inert(scope.fit.gap or scope.fit.note)})"]
    return lines


def _cell(one: Quantity) -> str:
    if one.estimate.value is None:
        return f"{ABSENT} {_inert(one.gap)}"
    return told(one) + (" (no interval)" if one.estimate.low is None else "")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (heads, ["---"] * len(heads), *rows)]


def _inert(text: str) -> str:
    """Names come from specs and endpoints: no table cell, tag or link of their own."""
    cleaned = " ".join(inert(text).split())
    for sign in "\\|<>[]`*_":
        cleaned = cleaned.replace(sign, "\\" + sign)
    return cleaned.replace("://", ":\\//").replace("www.", "www\\.")
