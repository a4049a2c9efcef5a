"""Multiple choice with the options turned: does a model choose an answer, or a letter?

Every item is asked once for each cyclic order of its options (Zheng et al. 2024,
https://arxiv.org/abs/2309.03882). A model that knows the answer gives it wherever it stands. Example:

    rotations([[0, 0, 0, 0], [1, 2, 1, 1]], right=[0, 1], options=4).consistency
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bakeoff.core.types import Estimate
from bakeoff.stats.crossed import Crossed, crossed
from bakeoff.stats.intervals import proportion


@dataclass(frozen=True, slots=True)
class Rotations:
    """`score` over rotations; `consistency`: the share of items with one and the same answer in all of them;
    `always_right`: the share that was right in all; `letters`: how often each place was chosen, where 1 / options
    is what a model without a favourite place comes to."""

    score: Crossed
    consistency: Estimate
    always_right: Estimate
    letters: tuple[Estimate, ...]


def original(place: int, rotation: int, options: int) -> int:
    """The option that stands at a place when the list was turned: rotation r puts option r first."""
    return (place + rotation) % options


def rotations(chosen: Sequence[Sequence[int | None]], right: Sequence[int], options: int) -> Rotations:
    """`chosen`: items × rotations, the original number of the option chosen (see `original`), None for no answer.

    Columns are rotations 0, 1, … in order. An item that lacks an answer to a rotation is missing: it
    cannot be said whether it is consistent.
    """
    if len(chosen) != len(right):
        raise ValueError(f"{len(chosen)} items with {len(right)} right answers")
    times = {len(row) for row in chosen}
    if len(times) > 1:
        raise ValueError(f"items of {min(times)} and of {max(times)} rotations are no table")
    for option in (option for row in [*chosen, right] for option in row if option is not None):
        if not 0 <= option < options:
            raise ValueError(f"option {option} is none of the {options} from 0 to {options - 1}")
    whole = [
        ([option for option in row if option is not None], answer)
        for row, answer in zip(chosen, right, strict=True)
        if None not in row
    ]
    missing, n = len(chosen) - len(whole), len(whole)
    score = crossed(
        [[float(option == answer) for option in row] for row, answer in whole],
        [f"rotation {turn}" for turn in range(max(times, default=0))],
    )
    same = sum(len(set(row)) <= 1 for row, _ in whole)
    always = sum(all(option == answer for option in row) for row, answer in whole)
    places = [(option - turn) % options for row, _ in whole for turn, option in enumerate(row)]
    return Rotations(
        score,
        proportion(same, n, missing),
        proportion(always, n, missing),
        tuple(proportion(places.count(place), len(places), 0) for place in range(options)),
    )
