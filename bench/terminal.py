"""Seconds for the exact terminal table of 14,042 items (MMLU), and its ratio to a plain loop over all states.

The plain loop is the same recursion in Python, over every number of wins, at sizes it can do. Both are timed in
one process, in turn; ours is the best of three.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bakeoff.stats.sequential import ALPHA, PRIOR, log_e, terminal

LARGE = 14_042
SMALL = (250, 500, 1000)
BOUND = 5.0
ROUNDS = 3


def plain(n: int, alpha: float = ALPHA, a: float = PRIOR) -> list[int]:
    """Critical values for m = 0..n by the definition."""
    alive, hit, critical = [1.0], 0.0, [1]
    for m in range(1, n + 1):
        stepped = [0.0] * (m + 1)
        for s, mass in enumerate(alive):
            stepped[s] += mass / 2
            stepped[s + 1] += mass / 2
        for s in range(m + 1):
            if stepped[s] and log_e(m, s, a) >= -math.log(alpha):
                hit, stepped[s] = hit + stepped[s], 0.0
        alive = stepped
        critical.append(_smallest(alive, m, alpha - hit))
    return critical


def _smallest(alive: list[float], m: int, left: float) -> int:
    tail = 0.0
    for k in range(m, -1, -1):
        if (m + k) % 2 == 0:
            tail += alive[(m + k) // 2] + (alive[(m - k) // 2] if k else 0.0)
        if tail > left:
            return k + 1
    return 0


def terminals(folder: Path) -> None:
    """Print the time of the large table, and the plain loop's in multiples of ours at smaller sizes."""
    del folder
    large = _best(partial(_fresh, LARGE))
    verdict = "" if large <= BOUND else f"; over the bound of {BOUND:.0f} s"
    print(f"{'terminal table':<16} {large:>8.2f} s   n = {LARGE:,}{verdict}", flush=True)
    for n in SMALL:
        ours, loop = _best(partial(_fresh, n)), _best(partial(plain, n), rounds=1)
        print(f"{'':<16} {ours:>8.3f} s   n = {n:,}; plain loop {loop / ours:.0f} ×", flush=True)


def _fresh(n: int) -> None:
    terminal.cache_clear()
    terminal(n)


def _best(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)
