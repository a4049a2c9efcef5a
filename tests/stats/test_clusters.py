"""Grouped items: reference values, statsmodels, coverage, and honesty where groups are few."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.clusters import clustered, clustered_pairs, repeats
from tests.conftest import require

LIGHT = settings(deadline=None, database=None, max_examples=40)
VALUES = [1.0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0]
FOURS = [i // 3 for i in range(12)]
# Thousandths: 1 - 1e-288 is 1, so that a mirrored value would be another one.
SCORES = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)
ROWS = st.lists(st.tuples(SCORES, st.integers(0, 30)), min_size=2, max_size=60)


def test_reference_values() -> None:
    found = clustered(VALUES, FOURS)
    assert found.error_clustered == pytest.approx(0.2151657415, abs=1e-10)
    assert found.error_clustered == pytest.approx(0.1863389981 * math.sqrt(4 / 3), abs=1e-9)  # CR0, Miller's
    assert found.error_alone == pytest.approx(0.1507556723, abs=1e-10)
    assert found.design_effect == pytest.approx((0.2151657415 / 0.1507556723) ** 2, abs=1e-8)
    assert found.error == found.error_clustered
    assert (found.clusters, found.estimate.n, found.estimate.method) == (4, 12, "wilson-clustered95")


@pytest.mark.parametrize("binary", [True, False])
def test_agrees_with_statsmodels(binary: bool) -> None:
    require("statsmodels")
    from statsmodels.api import OLS

    draw = np.random.default_rng(4)
    codes = draw.integers(0, 25, 200)
    y = draw.random(200) + 0.3 * draw.random(25)[codes]
    y = (y > 0.6).astype(float) if binary else y / y.max()
    fit = OLS(y, np.ones(200)).fit(cov_type="cluster", cov_kwds={"groups": codes, "df_correction": True}, use_t=True)
    found = clustered(y.tolist(), codes.tolist())
    # statsmodels multiplies by (n-1)/(n-k) too, which is 1 for a mean.
    assert found.error_clustered == pytest.approx(float(fit.bse[0]), rel=1e-9)
    if not binary:
        low, high = fit.conf_int()[0]
        assert (found.estimate.low, found.estimate.high) == pytest.approx((float(low), float(high)), rel=1e-9)


def test_wilson_at_the_effective_number() -> None:
    found = clustered(VALUES, FOURS).estimate
    effective, t = 0.25 / 0.2151657415**2, 3.182446305
    centre, half = 0.5, t / (1 + t * t / effective) * math.sqrt(0.25 / effective + t * t / 4 / effective**2)
    assert (found.value, found.low, found.high) == pytest.approx((0.5, centre - half, centre + half), abs=1e-8)


def test_few_clusters_never_claim_more_than_independent_items() -> None:
    """Clusters that balance each other: the clustered error is near 0 and would be a lie."""
    values, labels = [1.0, 0.0] * 12, [i // 2 for i in range(24)]
    found = clustered(values, labels)
    assert found.error_clustered == pytest.approx(0.0, abs=1e-12)
    assert found.error == found.error_alone
    assert found.icc == pytest.approx(-1.0)
    assert "12 clusters are few, the largest has 8% of the items" in found.note
    many = clustered([1.0, 0.0, 0.0] * 10 + [1.0, 1.0, 0.0] * 10, [i // 3 for i in range(60)])
    assert many.note == "" and many.clusters == 20
    assert many.error == many.error_clustered
    assert many.error is not None and many.error_alone is not None and many.error < many.error_alone


def test_one_item_a_cluster_is_no_cluster() -> None:
    values = [0.1, 0.5, 0.2, 0.9, 0.4] * 6
    found = clustered(values, range(30))
    assert found.error_clustered == pytest.approx(found.error_alone)
    assert found.design_effect == pytest.approx(1)
    assert found.icc is None


def test_alike_within_clusters_counts_the_clusters() -> None:
    found = clustered([1.0] * 10 + [0.0] * 10 + [1.0] * 10 + [0.0] * 10, [i // 10 for i in range(40)])
    assert found.icc == pytest.approx(1.0)
    assert found.design_effect == pytest.approx(10 * 39 / 40 * 4 / 3)


def test_nothing_one_cluster_and_all_alike() -> None:
    nothing = clustered([], [], n_missing=3)
    assert (nothing.estimate.value, nothing.estimate.n_missing, nothing.error) == (None, 3, None)
    one = clustered([1.0, 0.0], ["a", "a"])
    assert (one.estimate.value, one.estimate.low, one.estimate.high, one.error) == (0.5, 0.0, 1.0, None)
    assert "one cluster" in one.note
    right = clustered([1.0] * 30, [i // 10 for i in range(30)]).estimate
    assert right.low is not None and right.low < 0.5 and right.high == 1.0  # three clusters, not thirty items
    same = clustered([0.5] * 30, [i // 10 for i in range(30)]).estimate
    assert same.low == pytest.approx(0.5 - 0.5 * (1 - 0.05 ** (1 / 3)))


@pytest.mark.parametrize(
    ("values", "labels", "said"),
    [
        ([0.1, float("nan")], ["a", "b"], "no finite number"),
        ([0.1, float("inf")], ["a", "b"], "no finite number"),
        ([0.1, 0.2], ["a"], "1 cluster labels do not fit 2 items"),
        ([0.1, 1.2], ["a", "b"], "not all within 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused(values: list[float], labels: Sequence[Hashable], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        clustered(values, labels)


@LIGHT
@given(ROWS)
def test_laws(rows: list[tuple[float, int]]) -> None:
    values, labels = [value for value, _ in rows], [label for _, label in rows]
    found, mirrored = clustered(values, labels), clustered([1 - value for value in values], labels)
    low, value, high = found.estimate.low, found.estimate.value, found.estimate.high
    assert low is not None and value is not None and high is not None
    assert 0 <= low <= value + 1e-9 and value - 1e-9 <= high <= 1
    assert mirrored.estimate.low == pytest.approx(1 - high, abs=1e-6)
    order = list(range(len(rows)))[::-1]  # the order of items and the names of clusters do not matter
    turned = clustered([values[i] for i in order], [f"c{labels[i]}" for i in order]).estimate
    assert (turned.low, turned.high) == pytest.approx((low, high), abs=1e-9)


class TestPairs:
    def test_single_pairs_are_the_paired_t_test(self) -> None:
        from bakeoff.stats.paired import compare_means

        draw = np.random.default_rng(2)
        a, b = draw.random(40).tolist(), draw.random(40).tolist()
        found, plain = clustered_pairs(a, b, range(40)), compare_means(a, b)
        assert (found.difference.estimate.low, found.difference.estimate.high) == pytest.approx(
            (plain.difference.low, plain.difference.high)
        )
        assert found.p == pytest.approx(plain.p)

    def test_whole_clusters_are_flipped(self) -> None:
        """Three clusters all for B: of eight ways to flip them two are as extreme, however many items there are."""
        found = clustered_pairs([0.0] * 30, [1.0] * 30, [i // 10 for i in range(30)])
        assert found.p_flip == 0.25
        assert found.p == 0.25
        assert found.difference.estimate.low is not None and found.difference.estimate.low < 0.5

    def test_swapping_the_cells_negates_it(self) -> None:
        draw = np.random.default_rng(3)
        a, b, labels = draw.random(50).tolist(), draw.random(50).tolist(), draw.integers(0, 9, 50).tolist()
        one, other = clustered_pairs(a, b, labels), clustered_pairs(b, a, labels)
        assert one.p == pytest.approx(other.p) and one.p_flip == other.p_flip
        low, high = one.difference.estimate.low, other.difference.estimate.high
        assert low is not None and high == pytest.approx(-low)

    def test_nothing_and_one_cluster_have_no_p(self) -> None:
        assert clustered_pairs([], [], []).p is None
        assert clustered_pairs([0.0, 1.0], [1.0, 1.0], ["a", "a"]).p_flip is None
        with pytest.raises(ValueError, match="no pairs"):
            clustered_pairs([0.0], [], [])


class TestRepeats:
    def test_the_parts_are_found_again(self) -> None:
        """Shares from Beta(2, 2): variance 1/20 between, 1/5 within."""
        draw = np.random.default_rng(1)
        truth = draw.beta(2, 2, 40_000)
        found = repeats((draw.random((40_000, 4)) < truth[:, None]).astype(float).tolist())
        assert found.between == pytest.approx(0.05, abs=0.002)
        assert found.within == pytest.approx(0.2, abs=0.004)
        assert found.share == pytest.approx(0.5, abs=0.02)
        assert found.repeats == 4 and found.note == ""
        assert found.estimate.method == "wilson-items95"

    def test_it_says_when_repeats_are_wasted(self) -> None:
        rows = [[1.0, 1.0, 1.0, 1.0]] * 10 + [[0.0, 0.0, 0.0, 0.0]] * 9 + [[1.0, 0.0, 1.0, 1.0]]
        found = repeats(rows)
        assert found.share is not None and found.within is not None and found.between is not None
        assert found.share < 0.2
        assert found.repeats > 4 * found.within / found.between  # the same rule, as a number of repeats
        assert "more than 4 answers an item can cut the variance by" in found.note

    def test_uneven_and_continuous(self) -> None:
        found = repeats([[0.2, 0.4], [0.9], [0.5, 0.5, 0.8]])
        assert found.estimate.method == "t95"
        assert found.within == pytest.approx((0.02 + 0.03) / 2)
        assert found.repeats == pytest.approx(3 / (1 / 2 + 1 + 1 / 3))

    def test_nothing_single_and_alike(self) -> None:
        assert repeats([]).estimate.value is None
        assert repeats([[1.0], [0.0]]).share is None
        assert "no spread" in repeats([[1.0, 1.0], [1.0, 1.0]]).note
        with pytest.raises(ValueError, match="no score"):
            repeats([[1.0], []])


@pytest.mark.statistical
@pytest.mark.parametrize("groups", [10, 20, 40])
def test_wilson_covers_in_clusters(groups: int) -> None:
    """ICC 0.3, five items a cluster, p = 0.7: at least 94 % of nominal 95 are covered, where z on items has 78."""
    draw, reps = np.random.default_rng(groups), 1500
    truth = draw.beta(0.7 * 7 / 3, 0.3 * 7 / 3, (reps, groups, 1))
    tables = (draw.random((reps, groups, 5)) < truth).astype(float).reshape(reps, -1)
    labels = [i // 5 for i in range(groups * 5)]
    covered = naive = 0
    for values in tables:
        found = clustered(values.tolist(), labels).estimate
        assert found.low is not None and found.high is not None
        covered += found.low <= 0.7 <= found.high
        naive += abs(values.mean() - 0.7) <= 1.96 * values.std() / math.sqrt(len(values))
    assert covered / reps >= 0.94
    assert naive / reps < 0.85
