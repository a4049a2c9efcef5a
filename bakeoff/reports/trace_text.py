"""A trial step by step, for a terminal of 80 columns.

for line in trace_lines(view, width=80): click.echo(line)
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

from bakeoff.core.types import Trial
from bakeoff.reports.charts import inert
from bakeoff.reports.traces import StepView, TraceView

SHOWN_LINES = 12  # of a step's text; --full shows all
_INDENT = "    "
LEAST_WIDTH = 40


def trace_lines(view: TraceView, width: int = 80, full: bool = False) -> Iterator[str]:
    """The head of a trial, then each step: a line of figures, then its words."""
    width = max(LEAST_WIDTH, width)
    yield from textwrap.wrap(f"── {title(view)}", width, subsequent_indent="   ")
    yield from textwrap.wrap(summed(view.trial), width)
    for step in view.steps:
        yield ""
        yield from _step(step, width, full)


def title(view: TraceView) -> str:
    return f"cell {view.cell.position} · {view.cell.label} · sample {view.trial.sample_id} · repeat {view.trial.repeat}"


def summed(trial: Trial) -> str:
    """`correct, answer '18' for '18' (answer-marker) · 5 calls · 620 + 490 tokens · 12.3 s · $0`."""
    parts = [trial.outcome.value]
    if trial.extracted is not None:
        parts[0] += f", answer '{inert(trial.extracted):.60}' for '{inert(trial.target):.60}' ({trial.rule})"
    if trial.error:
        parts[0] += f" ({trial.error_code}): {inert(trial.error):.200}"
    parts.append(f"{len(trial.keys)} call{'' if len(trial.keys) == 1 else 's'}")
    parts += [part for part in (_tokens(trial.prompt_tokens, trial.output_tokens), _money(trial.cost)) if part]
    parts.insert(-1 if trial.cost is not None else len(parts), f"{trial.latency_s:.1f} s")
    return " · ".join(parts)


def _step(step: StepView, width: int, full: bool) -> Iterator[str]:
    figures = [f"at {step.at:.1f} s", f"{step.seconds:.1f} s" if step.seconds else ""]
    figures += [_tokens(step.prompt_tokens, step.output_tokens), _money(step.cost)]
    figures += ["cut" if step.finish == "length" else "refused" if step.finish == "refusal" else ""]
    head = f"{step.number:>2}. {step.kind}"
    yield from textwrap.wrap(" · ".join([head, *filter(None, figures)]), width, subsequent_indent=_INDENT)
    if step.details:
        told = ", ".join(f"{name} {_short(value)}" for name, value in step.details.items())
        yield from textwrap.wrap(inert(told), width, initial_indent=_INDENT, subsequent_indent=_INDENT)
    if step.thinking:
        yield from _words(f"(thinks) {step.thinking}", width, full)
    yield from _words(step.text, width, full)


def _words(text: str, width: int, full: bool) -> Iterator[str]:
    lines = [
        wrapped
        for line in inert(text).strip().split("\n")
        for wrapped in (textwrap.wrap(line, width - len(_INDENT), replace_whitespace=False) or [""])
    ]
    shown = lines if full or len(lines) <= SHOWN_LINES + 1 else lines[:SHOWN_LINES]
    for line in shown if text.strip() else ():
        yield f"{_INDENT}{line}".rstrip()
    if len(shown) < len(lines):
        yield f"{_INDENT}… {len(lines) - len(shown)} more lines: --full"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:119]}…"


def _tokens(prompt: int | None, output: int | None) -> str:
    return "" if prompt is None and output is None else f"{_count(prompt)} + {_count(output)} tokens"


def _count(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _money(cost: float | None) -> str:
    return "" if cost is None else f"${cost:.4f}".rstrip("0").rstrip(".") if cost < 1 else f"${cost:,.2f}"
