"""Whether an answer follows from the passages that its model was shown: the mean support of its claims.

Each sentence is a claim; a model of entailment (or a judge) says how far it follows from the passages. Licence: ours;
the idea is that of RAGAS and SummaC. `hallucination_rate` is the share of claims under 0.5. With `whole` also context
precision and recall (against the reference), citation precision and recall, and, where an embedder is at hand, answer
relevance: the cosine of question and answer. `beside` keeps the benchmark's own score, and these as further metrics.
Passages come from the method (rag_…), else from the sample (`context`,
`passages` or `article` in its fields). Printed example: "Paris lies on the Seine." from a passage that says so → 0.99.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace

from bakeoff.core.embedding import Embedder
from bakeoff.core.entailment import Entailment
from bakeoff.core.errors import ScorerFailed
from bakeoff.core.protocols import Scorer
from bakeoff.core.types import Sample, Score
from bakeoff.scorers._grounding import Grounding, ground

_FIELDS = ("context", "passage", "passages", "article", "document")


class Faithfulness:
    continuous = True

    def __init__(self, entailment: Entailment, embedder: Embedder | None = None, whole: bool = False) -> None:
        self._entailment = entailment
        self._embedder = embedder
        self._whole = whole

    async def score(self, sample: Sample, extracted: str) -> Score:
        passages = passages_of(sample)
        question = (sample.fields.get("question") or sample.question).strip()
        reply = str(sample.meta.get("reply") or extracted)
        reference = sample.target if isinstance(sample.target, str) else sample.reference
        found = await ground(question, reply, reference, passages, self._entailment, self._whole)
        parts = found.parts | self._relevance(question, extracted)
        value, rate = found.faithfulness, found.hallucination_rate
        if value is None or rate is None:
            why = "no verdict in what the judge said" if found.claims else "the answer makes no claim"
            return Score(0.0, why, parts, continuous=True, calls=tuple(found.calls), unparsed=True)
        parts |= {"claims": float(len(found.claims)), "hallucination_rate": rate}
        return Score(value, _told(found), parts, continuous=True, calls=tuple(found.calls))

    def _relevance(self, question: str, answer: str) -> dict[str, float]:
        if not self._whole or self._embedder is None or not question or not answer:
            return {}
        asked, said = self._embedder.embed([question, answer[:20_000]])
        return {"answer_relevance": max(0.0, float(asked @ said))}


class Beside:
    """A benchmark's own score; how faithful the answer is stands in `parts`, where passages were shown."""

    def __init__(self, own: Scorer, faithfulness: Faithfulness) -> None:
        self._own = own
        self._faithfulness = faithfulness
        self.continuous = getattr(own, "continuous", True)

    async def score(self, sample: Sample, extracted: str) -> Score:
        told = self._own.score(sample, extracted)
        found = await told if inspect.isawaitable(told) else told
        try:
            passages_of(sample)
        except ScorerFailed:
            return found  # a method that reads nothing is graded all the same
        beside = await self._faithfulness.score(sample, extracted)
        named = {} if beside.unparsed else {"faithfulness": beside.value}
        return replace(
            found,
            reason="; ".join(filter(None, (found.reason, beside.reason))),
            parts={**beside.parts, **named, **found.parts},
            calls=(*found.calls, *beside.calls),
        )


def passages_of(sample: Sample) -> Sequence[tuple[str, str]]:
    """What the model was shown: told by the method, else a part of the sample. Raises ScorerFailed."""
    told = sample.meta.get("passages")
    if isinstance(told, list):
        pairs = [one for one in told if isinstance(one, list) and len(one) == 2]
        if pairs:
            return [(str(mark), str(text)) for mark, text in pairs]
    for name in _FIELDS:
        text = sample.fields.get(name) or sample.meta.get(name)
        if isinstance(text, str) and text.strip():
            return [("", text)]
    raise ScorerFailed(
        f"sample '{sample.id}' was answered without passages, so nothing can be faithful to them",
        "use a method that retrieves (rag_hybrid:kb=NAME) or samples with a field 'context', or keep the benchmark's"
        " own score with --scorer-args beside=true",
    )


def _told(found: Grounding) -> str:
    weakest = min(
        ((value, claim.text) for value, claim in zip(found.supports, found.claims, strict=True) if value is not None),
    )
    count = len(found.claims)
    return f"{count} claim{'s' if count > 1 else ''}; least supported ({weakest[0]:.2f}): {weakest[1][:120]}"
