"""Compare short answers as bags of words, by the published rules of SQuAD, HotpotQA and TriviaQA.

Exact match and F1 after normalisation, the best over all accepted answers, with each word counted
as often as it stands. Rules re-stated from the scripts of SQuAD 1.1 and 2.0
(https://rajpurkar.github.io/SQuAD-explorer/, CC BY-SA 4.0), HotpotQA
(https://github.com/hotpotqa/hotpot, Apache-2.0) and TriviaQA
(https://github.com/mandarjoshi90/triviaqa, Apache-2.0). Where they differ:

- squad2, and squad of a sample of version 2.0: an empty answer is right (F1 1) where none is accepted;
- squad of version 1.1, hotpotqa, triviaqa: F1 is 0 where no word is shared, both being empty included;
- hotpotqa: an answer or a target "yes", "no" or "noanswer" has F1 0 unless both are the same;
- triviaqa: punctuation becomes a space, elsewhere it is deleted.

Printed example: "in the city of Paris" for "Paris" has exact match 0 and F1 0.4.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from bakeoff.core.types import Sample, Score

Rule = Literal["squad", "squad2", "hotpotqa", "triviaqa"]

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_DELETED = str.maketrans("", "", string.punctuation)
_SPACED = str.maketrans(dict.fromkeys(string.punctuation + "‘’´`", " "))
_VERDICTS = frozenset({"yes", "no", "noanswer"})


class Overlap(NamedTuple):
    f1: float
    precision: float
    recall: float


_NOTHING = Overlap(0.0, 0.0, 0.0)
_BOTH_EMPTY = Overlap(1.0, 1.0, 1.0)


class TokenF1:
    def __init__(
        self,
        metric: Literal["f1", "em"] = "f1",
        rule: Rule = "squad",
        none: Sequence[str] = (),
        accepted: str | None = None,
    ) -> None:
        """`none`: replies that stand for the empty answer. `accepted` names a list in the sample's
        `meta` that is compared with in place of the target, where the sample has it.
        """
        self._metric = metric
        self.continuous = metric == "f1"
        self._rule = rule
        self._plain: Callable[[str], str] = spaced if rule == "triviaqa" else squeezed
        self._none = frozenset(self._plain(words) for words in none)
        self._accepted = accepted

    def score(self, sample: Sample, extracted: str) -> Score:
        found = self._plain(extracted)
        found = "" if found in self._none else found
        second = self._rule == "squad2" or (self._rule == "squad" and sample.meta.get("version") == "2.0")
        wanted = self._wanted(sample, second)
        exact = float(any(found == one for one in wanted))
        best = max((self._overlap(found, one, second) for one in wanted), key=lambda overlap: overlap.f1)
        value = exact if self._metric == "em" else best.f1
        reason = f"'{found:.40}' for '{wanted[0]:.40}': exact {exact:.0f}, F1 {best.f1:.2f}"
        return Score(value, reason, {"exact": exact, **best._asdict()}, continuous=self.continuous)

    def _wanted(self, sample: Sample, second: bool) -> list[str]:
        listed = sample.meta.get(self._accepted) if self._accepted is not None else None
        targets = listed or sample.target
        plain = [self._plain(str(one)) for one in (targets if isinstance(targets, list) else [targets])]
        if second:
            return [one for one in plain if one] or [""]
        if not plain:
            raise ValueError(f"sample '{sample.id}' has no answer to compare with")
        return plain

    def _overlap(self, found: str, wanted: str, second: bool) -> Overlap:
        if self._rule == "hotpotqa" and found != wanted and (found in _VERDICTS or wanted in _VERDICTS):
            return _NOTHING
        if second and not found and not wanted:
            return _BOTH_EMPTY
        return overlap(found.split(), wanted.split())


def overlap(found: Sequence[str], wanted: Sequence[str]) -> Overlap:
    """F1, precision and recall of two bags of words."""
    same = sum((Counter(found) & Counter(wanted)).values())
    if same == 0:
        return _NOTHING
    precision, recall = same / len(found), same / len(wanted)
    return Overlap((2 * precision * recall) / (precision + recall), precision, recall)


def squeezed(text: str) -> str:
    """As SQuAD and HotpotQA compare: lower case, no punctuation, no articles, single spaces."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_DELETED)).split())


def spaced(text: str) -> str:
    """As TriviaQA compares: the same, with a space for each punctuation mark."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_SPACED)).split())
