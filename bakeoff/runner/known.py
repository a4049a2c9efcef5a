"""Which content keys may be stored already: a Bloom filter, so that a new call asks no database.

Says "no" only when it is sure; a "maybe" is looked up. Content keys are uniform hashes, so their
own bytes are the hash functions. About 2 bytes a key, with 1 false alarm in 200. Example:

    known = KnownKeys(expected=1000)
    known.add(key); key in known          # True
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

BITS_PER_KEY = 16
_THREE = Struct("<QI").unpack_from


class KnownKeys:
    """A set of 16-byte keys that may say yes to a stranger, and never no to a member."""

    def __init__(self, expected: int, keys: Iterable[bytes] = ()) -> None:
        bits = 1 << 16
        while bits < expected * BITS_PER_KEY:
            bits <<= 1
        self._mask = bits - 1
        self._bits = bytearray(bits // 8)
        for key in keys:
            self.add(key)

    def _places(self, key: bytes) -> tuple[int, int, int]:
        first, second = _THREE(key)
        mask = self._mask
        return first & mask, (first >> 32) & mask, second & mask

    def add(self, key: bytes) -> None:
        bits = self._bits
        for place in self._places(key):
            bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, key: bytes) -> bool:
        bits = self._bits
        return all(bits[place >> 3] & (1 << (place & 7)) for place in self._places(key))
