"""How figures look and are saved: SVG and PNG of 300 dpi, by matplotlib (extra `figures`), imported late.

The same figure gives the same bytes of SVG: text is drawn as paths, ids are salted, no date is written.
Colours are Okabe and Ito's for the colour-blind; cells differ by their marker as well, so they can be told
apart in grey. Texts from outside are shown as they are: no formulas, no control characters, and a sign that
the font lacks as its number. Example:

    with styled():
        figure, axes = canvas(3.0)
    svg(Drawn(figure, "What it shows."))
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bakeoff.reports.charts import inert

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito 2008, https://jfly.uni-koeln.de/color/, without yellow, which is lost on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "h", "p")
DPI = 300
WIDTH = 7.0  # inches: the text width of an A4 page
LONGEST = 44  # characters of a label
ASIDE = 0.018  # how far right of its point a label starts, as a share of the axes
_WIDE, _TALL, _DOT = 0.05, 0.05, 0.028  # a label, half a marker
_STYLE: Mapping[str, object] = {
    "svg.hashsalt": "bakeoff",
    "svg.fonttype": "path",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.axisbelow": True,
    "grid.color": "#d8d8d8",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "hatch.linewidth": 0.6,
    "figure.facecolor": "white",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure that can be saved, and the sentence that stands below it."""

    figure: Figure
    caption: str


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib with our settings alone, whatever stands in the user's own, and silent on missing glyphs."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def svg(drawn: Drawn) -> bytes:
    """The figure as SVG; the same bytes each time."""
    return _saved(drawn, "svg", {"Date": None, "Creator": None})


def png(drawn: Drawn) -> bytes:
    """The figure as PNG of 300 dpi."""
    return _saved(drawn, "png", {"Software": None})


def _saved(drawn: Drawn, form: str, metadata: Mapping[str, None]) -> bytes:
    out = io.BytesIO()
    with styled():
        drawn.figure.savefig(out, format=form, dpi=DPI, metadata=dict(metadata), bbox_inches="tight", pad_inches=0.08)
    return out.getvalue()


def canvas(height: float) -> tuple[Figure, Axes]:
    """An empty figure of the page's width, `height` inches tall, with one pair of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.add_subplot()


def panels(count: int, columns: int) -> tuple[Figure, list[Axes]]:
    """A figure of the page's width with `count` square axes, `columns` in a row."""
    from matplotlib.figure import Figure

    rows = -(-count // columns)
    figure = Figure(figsize=(WIDTH, 0.3 + rows * (WIDTH / columns + 0.4)), layout="constrained")
    return figure, [figure.add_subplot(rows, columns, place + 1) for place in range(count)]


def shortened(text: str, longest: int = LONGEST) -> str:
    """A label on one line, its middle left out where it is long."""
    told = readable(" ".join(inert(text).split()), "DejaVu Sans")
    return told if len(told) <= longest else f"{told[: longest // 2]}…{told[-longest // 2 + 1 :]}"


def readable(text: str, font: str) -> str:
    """The text with each sign that one of matplotlib's own fonts lacks as its number: `[U+6A21]`.

    An empty box in its place would make two names look alike.
    """
    if text.isascii():
        return text
    from matplotlib.font_manager import findfont, get_font

    signs = get_font(findfont(font)).get_charmap()
    return "".join(sign if ord(sign) in signs else f"[U+{ord(sign):04X}]" for sign in text)


def look_of(place: int) -> tuple[str, str]:
    """Colour and marker of the cell at a place; 84 cells look different from each other."""
    return COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]


def spread_out(points: Sequence[tuple[float, float]]) -> list[float]:
    """Heights for the labels beside points (x, y), as shares of the axes: moved up until they cover nothing.

    A label is as wide as four signs and starts a little right of its point; it covers neither another label
    nor another point.
    """
    taken = [(x - _DOT, x + _DOT, y - _DOT, y + _DOT) for x, y in points]
    found = [0.0] * len(points)
    for i in sorted(range(len(points)), key=lambda i: (points[i][1], points[i][0])):
        x, y = points[i]
        y += _DOT / 2
        while any(
            left < x + ASIDE + _WIDE and x + ASIDE < right and low < y + _TALL and y < high
            for left, right, low, high in taken
        ):
            y += _TALL / 4
        taken.append((x + ASIDE, x + ASIDE + _WIDE, y, y + _TALL))
        found[i] = y
    return found
