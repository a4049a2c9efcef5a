"""Reliability diagrams: for each cell the share right against how sure the model was, bin by bin.

A dot with Wilson's interval for each bin; on the dashed diagonal a model is as often right as it is sure, below
it it is too sure. Of cells without confidences nothing is drawn. Needs matplotlib (extra `figures`). Example:

    for name, caption, figure in diagrams(entries, 0): ...      # figure-reliability-0, …
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bakeoff.reports.drawing import look_of, panels, shortened
from bakeoff.reports.report import Entry
from bakeoff.stats.calibration import Calibration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
LONGEST = 26  # characters above a panel
MOST = 9  # panels of one figure: more do not fit a page
_CAPTION = (
    "Share right against the probability that the model gave to the choice it took, in bins of as many samples"
    " each, with 95 % intervals (Wilson). Below the dashed line a model is surer than it is right. ECE: debiased."
)


def diagrams(entries: Sequence[Entry], place: int) -> Iterator[tuple[str, str, Figure]]:
    """The cells of one benchmark, a panel each: name, caption, figure. None where no cell kept confidences."""
    found = [(entry, told) for entry in entries if (told := entry.summary.calibration) is not None]
    for first in range(0, len(found), MOST):
        shown = found[first : first + MOST]
        figure, axes = panels(len(shown), COLUMNS)
        for one, (entry, told) in zip(axes, shown, strict=True):
            _diagram(one, told)
            title = (entry.cell.benchmark, f"#{entry.number} {entry.name}")
            one.set_title("\n".join(shortened(line, LONGEST) for line in title), fontsize=9)
        more = f"-{first // MOST}" if first else ""
        yield f"figure-reliability-{place}{more}", _CAPTION, figure


def _diagram(axes: Axes, found: Calibration) -> None:
    colour, marker = look_of(0)
    axes.plot([0, 100], [0, 100], ls="--", lw=0.9, color="#555555", zorder=1)
    sure = [100 * one.confidence for one in found.bins]
    right = [100 * (one.right.value or 0.0) for one in found.bins]
    for x, one in zip(sure, found.bins, strict=True):
        if one.right.low is not None and one.right.high is not None:
            axes.plot([x, x], [100 * one.right.low, 100 * one.right.high], color=colour, lw=1.1, zorder=2)
    axes.plot(sure, right, marker, ls="-", lw=0.9, color=colour, mec="black", mew=0.5, ms=4.5, zorder=3, clip_on=False)
    ece = found.ece
    between = "" if ece.low is None or ece.high is None else f" [{ece.low:.3f}, {ece.high:.3f}]"
    told = f"ECE {ece.value or 0:.3f}{between}\nBrier {found.brier.value or 0:.3f}, n {ece.n:,}"
    axes.set(xlim=(0, 102), ylim=(0, 102), ylabel="right, %", aspect="equal")
    axes.set_xlabel(f"sure, %\n{told}", fontsize=8)
    axes.set_xticks(range(0, 101, 25))
    axes.set_yticks(range(0, 101, 25))
    axes.grid()
