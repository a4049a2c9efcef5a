"""chrF of one text against its references, with the counts that make a corpus score.

By sacrebleu (https://github.com/mjpost/sacrebleu, Apache-2.0; Popović 2015): character n-grams up
to 6, beta 2; `words` 2 makes it chrF++. Of several references the best one counts. The corpus
score is not the mean but `stats.corpus.corpus_chrf` of the summed parts. Printed example:
"The cat sat." against "The cat sat down." → 0.610.
"""

from __future__ import annotations

from bakeoff.core.errors import MissingExtra
from bakeoff.core.types import Sample, Score
from bakeoff.scorers._references import Which, references
from bakeoff.stats.corpus import chrf_names


class Chrf:
    continuous = True

    def __init__(self, words: int = 0, lowercase: bool = False, against: Which = "all") -> None:
        """`words`: orders of word n-grams beside those of characters; `against` all references or the first."""
        try:
            from sacrebleu.metrics.chrf import CHRF
        except ImportError:
            raise MissingExtra("the scorer 'chrf'", "metrics") from None
        self._metric = CHRF(word_order=words, lowercase=lowercase)
        self._names = chrf_names(words)
        self._against = against

    def score(self, sample: Sample, extracted: str) -> Score:
        texts = references(sample, self._against)
        # sacrebleu gives the counts behind a sentence's score only here; held by its version and by a test.
        counts: list[int] = self._metric._extract_corpus_statistics([extracted], [[text] for text in texts])[0]
        found = self._metric.sentence_score(extracted, texts).score
        parts = dict(zip(self._names, map(float, counts), strict=True))
        return Score(min(1.0, found / 100), f"chrF {found:.1f}", parts, continuous=True)
