"""BLEU of one text against its references, with the counts that make a corpus score.

By sacrebleu (https://github.com/mjpost/sacrebleu, Apache-2.0; Papineni et al. 2002): tokens of
mteval-v13a, exponential smoothing. The score is the sentence's, over the orders that it has
n-grams of; the corpus score is not its mean but `stats.corpus.corpus_bleu` of the summed parts.
Printed example: "The cat sat." against "The cat sat down." → 0.498.
"""

from __future__ import annotations

from bakeoff.core.errors import MissingExtra
from bakeoff.core.types import Sample, Score
from bakeoff.scorers._references import Which, references
from bakeoff.stats.corpus import bleu_names


class Bleu:
    continuous = True

    def __init__(self, tokenize: str = "13a", lowercase: bool = False, against: Which = "all") -> None:
        """`tokenize` is one of sacrebleu's tokenizers; `against` all references or the first."""
        try:
            from sacrebleu.metrics.bleu import BLEU
        except ImportError:
            raise MissingExtra("the scorer 'bleu'", "metrics") from None
        self._metric = BLEU(tokenize=tokenize, lowercase=lowercase, effective_order=True)
        self._against = against

    def score(self, sample: Sample, extracted: str) -> Score:
        found = self._metric.sentence_score(extracted, references(sample, self._against))
        # Smoothing "exp" leaves the counts as they are.
        parts = dict(zip(bleu_names(), (found.sys_len, found.ref_len, *found.counts, *found.totals), strict=True))
        return Score(min(1.0, found.score / 100), f"BLEU {found.score:.1f}", parts, continuous=True)
