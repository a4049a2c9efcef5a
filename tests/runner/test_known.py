"""Known keys: a "no" is always true, or an answer would be paid for twice."""

from __future__ import annotations

from hashlib import blake2b

from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.runner.known import KnownKeys
from tests.runner.fakes import key_of

KEYS = st.lists(st.binary(min_size=16, max_size=16), max_size=300)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 100_000), KEYS, KEYS)
def test_never_says_no_to_a_member(expected: int, stored: list[bytes], added: list[bytes]) -> None:
    known = KnownKeys(expected, iter(stored))
    for key in added:
        known.add(key)
    assert all(key in known for key in (*stored, *added))


def test_never_says_no_when_it_holds_far_more_than_expected() -> None:
    keys = [hashed(i) for i in range(20_000)]
    known = KnownKeys(10, keys)
    assert all(key in known for key in keys)


def test_keys_that_are_nearly_alike() -> None:
    known = KnownKeys(0, [key_of(i) for i in range(100)])
    assert all(key_of(i) in known for i in range(100))


def test_an_empty_one_knows_nothing() -> None:
    known = KnownKeys(1000)
    assert not any(hashed(i) in known for i in range(1000))


def test_few_false_alarms() -> None:
    count = 65_536  # as many as this size is made for: the worst place
    known = KnownKeys(count, (hashed(i) for i in range(count)))
    alarms = sum(hashed(i) in known for i in range(count, 2 * count))
    assert alarms / count < 1 / 150


def hashed(number: int) -> bytes:
    return blake2b(key_of(number), digest_size=16).digest()
