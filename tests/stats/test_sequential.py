"""The e-process and its terminal test: reference values, an oracle, brute force, laws and error rates."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bakeoff.stats.sequential import (
    EProcess,
    Side,
    decisive,
    log_e,
    terminal,
    terminal_decision,
    terminal_p,
    tuned_prior,
)

Counts = NDArray[np.signedinteger]
LIGHT = settings(deadline=None, database=None, max_examples=50)
CRITICAL = {20: 9, 30: 11, 50: 15, 82: 19, 100: 21, 164: 27, 200: 31, 361: 42, 480: 49, 1000: 73, 1319: 86}
SPENT = {
    20: 0.0020,
    30: 0.0056,
    50: 0.0112,
    82: 0.0163,
    100: 0.0183,
    164: 0.0232,
    200: 0.0249,
    361: 0.0293,
    480: 0.0312,
    1000: 0.0351,
    1319: 0.0363,
}


class TestE:
    @pytest.mark.parametrize(
        ("m", "s", "e"), [(10, 9, 3.962848297), (20, 17, 19.23871631), (82, 54, 13.9369052), (104, 79, 199786.67)]
    )
    def test_reference_values(self, m: int, s: int, e: float) -> None:
        assert math.exp(log_e(m, s)) == pytest.approx(e, rel=1e-7)

    def test_a_flat_prior_gives_a_fraction(self) -> None:
        assert math.exp(log_e(10, 10, a=1)) == pytest.approx(1024 / 11, rel=1e-12)

    @pytest.mark.parametrize(
        ("m", "s"), [(15, 14), (20, 18), (30, 24), (50, 36), (100, 66), (200, 122), (480, 275), (4, None), (0, None)]
    )
    def test_the_fewest_wins_that_decide(self, m: int, s: int | None) -> None:
        assert decisive(m) == s

    def test_no_pair_tells_nothing(self) -> None:
        assert log_e(0, 0) == 0

    @LIGHT
    @given(st.integers(0, 400), st.integers(0, 400), st.floats(0.5, 200))
    def test_fair_coins_leave_the_evidence_where_it_is(self, s: int, rest: int, a: float) -> None:
        m = s + rest
        now, lost, won = (math.exp(log_e(*at, a) - log_e(m, s, a)) for at in ((m, s), (m + 1, s), (m + 1, s + 1)))
        assert (lost + won) / 2 == pytest.approx(now, rel=1e-9)
        assert log_e(m, s, a) == pytest.approx(log_e(m, rest, a), abs=1e-9)

    @LIGHT
    @given(st.lists(st.booleans(), min_size=1, max_size=300), st.floats(0.5, 200))
    def test_agrees_with_another_library(self, wins: list[bool], a: float) -> None:
        from ville import BernoulliTest

        oracle = BernoulliTest(0.5, prior=(a, a))
        oracle.update(np.array(wins, dtype=float))
        process = EProcess(a=a)
        for won in wins:
            process.add(int(not won), int(won))
        assert process.log_e == pytest.approx(math.log(oracle.e_values_[-1]), abs=1e-9)
        assert process.p == pytest.approx(oracle.p_values_[-1], rel=1e-9)

    @pytest.mark.parametrize(("m", "s"), [(3, 4), (3, -1), (-1, -1)])
    def test_impossible_counts(self, m: int, s: int) -> None:
        with pytest.raises(ValueError, match="impossible"):
            log_e(m, s)

    @pytest.mark.parametrize("a", [0.0, -1.0, math.nan, math.inf])
    def test_impossible_priors(self, a: float) -> None:
        with pytest.raises(ValueError, match="prior"):
            log_e(3, 2, a)
        with pytest.raises(ValueError, match="prior"):
            EProcess(a=a)

    def test_the_prior_for_an_effect(self) -> None:
        assert tuned_prior(0.3664, 0.16) == pytest.approx(2.12, abs=0.01)
        assert tuned_prior(0.35, 0.02) == pytest.approx(152.6, abs=0.1)
        assert tuned_prior(0.35, -0.02) == tuned_prior(0.35, 0.02)
        assert tuned_prior(0.2, 0.2) == 1

    @pytest.mark.parametrize(("psi", "delta"), [(0.3, 0.0), (0.1, 0.2), (1.2, 0.1), (math.nan, 0.1), (0.3, math.nan)])
    def test_impossible_effects(self, psi: float, delta: float) -> None:
        with pytest.raises(ValueError, match="impossible"):
            tuned_prior(psi, delta)


BATCHES = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20)), max_size=30)


class TestEProcess:
    def test_before_the_first_pair(self) -> None:
        process = EProcess()
        assert (process.m, process.s, process.n, process.e, process.largest, process.p) == (0, 0, 0, 1, 1, 1)
        assert process.decided is None

    def test_decides_when_twenty_is_reached_and_not_before(self) -> None:
        process = EProcess()
        assert process.add(3, 17, 50) is None  # E = 19.2
        assert process.add(0, 1) == "b"
        assert (process.n, process.m, process.s, process.decided_at) == (71, 21, 18, 71)
        assert process.add(30, 0) == "b"  # what was decided stays
        assert process.e == pytest.approx(math.exp(log_e(51, 18)))
        assert process.decided_at == 71
        assert process.p == 1 / process.largest < 0.05

    def test_a_look_comes_after_the_batch_not_within(self) -> None:
        assert EProcess.rebuilt([(0, 10, 0), (30, 0, 0)]).decided is not None
        together = EProcess.rebuilt([(30, 31, 0)])
        assert (together.decided, together.largest) == (None, 1)

    def test_a_stricter_alpha_needs_more(self) -> None:
        assert EProcess.rebuilt([(2, 18, 0)], alpha=0.05).decided == "b"
        assert EProcess.rebuilt([(2, 18, 0)], alpha=0.01).decided is None

    def test_extreme_counts_stay_finite(self) -> None:
        process = EProcess.rebuilt([(0, 100_000, 0)])
        assert process.decided == "b"
        assert process.e == process.largest == pytest.approx(1e300, rel=0.9)
        assert 0 < process.p < 1e-299
        assert EProcess.rebuilt([(50_000, 50_000, 0)]).e > 0

    @LIGHT
    @given(BATCHES)
    def test_swapped_sides_swap_the_decision_only(self, batches: list[tuple[int, int, int]]) -> None:
        there = EProcess.rebuilt(batches)
        back = EProcess.rebuilt([(b, a, ties) for a, b, ties in batches])
        assert back.decided == {"a": "b", "b": "a", None: None}[there.decided]
        assert (back.decided_at, back.n, back.m) == (there.decided_at, there.n, there.m)
        assert back.log_largest == pytest.approx(there.log_largest, abs=1e-9)

    @LIGHT
    @given(BATCHES, st.integers(0, 30))
    def test_a_resumed_process_goes_on_as_if_never_stopped(self, batches: list[tuple[int, int, int]], at: int) -> None:
        process = EProcess.rebuilt(batches[:at])
        for batch in batches[at:]:
            process.add(*batch)
        assert process == EProcess.rebuilt(batches)

    @LIGHT
    @given(BATCHES)
    def test_laws(self, batches: list[tuple[int, int, int]]) -> None:
        process = EProcess()
        for batch in batches:
            before = process.p
            process.add(*batch)
            assert 0 < process.p <= before <= 1
            assert process.largest >= process.e > 0
        assert (process.decided is None) == (process.p > 0.05)
        assert EProcess.rebuilt([(a, b, 0) for a, b, _ in batches]).log_largest == process.log_largest

    @pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 20, math.nan, math.inf])
    def test_impossible_alphas(self, alpha: float) -> None:
        for use in (EProcess, lambda alpha: terminal(5, alpha), lambda alpha: decisive(5, alpha)):
            with pytest.raises(ValueError, match="alpha must lie between 0 and 1"):
                use(alpha)

    @pytest.mark.parametrize("batch", [(-1, 0, 0), (0, -1, 0), (0, 0, -1)])
    def test_negative_counts(self, batch: tuple[int, int, int]) -> None:
        process = EProcess.rebuilt([(1, 2, 3)])
        with pytest.raises(ValueError, match="cannot be -1"):
            process.add(*batch)
        assert process == EProcess.rebuilt([(1, 2, 3)])

    def test_counts_are_integers(self) -> None:
        with pytest.raises(TypeError):
            EProcess().add(math.nan, 1)  # type: ignore[arg-type]
        assert EProcess.rebuilt([(np.int64(1), np.int64(2), np.int64(0))]).m == 3  # type: ignore[list-item]

    def test_the_module_itself_is_light(self) -> None:
        code = "import sys, bakeoff.stats.sequential, bakeoff.stats.contest, bakeoff.stats.confidence_sequence as c;"
        code += "print(any(name in sys.modules for name in ('numpy', 'scipy')))"
        assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def outcomes(m: int, alpha: float, a: float) -> list[tuple[int, bool]]:
    """Every way m fair coins fall: how many B wins, and whether E reached 1/alpha on the way."""
    ways = []
    for coins in itertools.product((0, 1), repeat=m):
        process = EProcess.rebuilt([(1 - coin, coin, 0) for coin in coins], alpha, a)
        ways.append((sum(coins), process.decided is not None))
    return ways


class TestTerminal:
    def test_reference_values(self) -> None:
        table = terminal(1319)
        assert {m: table.critical[m] for m in CRITICAL} == CRITICAL
        assert {m: round(table.spent[m], 4) for m in SPENT} == SPENT
        assert table.spent[1319] == pytest.approx(0.036268, abs=1e-6)

    @pytest.mark.parametrize(("alpha", "a"), [(0.05, 5.0), (0.3, 1.0), (0.3, 5.0), (0.6, 2.0)])
    def test_agrees_with_every_way_to_toss_the_coins(self, alpha: float, a: float) -> None:
        table = terminal(11, alpha, a)
        for m in range(12):
            ways = outcomes(m, alpha, a)
            stopped = sum(hit for _, hit in ways) / 2**m

            rejected = {k: sum(hit or abs(2 * s - m) >= k for s, hit in ways) / 2**m for k in range(1, m + 2)}
            assert table.spent[m] == pytest.approx(stopped, abs=1e-12)
            assert table.critical[m] == min(k for k, share in rejected.items() if share <= alpha + 1e-12)

    def test_never_more_than_alpha_and_nearly_all_of_it(self) -> None:
        """With batches or without: reject early by E or at the end by the table, exactly, at every m."""
        from scipy.stats import binom

        table = terminal(480)
        assert all(left <= right for left, right in itertools.pairwise(table.spent))
        assert table.spent[-1] < 0.05
        # The whole region holds at least what a fixed-size test with the unspent alpha would reject.
        for m in (50, 200, 480):
            fixed = 2 * binom.sf((m + table.critical[m] - 1) // 2, m, 0.5)
            assert fixed + table.spent[m] > 0.05 - 2 * binom.pmf((m + table.critical[m] - 2) // 2, m, 0.5)

    def test_knows_where_a_run_stops(self) -> None:
        assert terminal(480).stops == tuple(decisive(m) or m + 1 for m in range(481))

    def test_a_longer_table_begins_like_a_shorter_one(self) -> None:
        assert terminal(300).critical[:51] == terminal(50).critical

    def test_decides(self) -> None:
        assert terminal_decision(100, 60) is None
        assert terminal_decision(100, 61) == "b"
        assert terminal_decision(100, 39) == "a"
        assert terminal_decision(3, 3) is None
        assert terminal_decision(0, 0) is None
        assert terminal(100).decide(80, 50) == terminal_decision(80, 50)

    @pytest.mark.parametrize(("m", "s"), [(5, 6), (5, -1), (6, 6), (-1, -1)])
    def test_counts_outside_the_table(self, m: int, s: int) -> None:
        with pytest.raises(ValueError, match="does not fit"):
            terminal(5).decide(m, s)

    def test_nothing_planned(self) -> None:
        assert terminal(0).critical == (1,)
        with pytest.raises(ValueError, match="n_max"):
            terminal(-1)

    @pytest.mark.parametrize("m", [12, 50, 201, 480])
    def test_its_p_value_tells_the_same(self, m: int) -> None:
        stop = decisive(m) or m + 1
        for s in range(m - stop + 1, stop):
            p = terminal_p(m, s)
            assert (p <= 0.05) == (terminal_decision(m, s) is not None), s
            assert p >= terminal(m).spent[m]
            assert p == pytest.approx(terminal_p(m, m - s), abs=1e-12)

    def test_its_p_value_against_every_way_to_toss_the_coins(self) -> None:
        ways = outcomes(10, 0.3, 1.0)
        for s, _ in {way for way in ways if not way[1]}:
            extreme = sum(hit or abs(2 * t - 10) >= abs(2 * s - 10) for t, hit in ways) / 2**10
            assert terminal_p(10, s, 0.3, 1.0) == pytest.approx(extreme, abs=1e-12)

    def test_no_terminal_p_after_an_early_stop(self) -> None:
        with pytest.raises(ValueError, match="stopped early"):
            terminal_p(20, 18)


def pairs(rng: np.random.Generator, runs: int, n: int, delta: float, phi: float = 0.3) -> NDArray[np.int8]:
    """Differences B - A of runs × n items, accuracies 0.5 ± delta/2, correlated by phi."""
    a, b = 0.5 - delta / 2, 0.5 + delta / 2
    both = a * b + phi * math.sqrt(a * (1 - a) * b * (1 - b))
    u = rng.random((runs, n))
    only_b = (u < b - both).astype(np.int8)
    return only_b - ((u >= b - both) & (u < a + b - 2 * both)).astype(np.int8)


def end(differences: NDArray[np.int8], batch: int) -> tuple[int, Side | None, bool]:
    """One run: items used, who is better, whether it stopped early."""
    process = EProcess()
    parts = np.array_split(differences, range(batch, len(differences), batch))
    for part in parts:
        only_b, differ = int((part > 0).sum()), int(np.count_nonzero(part))
        if process.add(differ - only_b, only_b, len(part) - differ):
            return process.n, process.decided, True
    return process.n, terminal(len(differences)).decide(process.m, process.s), False


ending_p = cache(terminal_p)


def mid_p(least: NDArray[np.float64], m: NDArray[np.int64]) -> NDArray[np.float64]:
    from scipy.stats import binom

    p: NDArray[np.float64] = 2 * binom.cdf(least, m, 0.5) - binom.pmf(least, m, 0.5)
    return p


def crossed(m: Counts, s: Counts) -> NDArray[np.bool_]:
    """Where E has reached 20, for every number of pairs that differ and of B's wins."""
    fewest = np.array(terminal(int(m.max())).stops)
    over: NDArray[np.bool_] = np.maximum(s, m - s) >= fewest[m]
    return over


@pytest.mark.statistical
class TestErrorRates:
    """STATISTICS.md, acceptance targets 1 to 3; each run is 1,319 items."""

    def test_without_a_difference_looking_after_every_item(self) -> None:
        from scipy.stats import binom

        runs = pairs(np.random.default_rng(1), 4000, 1319, delta=0.0)
        m, s = np.cumsum((runs != 0).astype(int), 1), np.cumsum((runs > 0).astype(int), 1)
        early = crossed(m, s).any(1)
        critical = np.array(terminal(1319).critical)
        late = np.abs(2 * s[:, -1] - m[:, -1]) >= critical[m[:, -1]]
        assert 0.02 <= early.mean() <= 0.05  # 0.031 expected
        assert 0.03 <= (early | late).mean() <= 0.055  # 0.048
        k = np.arange(int(m.max()) + 1)
        least = binom.ppf(0.025, k, 0.5)  # the least wins are significant by mid-p at most one above or below
        fewest = np.max([c * (mid_p(c, k) <= 0.05) for c in (least - 2, least - 1, least, least + 1)], axis=0)
        naive = (np.minimum(s, m - s) <= fewest[m]) & (mid_p(np.zeros(len(k)), k) <= 0.05)[m]
        assert naive.any(1).mean() >= 0.35  # 0.44

    @pytest.mark.parametrize(("delta", "most", "power"), [(0.16, 165, 0.995), (0.10, 370, 0.995), (0.05, 1000, 0.77)])
    def test_with_a_difference_in_batches_of_32(self, delta: float, most: int, power: float) -> None:
        ends = [end(run, batch=32) for run in pairs(np.random.default_rng(2), 2000, 1319, delta)]
        assert np.mean([n for n, *_ in ends]) <= most
        assert np.mean([side == "b" for _, side, _ in ends]) >= power
        assert np.mean([side == "a" for _, side, _ in ends]) <= 0.0025 if delta == 0.05 else 0.001

    def test_on_a_finite_benchmark_that_is_even(self) -> None:
        """All items together say nothing, and neither do they in random order (1.1 % expected)."""
        even = np.repeat(np.array([1, -1], dtype=np.int8), 230)
        runs = np.random.default_rng(3).permuted(np.tile(even, (4000, 1)), axis=1)
        m = np.broadcast_to(np.arange(1, 461), runs.shape)
        assert crossed(m, np.cumsum((runs > 0).astype(int), 1)).any(1).mean() <= 0.02

    def test_p_values_over_both_ends(self) -> None:
        """Early 1 / largest E, at the end the exact one: P(p <= x) <= x."""
        rng = np.random.default_rng(4)
        ps = []
        for coins in rng.integers(0, 2, (4000, 60)):
            process = EProcess.rebuilt((1 - int(c), int(c), 0) for c in coins)
            stopped = process.decided is not None
            ps.append(process.p if stopped else ending_p(process.m, process.s))
        for x in (0.01, 0.03, 0.05, 0.2, 0.5):
            assert np.mean(np.array(ps) <= x) <= x + 3 * math.sqrt(x * (1 - x) / 4000)
