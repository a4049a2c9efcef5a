"""Entailment by a model of natural language inference, such as facebook/bart-large-mnli (MIT).

The probability of the class "entailment", for the premise as a whole where it fits, else the highest over its parts
(as SummaC does, Laban et al. 2022, https://arxiv.org/abs/2111.09525). Example:

    await Nli("facebook/bart-large-mnli").support([("Paris is in France.", "Paris is in Europe.")])
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from functools import cached_property

from bakeoff.core.entailment import Pair, Support
from bakeoff.core.errors import ConfigInvalid
from bakeoff.retrieval.pair_model import PairModel

DEFAULT = "facebook/bart-large-mnli"


class Nli:
    def __init__(self, name: str = DEFAULT, offline: bool = False) -> None:
        self._model = PairModel(name, offline)

    @property
    def identity(self) -> str:
        return f"nli:{self._model.identity}"

    def load(self) -> None:
        """Load it now, before an answer is paid for. Raises DataMissing, and ConfigInvalid for one of another kind."""
        self._entails  # noqa: B018 - kept from here on

    async def support(self, pairs: Sequence[Pair]) -> Support:
        return Support(tuple(await asyncio.to_thread(self._values, pairs)))

    def _values(self, pairs: Sequence[Pair]) -> list[float]:
        asked = [
            (place, part, hypothesis)
            for place, (premise, hypothesis) in enumerate(pairs)
            for part in self._model.windows(premise, hypothesis)
        ]
        best = [0.0] * len(pairs)
        rows = self._model.logits([(part, hypothesis) for _, part, hypothesis in asked])
        for (place, _, _), row in zip(asked, rows, strict=True):
            best[place] = max(best[place], _share(list(map(float, row)), self._entails))
        return best

    @cached_property
    def _entails(self) -> int:
        """Which class says that it follows. Raises ConfigInvalid when none is called so."""
        labels = [label.lower() for label in self._model.labels]
        for place, label in enumerate(labels):
            if label.startswith("entail"):
                return place
        raise ConfigInvalid(
            f"model '{self._model.name}' has no class 'entailment' (it has {', '.join(labels)})",
            f"name a model of natural language inference, e.g. {DEFAULT}",
        )


def _share(logits: Sequence[float], place: int) -> float:
    """The softmax of one class."""
    highest = max(logits)
    powers = [math.exp(value - highest) for value in logits]
    return powers[place] / sum(powers)
