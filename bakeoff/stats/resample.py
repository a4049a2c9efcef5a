"""The paired bootstrap: the same resampled items for every model, so that whatever is compared stays paired.

A resample is how often each item was drawn, so its means are one row of a product counts × scores: no item
is copied. Items on which every model scored alike are drawn together, as one binomial number: for two
models and right or wrong that is four numbers and not n. Both ways draw from the same distribution
(Efron and Tibshirani 1993, chapter 6). Example:

    drawn = resample(scores)                # items × models
    drawn.difference(0, 1)                  # Estimate of model 1 minus model 0
    drawn.ratio([0, 0, -1, 1], [-1, 1, 0, 0])  # dollars for each further item solved
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.stats.intervals import CONFIDENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

RESAMPLES = 10_000
_BLOCK = 1 << 20  # counts held at a time: 4 or 8 MB
_DRAWS_PER_BINOMIAL = 16  # a binomial number costs as much as that many drawn items
_NEARBY = 20_000  # rows beyond which a quantile's far-off rows are drawn in groups
_EXACT = 1 << 24  # whole numbers below are exact in 32 bits


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """Means of the same resampled items: `observed` (models), `means` (resamples × models), of n items.

    `difference`, `ratio` and `of_means` make estimates of them; ranks and simultaneous intervals are made
    of `means` itself. Fewer than two items have no interval.
    """

    observed: Floats
    means: Floats
    n: int
    n_missing: int = 0

    def of_means(self, statistic: Callable[[Floats], Floats], confidence: float = CONFIDENCE) -> Estimate:
        """Any function of the models' means, with its percentile interval.

        It takes an array whose last axis is models and returns one without it. Where some resamples give no
        number (a division by 0), there is no interval and the method ends in `-unbounded`.
        """
        import numpy as np

        with np.errstate(divide="ignore", invalid="ignore"):
            value, spread = float(statistic(self.observed)), np.asarray(statistic(self.means), dtype=float)
        return self._estimate(value, spread, confidence)

    def difference(self, a: int, b: int, confidence: float = CONFIDENCE) -> Estimate:
        """Model b's mean minus model a's."""
        return self.of_means(lambda means: means[..., b] - means[..., a], confidence)

    def ratio(self, top: Sequence[float], bottom: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
        """A ratio of two weighted sums of the means, such as quality per dollar or dollars per point gained.

        Where the resamples do not agree on the sign of the lower sum, at the confidence asked for, values of
        any size fit the items: then there is a value without an interval (Fieller 1954).
        """
        import numpy as np

        over, under = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
        if over.shape != self.observed.shape or under.shape != self.observed.shape:
            raise ValueError(f"{len(self.observed)} models need as many weights, not {len(over)} and {len(under)}")
        above, below = self.means @ over, self.means @ under
        sign = 1.0 if (below > 0).mean() > 0.5 else -1.0
        astray = sign * below <= 0
        if astray.mean() >= (1 - confidence) / 2:
            spread = np.full(len(below), np.nan)
        else:  # the few on the other side have gone past infinity: they belong to that end
            spread = above / np.where(astray, sign * np.abs(below[~astray]).min(), below)
        whole = float(self.observed @ under)
        return self._estimate(float(self.observed @ over) / whole if whole else np.nan, spread, confidence)

    def _estimate(self, value: float, spread: Floats, confidence: float) -> Estimate:
        import numpy as np

        method = f"bootstrap{confidence * 100:g}"
        if not np.isfinite(value):
            return Estimate(None, None, None, self.n, self.n_missing, f"{method}-unbounded")
        if self.n < 2 or not np.isfinite(spread).all():
            return Estimate(value, None, None, self.n, self.n_missing, f"{method}-unbounded")
        # Outwards to a resample that there was: interpolated, the bounds of a ratio were not those of its inverse.
        low = np.quantile(spread, (1 - confidence) / 2, method="lower")
        high = np.quantile(spread, (1 + confidence) / 2, method="higher")
        return Estimate(value, float(low), float(high), self.n, self.n_missing, method)


def resample(
    scores: ArrayLike,
    resamples: int = RESAMPLES,
    seed: int = 0,
    clusters: Sequence[Hashable] | None = None,
    n_missing: int = 0,
) -> Resampled:
    """Resampled means of a matrix items × models; with `clusters`, one label an item, whole clusters are drawn.

    The seed repeats it. Raises ValueError where a score is missing: intersect the items first.
    """
    import numpy as np

    table = matrix(scores)
    n, models = table.shape
    if resamples < 1:
        raise ValueError(f"{resamples} resamples tell nothing; ask for 1,000 or more")
    if clusters is not None:
        codes, groups = codes_of(clusters, n)
        table = np.stack([np.bincount(codes, weights=column, minlength=groups) for column in table.T], axis=1)
        sizes = np.bincount(codes, minlength=groups).astype(float)
    else:
        sizes = np.ones(n)
    sums = _resampled_sums(np.column_stack([table, sizes]), resamples, np.random.default_rng(seed))
    observed = table.sum(axis=0) / n
    return Resampled(observed, sums[:, :models] / sums[:, models:], n, n_missing)


def matrix(scores: ArrayLike) -> Floats:
    """Scores as an array items × models of finite numbers, at least one of each."""
    import numpy as np

    table = np.asarray(scores, dtype=float)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"a table of items × models is needed, and this has the shape {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError("a score is missing or infinite: keep the items that every model has a score for")
    return table


def codes_of(clusters: Sequence[Hashable], n: int) -> tuple[NDArray[np.intp], int]:
    """Labels as numbers from 0, in order of appearance, and how many there are."""
    import numpy as np

    if len(clusters) != n:
        raise ValueError(f"{len(clusters)} cluster labels do not fit {n} items")
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(label, len(known)) for label in clusters], dtype=np.intp), len(known)


def _resampled_sums(table: Floats, resamples: int, draw: np.random.Generator) -> Floats:
    """Column sums of as many rows as there are, drawn with replacement: resamples × columns."""
    import numpy as np

    n = len(table)
    rows, times = np.unique(table, axis=0, return_counts=True)
    whole = bool((table == np.floor(table)).all()) and float(np.abs(table).max()) * n < _EXACT
    kind = np.float32 if whole else np.float64
    alike = len(rows) * _DRAWS_PER_BINOMIAL <= n
    if not alike:
        rows = table
    values, sums = rows.astype(kind), np.empty((resamples, table.shape[1]))
    counts = np.empty((min(resamples, max(1, _BLOCK // len(rows))), len(rows)), dtype=kind)
    for start in range(0, resamples, len(counts)):
        block = counts[: resamples - start]
        if alike:
            block[:] = draw.multinomial(n, times / n, size=len(block))
        else:
            for row in block:
                row[:] = np.bincount(draw.integers(0, n, n, dtype=np.int32), minlength=n)
        sums[start : start + len(block)] = block @ values
    return sums


def resample_quantile_ratio(
    pairs: Sequence[tuple[float, float]], share: float, resamples: int = 1_000, seed: int = 0, n_missing: int = 0
) -> Estimate:
    """The second column's quantile over the first's, such as the ratio of two p95 latencies on the same items."""
    import numpy as np

    table = matrix(pairs)
    n, draw = len(table), np.random.default_rng(seed)
    lower, upper = np.quantile(table, share, axis=0)
    method = "bootstrap95"
    if lower <= 0:
        return Estimate(None, None, None, n, n_missing, f"{method}-unbounded")
    ratios = np.empty(resamples)
    drawn = (
        _quantiles_nearby(table, share, resamples, draw) if n > _NEARBY else _quantiles(table, share, resamples, draw)
    )
    for number, (below, above) in enumerate(drawn):
        ratios[number] = above / below if below > 0 else np.inf
    low, high = np.quantile(ratios, [0.025, 0.975])
    if n < 2 or not np.isfinite(high):
        return Estimate(float(upper / lower), None, None, n, n_missing, f"{method}-unbounded")
    return Estimate(float(upper / lower), float(low), float(high), n, n_missing, method)


def _quantiles(table: Floats, share: float, resamples: int, draw: np.random.Generator) -> Iterator[Floats]:
    """The columns' quantiles in each resample of the rows."""
    import numpy as np

    for _ in range(resamples):
        yield np.quantile(table[draw.integers(0, len(table), len(table))], share, axis=0)


def _quantiles_nearby(table: Floats, share: float, resamples: int, draw: np.random.Generator) -> Iterator[Floats]:
    """The same for many rows, from the same distribution: only rows near a quantile are drawn one by one.

    A quantile of a resample stands within ten standard deviations of its place among the rows. Of the rows
    farther off only how many were drawn from each side of it counts, for both columns at once: one
    multinomial number.
    """
    import numpy as np

    n, columns = table.shape
    place = share * (n - 1)
    first = int(place)
    reach = int(10 * (n * share * (1 - share)) ** 0.5) + 2
    low, high = max(0, first - reach), min(n, first + 2 + reach)
    orders = [np.argsort(table[:, column], kind="stable") for column in range(columns)]
    near = np.unique(np.concatenate([order[low:high] for order in orders]))
    below = np.zeros((columns, n), dtype=bool)
    for column, order in enumerate(orders):
        below[column, order[:low]] = True
    side = np.delete((2 ** np.arange(columns)) @ below, near)  # of each row that is not near: below which quantiles
    sizes = np.bincount(side, minlength=2**columns)
    inside = [np.searchsorted(near, order[low:high]) for order in orders]
    values = [table[order[low:high], column] for column, order in enumerate(orders)]
    for _ in range(resamples):
        count = int(draw.binomial(n, len(near) / n))
        drawn = np.bincount(draw.integers(0, len(near), count), minlength=len(near))
        groups = draw.multinomial(n - count, sizes / max(1, sizes.sum()))
        found = np.empty(columns)
        for column in range(columns):
            under = sum(int(size) for group, size in enumerate(groups) if group >> column & 1)
            under += int(drawn[below[column, near]].sum())
            upto = under + np.cumsum(drawn[inside[column]])
            at = np.searchsorted(upto, [first, min(first + 1, n - 1)], side="right")
            one, next_one = values[column][np.minimum(at, high - low - 1)]
            found[column] = one + (place - first) * (next_one - one)
        yield found
