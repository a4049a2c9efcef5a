"""Grade an answer together with the sentences it rests on, by the rule of HotpotQA.

Supporting facts are a set of (title, sentence): exact match, F1, precision and recall of it (`sp_…`);
`joint_…` is the product of the answer's and the facts' exact match, precisions and recalls. Re-stated
from hotpot_evaluate_v1.py (https://github.com/hotpotqa/hotpot, Apache-2.0). A reply names the facts in
a line "Facts: 2.1, 5.3" (paragraph and sentence, counted from 1, as the question shows them), or is the
JSON object that the script reads: {"answer": "Delhi", "sp": [["Oberoi family", 0]]}.

Printed example: the right answer with one of two facts has joint F1 2/3.
"""

from __future__ import annotations

import re
from typing import Literal

import orjson

from bakeoff.core.answers import MAX_CHARS, extract
from bakeoff.core.types import Json, Sample, Score
from bakeoff.scorers.token_f1 import TokenF1

_LINE = re.compile(r"(?im)^\W{0,3}(?:supporting )?facts?\W{0,3}:(.*)$")
_LABEL = re.compile(r"(?<![\d.])(\d{1,3})\.(\d{1,3})(?![\d.]\d)")
_MOST_FACTS = 1000
Fact = tuple[str, int]
Metric = Literal["joint_f1", "joint_em", "sp_f1", "sp_em"]


class SupportingFacts:
    def __init__(self, metric: Metric = "joint_f1") -> None:
        self._metric = metric
        self.continuous = metric.endswith("f1")
        self._answer = TokenF1(rule="hotpotqa")

    def score(self, sample: Sample, extracted: str) -> Score:
        wanted = _wanted(sample)
        answer, named = read(extracted, _titles(sample))
        parts = dict(self._answer.score(sample, answer).parts)
        parts |= _facts_parts(named, wanted)
        precision, recall = parts["precision"] * parts["sp_precision"], parts["recall"] * parts["sp_recall"]
        parts["joint_em"] = parts["exact"] * parts["sp_em"]
        parts["joint_f1"] = _harmonic(precision, recall)
        right = len(named & wanted)
        reason = f"'{answer:.40}', {right} of {len(wanted)} facts, {len(named - wanted)} others"
        value = parts[self._metric]
        return Score(value, reason, parts, continuous=self.continuous, chosen=answer[:200])


def _wanted(sample: Sample) -> set[Fact]:
    listed: Json = sample.meta.get("facts")
    if not isinstance(listed, list):
        raise ValueError(f"sample '{sample.id}' has no supporting facts: take split 'distractor'")
    return {(str(fact[0]), int(str(fact[1]))) for fact in listed if isinstance(fact, list) and len(fact) == 2}


def _titles(sample: Sample) -> list[str]:
    listed: Json = sample.meta.get("titles")
    return [str(title) for title in listed] if isinstance(listed, list) else []


def read(reply: str, titles: list[str]) -> tuple[str, set[Fact]]:
    """The answer of a reply and the facts it names; a paragraph that does not exist is a fact that is wrong."""
    reply = reply[:MAX_CHARS]
    told = _object(reply)
    if told is not None:
        return told
    lines = list(_LINE.finditer(reply))
    facts = set()
    for paragraph, sentence in _LABEL.findall(lines[-1][1])[:_MOST_FACTS] if lines else ():
        place = int(paragraph) - 1
        title = titles[place] if 0 <= place < len(titles) else f"paragraph {paragraph}"
        facts.add((title, int(sentence) - 1))
    found = extract(_LINE.sub("", reply), "text", reasoned=False)
    return found.value if found else "", facts


def _object(reply: str) -> tuple[str, set[Fact]] | None:
    if not reply.lstrip().startswith("{"):
        return None
    try:
        told: Json = orjson.loads(reply)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict) or "answer" not in told:
        return None
    listed = told.get("sp")
    facts: set[Fact] = set()
    for fact in listed[:_MOST_FACTS] if isinstance(listed, list) else ():
        if isinstance(fact, list) and len(fact) == 2 and isinstance(fact[1], int):
            facts.add((str(fact[0]), fact[1]))
    return str(told["answer"]), facts


def _facts_parts(named: set[Fact], wanted: set[Fact]) -> dict[str, float]:
    right = len(named & wanted)
    precision = right / len(named) if named else 0.0
    recall = right / len(wanted) if wanted else 0.0
    return {
        "sp_em": float(named == wanted),
        "sp_f1": _harmonic(precision, recall),
        "sp_precision": precision,
        "sp_recall": recall,
    }


def _harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0
