"""Two models in a scope: the difference, what it is worth beside size, speed and memory, and its price. Pure.

All is B against A. Draws do not depend on which of the two is named first, so that A against B is the mirror
image of B against A. Ratios are made by `stats/scaling.py` and `stats/effects.py` where there is one benchmark
of right and wrong, and by drawing items within benchmarks otherwise. Example:

    pair(contestants, [measured_gsm8k], other=1).quantity("icer").estimate
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.reports.compare import Comparison
from bakeoff.reports.scaling.items import Field, Item, Table, binary, lacking
from bakeoff.reports.scaling.model import Contestant, Measured, Pair, Quantity, quantity, sign
from bakeoff.reports.scaling.strata import Draws, log_odds, pooled_difference, pooled_p, spread
from bakeoff.stats.effects import error_cut, relative_risk
from bakeoff.stats.scaling import logit_slope, parameter_efficiency, quantile_ratio

if TYPE_CHECKING:
    from bakeoff.stats.resample import Floats, Resampled

LOOKED = "the run was looked at while it went on, and this interval holds for one look only"


class _Two:
    """Two models on some benchmarks."""

    def __init__(
        self, contestants: Sequence[Contestant], measured: Sequence[Measured], other: int, draws: Draws | None
    ) -> None:
        self.measured, self.a, self.b = measured, contestants[0], contestants[other]
        self.items: list[Sequence[Item]] = [one.pair_items[other - 1] for one in measured]
        self.comparisons: list[Comparison] = [one.comparisons[other - 1] for one in measured]
        self._draws = draws or Draws(self.items, (self.a.name, self.b.name))
        self.looked = next((one.looked for one in measured if one.looked), "")

    def tables(self, *fields: Field) -> list[Table]:
        """Columns: for each field A, then B."""
        return self._draws.tables(fields, (0, 1))

    def draw(self, *fields: Field, in_blocks: bool = False) -> Resampled | None:
        return self._draws.of(fields, (0, 1), in_blocks)

    def gap(self, name: Field, words: str) -> str:
        for one, items in zip(self.measured, self.items, strict=True):
            for place, who in ((0, self.a), (1, self.b)):
                if lacking(items, name, (place,)) is not None:
                    return f"no {words} of '{who.name}' is known in '{one.benchmark}'"
        return ""


def pair(
    contestants: Sequence[Contestant], measured: Sequence[Measured], other: int, draws: Draws | None = None
) -> Pair:
    """Model `other` (from 1) against the first, in one benchmark or in several together.

    `draws`: those of all models, where there are just these two.
    """
    two = _Two(contestants, measured, other, draws)
    base = _compared(two) if len(measured) == 1 else _pooled(two)
    found = [*_effects(two, base), *_speeds(two), *_prices(two, base)]
    if base.looked:
        found = [_descriptive(one) for one in found]
    found += _memory(two)
    return Pair(
        base.a,
        base.b,
        base.difference,
        base.test,
        base.p,
        tuple(sorted(found, key=lambda one: one.secondary)),
        base.p_adjusted,
        base.family,
        base.p_mid,
        base.e,
        base.counts,
        base.variance,
        base.looked,
    )


def _compared(two: _Two) -> Pair:
    one = two.comparisons[0]
    counts = None if one.p_mid is None else (one.both, one.regressed, one.improved, one.neither)
    return Pair(
        two.a.name,
        two.b.name,
        one.difference,
        one.test,
        one.p,
        p_mid=one.p_mid,
        e=_evidence(two),
        counts=counts,
        variance=spread(two.tables("score")),
        looked=two.looked,
    )


def _evidence(two: _Two) -> float | None:
    """E against no difference after one look: mixed bets on who wins the items on which one is right alone."""
    from bakeoff.stats.sequential import EProcess

    (scores,) = two.tables("score")
    if not scores.rows or not binary(scores.rows):
        return None
    won = [sum(row[i] > row[1 - i] for row in scores.rows) for i in (0, 1)]
    process = EProcess()
    process.add(won[0], won[1], len(scores.rows) - sum(won))
    return process.e


def _pooled(two: _Two) -> Pair:
    difference = pooled_difference([one.difference for one in two.comparisons])
    scores = two.tables("score")
    p = pooled_p(scores)
    if two.looked:  # intervals that hold at any look cannot be put together so
        difference = Estimate(
            difference.value, None, None, difference.n, difference.n_missing, f"{difference.method}-unbounded"
        )
        p = None
    test = "sign flips within benchmarks"
    return Pair(two.a.name, two.b.name, difference, test, p, variance=spread(scores), looked=two.looked)


def _descriptive(found: Quantity) -> Quantity:
    """The value without the interval that would not hold."""
    if found.estimate.value is None:
        return found
    return quantity(
        found.id, found.label, found.unit, _bare(found.estimate), LOOKED, note=found.note, secondary=found.secondary
    )


def _bare(one: Estimate | None) -> Estimate | None:
    """The value alone."""
    return None if one is None else Estimate(one.value, None, None, one.n, one.n_missing, f"{one.method}-unbounded")


# What the difference comes to


def _effects(two: _Two, base: Pair) -> list[Quantity]:
    if base.counts is not None:
        missing = base.difference.n_missing
        risk: Estimate | None = relative_risk(*base.counts, missing)
        cut: Estimate | None = error_cut(*base.counts, missing)
    else:
        found = two.draw("score")
        risk = _over(found)
        cut = None if found is None else found.of_means(_share_cut)
        if not base.variance:  # drawn again, answers that are all alike would look certain
            risk, cut = _bare(risk), _bare(cut)
    name = f"score of {two.b.name} over {two.a.name}'s"
    return [
        quantity("risk_ratio", "times the score", "times", risk, note=name),
        quantity("error_cut", "errors that are gone", "share", cut, note="of the first one's errors, net"),
        *_slopes(two, base, risk),
    ]


def _share_cut(means: Floats) -> Floats:
    gone: Floats = (means[..., 1] - means[..., 0]) / (1 - means[..., 0])
    return gone


def _slopes(two: _Two, base: Pair, risk: Estimate | None) -> list[Quantity]:
    head = ("slope", "log-odds for a doubling of size")
    label = "score ratio over size ratio"
    if two.a.size_b is None or two.b.size_b is None:
        who = two.a if two.a.size_b is None else two.b
        gap = f"the size of '{who.name}' is not known: --size {who.name}=8"
    elif two.a.size_b == two.b.size_b:
        gap = f"both have {two.a.size_b:g} B weights: there is no doubling between them"
    else:
        gap = ""
    if gap or two.a.size_b is None or two.b.size_b is None:
        return [
            quantity(*head, "logit", None, gap),
            quantity("size_efficiency", label, "times", None, gap, secondary=True),
        ]
    sizes = (two.a.size_b, two.b.size_b)
    if base.counts is not None:
        slope: Estimate | None = logit_slope(base.counts, *sizes, base.difference.n_missing)
    else:
        found = two.draw("score")
        whole = found is None or not all(0 < share < 1 for share in found.observed.tolist())
        gap = "one of them is right, or wrong, throughout" if found is not None and whole else ""
        slope = None if found is None or whole else found.of_means(_gained(math.log2(sizes[1] / sizes[0]), found.n))
    efficiency = None if risk is None or risk.value is None else parameter_efficiency(risk, *sizes)
    return [
        quantity(*head, "logit", slope, gap, note="two sizes make a slope, never a law"),
        quantity(
            "size_efficiency",
            label,
            "times",
            efficiency,
            note="1 would be linear; nearly always below, and it depends on where guessing stands",
            secondary=True,
        ),
    ]


def _gained(doublings: float, n: int) -> Callable[[Floats], Floats]:
    def slope(means: Floats) -> Floats:
        odds = log_odds(means, n)
        gained: Floats = (odds[..., 1] - odds[..., 0]) / doublings
        return gained

    return slope


# Speed, memory and money


def _speeds(two: _Two) -> list[Quantity]:
    gap = two.gap("seconds", "time")
    found: list[Quantity] = []
    if len(two.measured) == 1:
        for name, share in (("p50", 0.5), ("p95", 0.95)):
            estimate = None if gap else _quantiles(two, share)
            found.append(quantity(f"{name}_ratio", f"times the seconds, {name}", "times", estimate, gap))
    times = None if gap else two.draw("seconds", in_blocks=True)
    rate_gap = gap or two.gap("tokens", "number of output tokens")
    rates = None if rate_gap else two.draw("tokens", "seconds", in_blocks=True)
    apart = None if times is None else times.difference(0, 1)
    rate = None if rates is None else rates.of_means(lambda m: m[..., 1] / m[..., 3] * m[..., 2] / m[..., 0])
    return [
        *found,
        quantity("seconds_ratio", "times the seconds, mean", "times", _over(times), gap),
        quantity("seconds_difference", "more seconds an item", "seconds", apart, gap),
        quantity("throughput_ratio", "times the tokens a second", "times", rate, rate_gap),
    ]


def _quantiles(two: _Two, share: float) -> Estimate:
    (times,) = two.tables("seconds")
    return quantile_ratio([row[0] for row in times.rows], [row[1] for row in times.rows], share)


def _memory(two: _Two) -> list[Quantity]:
    small, large = two.a.weights_gb, two.b.weights_gb
    head = ("memory_ratio", "times the GB of weights (estimated)")
    if small is None or large is None:
        who = two.a.name if small is None else two.b.name
        return [
            quantity(*head, "times", None, f"the memory of '{who}' is neither measured nor estimated", estimated=True)
        ]
    ratio = Estimate(large / small, None, None, 0, 0, "weights-x-bytes")
    return [quantity(*head, "times", ratio, "no interval: it is computed and not measured", estimated=True)]


def _prices(two: _Two, base: Pair) -> list[Quantity]:
    gap = two.gap("usd", "cost")
    found = None if gap else two.draw("usd")
    if found is not None and not found.observed.any():
        gap, found = "nothing was charged for either", None
    apart = None if found is None else found.difference(0, 1)
    return [
        quantity("usd_ratio", "times the dollars", "times", _over(found), gap),
        quantity("usd_difference", "more dollars an item", "usd", apart, gap),
        _icer(two, base, gap),
    ]


def _icer(two: _Two, base: Pair, gap: str) -> Quantity:
    """Dollars for each further solved item; as `stats.scaling.icer`, also over benchmarks."""
    head = ("icer", "dollars for one more solved item")
    found = None if gap else two.draw("score", "usd")
    if found is None:
        return quantity(*head, "usd", None, gap)
    gained, dearer = sign(base.difference), sign(found.difference(2, 3))
    if not gained:
        return quantity(*head, "usd", None, "no difference in quality shown, so there is no price for it")
    if dearer and dearer != gained:
        better = two.b.name if gained > 0 else two.a.name
        return quantity(*head, "usd", None, f"'{better}' is better and costs less: there is no price to pay")
    return quantity(*head, "usd", found.ratio([0, 0, -1, 1], [-1, 1, 0, 0]))


def _over(found: Resampled | None) -> Estimate | None:
    """B's mean over A's."""
    return None if found is None else found.ratio([0, 1], [1, 0])
