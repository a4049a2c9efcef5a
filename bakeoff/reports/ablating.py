"""An ablation as its reader sees it: what each combination scores, costs and adds, in a table, JSON and CSV. Pure.

print_study(study, console)
study_json(study)["benchmarks"][0]["rows"][0]["score"]["value"]
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate, Json
from bakeoff.reports.as_json import Faults, comparison_json, estimate_json, fault_json
from bakeoff.reports.charts import inert
from bakeoff.reports.compare import Comparison
from bakeoff.reports.effects import Ablation, effects_json, print_effects
from bakeoff.reports.summary import CellSummary
from bakeoff.reports.terminal import print_wrapped

if TYPE_CHECKING:
    from rich.console import Console

_MISSING = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One combination on one benchmark. `against` compares it with the first of the benchmark that has a grade; None
    for that one, and for those without a grade where the first has none.

    `front`: no other combination scores as high or higher for fewer tokens (or less money, where all prices are known).
    """

    summary: CellSummary
    against: Comparison | None
    front: bool

    @property
    def name(self) -> str:
        return self.summary.cell.method

    @property
    def tokens(self) -> float | None:
        """Prompt and output tokens of an answer, on average."""
        told = self.summary.prompt_tokens + self.summary.output_tokens
        return told / self.summary.trials if told and self.summary.trials else None

    @property
    def price(self) -> float | None:
        """US dollars for 1,000 answers."""
        cost = self.summary.cost
        return None if cost is None or not self.summary.trials else 1000 * cost / self.summary.trials

    def metric(self, name: str) -> Estimate | None:
        return self.summary.further.get(name)


@dataclass(frozen=True, slots=True)
class Differing:
    """One sample on which combinations differ: the score of each, by its place, and what was taken as its answer."""

    sample_id: str
    repeat: int
    target: str
    values: Sequence[float | None]
    answers: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Study:
    """All of an ablation: rows by benchmark, what options of one method add, samples that differ by benchmark.

    `notes`: by benchmark, what is to be said of its comparisons.
    """

    run: str
    rows: Mapping[str, Sequence[Row]]
    options: Mapping[str, Ablation]
    differing: Mapping[str, Sequence[Differing]] = field(default_factory=dict)
    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)


def on_front(points: Sequence[tuple[float | None, float | None]]) -> list[bool]:
    """Of (price, score): whether no other point has a price as low and a score as high, and one of them better."""

    def beats(a: tuple[float | None, float | None], b: tuple[float | None, float | None]) -> bool:
        if a[0] is None or a[1] is None or b[0] is None or b[1] is None:
            return False
        return a[0] <= b[0] and a[1] >= b[1] and a != b

    return [None not in one and not any(beats(other, one) for other in points) for one in points]


def print_study(study: Study, console: Console) -> None:
    """For a terminal of 80 columns: a table, the differences and their sentences for each benchmark; then options."""
    for benchmark, rows in study.rows.items():
        console.print()
        print_wrapped(f"{benchmark} (◆: nothing scores as high for less)", console)
        _print_rows(rows, console)
        for note in study.notes.get(rows[0].summary.cell.benchmark, ()) if rows else ():
            print_wrapped(note, console)
        for row in rows:
            if row.against is not None:
                print_wrapped(row.against.verdict, console)
        differing = study.differing.get(benchmark, ())
        if differing:
            plural = "" if len(differing) == 1 else "s"
            print_wrapped(f"{len(differing):,} sample{plural} on which combinations differ", console)
    for method, found in study.options.items():
        console.print()
        print_wrapped(f"options of {method}", console)
        print_effects(found, console)


def _print_rows(rows: Sequence[Row], console: Console) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    named = _metrics(rows)
    several = len({row.summary.cell.model for row in rows}) > 1
    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("")
    shown.add_column("method", overflow="fold")
    for head in ("score [95 %]", *named.values(), "tokens", "p50", "$/1,000"):
        shown.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        found = [row.metric(name) for name in named]
        label = f"{row.summary.cell.variant} {row.name}" if several else row.name
        shown.add_row(
            "◆" if row.front else "",
            Text(inert(label)),
            interval(row.summary.estimate),
            *[_MISSING if one is None or one.value is None else f"{100 * one.value:.1f}" for one in found],
            _MISSING if row.tokens is None else f"{row.tokens:,.0f}",
            _MISSING if row.summary.latency.p50 is None else f"{row.summary.latency.p50:.2f} s",
            _MISSING if row.price is None else f"{row.price:.2f}",
        )
    console.print(shown)


def _metrics(rows: Sequence[Row]) -> dict[str, str]:
    """Which of the metrics of answers from passages were measured, with their heads."""
    known = {"faithfulness": "faithful", "hallucination_rate": "halluc."}
    return {name: head for name, head in known.items() if any(row.metric(name) is not None for row in rows)}


def interval(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "nothing graded"
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def study_json(study: Study, faults: Faults | None = None) -> dict[str, Json]:
    """The contract for scripts; fields are only ever added. `faults`: the errors of each cell, by its position."""
    return {
        "run": study.run,
        "benchmarks": [
            {
                "benchmark": benchmark,
                "rows": [_row_json(row, faults or {}) for row in rows],
                "notes": list(study.notes.get(rows[0].summary.cell.benchmark, ())) if rows else [],
                "differing": [_differing_json(one) for one in study.differing.get(benchmark, ())],
            }
            for benchmark, rows in study.rows.items()
        ],
        "options": {method: effects_json(found) for method, found in study.options.items()},
    }


def _row_json(row: Row, faults: Faults) -> Json:
    cell, summary = row.summary.cell, row.summary
    return {
        "cell": cell.position,
        "model": cell.model,
        "preset": cell.preset,
        "method": cell.method,
        "score": estimate_json(summary.estimate),
        "metrics": {name: estimate_json(found) for name, found in summary.further.items()},
        "outcomes": dict(summary.outcomes),
        "errors": [fault_json(fault) for fault in faults.get(cell.position, ())],
        "tokens": row.tokens,
        "latency_p50_s": summary.latency.p50,
        "usd_for_1000": row.price,
        "front": row.front,
        "against": None if row.against is None else comparison_json(row.against),
    }


def _differing_json(one: Differing) -> Json:
    return {
        "sample_id": one.sample_id,
        "repeat": one.repeat,
        "target": one.target,
        "values": list(one.values),
        "answers": list(one.answers),
    }


def differing_csv(study: Study) -> str:
    """A line for each sample on which combinations differ: its target, then score and answer of each of them."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n")
    for benchmark, rows in study.rows.items():
        names = [f"{row.summary.cell.variant} {row.name}" for row in rows]
        heads = [head for name in names for head in (f"{name}: score", f"{name}: answer")]
        write.writerow([_plain(one) for one in ("benchmark", "sample_id", "repeat", "target", *heads)])
        for one in study.differing.get(benchmark, ()):
            told = [item for pair in zip(one.values, one.answers, strict=True) for item in pair]
            line = (benchmark, one.sample_id, one.repeat, one.target, *told)
            write.writerow(["" if item is None else _plain(item) for item in line])
    return text.getvalue()


def _plain(value: object) -> object:
    """What a spreadsheet takes for a text: a model may write "=1+1"."""
    if not isinstance(value, str):
        return value
    text = inert(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
