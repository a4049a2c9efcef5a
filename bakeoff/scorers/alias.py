"""Compare a short answer with a list of accepted ones.

Both sides are normalised as TriviaQA's own script does (lower case, underscores and punctuation
to spaces, articles dropped: https://github.com/mandarjoshi90/triviaqa, Apache-2.0). Right when
they are equal, or when the reply's first sentence names an accepted answer as whole words and does not
deny it: chat models answer in sentences. A "yes" or "no" is right where the reply says that one, or says
it first. Where nothing is accepted, a reply that finds no answer is right. Printed example: "It's the
Indian Ocean." is right for "Indian Ocean", "Not the Indian but the Atlantic" is not.
"""

from __future__ import annotations

import re
import string

from bakeoff.core.types import Sample, Score

_TO_SPACE = str.maketrans(dict.fromkeys(string.punctuation + "‘’´`_“”–—", " "))
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_SENTENCE = re.compile(r"(?<=[a-z0-9)\"][.!?])\s+(?=[A-Z])")
# Denied: "not Paris", "isn't in Paris", "I don't think that it is Paris", "rather than Paris". What stands
# between may only be small words: "not far from Paris" and "not only Paris" name it all the same.
_SMALL = r"(?:in|on|at|by|be|to|it|he|she|is|was|that|think|believe|called|named|really|actually|necessarily)"
_DENIED = re.compile(
    rf"\b(?:not|never|nor|neither|cannot|\w{{2,6}}n t|(?:rather|other) than|instead of|unlike)(?: {_SMALL}){{0,4}} \Z"
)
_DENIED_AFTER = re.compile(r"\A (?:is|was|are|were)(?: not| n t|n t) (?:it\b|correct|right|(?:correct |right )?answer)")
_BEFORE = 80
_NO_ANSWER = re.compile(
    r"\b(?:unanswerable|noanswer|no answer|not answerable|(?:cannot|can t|can not) be (?:answered|determined)"
    r"|not (?:stated|mentioned|given|provided|specified|enough information)"
    r"|does(?: not|n t) (?:say|state|mention|give|provide|specify|contain|answer))\b"
)
_VERDICTS = ("yes", "no")


class Alias:
    continuous = False

    def score(self, sample: Sample, extracted: str) -> Score:
        targets = sample.target if isinstance(sample.target, list) else [sample.target]
        accepted = {normalise(str(target)) or _bare(str(target)): str(target) for target in targets}
        accepted.pop("", None)
        whole = normalise(extracted) or _bare(extracted)
        if whole in accepted:
            return Score(1.0, f"equals '{accepted[whole]}'", {"exact": 1.0})
        first = f" {normalise(_SENTENCE.split(extracted, maxsplit=1)[0])} "
        if not accepted:
            found_none = _NO_ANSWER.search(first) is not None
            return Score(float(found_none), "finds no answer" if found_none else "answers", {"exact": 0.0})
        for plain, target in accepted.items():
            if _says(first, plain) if plain in _VERDICTS else _names(first, plain):
                return Score(1.0, f"names '{target}'", {"exact": 0.0})
        return Score(0.0, f"names none of {len(accepted)} accepted answers", {"exact": 0.0})


def _names(sentence: str, plain: str) -> bool:
    """Whether the words stand in the sentence, once at least without being denied."""
    place = sentence.find(f" {plain} ")
    while place >= 0:
        before, after = sentence[max(0, place - _BEFORE) : place + 1], sentence[place + len(plain) + 1 :]
        if not _DENIED.search(before) and not _DENIED_AFTER.match(after[:_BEFORE]):
            return True
        place = sentence.find(f" {plain} ", place + 1)
    return False


def _says(sentence: str, verdict: str) -> bool:
    words = sentence.split()
    said = [word for word in words if word in _VERDICTS]
    return bool(said) and (set(said) == {verdict} or words[0] == verdict)


def _bare(text: str) -> str:
    """For a text that is articles or punctuation alone ("The The"): itself, in lower case."""
    return " ".join(text.lower().split()) if any(letter.isalnum() for letter in text) else text.strip()


def normalise(text: str) -> str:
    """Lower case, punctuation to spaces, articles dropped, single spaces."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_TO_SPACE)).split())
