"""The speed-ups as a figure for papers and slides, by matplotlib (extra `figures`), imported late.

Example: `svg(speed_up(study))`.
"""

from __future__ import annotations

from bakeoff.reports.drawing import COLOURS, Drawn, canvas, shortened, styled
from bakeoff.reports.optimising import Scope, Study, Way

_ROW = 0.34  # inches


def speed_up(study: Study) -> Drawn | None:
    """A bar for each optimisation of each scope, with its interval; None where no speed is known."""
    rows = [
        (scope, way)
        for scope in study.scopes
        for way in scope.ways
        if way.speed is not None and way.speed.value and way.label != "response_cache"
    ]
    if not rows:
        return None
    with styled():
        figure, axes = canvas(1.0 + _ROW * len(rows))
        for place, (scope, way) in enumerate(rows):
            value, reach = _reach(way)
            colour = COLOURS[1] if way.differs else COLOURS[0]
            hatch = "//" if study.scopes.index(scope) % 2 else ""
            axes.barh([place], [value], height=0.6, color=colour, ec="black", lw=0.5, hatch=hatch)
            if reach is not None:
                axes.errorbar([value], [place], xerr=reach, color="black", lw=0, elinewidth=1.2, capsize=2.5)
        axes.axvline(1.0, color="black", lw=0.8, ls=":")
        axes.set_yticks(range(len(rows)), [shortened(_name(scope, way, study)) for scope, way in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.set_xlabel("times the output tokens a second of one call after the other")
        axes.set_title("Speed-up")
    caption = (
        "Speed-up of each optimisation with its 95 % interval; dotted: no change. Look-ups in the store are left out."
    )
    differ = " Orange: scores are shown to differ." if any(way.differs for _, way in rows) else ""
    return Drawn(figure, caption + differ)


def _name(scope: Scope, way: Way, study: Study) -> str:
    return way.label if len(study.scopes) == 1 else f"{way.label} · {scope.method} · {scope.benchmark}"


def _reach(way: Way) -> tuple[float, list[list[float]] | None]:
    """The value, and how far its interval reaches to either side."""
    found = way.speed
    value = found.value if found is not None and found.value is not None else 0.0
    if found is None or found.low is None or found.high is None:
        return value, None
    return value, [[value - found.low], [found.high - value]]
