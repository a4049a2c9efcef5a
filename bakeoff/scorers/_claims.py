"""The claims of an answer: its sentences, each with the marks that it cites. Pure and bounded.

An answer of a few words is no statement; it becomes one together with its question. Example:

    claims("Who wrote Faust?", "Goethe.")     # [Claim('The answer to the question "Who wrote Faust?" is: Goethe.')]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST = 30
MOST_CHARS = 20_000
_FEW_WORDS = 4
_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"')\]]))\s+(?=[\"'(\[]?[A-Z0-9À-Þ])|\n+")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Prof|vs|etc|e\.g|i\.e|No|Jr|Sr|U\.S|approx|ca)\.$")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+")
_MARK = re.compile(r"\[([a-z2-7]{8,12}(?: ?[,;] ?[a-z2-7]{8,12}){0,20})\]")


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement that can follow from a text, or not; `cited`: the marks that stand in it."""

    text: str
    cited: tuple[str, ...] = ()


def claims(question: str, answer: str) -> list[Claim]:
    """At most 30 of them; none where the answer is empty."""
    found = [_claim(question, sentence) for sentence in sentences(answer[:MOST_CHARS])]
    return [claim for claim in found if claim is not None][:MOST]


def _claim(question: str, sentence: str) -> Claim | None:
    cited = tuple(mark.strip() for hit in _MARK.finditer(sentence) for mark in re.split("[,;]", hit[1]))
    text = " ".join(_MARK.sub("", sentence).split())
    if not re.search(r"\w", text):
        return None
    if question and len(text.split()) <= _FEW_WORDS:
        text = f'The answer to the question "{" ".join(question.split())}" is: {text}'
    return Claim(text, cited)


def sentences(text: str) -> list[str]:
    """Split after full stops that end a sentence, and at line breaks; a list's marks are left out."""
    pieces: list[str] = []
    for piece in _END.split(text):
        if pieces and _ABBREVIATION.search(pieces[-1][-12:]):
            pieces[-1] = f"{pieces[-1]} {piece}"
        elif piece.strip():
            pieces.append(piece)
    return [_BULLET.sub("", piece).strip() for piece in pieces]


def marks_of(found: Sequence[Claim]) -> list[str]:
    return list(dict.fromkeys(mark for claim in found for mark in claim.cited))
