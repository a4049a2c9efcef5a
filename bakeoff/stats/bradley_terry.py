"""Strengths from votes between two at a time, with who has to have met whom for that to mean anything.

Bradley and Terry 1952 (https://doi.org/10.1093/biomet/39.3-4.324) as a logistic regression on a +1/-1
design; a tie is half a win each. Votes on one prompt are no independent votes, so the covariance is
clustered by prompt. The order of the votes does not matter, as it would in an online Elo. Example:

    bradley_terry([Vote("a", "b", 1.0, "q1"), Vote("b", "a", 1.0, "q2")]).models[0].elo
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bakeoff.core.types import Estimate
from bakeoff.stats.intervals import CONFIDENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RIDGE = 1e-6
ELO = 400 / math.log(10)
DRAWS = 20_000


class Vote(NamedTuple):
    """`share` is what `first` won: 1, 0, or 0.5 for a tie. Votes of one `prompt` belong together; "" stands alone."""

    first: str
    second: str
    share: float
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Strength:
    """One model: log-odds against the average of all models, and the same on the Elo scale."""

    name: str
    strength: Estimate
    elo: Estimate
    votes: int


@dataclass(frozen=True, slots=True)
class BradleyTerry:
    """Models, best first; the covariance of their strengths in that order; the quantile of their intervals."""

    models: tuple[Strength, ...]
    covariance: tuple[tuple[float, ...], ...] | None
    quantile: float | None
    prompts: int

    def win_rate(self, a: str, b: str, confidence: float = CONFIDENCE) -> Estimate:
        """How often A is to win against B, ties as half; the interval is for this one pair."""
        from scipy.special import expit

        places = [model.name for model in self.models]
        i, j = places.index(a), places.index(b)
        first, second = self.models[i].strength, self.models[j].strength
        gap = (first.value or 0.0) - (second.value or 0.0)
        value, method = float(expit(gap)), f"bradley-terry-sandwich{confidence * 100:g}"
        if self.covariance is None:
            return Estimate(value, None, None, first.n, 0, method)
        variance = self.covariance[i][i] + self.covariance[j][j] - 2 * self.covariance[i][j]
        half = _student(self.prompts, confidence) * math.sqrt(max(0.0, variance))
        return Estimate(value, float(expit(gap - half)), float(expit(gap + half)), first.n, 0, method)


def bradley_terry(
    votes: Sequence[Vote],
    confidence: float = CONFIDENCE,
    simultaneous: bool = False,
    elo_average: float = 1000.0,
    seed: int = 0,
) -> BradleyTerry:
    """Fit the strengths; their mean is 0, and `elo_average` on the Elo scale.

    Intervals are of each model alone (`plain`) or, when `simultaneous`, hold for all of them at once
    with the given confidence; the method says which. With fewer prompts than models plus one there is
    no covariance and so no interval. ValueError when some models never met or some never lost to the
    rest: then no finite strength exists, and the ridge would be the one that decides.
    """
    import numpy as np

    from bakeoff.stats.logistic import fit, sandwich

    names, design, wins, clusters = _design(votes)
    if not names:
        return BradleyTerry((), None, None, 0)
    _connected(names, votes)
    found = fit(design, wins, RIDGE)
    prompts = int(clusters.max()) + 1
    covariance = sandwich(design, wins, found, clusters) if prompts > len(names) else None
    order = sorted(range(len(names)), key=lambda i: (-found.weights[i], names[i]))
    kind = "simultaneous" if simultaneous else "plain"
    method = f"bradley-terry-sandwich-{kind}{confidence * 100:g}"
    quantile = None
    if covariance is not None:
        covariance = covariance[np.ix_(order, order)]
        quantile = _student(prompts, confidence)
        if simultaneous:
            quantile = _largest(covariance, prompts, confidence, seed)
    met = np.abs(design).sum(axis=0)
    models = []
    for place, i in enumerate(order):
        half = None if covariance is None or quantile is None else quantile * math.sqrt(covariance[place, place])
        value, n = float(found.weights[i]), int(met[i])
        models.append(
            Strength(names[i], _around(value, half, n, method), _around(value, half, n, method, ELO, elo_average), n)
        )
    rows = None if covariance is None else tuple(tuple(row) for row in covariance.tolist())
    return BradleyTerry(tuple(models), rows, quantile, prompts)


def _around(value: float, half: float | None, n: int, method: str, scale: float = 1.0, centre: float = 0.0) -> Estimate:
    low = None if half is None else centre + scale * (value - half)
    high = None if half is None else centre + scale * (value + half)
    return Estimate(centre + scale * value, low, high, n, 0, method)


def _design(
    votes: Sequence[Vote],
) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Names in order; a row of +1 and -1 per vote; what the first won; the number of the vote's prompt."""
    import numpy as np

    names = sorted({name for vote in votes for name in (vote.first, vote.second)})
    place = {name: i for i, name in enumerate(names)}
    prompts: dict[object, int] = {}
    design, wins = np.zeros((len(votes), len(names))), np.zeros(len(votes))
    clusters = np.zeros(len(votes), dtype=np.int64)
    for row, vote in enumerate(votes):
        if vote.first == vote.second:
            raise ValueError(f"a vote between '{vote.first}' and itself")
        if not 0 <= vote.share <= 1:  # also refuses NaN
            raise ValueError(f"a vote gives '{vote.first}' {vote.share} of a win: 0, 0.5 or 1 is wanted")
        design[row, place[vote.first]], design[row, place[vote.second]] = 1.0, -1.0
        wins[row] = vote.share
        clusters[row] = prompts.setdefault(vote.prompt or row, len(prompts))
    return names, design, wins, clusters


def _connected(names: Sequence[str], votes: Sequence[Vote]) -> None:
    """Refuse votes without a finite answer: every model has to be reached from every other by wins (Ford 1957)."""
    import numpy as np
    from scipy.sparse.csgraph import connected_components

    place = {name: i for i, name in enumerate(names)}
    won = np.zeros((len(names), len(names)))
    for vote in votes:
        won[place[vote.first], place[vote.second]] += vote.share
        won[place[vote.second], place[vote.first]] += 1 - vote.share
    parts, part = connected_components(won, directed=True, connection="weak")
    if parts > 1:
        groups = "; ".join(_some(names, part == i) for i in range(parts))
        raise ValueError(f"these models never met, so they have no common scale: {groups}")
    parts, part = connected_components(won, directed=True, connection="strong")
    for i in range(parts if parts > 1 else 0):
        inside = part == i
        if won[np.ix_(~inside, inside)].sum() == 0:
            whom = _some(names, inside)
            raise ValueError(f"{whom} won every vote against the others: how much stronger is not to be told from that")


def _some(names: Sequence[str], chosen: NDArray[np.bool_]) -> str:
    found = [f"'{name}'" for name, one in zip(names, chosen, strict=True) if one]
    return ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")


def _student(prompts: int, confidence: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(prompts - 1, (1 + confidence) / 2))


def _largest(covariance: NDArray[np.float64], prompts: int, confidence: float, seed: int) -> float:
    """The quantile of the largest |t| of all strengths: drawn from a multivariate t of their covariance."""
    import numpy as np

    draw = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(covariance)
    normal = draw.standard_normal((DRAWS, len(covariance))) * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    spread = np.sqrt(draw.chisquare(prompts - 1, DRAWS) / (prompts - 1))
    largest = np.abs(normal / np.sqrt(np.diag(covariance))).max(axis=1) / spread
    return max(_student(prompts, confidence), float(np.quantile(largest, confidence)))
