"""The draw: a function of seed, benchmark and sample ids alone, whatever else changes."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.errors import DataInvalid, StoreFull
from bakeoff.core.hashing import order_key
from bakeoff.core.types import Sample
from bakeoff.runner import draw as module
from bakeoff.runner.draw import Draw
from tests.runner.fakes import sample


def named(ids: list[str]) -> list[Sample]:
    return [Sample(id_, f"question {id_}", "4", "4") for id_ in ids]


def drawn(samples: list[Sample], seed: int = 0, limit: int | None = None, ids: list[str] | None = None) -> list[str]:
    draw = Draw.of(iter(samples), "plain", seed, limit, ids)
    found = [one.id for one in draw]
    assert [draw[i].id for i in range(len(draw))] == found
    draw.close()
    return found


LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
IDS = st.lists(st.text(LETTERS, min_size=1, max_size=8), min_size=1, max_size=200, unique=True)


@settings(max_examples=40, deadline=None)
@given(IDS, st.integers(0, 2**62), st.randoms())
def test_the_order_of_the_source_does_not_matter(ids: list[str], seed: int, dice: object) -> None:
    shuffled = sorted(ids, key=lambda id_: hash((id_, repr(dice))))
    assert drawn(named(ids), seed) == drawn(named(shuffled), seed)
    assert drawn(named(ids), seed) == sorted(ids, key=lambda id_: order_key(seed, "plain", id_))


def test_a_limit_is_the_beginning_of_a_larger_one() -> None:
    samples = [sample(i) for i in range(500)]
    whole = drawn(samples, seed=7)
    assert sorted(whole) == sorted(one.id for one in samples)
    for limit in (1, 63, 64, 65, 128, 499, 500, 501, 10_000):
        assert drawn(samples, seed=7, limit=limit) == whole[:limit]


def test_seed_and_benchmark_change_the_order() -> None:
    samples = [sample(i) for i in range(50)]
    assert drawn(samples, 1) != drawn(samples, 2)
    other = Draw.of(samples, "another", 1)
    assert [one.id for one in other] != drawn(samples, 1)
    other.close()


def test_more_data_does_not_reorder_what_was_there() -> None:
    few = drawn([sample(i) for i in range(100)], seed=3)
    assert [id_ for id_ in drawn([sample(i) for i in range(200)], seed=3) if int(id_) < 100] == few


def test_a_sample_comes_back_whole() -> None:
    whole = Sample("x", "ç?", {"a": [1, None]}, "r", "because", ("A", "B"), {"level": 3})
    draw = Draw.of([whole], "plain", 0)
    assert (draw[0], list(draw)) == (whole, [whole])
    draw.close()


def test_repeated_ids_are_told_apart() -> None:
    assert sorted(drawn(named(["a", "b", "a", "a"]))) == ["a", "a#2", "a#3", "b"]
    assert sorted(drawn(named(["a", "a", "a#2"]))) == ["a", "a#2", "a#3"]  # none takes another's own id


def test_the_digest_is_of_all_the_data() -> None:
    def digest(samples: list[Sample], limit: int | None = None, seed: int = 0) -> str:
        draw = Draw.of(samples, "plain", seed, limit)
        draw.close()
        return draw.digest

    samples = [sample(i) for i in range(20)]
    assert digest(samples) == digest(samples, limit=3) == digest(samples, seed=9)
    assert digest(samples) != digest(samples[:-1])
    assert digest(samples) != digest([*samples[:-1], sample(19, target="5")])


def test_a_saved_set() -> None:
    samples = [sample(i) for i in range(100)]
    chosen = ["5", "50", "7"]
    assert sorted(drawn(samples, ids=chosen)) == sorted(chosen)
    with pytest.raises(DataInvalid, match="2 of 4 samples of the set are not in 'plain': the data changed"):
        drawn(samples, ids=["5", "7", "100", "101"])


@pytest.mark.parametrize("id_", ["x" * 191, "a\0b"])
def test_an_id_that_could_not_be_stored_is_refused_before_anything_is_paid(id_: str) -> None:
    with pytest.raises(DataInvalid, match="'plain' has an id that no database takes"):
        drawn(named(["a", id_]))
    assert drawn(named(["x" * 190]))


def test_no_samples_at_all() -> None:
    with pytest.raises(DataInvalid, match="benchmark 'plain' holds no samples"):
        drawn([])


def test_a_fault_in_the_data_is_told_as_it_is() -> None:
    def broken() -> Iterator[Sample]:
        yield sample(1)
        raise DataInvalid("line 2")

    with pytest.raises(DataInvalid, match="line 2"):
        Draw.of(broken(), "plain", 0)


def test_a_full_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")

    def full(*args: object, **kwargs: object) -> IO[bytes]:
        return open("/dev/full", "wb", buffering=1 << 20)

    monkeypatch.setattr(module, "_temporary", full)
    with pytest.raises(StoreFull, match="no space left for temporary files: make room, or set TMPDIR"):
        Draw.of((sample(i) for i in range(10)), "plain", 0)


def test_no_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> IO[bytes]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(StoreFull):
        Draw.of([sample(1)], "plain", 0)
