"""When a sequential run would stop: the published table, and what has to hold of any plan."""

from __future__ import annotations

import math

import pytest

from bakeoff.stats.power import discordance, paired_power
from bakeoff.stats.sequential import decisive
from bakeoff.stats.stopping import MOST, _bounds, expected_stop, horizon


def _psi(delta: float) -> float:
    return discordance(0.5 - delta / 2, 0.5 + delta / 2, 0.3)


@pytest.mark.parametrize(
    ("n", "delta", "mean", "power"),
    [
        (1319, 0.16, 153, 1.0),
        (1319, 0.10, 346, 1.0),
        (1319, 0.05, 970, 0.801),
        (1319, 0.02, 1266, 0.168),
        (1319, 0.00, 1302, 0.037),
    ],
)
def test_batches_of_32(n: int, delta: float, mean: float, power: float) -> None:
    found = expected_stop(n, delta, _psi(delta))
    assert found.mean == pytest.approx(mean, abs=4 * found.error + 0.5)
    assert found.power == pytest.approx(power, abs=0.02)


@pytest.mark.parametrize(("n", "saved"), [(500, (0.69, 0.38, 0.07, 0.01)), (164, (0.22, 0.06, 0.01, 0.0))])
def test_fewer_items_save_less(n: int, saved: tuple[float, ...]) -> None:
    for delta, share in zip((0.16, 0.10, 0.05, 0.02), saved, strict=True):
        assert expected_stop(n, delta, _psi(delta)).saved == pytest.approx(share, abs=0.02)


@pytest.mark.statistical
@pytest.mark.parametrize(("delta", "mean", "q90"), [(0.16, 128, 227), (0.10, 303, 581), (0.05, 1197, 2398)])
def test_without_an_end(delta: float, mean: float, q90: float) -> None:
    found = expected_stop(12_000, delta, _psi(delta), batch=1)
    assert found.mean == pytest.approx(mean, rel=0.05)
    assert found.q90 == pytest.approx(q90, rel=0.07)
    assert found.early > 0.999


def test_it_stops_just_where_the_process_does() -> None:
    for m, bound in enumerate(_bounds(400, 0.05, 5.0)):
        least = decisive(m)
        assert bound == (m + 1 if least is None else least)


def test_the_horizon() -> None:
    assert horizon(0.16, _psi(0.16)) == math.ceil(1.6 * 146.28638)
    found = expected_stop(horizon(0.16, _psi(0.16)), 0.16, _psi(0.16))
    assert found.power > paired_power(146.28638, 0.16, _psi(0.16))


def test_laws() -> None:
    found = expected_stop(700, 0.08, 0.3, seed=3)
    assert found == expected_stop(700, 0.08, 0.3, seed=3)
    assert found != expected_stop(700, 0.08, 0.3, seed=4)
    assert found.median <= found.q80 <= found.q90 <= found.horizon
    assert found.early <= found.power
    other = expected_stop(700, -0.08, 0.3, seed=3)
    assert other.mean == pytest.approx(found.mean, abs=5 * found.error)
    rare = expected_stop(700, 0.08, 0.3, batch=350, seed=3)
    assert rare.mean > found.mean
    assert rare.median in (350, 700)
    assert expected_stop(1, 0.1, 0.3).power == 0.0


@pytest.mark.parametrize(
    ("n", "delta", "psi", "batch", "words"),
    [
        (0, 0.1, 0.3, 32, "0 items"),
        (MOST + 1, 0.1, 0.3, 32, "100,001 items"),
        (100, 0.4, 0.3, 32, "out of reach"),
        (100, math.nan, 0.3, 32, "out of reach"),
        (100, 0.1, 0.0, 32, "out of reach"),
        (100, 0.1, 0.3, 0, "batch of 0"),
    ],
)
def test_what_cannot_be_planned(n: int, delta: float, psi: float, batch: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        expected_stop(n, delta, psi, batch)
