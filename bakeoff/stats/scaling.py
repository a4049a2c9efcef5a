"""A small model against a large one: what the size buys, and what it costs.

Beside the paired difference (`paired.py`), the ratio of right answers and the share of errors gone
(`effects.py`): accuracy above chance, log-odds gained for a doubling of size, ratios of speed and memory,
quality for each unit spent, and the incremental cost-effectiveness ratio (ICER), which is the price of one
further right answer (Drummond et al. 2015). Two sizes make a slope and never a scaling law. Latencies hang
together in the order in which they were taken, so blocks of neighbours are resampled (Carlstein 1986,
https://doi.org/10.1214/aos/1176350057; for quantiles overlapping and in a circle, Politis and Romano 1992).
Example:

    logit_slope((274, 25, 79, 122), size_a=8, size_b=14).value    # 0.593 for a doubling
    icer(quality_a, quality_b, cost_a, cost_b).icer               # dollars for one more solved item
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.stats.arrays import Vector, vector
from bakeoff.stats.intervals import CONFIDENCE
from bakeoff.stats.paired import compare_binary, compare_means
from bakeoff.stats.resample import RESAMPLES, resample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HELD = 1 << 20  # drawn places held at a time


def chance_corrected(accuracy: Estimate, choices: int) -> Estimate:
    """An accuracy at multiple choice on a scale where guessing is 0: (p - 1/k) / (1 - 1/k)."""
    if choices < 2:
        raise ValueError(f"a question of {choices} choices cannot be guessed: there are at least two")
    guess = 1 / choices

    def onto(value: float | None) -> float | None:
        return None if value is None else (value - guess) / (1 - guess)

    return Estimate(
        onto(accuracy.value),
        onto(accuracy.low),
        onto(accuracy.high),
        accuracy.n,
        accuracy.n_missing,
        f"{accuracy.method}-chance{choices}",
        onto(accuracy.lowest),
        onto(accuracy.highest),
    )


def logit_slope(
    counts: tuple[int, int, int, int],
    size_a: float,
    size_b: float,
    n_missing: int = 0,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Log-odds gained for each doubling of size, from (both, only_a, only_b, neither); delta method, paired.

    No value where one model is right or wrong throughout. Raises ValueError for sizes that are equal or not above 0.
    """
    for size in (size_a, size_b):
        if not (math.isfinite(size) and size > 0):
            raise ValueError(f"a model's size is a number above 0, not {size:g}")
    if size_a == size_b:
        raise ValueError(f"both models have the size {size_a:g}: there is no doubling between them")
    both, only_a, only_b, _ = counts
    n, method = _count(*counts), f"logit-delta{confidence * 100:g}"
    right_a, right_b = both + only_a, both + only_b
    if not (0 < right_a < n and 0 < right_b < n):
        return Estimate(None, None, None, n, n_missing, f"{method}-unbounded")
    p_a, p_b = right_a / n, right_b / n
    spread_a, spread_b = p_a * (1 - p_a), p_b * (1 - p_b)
    shared = both / n - p_a * p_b
    variance = (1 / spread_a + 1 / spread_b - 2 * shared / (spread_a * spread_b)) / n
    doublings = math.log2(size_b / size_a)
    value = (math.log(p_b / (1 - p_b)) - math.log(p_a / (1 - p_a))) / doublings
    if only_a + only_b == 0:
        return Estimate(value, None, None, n, n_missing, f"{method}-unbounded")
    half = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(variance) / abs(doublings)
    return Estimate(value, value - half, value + half, n, n_missing, method)


def parameter_efficiency(risk: Estimate, size_a: float, size_b: float) -> Estimate:
    """The ratio of scores over the ratio of sizes: secondary, 1 means linear, and it is nearly always below."""
    if not (size_a > 0 and size_b > 0 and math.isfinite(size_a) and math.isfinite(size_b)):
        raise ValueError(f"sizes are numbers above 0, not {size_a:g} and {size_b:g}")
    return scaled(risk, size_a / size_b)


# Ratios of what was measured item by item


def ratio(a: Vector, b: Vector, resamples: int = RESAMPLES, seed: int = 0, block: int | None = None) -> Estimate:
    """B's mean over A's (latency, memory, tokens, cost), items in the order of the run; block bootstrap.

    `block` neighbours are drawn together, the cube root of n by default.
    """
    table = _columns({"a": a, "b": b})
    if not len(table):
        return Estimate(None, None, None, 0, 0, "bootstrap95")
    return resample(table, resamples, seed, _blocks(len(table), block)).ratio([0, 1], [1, 0])


def rate_ratio(
    done_a: Vector,
    seconds_a: Vector,
    done_b: Vector,
    seconds_b: Vector,
    resamples: int = RESAMPLES,
    seed: int = 0,
    block: int | None = None,
) -> Estimate:
    """B's throughput over A's: what was done (tokens, items) a second, summed over the run; block bootstrap."""
    table = _columns({"done a": done_a, "seconds a": seconds_a, "done b": done_b, "seconds b": seconds_b})
    if not len(table):
        return Estimate(None, None, None, 0, 0, "bootstrap95")
    drawn = resample(table, resamples, seed, _blocks(len(table), block))
    return drawn.of_means(lambda m: m[..., 2] / m[..., 3] / (m[..., 0] / m[..., 1]))


def quantile_ratio(
    a: Vector, b: Vector, share: float, resamples: int = 2_000, seed: int = 0, block: int | None = None
) -> Estimate:
    """B's quantile over A's (0.5 for p50, 0.95 for p95); block bootstrap. No value when A's is 0."""
    if not 0 <= share <= 1:
        raise ValueError(f"a quantile is between 0 and 1, not {share:g}")
    table, method = _columns({"a": a, "b": b}), "bootstrap95"
    n = len(table)
    if n == 0:
        return Estimate(None, None, None, 0, 0, method)
    import numpy as np

    below, above = np.quantile(table, share, axis=0)
    if below <= 0:
        return Estimate(None, None, None, n, 0, f"{method}-unbounded")
    size = _block_size(n, block)
    rng, ratios = np.random.default_rng(seed), np.empty(resamples)
    rows = max(1, _HELD // n)
    for start in range(0, resamples, rows):
        firsts = rng.integers(0, n, (min(rows, resamples - start), -(-n // size)))
        chosen = ((firsts[:, :, None] + np.arange(size)) % n).reshape(len(firsts), -1)[:, :n]
        under, over = (np.quantile(column[chosen], share, axis=1) for column in table.T)
        ratios[start : start + rows] = np.divide(over, under, out=np.full(len(under), np.inf), where=under > 0)
    low, high = np.quantile(ratios, 0.025, method="lower"), np.quantile(ratios, 0.975, method="higher")
    if size >= n or not np.isfinite(high):
        return Estimate(float(above / below), None, None, n, 0, f"{method}-unbounded")
    return Estimate(float(above / below), float(low), float(high), n, 0, method)


# What quality costs


def per_unit(scores: Vector, used: Vector, unit: float = 1.0, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Quality for each unit spent on the same items: solved per dollar, per second, per 1,000 tokens (unit 1000)."""
    table = _columns({"scores": scores, "used": used})
    if not len(table):
        return Estimate(None, None, None, 0, 0, "bootstrap95")
    return resample(table / [1.0, unit], resamples, seed).ratio([1, 0], [0, 1])


def scaled(estimate: Estimate, factor: float) -> Estimate:
    """An estimate in another unit, such as accuracy per GB of a model that takes 1 / factor GB; factor > 0."""
    if not (math.isfinite(factor) and factor > 0):
        raise ValueError(f"a factor is a number above 0, not {factor:g}")

    def times(number: float | None) -> float | None:
        return None if number is None else number * factor

    return replace(
        estimate,
        value=times(estimate.value),
        low=times(estimate.low),
        high=times(estimate.high),
        lowest=times(estimate.lowest),
        highest=times(estimate.highest),
    )


@dataclass(frozen=True, slots=True)
class PriceOfQuality:
    """What one further right answer costs when B takes A's place; `reason` says why there is no such price."""

    quality: Estimate
    cost: Estimate
    icer: Estimate
    reason: str | None


def icer(
    quality_a: Vector,
    quality_b: Vector,
    cost_a: Vector,
    cost_b: Vector,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PriceOfQuality:
    """Difference of cost over difference of quality, item bootstrap.

    Undefined when the interval of the quality's difference covers 0, for then any price fits; and no price
    at all when one model is better and cheaper. When B is worse and cheaper: what each answer lost saves.
    """
    table = _columns({"quality a": quality_a, "quality b": quality_b, "cost a": cost_a, "cost b": cost_b})
    nothing = Estimate(None, None, None, len(table), 0, "bootstrap95")
    if not len(table):
        return PriceOfQuality(nothing, nothing, nothing, "no item was graded for both")
    drawn = resample(table, resamples, seed)
    quality = _difference(table[:, 0].tolist(), table[:, 1].tolist(), CONFIDENCE)
    cost = drawn.difference(2, 3)
    if not _sign(quality):
        return PriceOfQuality(quality, cost, nothing, "no difference in quality shown, so there is no price for it")
    if _sign(cost) and _sign(cost) != _sign(quality):
        better = "B" if _sign(quality) > 0 else "A"
        return PriceOfQuality(quality, cost, nothing, f"{better} is better and costs less: there is no price to pay")
    price = drawn.ratio([0, 0, -1, 1], [-1, 1, 0, 0])
    return PriceOfQuality(quality, cost, price, None)


@dataclass(frozen=True, slots=True)
class Contender:
    """A model with its quality and its cost (money, seconds, GB) on each item, the same items for all."""

    name: str
    quality: Vector
    cost: Vector


@dataclass(frozen=True, slots=True)
class Dominance:
    """`winner` is shown to be better than `loser` on one axis, and better or exactly alike on the other."""

    loser: str
    winner: str


@dataclass(frozen=True, slots=True)
class Frontier:
    """The models that no other is shown to dominate, in the order given."""

    names: tuple[str, ...]
    dominated: tuple[Dominance, ...]


def pareto(contenders: Sequence[Contender], confidence: float = CONFIDENCE) -> Frontier:
    """Which models are worth a thought: all but those that another beats, as far as the intervals show it.

    The intervals are widened for the number of pairs (Bonferroni). Raises ValueError for rows of unlike length.
    """
    pairs = max(1, len(contenders) * (len(contenders) - 1) // 2)
    level = 1 - (1 - confidence) / pairs
    tables = [_columns({f"{c.name} quality": c.quality, f"{c.name} cost": c.cost}) for c in contenders]
    if len({len(table) for table in tables}) > 1:
        raise ValueError("the models were not measured on the same items: keep the items they share")
    found = []
    for i, loser in enumerate(tables):
        for j, winner in enumerate(tables):
            if i != j and len(loser) and _dominates(winner.T.tolist(), loser.T.tolist(), level):
                found.append(Dominance(contenders[i].name, contenders[j].name))
                break
    lost = {each.loser for each in found}
    return Frontier(tuple(c.name for c in contenders if c.name not in lost), tuple(found))


def _dominates(winner: list[list[float]], loser: list[list[float]], level: float) -> bool:
    axes = ((loser[0], winner[0]), (winner[1], loser[1]))  # from the worse to the better, in each
    gains = [_shown(worse, better, level) for worse, better in axes]
    same = [worse == better for worse, better in axes]
    return any(gains) and all(gain or equal for gain, equal in zip(gains, same, strict=True))


def _shown(a: list[float], b: list[float], level: float) -> bool:
    """Whether b is shown to be larger."""
    if len(a) < 2:
        return False
    most = max(1e-300, *(abs(value) for value in (*a, *b)))  # compare_means is of scores, within [-1, 1]
    found = _difference([value / most for value in a], [value / most for value in b], level)
    return found.low is not None and found.low > 0


def _difference(a: list[float], b: list[float], level: float) -> Estimate:
    """B minus A on the same items, by the interval that suits the scores."""
    if not {*a, *b} <= {0.0, 1.0}:
        return compare_means(a, b, confidence=level).difference
    seen = Counter(zip(a, b, strict=True))
    both, only_a, only_b, neither = (seen[cell] for cell in ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)))
    return compare_binary(both, only_a, only_b, neither, confidence=level).difference


def _sign(difference: Estimate) -> int:
    """1 or -1 when the interval shows a difference, else 0."""
    if difference.low is None or difference.high is None:
        return 0
    return int(difference.low > 0) - int(difference.high < 0)


def _columns(named: dict[str, Vector]) -> NDArray[np.float64]:
    """Rows of one length as the columns of a table; finite numbers only."""
    import numpy as np

    rows = [vector(values, name) for name, values in named.items()]
    lengths = sorted({len(row) for row in rows})
    if len(lengths) > 1:
        raise ValueError(f"{' and '.join(named)}: {lengths[0]} and {lengths[-1]} numbers are not of the same items")
    return np.stack(rows, axis=1)


def _block_size(n: int, block: int | None) -> int:
    size = max(1, round(n ** (1 / 3))) if block is None else block
    if size < 1:
        raise ValueError(f"a block of {size} items cannot be drawn")
    return size


def _blocks(n: int, block: int | None) -> list[int]:
    """The number of the block that each place belongs to."""
    size = _block_size(n, block)
    return [place // size for place in range(n)]


def _count(both: int, only_a: int, only_b: int, neither: int) -> int:
    if min(both, only_a, only_b, neither) < 0:
        raise ValueError(f"counts of pairs cannot be negative: {both}, {only_a}, {only_b}, {neither}")
    return both + only_a + only_b + neither
