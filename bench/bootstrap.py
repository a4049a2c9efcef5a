"""The paired bootstrap of a table items × models, beside a numpy loop that copies rows and scipy's bootstrap.

10,000 resamples of 10,000 items × 10 models. The other two draw fewer of the same size, and their time is
given for 10,000: it grows with the number of resamples. Seconds of CPU, so that a busy machine misleads
less; set OPENBLAS_NUM_THREADS=1, or threads that wait for each other are counted, too.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap as scipys

from bakeoff.stats.resample import resample

ITEMS, MODELS, RESAMPLES = 10_000, 10, 10_000
LOOPED, SCIPYS = 400, 200
ROUNDS = 3
Table = NDArray[np.float64]


def bootstrap(folder: Path) -> None:
    del folder
    draw = np.random.default_rng(7)
    right = (draw.random((ITEMS, MODELS)) < np.linspace(0.4, 0.7, MODELS)).astype(float)
    for name, table in (("right or wrong", right), ("graded", draw.random((ITEMS, MODELS)))):
        wall, cpu = _seconds(partial(resample, table, RESAMPLES), 1)
        _, loop = _seconds(partial(_loop, table), RESAMPLES / LOOPED)
        _, theirs = _seconds(partial(_scipy, table), RESAMPLES / SCIPYS)
        tracemalloc.start()
        resample(table, 1000)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        beside = f"numpy loop {loop:.1f} s, ratio {loop / cpu:.1f}; scipy {theirs:.1f} s, ratio {theirs / cpu:.1f}"
        print(f"{'bootstrap':<16} {cpu:>8.2f} s   {name}, wall {wall:.2f} s, {peak:.0f} MB; {beside}", flush=True)


def _seconds(call: Callable[[], object], times: float) -> tuple[float, float]:
    """Wall and CPU of the best of three calls, multiplied."""
    found = []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        found.append(((time.perf_counter() - wall) * times, (time.process_time() - cpu) * times))
    return min(wall for wall, _ in found), min(cpu for _, cpu in found)


def _loop(table: Table) -> Table:
    draw = np.random.default_rng(0)
    return np.array([table[draw.integers(0, ITEMS, ITEMS)].mean(axis=0) for _ in range(LOOPED)])


def _scipy(table: Table) -> Table:
    def means(*columns: Table, axis: int) -> Table:
        return np.stack([column.mean(axis=axis) for column in columns])

    draw = np.random.default_rng(0)
    found = scipys(
        tuple(table.T), means, paired=True, vectorized=True, n_resamples=SCIPYS, batch=20, method="percentile", rng=draw
    )
    return np.asarray(found.bootstrap_distribution)
