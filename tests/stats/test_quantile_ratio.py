"""The bootstrap of a ratio of quantiles: many rows are drawn in groups, to the same distribution."""

from __future__ import annotations

import numpy as np
import pytest

from bakeoff.stats import resample as module
from bakeoff.stats.resample import resample_quantile_ratio


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_rows_drawn_in_groups_give_the_interval_of_rows_drawn_one_by_one(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(3)
    common = draw.lognormal(0, 0.5, 3000)
    table = np.column_stack([common, common * draw.lognormal(0.1, 0.3, 3000)]).tolist()
    plain = resample_quantile_ratio(table, share, resamples=3000, seed=1)
    monkeypatch.setattr(module, "_NEARBY", 100)
    grouped = resample_quantile_ratio(table, share, resamples=3000, seed=2)
    assert plain.low is not None and plain.high is not None
    assert grouped.low is not None and grouped.high is not None
    assert grouped.value == plain.value
    width = plain.high - plain.low
    assert grouped.low == pytest.approx(plain.low, abs=0.08 * width)
    assert grouped.high == pytest.approx(plain.high, abs=0.08 * width)


def test_ties_and_alike_columns_have_a_ratio_of_one() -> None:
    values = np.random.default_rng(1).integers(1, 50, 30_000).astype(float)
    found = resample_quantile_ratio([(v, v) for v in values], 0.95, resamples=50)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)
