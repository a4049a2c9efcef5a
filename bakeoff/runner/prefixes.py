"""Which prompts begin alike, so that an engine with a prefix cache reads what they share only once. Pure.

Sorted as texts, prompts stand in the order of a walk through the tree of their beginnings, which no other order
beats for a cache that holds one path of it (Zheng et al. 2024, https://arxiv.org/abs/2312.07104, theorem 3.1).
Neighbours are one group where they share enough to be worth it. Example:

    groups(["context A … Who?", "context B … Who?", "context A … When?"])     # [[2, 0], [1]]
"""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.core.prompts import shared_beginning

LEAST_SHARED = 256  # characters, about 64 tokens: some blocks of a paged cache
LEAST_SHARE = 0.5  # of the shorter prompt: a head that all prompts have makes no group of contexts that differ


def alike(a: str, b: str) -> bool:
    """Whether two prompts share so much that one should be asked right after the other."""
    return shared_beginning(a, b) >= max(LEAST_SHARED, LEAST_SHARE * min(len(a), len(b)))


def groups(prompts: Sequence[str]) -> list[list[int]]:
    """The places of the prompts, those of one group together, the group with the longest prompt first.

    Within a group the order is that of the texts; groups of equal length keep the order of their first places.
    """
    found: list[list[int]] = []
    before: int | None = None
    for place in sorted(range(len(prompts)), key=lambda place: (prompts[place], place)):
        if before is not None and alike(prompts[before], prompts[place]):
            found[-1].append(place)
        else:
            found.append([place])
        before = place
    return sorted(found, key=lambda group: (-max(len(prompts[place]) for place in group), min(group)))
