"""What a report says, of one run or of several: the one model that every renderer shows. Pure.

Cells that one rule graded on the same data are comparable. Of such a group every cell is compared with
the first, and from three cells on all are ranked on the samples that all of them graded. Example:

    report = Report(runs=[summary], comparisons=found, standings=[])
    render_markdown(report)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bakeoff.core.grading import rule_of
from bakeoff.core.origin import origin
from bakeoff.core.records import CellRecord, Fault
from bakeoff.core.types import Estimate
from bakeoff.reports.compare import ALPHA, Comparison
from bakeoff.reports.summary import CellSummary, RunSummary
from bakeoff.stats.power import mde, mean_mde
from bakeoff.stats.ranking import Ranking

if TYPE_CHECKING:
    from bakeoff.reports.performance import Performance

LEAST_RANKED = 3
_SEED = re.compile(r"\|seed:(\d+)(?:\||$)")

Group = tuple[str, str, str]  # benchmark, rule that graded, digest of the data


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell in a report: its number there, the run it is of, its shortest name among those beside it."""

    number: int
    run: str
    name: str
    summary: CellSummary

    @property
    def cell(self) -> CellRecord:
        return self.summary.cell


@dataclass(frozen=True, slots=True)
class Standing:
    """Comparable cells ranked on the samples that all of them graded; without a ranking `why` says why.

    The names of the ranking are the numbers of the cells in the report.
    """

    benchmark: str
    profile: str
    names: Mapping[str, str]  # number → name
    ranking: Ranking | None
    why: str = ""
    left_out: Sequence[str] = ()  # cells that are not ranked, each with the reason


@dataclass(frozen=True, slots=True)
class Report:
    """One run or several: their cells, the comparisons with Holm's correction over all of them, the rankings.

    `unlike`: for cells of one benchmark that could not be compared, the reason.
    """

    runs: Sequence[RunSummary]
    comparisons: Sequence[Comparison] = ()
    standings: Sequence[Standing] = ()
    faults: Mapping[str, Mapping[int, Sequence[Fault]]] = field(default_factory=dict)
    unlike: Sequence[str] = ()
    medians: Mapping[int, Estimate] = field(default_factory=dict)  # of a cell's latency, by its id; for the figures
    performance: Mapping[int, Performance] = field(default_factory=dict)  # of a cell, by its id

    @property
    def title(self) -> str:
        return ", ".join(run.name for run in self.runs)

    @property
    def several(self) -> bool:
        return len(self.runs) > 1

    @property
    def entries(self) -> list[Entry]:
        """All cells, numbered as in their run, or over all runs where there are several."""
        return entries_of(self.runs)

    @property
    def benchmarks(self) -> list[str]:
        return list(dict.fromkeys(cell.cell.benchmark for run in self.runs for cell in run.cells))

    @property
    def created_at(self) -> float:
        """When the latest of the runs began; 0 without any."""
        return max((run.created_at for run in self.runs), default=0.0)

    @property
    def seeds(self) -> list[int]:
        """The seeds of the cells that were run here: order of samples, examples, draws of an engine."""
        signed = [cell.signature for run in self.runs for cell in run.cells if origin(cell.cell) is None]
        return sorted({int(found[1]) for line in signed if (found := _SEED.search(line))})


def one_run(
    summary: RunSummary, comparisons: Sequence[Comparison] = (), faults: Mapping[int, Sequence[Fault]] | None = None
) -> Report:
    """The report of a single run without its rankings."""
    return Report([summary], comparisons, faults={summary.name: faults or {}})


def entries_of(runs: Sequence[RunSummary]) -> list[Entry]:
    """The cells of runs, numbered, each with its shortest name among those of its benchmark."""
    cells = [(run.name, cell) for run in runs for cell in run.cells]
    numbers = [cell.cell.position for _, cell in cells] if len(runs) == 1 else list(range(len(cells)))
    found = []
    for number, (run, cell) in zip(numbers, cells, strict=True):
        beside = [(name, other) for name, other in cells if other.cell.benchmark == cell.cell.benchmark]
        found.append(Entry(number, run, _short(run, cell, beside), cell))
    return found


def group_of(cell: CellRecord) -> Group:
    """What cells have to have in common to be compared."""
    return cell.benchmark, str(rule_of(cell)), cell.data_digest


def _short(run: str, cell: CellSummary, beside: Sequence[tuple[str, CellSummary]]) -> str:
    """Only what differs among the cells around it; at least the model."""
    known: dict[str, Callable[[str, CellSummary], str]] = {
        "variant": lambda _, one: one.cell.variant,
        "preset": lambda _, one: one.cell.preset,
        "method": lambda _, one: one.cell.method,
        "rule": lambda _, one: str(rule_of(one.cell)),
    }
    telling = [part for part, of in known.items() if len({of(name, one) for name, one in beside}) > 1]
    parts = [known[part](run, cell) for part in telling or ["variant"]]
    alike = [name for name, one in beside if [known[part](name, one) for part in telling or ["variant"]] == parts]
    return " ".join([*parts, f"({run})"] if len(set(alike)) > 1 else parts)


@dataclass(frozen=True, slots=True)
class Smallest:
    """The smallest difference that a comparison would have shown with 80 % power; `why` where there is none."""

    value: float | None
    why: str = ""

    def __str__(self) -> str:
        return self.why if self.value is None else f"{100 * self.value:.1f} points"


def smallest(comparison: Comparison) -> Smallest:
    """From the pairs and the share of them that differ, at the level of Holm's first step (Connor 1987).

    For graded scores from the standard error behind the interval. A test that may be looked at
    at any moment has none: what it shows depends on when it ends.
    """
    found = comparison.difference
    if not found.n or found.low is None or found.high is None:
        return Smallest(None, "nothing was compared")
    if comparison.looked:
        return Smallest(None, "open: a sequential test shows smaller ones the longer it runs")
    alpha = ALPHA / max(1, comparison.family)
    if comparison.test != "exact McNemar":
        return _of_means(found.high - found.low, found.n, alpha)
    try:
        return Smallest(mde(found.n, (comparison.improved + comparison.regressed) / found.n, alpha=alpha))
    except ValueError:
        return Smallest(None, "none: too few pairs differ")


def _of_means(width: float, n: int, alpha: float) -> Smallest:
    from scipy.special import stdtrit

    if n < 2 or width <= 0:
        return Smallest(None, "none: too few pairs")
    error = width / 2 / float(stdtrit(n - 1, 0.975))
    return Smallest(mean_mde(n, n * error * error, alpha=alpha))
