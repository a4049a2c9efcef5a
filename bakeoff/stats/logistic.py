"""Logistic regression of shares, with a sandwich covariance: what votes and win rates are fitted with.

The response may be any share in [0, 1], so that a tie is half a win (Papke and Wooldridge 1996,
https://doi.org/10.1002/(SICI)1099-1255(199611)11:6<619::AID-JAE418>3.0.CO;2-1); the covariance is
that of Liang and Zeger 1986 (https://doi.org/10.1093/biomet/73.1.13), summed by cluster and times
G/(G-1). Example:

    fit(design, wins, ridge=1e-6).weights
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ITERATIONS = 100


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights, shape (k,); fitted shares (n,); the curvature (k, k); whether Newton's steps settled."""

    weights: NDArray[np.float64]
    fitted: NDArray[np.float64]
    curvature: NDArray[np.float64]
    settled: bool


def fit(design: NDArray[np.float64], wins: NDArray[np.float64], ridge: float = 0.0) -> Fit:
    """Newton's method, steps halved until the penalised likelihood rises; design (n, k), wins (n,) in [0, 1]."""
    import numpy as np
    from scipy.special import expit

    weights = np.zeros(design.shape[1])
    penalty = ridge * np.eye(design.shape[1])
    settled = False
    for _ in range(ITERATIONS):
        fitted = expit(design @ weights)
        slope = design.T @ (wins - fitted) - ridge * weights
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design
        step = np.linalg.pinv(curvature + penalty, hermitian=True) @ slope
        scale, now = 1.0, _likelihood(design, wins, weights, ridge)
        while scale > 1e-6 and _likelihood(design, wins, weights + scale * step, ridge) < now - 1e-12 * abs(now):
            scale /= 2
        weights = weights + scale * step
        if float(np.abs(scale * step).max(initial=0.0)) < 1e-10:
            settled = True
            break
    fitted = expit(design @ weights)
    return Fit(weights, fitted, (design * (fitted * (1 - fitted))[:, None]).T @ design, settled)


def sandwich(
    design: NDArray[np.float64], wins: NDArray[np.float64], found: Fit, clusters: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The covariance (k, k) of the weights; `clusters` (n,) numbers the group of each row from 0, two at least."""
    import numpy as np

    groups = int(clusters.max()) + 1
    scores = np.zeros((groups, design.shape[1]))
    np.add.at(scores, clusters, design * (wins - found.fitted)[:, None])
    bread = np.linalg.pinv(found.curvature, hermitian=True)
    return np.asarray(groups / (groups - 1) * bread @ (scores.T @ scores) @ bread, dtype=np.float64)


def _likelihood(
    design: NDArray[np.float64], wins: NDArray[np.float64], weights: NDArray[np.float64], ridge: float
) -> float:
    import numpy as np

    score = design @ weights
    return float((wins * score - np.logaddexp(0.0, score)).sum() - ridge / 2 * (weights @ weights))
