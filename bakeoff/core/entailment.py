"""Whether a text follows from another: what a scorer of faithfulness asks, and nobody's model in particular.

await entailment.support([("Paris is the capital of France.", "France has a capital.")])     # [0.98]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bakeoff.core.types import Completion

Pair = tuple[str, str]  # premise, hypothesis


@dataclass(frozen=True, slots=True)
class Support:
    """How far hypotheses follow from their premises, from 0 to 1; None where a judge gave no verdict.

    `calls` are those made to find out.
    """

    values: tuple[float | None, ...]
    calls: tuple[Completion, ...] = ()


class Entailment(Protocol):
    @property
    def identity(self) -> str:
        """What its verdicts depend on, besides the texts."""
        ...

    async def support(self, pairs: Sequence[Pair]) -> Support:
        """For each (premise, hypothesis) how sure it is that the second follows from the first."""
        ...
