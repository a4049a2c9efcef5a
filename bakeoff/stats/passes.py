"""pass@k: the chance that one of k programs passes, without bias, from n that were tried (Chen et al. 2021).

https://arxiv.org/abs/2107.03374, equation 1: 1 - C(n - c, k) / C(n, k) for a task of which c of n passed.
Taking 1 - (1 - c/n)^k in its place is biased. Computed in whole numbers. Example:

    pass_at_k(n=5, c=1, k=2)            # 0.4
    mean_pass_at_k([(5, 1), (5, 5)], 2)  # 0.7
    passes([(20, 4), (20, 11), (20, 0)], 5)  # the same as an Estimate
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb

from bakeoff.core.types import Estimate
from bakeoff.stats.intervals import CONFIDENCE, mean


def pass_at_k(n: int, c: int, k: int) -> float:
    """For one task: n programs, of which c passed. Raises ValueError where k of n cannot be drawn."""
    if not 0 <= c <= n:
        raise ValueError(f"{c} of {n} programs cannot have passed")
    if not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs at least {k} programs of a task, and there are {n}")
    return float(1 - Fraction(comb(n - c, k), comb(n, k)))


def mean_pass_at_k(tasks: Sequence[tuple[int, int]], k: int) -> float:
    """Over tasks, each as (n, c): every task counts alike, however many programs it has."""
    if not tasks:
        raise ValueError("there is no task to take the mean of")
    return sum(pass_at_k(n, c, k) for n, c in tasks) / len(tasks)


def passes(tasks: Sequence[tuple[int, int]], k: int, n_missing: int = 0, confidence: float = CONFIDENCE) -> Estimate:
    """pass@k over tasks, each as (n, c), with Student's t interval over tasks.

    A task is a cluster of its programs: taken as independent they would give an interval that covers 37 to
    47 % of the time. Try 2k programs of a task or more; with one, give `intervals.proportion` the passes.
    """
    known = {(n, c): pass_at_k(n, c, k) for n, c in {(n, c) for n, c in tasks}}
    return mean([known[n, c] for n, c in tasks], n_missing, confidence)
