"""Do raters agree, beyond what chance would give: the question before any judge's number is believed.

Cohen's kappa with its standard error from statsmodels, Krippendorff's alpha from `krippendorff`
(Krippendorff 2004, chapter 11), Fleiss' kappa (1971, https://doi.org/10.1037/h0031619), Gwet's AC1
(2008, https://doi.org/10.1348/000711006X126600) for ratings of which nearly all are one and the same.
All intervals draw items anew, with all their ratings. Example:

    krippendorff_alpha([[1, 2, 3, None], [1, 2, 4, 4]], "ordinal").estimate
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from bakeoff.core.errors import MissingExtra
from bakeoff.core.types import Estimate
from bakeoff.stats.intervals import CONFIDENCE, proportion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    # Rows: resamples of items, as how often each pattern of ratings came. Gives the coefficient of each
    # row and how far one item of full disagreement in a hundred would lower it, times a hundred.
    Coefficient = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]

Rating: TypeAlias = str | float
Level = Literal["nominal", "ordinal", "interval", "ratio"]

RESAMPLES = 2000
MOST_UNDEFINED = 0.05
FIRM, TENTATIVE = 0.80, 0.667
ALL_ALIKE = "every rating is the same, so agreement beyond chance is not defined"


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient: 1 is perfect agreement, 0 that of chance. No value: `reason` says why.

    `standard_error` is the large-sample one, where a library has it; the interval does not use it.
    """

    estimate: Estimate
    raters: int
    standard_error: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AgainstHumans:
    """A judge's yes and no beside people's: how often it finds a yes, how often a no, how often both say one."""

    sensitivity: Estimate
    specificity: Estimate
    agreement: Estimate


def trust(agreement: Agreement) -> str:
    """What may be concluded, by Krippendorff's customary bounds of 0.800 and 0.667."""
    value, low = agreement.estimate.value, agreement.estimate.low
    if value is None:
        return f"not measured: {agreement.reason}"
    verdict = _verdict(value)
    if low is None or _verdict(low) == verdict:
        return verdict
    return f"{verdict}; its interval reaches down to {low:.2f}, which would be {_verdict(low).split(':')[0]}"


def _verdict(value: float) -> str:
    if value >= FIRM:
        return "firm: conclusions may rest on these ratings"
    if value >= TENTATIVE:
        return "tentative: only cautious conclusions"
    return "not reliable: no conclusion may rest on these ratings"


def raw_agreement(first: Sequence[Rating | None], second: Sequence[Rating | None]) -> Estimate:
    """The share of items that two raters rated alike, with Wilson's interval; chance is not taken out."""
    pairs, missing = _pairs(first, second)
    return proportion(sum(a == b for a, b in pairs), len(pairs), missing)


def against_humans(judge: Sequence[bool | None], human: Sequence[bool | None]) -> AgainstHumans:
    """Sensitivity and specificity of a judge that says yes or no, people being right by definition."""
    pairs, missing = _pairs(judge, human)
    yes = [bool(said) for said, truth in pairs if truth]
    no = [bool(said) for said, truth in pairs if not truth]
    return AgainstHumans(
        proportion(sum(yes), len(yes), 0),
        proportion(len(no) - sum(no), len(no), 0),
        proportion(sum(bool(a) == bool(b) for a, b in pairs), len(pairs), missing),
    )


def cohen_kappa(
    first: Sequence[Rating | None],
    second: Sequence[Rating | None],
    weights: Literal["linear", "quadratic"] | None = None,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Agreement:
    """Two raters, each with their own habits. `weights` let near misses count less, in the order of the ratings."""
    import numpy as np

    pairs, missing = _pairs(first, second)
    method = f"cohen-kappa{'-' + weights if weights else ''}-bootstrap{confidence * 100:g}"
    known = _categories([rating for pair in pairs for rating in pair])
    if len(known) < 2:
        return _nothing(len(pairs), missing, method, 2)
    table = np.zeros((len(known), len(known)))
    for a, b in pairs:
        table[known[a], known[b]] += 1
    place = np.arange(len(known))
    apart = np.abs(place[:, None] - place[None, :]).astype(float)
    distance = {None: (apart > 0).astype(float), "linear": apart, "quadratic": apart**2}[weights]

    def coefficient(counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        tables = counts.reshape(-1, len(known), len(known))
        chance = np.einsum("ri,rj,ij->r", tables.sum(axis=2), tables.sum(axis=1), distance) / len(pairs)
        return 1 - (tables * distance).sum(axis=(1, 2)) / chance, distance.max() * len(pairs) / chance

    try:
        from statsmodels.stats.inter_rater import cohens_kappa
    except ImportError:
        raise MissingExtra("the part that measures agreement", "stats") from None
    with np.errstate(divide="ignore", invalid="ignore"):
        found = cohens_kappa(table, wt=weights)
        value, error = float(found.kappa), float(found.std_kappa)
    estimate = _interval(value, coefficient, table.ravel(), missing, method, seed, confidence)
    return Agreement(
        estimate, 2, error if math.isfinite(error) else None, "" if estimate.value is not None else ALL_ALIKE
    )


def krippendorff_alpha(
    ratings: Sequence[Sequence[Rating | None]],
    level: Level = "nominal",
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Agreement:
    """Any number of raters, gaps allowed: `ratings` is raters × items, None where a rater gave none.

    Items with fewer than two ratings say nothing and count as missing. All levels but `nominal` need
    numbers.
    """
    import numpy as np

    try:
        import krippendorff
    except ImportError:
        raise MissingExtra("the part that measures agreement", "stats") from None
    known, counts, missing = _counted(ratings)
    method = f"krippendorff-alpha-{level}-bootstrap{confidence * 100:g}"
    if level != "nominal" and any(isinstance(rating, str) for rating in known):
        raise ValueError(f"ratings that are texts have no {level} scale: give numbers, or use 'nominal'")
    if (counts.sum(axis=0) > 0).sum() < 2:
        return _nothing(len(counts), missing, method, len(ratings))
    domain = np.array([float(i if level == "nominal" else rating) for i, rating in enumerate(known)])
    value = float(krippendorff.alpha(value_counts=counts.astype(int), value_domain=domain, level_of_measurement=level))
    patterns, times = np.unique(counts, axis=0, return_counts=True)
    coefficient = _ordinal(patterns) if level == "ordinal" else _fixed(patterns, _distances(domain, level))
    return Agreement(_interval(value, coefficient, times, missing, method, seed, confidence), len(ratings))


def fleiss_kappa(
    ratings: Sequence[Sequence[Rating | None]], seed: int = 0, confidence: float = CONFIDENCE
) -> Agreement:
    """Several raters, unordered ratings, raters × items; every item has to have the same number of ratings."""
    import numpy as np

    known, counts, missing = _counted(ratings)
    method = f"fleiss-kappa-bootstrap{confidence * 100:g}"
    numbers = {int(number) for number in counts.sum(axis=1)}
    if len(numbers) > 1:
        raise ValueError(
            f"items have from {min(numbers)} to {max(numbers)} ratings, and Fleiss' kappa needs as many for each: "
            "use Krippendorff's alpha"
        )
    if len(known) < 2 or not numbers:
        return _nothing(len(counts), missing, method, len(ratings))
    patterns, times = np.unique(counts, axis=0, return_counts=True)
    raters = numbers.pop()
    agreed = (patterns * (patterns - 1)).sum(axis=1) / (raters * (raters - 1))

    def coefficient(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        items = weights.sum(axis=1)
        chance = (((weights @ patterns) / (items * raters)[:, None]) ** 2).sum(axis=1)
        return 1 - (1 - weights @ agreed / items) / (1 - chance), 1 / (1 - chance)

    return _of(coefficient, times, missing, method, len(ratings), seed, confidence)


def gwet_ac1(
    ratings: Sequence[Sequence[Rating | None]],
    categories: Sequence[Rating] = (),
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Agreement:
    """As Fleiss' kappa with gaps allowed, and steady where nearly all ratings are one and the same.

    `categories` are the ratings that were to choose from, if some were never given.
    """
    import numpy as np

    known, counts, missing = _counted(ratings, categories)
    method = f"gwet-ac1-bootstrap{confidence * 100:g}"
    if len(known) < 2 or not len(counts):
        return _nothing(len(counts), missing, method, len(ratings))
    patterns, times = np.unique(counts, axis=0, return_counts=True)
    raters = patterns.sum(axis=1)
    agreed = (patterns * (patterns - 1)).sum(axis=1) / (raters * (raters - 1))

    def coefficient(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        items = weights.sum(axis=1)
        shares = weights @ (patterns / raters[:, None]) / items[:, None]
        chance = (shares * (1 - shares)).sum(axis=1) / (len(known) - 1)
        return 1 - (1 - weights @ agreed / items) / (1 - chance), 1 / (1 - chance)

    return _of(coefficient, times, missing, method, len(ratings), seed, confidence)


def _pairs(first: Sequence[Rating | None], second: Sequence[Rating | None]) -> tuple[list[tuple[Rating, Rating]], int]:
    """The pairs that both rated, and how many are missing."""
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} ratings are no pairs")
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    _categories([rating for pair in pairs for rating in pair])
    return pairs, len(first) - len(pairs)


def _categories(ratings: Sequence[Rating]) -> dict[Rating, int]:
    """Each rating that occurs with its place in the order: numbers by size, then texts."""
    for rating in ratings:
        if not isinstance(rating, str) and not math.isfinite(rating):
            raise ValueError(f"a rating is {rating}: give None where there is none")
    ordered = sorted(set(ratings), key=lambda rating: (isinstance(rating, str), rating))
    return {rating: i for i, rating in enumerate(ordered)}


def _counted(
    ratings: Sequence[Sequence[Rating | None]], also: Sequence[Rating] = ()
) -> tuple[dict[Rating, int], NDArray[np.float64], int]:
    """The categories; how often each item (row) got each, for items with two ratings or more; how many had fewer."""
    import numpy as np

    lengths = {len(row) for row in ratings}
    if len(lengths) > 1:
        raise ValueError(f"raters of {min(lengths)} and of {max(lengths)} items do not rate the same items")
    known = _categories([*also, *(rating for row in ratings for rating in row if rating is not None)])
    counts = np.zeros((max(lengths, default=0), len(known)))
    for row in ratings:
        for item, rating in enumerate(row):
            if rating is not None:
                counts[item, known[rating]] += 1
    enough = counts.sum(axis=1) >= 2
    return known, counts[enough], int((~enough).sum())


def _distances(domain: NDArray[np.float64], level: Level) -> NDArray[np.float64]:
    """Squared distances of every two ratings, which do not depend on how often they were given."""
    import numpy as np

    apart = domain[:, None] - domain[None, :]
    if level == "nominal":
        return np.asarray(apart != 0, dtype=np.float64)
    if level == "interval":
        return np.asarray(apart**2, dtype=np.float64)
    together = domain[:, None] + domain[None, :]
    return np.asarray(np.divide(apart, together, out=np.zeros_like(apart), where=together != 0) ** 2)


def _fixed(patterns: NDArray[np.float64], distances: NDArray[np.float64]) -> Coefficient:
    """Alpha of resampled items under fixed distances: both disagreements are sums over items, or over values."""
    within = ((patterns @ distances) * patterns).sum(axis=1) / (patterns.sum(axis=1) - 1)

    def coefficient(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        values = weights @ patterns
        ratings = values.sum(axis=1)
        chance = ((values @ distances) * values).sum(axis=1) / (ratings - 1)
        return 1 - weights @ within / chance, distances.max() * ratings / chance

    return coefficient


def _ordinal(patterns: NDArray[np.float64]) -> Coefficient:
    """The same with the ordinal distance, which is the squared distance of mid-ranks and so differs by resample."""
    raters = patterns.sum(axis=1)

    def coefficient(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        values = weights @ patterns
        ranks = values.cumsum(axis=1) - values / 2
        ratings = values.sum(axis=1)
        chance = 2 * (ratings * (values * ranks**2).sum(axis=1) - (values * ranks).sum(axis=1) ** 2) / (ratings - 1)
        within = 2 * (raters * (ranks**2 @ patterns.T) - (ranks @ patterns.T) ** 2) / (raters - 1)
        furthest = (ranks.max(axis=1) - ranks.min(axis=1)) ** 2
        return 1 - (weights * within).sum(axis=1) / chance, furthest * ratings / chance

    return coefficient


def _of(
    coefficient: Coefficient,
    times: NDArray[np.int64],
    missing: int,
    method: str,
    raters: int,
    seed: int,
    confidence: float,
) -> Agreement:
    """The coefficient of the items as they are, with its interval."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(coefficient(times[None, :].astype(float))[0][0])
    if not math.isfinite(value):
        return _nothing(int(times.sum()), missing, method, raters)
    return Agreement(_interval(value, coefficient, times, missing, method, seed, confidence), raters)


def _interval(
    value: float,
    coefficient: Coefficient,
    times: NDArray[np.int64] | NDArray[np.float64],
    missing: int,
    method: str,
    seed: int,
    confidence: float,
) -> Estimate:
    """The percentile interval over items; none where too many resamples have no coefficient.

    Perfect agreement resamples to itself, which says nothing of the disagreements not seen: the lower
    bound then allows for the share that the rule of three does.
    """
    import numpy as np

    n = int(times.sum())
    if n < 2:
        return Estimate(value, None, None, n, missing, method)
    if value >= 1 - 1e-12:
        fall = float(coefficient(times[None, :].astype(float))[1][0])
        unseen = 1 - (1 - confidence) ** (1 / n)
        return Estimate(1.0, max(-1.0, 1 - unseen * fall), 1.0, n, missing, method)
    drawn = np.random.default_rng(seed).multinomial(n, times / n, size=RESAMPLES).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = coefficient(drawn)[0]
    found = found[np.isfinite(found)]
    if len(found) < (1 - MOST_UNDEFINED) * RESAMPLES:
        return Estimate(value, None, None, n, missing, method)
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(value, min(value, float(low)), max(value, float(high)), n, missing, method)


def _nothing(n: int, missing: int, method: str, raters: int) -> Agreement:
    reason = ALL_ALIKE if n else "no item was rated twice"
    return Agreement(Estimate(None, None, None, n, missing, method), raters, None, reason)
