"""Compare an answer of DROP with the accepted ones: exact match and F1 over sets of spans.

The rule of AllenNLP's drop_eval (https://github.com/allenai/allennlp-models, Apache-2.0), re-stated:
an answer is one or several spans, each a set of normalised words; spans of both sides are paired so
that the sum of F1 is largest; a pair whose target holds numbers counts only if it shares one of them;
the mean over the longer side is rounded to two digits; the best of all accepted answers is taken.
With `one_by_one` each span is an accepted answer of its own and `fuzzy` is in the parts, as in
simple-evals (https://github.com/openai/simple-evals, MIT). `lenient` is ours: where the rule loses an
answer to its writing - "12.5." read as 125, "two" for 2, "3 yards" for 3, a list with commas - it is read
in each sensible way, and the best counts. Printed example: "the 38-yard" equals "38 yard".
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from bakeoff.core.types import Json, Sample, Score

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")
# No pattern begins with a repeat: on a long run of spaces that takes time with its square.
_PARTED = re.compile(r"[|\n]")
_LISTED = re.compile(r"[|;\n]|, (?:and )?| and ")
_SPACES = re.compile(r"[^\S\n]+")
_MAX_CHARS = 20_000
_MOST_SPANS = 100
_AROUND = "$€£%.,;:!?()[]{}\"'“”*"
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
_NUMBERS = {word: str(value) for value, word in enumerate(_WORDS.split())}
Spans = Sequence[str]
Bags = tuple[list[str], list[set[str]]]  # normalised spans, and the words of each


class Drop:
    def __init__(
        self,
        metric: Literal["f1", "em", "fuzzy"] = "f1",
        whole: bool = False,
        one_by_one: bool = False,
        lenient: bool = False,
    ) -> None:
        """`whole`: the reply is one span; else "|" parts several."""
        self._metric, self._whole, self._one_by_one, self._lenient = metric, whole or one_by_one, one_by_one, lenient
        self.continuous = metric == "f1"

    def score(self, sample: Sample, extracted: str) -> Score:
        accepted = _accepted(sample)
        if self._one_by_one:
            accepted = [(span,) for spans in accepted for span in spans if span.strip()]
        text = extracted[:_MAX_CHARS]
        readings = [_bags(reading) for reading in self._readings(text)]
        numbers = _numbers(text) if self._lenient else set()
        exact, f1 = 0.0, 0.0
        for spans in accepted:
            if len(numbers) == 1 and len(spans) == 1 and _numbers(spans[0], alone=True) == numbers:
                exact, f1 = 1.0, 1.0
            wanted = _bags([_plain(span) for span in spans] if self._lenient else spans)
            for found in readings:
                one = _compare(found, wanted, 100.0 if self._one_by_one else 1.0)
                exact, f1 = max(exact, one[0]), max(f1, one[1])
        parts = {"em": exact, "f1": f1}
        if self._one_by_one:
            parts["fuzzy"] = float(any(_fuzzy(text, wanted[0]) for wanted in accepted))
        first = " | ".join(accepted[0])
        reason = f"'{extracted:.40}' for '{first:.40}': exact {exact:.0f}, F1 {f1:.2f}"
        return Score(parts[self._metric], reason, parts, continuous=self.continuous)

    def _readings(self, text: str) -> Iterator[Spans]:
        if self._whole:
            yield (text,)
            return
        parted = _split(_PARTED, text)
        if not self._lenient:
            yield parted if len(parted) > 1 else (text,)
            return
        yield (_plain(text),)
        for spans in (parted, _split(_LISTED, _SPACES.sub(" ", text))):
            if len(spans) > 1:
                yield [_plain(span) for span in spans]


def _accepted(sample: Sample) -> list[Spans]:
    """The accepted answers that hold something: the rule passes over one whose first span is blank."""
    listed: Json = sample.target
    answers = listed if isinstance(listed, list) else []
    spans = [[str(span) for span in answer] for answer in answers if isinstance(answer, list) and answer]
    found: list[Spans] = [answer for answer in spans if answer[0].strip()]
    if not found:
        raise ValueError(f"sample '{sample.id}' has no answer to compare with")
    return found


def _split(pattern: re.Pattern[str], text: str) -> list[str]:
    spans = (span.strip() for span in pattern.split(text, maxsplit=_MOST_SPANS))
    return [span for span in spans if span]


def _bags(spans: Spans) -> Bags:
    normalised = [normalise(span) for span in spans]
    return normalised, [set(span.split()) for span in normalised]


def _compare(found: Bags, wanted: Bags, scale: float) -> tuple[float, float]:
    """(exact match, F1); F1 is rounded to two digits after it is multiplied by `scale`."""
    exact = float(set(found[0]) == set(wanted[0]) and len(found[0]) == len(wanted[0]))
    return exact, _aligned(found[1], wanted[1], scale)


def _aligned(found: Sequence[set[str]], wanted: Sequence[set[str]], scale: float) -> float:
    scores = np.zeros((len(wanted), len(found)))
    for row, target in enumerate(wanted):
        for column, bag in enumerate(found):
            if _shares_number(bag, target):
                scores[row, column] = _f1(bag, target) * scale
    rows, columns = linear_sum_assignment(-scores)
    best = np.zeros(max(len(wanted), len(found)))
    best[rows] = scores[rows, columns]
    return float(np.round(np.mean(best), 2)) / scale  # numpy's rounding, which is not Python's in the last place


def _f1(found: set[str], wanted: set[str]) -> float:
    same = len(found & wanted)
    precision = same / len(found) if found else 1.0
    recall = same / len(wanted) if wanted else 1.0
    return (2 * precision * recall) / (precision + recall) if precision or recall else 0.0


def _shares_number(found: set[str], wanted: set[str]) -> bool:
    numbers = {word for word in wanted if _is_number(word)}
    return not numbers or bool(numbers & found)


def normalise(text: str) -> str:
    """Words as they are compared: parted at spaces and hyphens, numbers as floats, no articles."""
    words = [_word(word.lower()) for word in re.split(" |-", text)]
    return " ".join(word for word in words if word)


def _word(word: str) -> str:
    if not _is_number(word):
        word = word.translate(_PUNCTUATION)
    if _is_number(word):
        word = str(float(word))
    return " ".join(_ARTICLES.sub(" ", word).split())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _plain(text: str) -> str:
    """A span without the marks around its words, and with small numbers in digits."""
    words = (word.strip(_AROUND) for word in text.lower().split())
    plain = (_NUMBERS.get(word, word) for word in words)
    return " ".join(word.replace(",", "") if word.replace(",", "").isdecimal() else word for word in plain)


def _numbers(text: str, alone: bool = False) -> set[float]:
    """The numbers among the words of a text; `alone`: only if it is nothing else."""
    words = _plain(text).replace("-", " ").split()
    if alone and len(words) != 1:
        return set()
    return {float(word) for word in words if _is_number(word)}


def _fuzzy(found: str, wanted: str) -> bool:
    """One of both, without case, punctuation and articles, holds the other."""
    one, other = _bare(found), _bare(wanted)
    return (one in other or other in one) if one and other else one == other


def _bare(text: str) -> str:
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())
