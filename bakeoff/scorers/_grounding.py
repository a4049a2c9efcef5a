"""How an answer stands to the passages that its model was shown: pure sums over what entailment says.

    grounding = await ground(question, reply, reference, passages, entailment, whole=True)
    grounding.faithfulness, grounding.hallucination_rate

After RAGAS (Es et al. 2023, https://arxiv.org/abs/2309.15217) for context precision and recall, and ALCE (Gao et al.
2023, https://arxiv.org/abs/2305.14627) for citations; wording and sums are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from bakeoff.core.entailment import Entailment, Pair
from bakeoff.core.types import Completion
from bakeoff.scorers._claims import Claim, claims

THRESHOLD = 0.5
Shown = Sequence[tuple[str, str]]  # the mark and the text of each passage


@dataclass(slots=True)
class Grounding:
    """`supports`: how far each claim follows from all that was shown; None where no verdict was to be had."""

    claims: list[Claim]
    supports: list[float | None]
    parts: dict[str, float] = field(default_factory=dict)
    calls: list[Completion] = field(default_factory=list)

    @property
    def known(self) -> list[float]:
        return [value for value in self.supports if value is not None]

    @property
    def faithfulness(self) -> float | None:
        """The mean support of the claims; None without a verdict."""
        return fmean(self.known) if self.known else None

    @property
    def hallucination_rate(self) -> float | None:
        """The share of claims whose support is under 0.5."""
        return fmean(value < THRESHOLD for value in self.known) if self.known else None


async def ground(
    question: str, reply: str, reference: str, passages: Shown, entailment: Entailment, whole: bool = False
) -> Grounding:
    """`whole` measures context and citations, too: a verdict more for each passage, each claim of the reference and
    each cited claim."""
    found = claims(question, reply)
    everything = "\n\n".join(text for _, text in passages)
    asked: list[Pair] = [(everything, claim.text) for claim in found]
    plan = _Plan(question, reference, passages, everything, found) if whole else None
    said = await entailment.support([*asked, *(plan.pairs if plan else ())])
    grounding = Grounding(found, list(said.values[: len(asked)]), calls=list(said.calls))
    if plan is not None:
        grounding.parts |= plan.parts(said.values[len(asked) :])
    return grounding


class _Plan:
    """What is asked beside the claims, and what the answers come to."""

    def __init__(self, question: str, reference: str, passages: Shown, everything: str, found: Sequence[Claim]) -> None:
        self._expected = claims(question, reference) if reference else []
        statement = " ".join(claim.text for claim in self._expected)
        texts = {mark: text for mark, text in passages if mark}  # what can be cited
        useful = [(text, statement) for _, text in passages] if statement else []
        recalled = [(everything, claim.text) for claim in self._expected]
        self._cited = [claim for claim in found if any(mark in texts for mark in claim.cited)]
        alone = [
            (texts[mark], claim.text) for claim in self._cited for mark in dict.fromkeys(claim.cited) if mark in texts
        ]
        together = [
            ("\n\n".join(texts[mark] for mark in dict.fromkeys(claim.cited) if mark in texts), claim.text)
            for claim in self._cited
        ]
        self._claims = len(found) if texts else 0
        self._false = sum(mark not in texts for claim in found for mark in dict.fromkeys(claim.cited))
        self._groups = [useful, recalled, alone, together]

    @property
    def pairs(self) -> list[Pair]:
        return [pair for group in self._groups for pair in group]

    def parts(self, values: Sequence[float | None]) -> dict[str, float]:
        """Each measure that has what it needs."""
        useful, recalled, alone, together = self._split(values)
        found: dict[str, float] = {}
        if useful:
            found["context_precision"] = average_precision(useful)
        if recalled:
            found["context_recall"] = fmean(recalled)
        if alone or self._false:
            found["citation_precision"] = sum(alone) / (len(alone) + self._false)
        if self._claims:
            found["citation_recall"] = sum(together) / self._claims
        return found

    def _split(self, values: Sequence[float | None]) -> list[list[bool]]:
        left = list(values)
        groups = []
        for group in self._groups:
            taken, left = left[: len(group)], left[len(group) :]
            groups.append([value is not None and value >= THRESHOLD for value in taken])
        return groups


def average_precision(useful: Sequence[bool]) -> float:
    """How far up the useful passages stand: the mean of precision@k where the k-th is useful; 0 where none is."""
    hits = 0
    sums = 0.0
    for rank, good in enumerate(useful, 1):
        hits += good
        sums += hits / rank if good else 0.0
    return sums / hits if hits else 0.0
