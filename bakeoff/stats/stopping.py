"""When a sequential run would stop if an effect of some size were real: by simulation, before it is run.

The run is that of `bakeoff.stats.sequential`: batches of items, a look after each, stop at E >= 1/alpha, one
exact test when all items are done. Items are drawn from a large pool with a share `psi` of differing pairs.
Quantiles are over runs, and a run that never stops early counts with all its items. Nothing is assumed
to be known beforehand but the horizon, so the same numbers hold whoever is better. Example:

    plan = expected_stop(1319, delta=0.1, psi=0.3565)       # batches of 32
    plan.mean, plan.power                                   # about 346 items, 1.0
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bakeoff.stats.power import ALPHA, paired_n
from bakeoff.stats.sequential import PRIOR, log_e, terminal

BATCH = 32
DRAWS = 4000
SLACK = 1.6  # horizon over the fixed number for a power of 90 %: where about 90 % of the runs have stopped
MOST = 100_000


@dataclass(frozen=True, slots=True)
class Stopping:
    """Items a sequential run takes of `horizon`, and the share of runs that show the effect.

    `early` of them by an early stop; `mean`, `median`, `q80` and `q90` in items of each model; `error` is the
    standard error of the mean from the number of simulated runs.
    """

    horizon: int
    batch: int
    mean: float
    median: int
    q80: int
    q90: int
    power: float
    early: float
    error: float
    draws: int

    @property
    def saved(self) -> float:
        """The share of all items that is not asked, on average."""
        return 1 - self.mean / self.horizon


def horizon(delta: float, psi: float, alpha: float = ALPHA) -> int:
    """Items to plan for: 1.6 times what a fixed test takes for a power of 90 %."""
    return math.ceil(SLACK * paired_n(delta, psi, 0.9, alpha))


def expected_stop(
    n: int,
    delta: float,
    psi: float,
    batch: int = BATCH,
    alpha: float = ALPHA,
    a: float = PRIOR,
    draws: int = DRAWS,
    seed: int = 0,
) -> Stopping:
    """Simulate `draws` runs of at most n items when B - A is `delta`; 0 asks how a run without effect ends.

    Raises ValueError for n below 1 or above 100,000, and for a |delta| above psi.
    """
    if not 1 <= n <= MOST:
        raise ValueError(f"a run of {n:,} items is not simulated: between 1 and {MOST:,}")
    if batch < 1 or draws < 1:
        raise ValueError(f"a batch of {batch} items and {draws} draws: both have to be at least 1")
    if not (0 < psi <= 1 and abs(delta) <= psi):
        raise ValueError(f"a difference of {delta:g} is out of reach when {psi:g} of the pairs differ")
    import numpy as np

    bound, critical = np.array(_bounds(n, alpha, a)), np.array(terminal(n, alpha, a).critical)
    rng = np.random.default_rng(seed)
    asked = np.full(draws, n)
    shown = np.zeros(draws, dtype=bool)
    m, s, running = np.zeros(draws, dtype=np.int64), np.zeros(draws, dtype=np.int64), np.arange(draws)
    for done in range(0, n, batch):
        size = min(batch, n - done)
        differ = rng.binomial(size, psi, len(running))
        m[running] += differ
        s[running] += rng.binomial(differ, (psi + delta) / 2 / psi)
        most = np.maximum(s[running], m[running] - s[running])
        stops = most >= bound[m[running]]
        asked[running[stops]] = done + size
        shown[running[stops]] = True
        running = running[~stops]
        if not len(running):
            break
    early = float(shown.mean())
    shown[running] = np.abs(2 * s[running] - m[running]) >= critical[m[running]]
    median, q80, q90 = (int(q) for q in np.quantile(asked, (0.5, 0.8, 0.9), method="inverted_cdf"))
    error = float(asked.std(ddof=1)) / math.sqrt(draws) if draws > 1 else math.inf
    return Stopping(n, batch, float(asked.mean()), median, q80, q90, float(shown.mean()), early, error, draws)


def _bounds(n: int, alpha: float, a: float) -> list[int]:
    """For m = 0..n the fewest wins that stop a run; m + 1 where not even m do.

    From m to m + 1 it rises by 0 or 1: E falls when the leader loses a pair.
    """
    bar, bound, found = -math.log(alpha), 1, [1]
    for m in range(1, n + 1):
        if bound > m or log_e(m, bound, a) < bar:
            bound += 1
        found.append(bound)
    return found
