"""ROUGE of one text against its references: rouge1, rouge2, rougeL, rougeLsum.

By rouge-score (https://github.com/google-research/google-research/tree/master/rouge, Apache-2.0;
Lin 2004): F1 of n-grams or of the longest common subsequence, with the Porter stemmer where asked.
Of several references the best one counts, for each measure on its own. The score is the measure
named; all four are in its parts, with precision and recall. `by` "rouge1" takes all measures from
the reference that is best in rouge1, as SciTLDR's own script does. Printed example: "the cat sat" against
"the cat sat down" → rouge1 0.857.
"""

from __future__ import annotations

from typing import Literal

from bakeoff.core.errors import MissingExtra
from bakeoff.core.types import Sample, Score
from bakeoff.scorers._references import Which, references

MEASURES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
# The longest common subsequence takes time with the product of both lengths.
MAX_CHARS = 20_000


class Rouge:
    continuous = True

    def __init__(
        self,
        measure: Literal["rouge1", "rouge2", "rougeL", "rougeLsum"] = "rougeL",
        stemmer: bool = True,
        against: Which = "all",
        by: Literal["each", "rouge1"] = "each",
    ) -> None:
        try:
            from rouge_score.rouge_scorer import RougeScorer
        except ImportError:
            raise MissingExtra("the scorer 'rouge'", "metrics") from None
        self._scorer = RougeScorer(list(MEASURES), use_stemmer=stemmer)
        self._measure = measure
        self._against = against
        self._by = by

    def score(self, sample: Sample, extracted: str) -> Score:
        texts, reply = references(sample, self._against), extracted[:MAX_CHARS]
        if self._by == "rouge1":
            found = max((self._scorer.score(text, reply) for text in texts), key=lambda one: one["rouge1"].fmeasure)
        else:
            found = self._scorer.score_multi(texts, reply)
        parts: dict[str, float] = {}
        for name in MEASURES:
            parts[name] = float(found[name].fmeasure)
            parts[f"{name}_precision"] = float(found[name].precision)
            parts[f"{name}_recall"] = float(found[name].recall)
        told = ", ".join(f"{name} {parts[name]:.3f}" for name in MEASURES)
        return Score(parts[self._measure], told, parts, continuous=True)
