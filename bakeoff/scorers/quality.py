"""The quality of a reply that needs no reference: length, repetition, readability, refusal, language.

All is in the parts; the score is a rough one, to find replies that are broken and not to rank good
ones: 0 for a refusal, else the share of words that are not in a repeated run of four, halved when
the reply is in another language than the question or outside of the words allowed. Readability is
Flesch's reading ease (1948) and the grade of Kincaid et al. (1975), on syllables that are counted by
groups of vowels: English text only. Licence: ours. Printed example: "no no no no no no no no" → 0.0.
"""

from __future__ import annotations

import re
from collections import Counter

from bakeoff.core.types import Sample, Score
from bakeoff.scorers._languages import guess

MAX_CHARS = 50_000
_RUN = 4
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SENTENCE = re.compile(r"[.!?]+(?=\s|\Z)")
_VOWELS = re.compile(r"[aeiouy]+")
_REFUSAL = re.compile(
    r"(?i)\A\W*(?:(?:i['’]?m |i am )?(?:very |so )?sorry\b.{0,20}|i apologi[sz]e\b.{0,20}|unfortunately\b.{0,3})?"
    r"(?:as an ai\b|i must decline\b|i ?(?:(?:can(?:no|['’]?)t|won['’]?t|will not|am (?:not able|unable) to)"
    r"|['’]m (?:not able|unable) to)\b.{0,20}?\b(?:help|assist|provide|comply|answer|fulfil|discuss|support|write"
    r"|create|give|share|do|engage|generate|tell))"
)


class Quality:
    continuous = True

    def __init__(self, fewest: int = 1, most: int = 1_000_000) -> None:
        """Replies are to have from `fewest` to `most` words."""
        self._fewest, self._most = fewest, most

    def score(self, sample: Sample, extracted: str) -> Score:
        text = extracted[:MAX_CHARS]
        words = [word.lower() for word in _WORD.findall(text)]
        asked, said = guess(sample.question), guess(text)
        refused = bool(_REFUSAL.match(text[:200]))
        repeated = _repeated(words)
        allowed = self._fewest <= len(words) <= self._most
        same = asked is None or said is None or asked == said
        parts = {
            "words": float(len(words)),
            "distinct": len(set(words)) / len(words) if words else 0.0,
            "repeated": repeated,
            "refused": float(refused),
            "same_language": float(same),
            **_readability(text, words),
        }
        value = 0.0 if refused or not words else (1 - repeated) / (2 - allowed) / (2 - same)
        told = [f"{len(words)} words", f"{repeated:.0%} repeated", f"language {said or 'unknown'}"]
        told += ["a refusal"] * refused + ["outside of the length allowed"] * (not allowed)
        return Score(value, ", ".join(told), parts, continuous=True)


def _repeated(words: list[str]) -> float:
    """The share of words inside of runs of four that occur more than once."""
    runs = [tuple(words[i : i + _RUN]) for i in range(len(words) - _RUN + 1)]
    times = Counter(runs)
    inside: set[int] = set()
    for place, run in enumerate(runs):
        if times[run] > 1:
            inside.update(range(place, place + _RUN))
    return len(inside) / len(words) if words else 0.0


def _readability(text: str, words: list[str]) -> dict[str, float]:
    if not words:
        return {}
    by_sentence = len(words) / max(1, len(_SENTENCE.findall(text)))
    by_word = sum(syllables(word) for word in words) / len(words)
    return {
        "reading_ease": 206.835 - 1.015 * by_sentence - 84.6 * by_word,
        "reading_grade": 0.39 * by_sentence + 11.8 * by_word - 15.59,
    }


def syllables(word: str) -> int:
    """Groups of vowels, without a silent e at the end; at least one."""
    groups = len(_VOWELS.findall(word))
    silent = word.endswith("e") and not word.endswith(("le", "ee", "ye", "ue")) and groups > 1
    return max(1, groups - silent)
