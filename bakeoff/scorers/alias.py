"""Compare a short answer with a list of accepted ones.

Both sides are normalised as TriviaQA's own script does (lower case, underscores and punctuation
to spaces, articles dropped: https://github.com/mandarjoshi90/triviaqa, Apache-2.0). Right when
they are equal, or when the reply's first sentence names an accepted answer as whole words: chat
models answer in sentences. Printed example: "It's the Indian Ocean." is right for "Indian Ocean".
"""

from __future__ import annotations

import re
import string

from bakeoff.core.types import Sample, Score

_TO_SPACE = str.maketrans(dict.fromkeys(string.punctuation + "‘’´`_“”–—", " "))
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_SENTENCE = re.compile(r"(?<=[a-z0-9)\"][.!?])\s+(?=[A-Z])")


class Alias:
    def score(self, sample: Sample, extracted: str) -> Score:
        targets = sample.target if isinstance(sample.target, list) else [sample.target]
        accepted = {normalise(str(target)): str(target) for target in targets}
        accepted.pop("", None)
        whole = normalise(extracted)
        if whole in accepted:
            return Score(1.0, f"equals '{accepted[whole]}'", {"exact": 1.0})
        first = f" {normalise(_SENTENCE.split(extracted, maxsplit=1)[0])} "
        for plain, target in accepted.items():
            if f" {plain} " in first:
                return Score(1.0, f"names '{target}'", {"exact": 0.0})
        return Score(0.0, f"names none of {len(accepted)} accepted answers", {"exact": 0.0})


def normalise(text: str) -> str:
    """Lower case, punctuation to spaces, articles dropped, single spaces."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_TO_SPACE)).split())
