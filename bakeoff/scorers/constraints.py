"""Check that a text fulfils every constraint its instruction states.

The kinds and how they count are in the table CHECKS; a reply is right when all hold. Licence:
ours. Printed example: {"kind": "words_between", "low": 20, "high": 40} on 12 words →
incorrect, "words_between: 12 words".
"""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson

from bakeoff.core.types import Json, Sample, Score

Check = dict[str, Json]
_FENCED = re.compile(r"\A```[a-zA-Z]*[ \t\r]*\n(.*)\n[ \t]*```\Z", re.DOTALL)


class Constraints:
    continuous = False

    def score(self, sample: Sample, extracted: str) -> Score:
        checks = sample.target if isinstance(sample.target, list) else []
        if not checks:
            raise ValueError(f"sample '{sample.id}' has no checks")
        text = extracted.strip()
        failed = [kind for kind, held in (_run(check, text) for check in checks) if not held]
        parts = {"held": float(len(checks) - len(failed)), "checks": float(len(checks))}
        reason = f"fails {', '.join(failed)}" if failed else f"all {len(checks)} checks hold"
        return Score(float(not failed), reason, parts)


def _run(check: Json, text: str) -> tuple[str, bool]:
    if not isinstance(check, dict) or check.get("kind") not in CHECKS:
        raise ValueError(f"unknown check {check!r:.60}")
    kind = str(check["kind"])
    return kind, CHECKS[kind](text, check)


def sentences(text: str) -> int:
    return len(re.findall(r"(?<![.!?])[.!?]+[\"'”’)]*(?=\s|\Z)", text))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _between(count: int, check: Check) -> bool:
    low, high = check.get("low"), check.get("high")
    return isinstance(low, int) and isinstance(high, int) and low <= count <= high


def _times(text: str, word: Json) -> int:
    return len(re.findall(rf"(?<!\w){re.escape(str(word).lower())}(?!\w)", text.lower()))


def _numbered(text: str, count: Json) -> bool:
    found = [int(hit) for hit in re.findall(r"(?m)^[ \t]*(\d{1,3})\.\s", text)]
    return isinstance(count, int) and found == list(range(1, count + 1))


def _bullets(text: str) -> int:
    return sum(1 for line in _lines(text) if line.startswith(("- ", "* ")))


def _paragraphs(text: str) -> int:
    return len([block for block in re.split(r"\n[ \t]*\n", text) if block.strip()])


def _listed(check: Check, field: str) -> list[str]:
    values = check.get(field)
    return [str(value) for value in values] if isinstance(values, list) else []


def _json_keys(text: str, keys: list[str]) -> bool:
    fenced = _FENCED.match(text)
    try:
        value = orjson.loads(fenced.group(1) if fenced else text)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and set(value) == set(keys)


def _ends_with(text: str, ending: str) -> bool:
    noise = " \t\n.!?\"'”’"
    return text.rstrip(noise).lower().endswith(ending.rstrip(noise).lower())


def _longest(text: str) -> int:
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text)
    return max((len(word) for word in words), default=0)


CHECKS: dict[str, Callable[[str, Check], bool]] = {
    "words_between": lambda text, check: _between(len(text.split()), check),
    "sentences_between": lambda text, check: _between(sentences(text), check),
    "lines_between": lambda text, check: _between(len(_lines(text)), check),
    "paragraphs": lambda text, check: _paragraphs(text) == check.get("count"),
    "contains": lambda text, check: _times(text, check.get("text")) > 0,
    "excludes": lambda text, check: bool(text) and _times(text, check.get("text")) == 0,
    "contains_all": lambda text, check: all(_times(text, w) > 0 for w in _listed(check, "texts")),
    "contains_at_least": lambda text, check: (
        isinstance(times := check.get("times"), int) and _times(text, check.get("text")) >= times
    ),
    "starts_with": lambda text, check: text.lower().startswith(str(check.get("text")).lower()),
    "ends_with": lambda text, check: _ends_with(text, str(check.get("text"))),
    "all_lowercase": lambda text, _: bool(text) and text == text.lower(),
    "all_uppercase": lambda text, _: bool(text) and text == text.upper(),
    "no_commas": lambda text, _: bool(text) and "," not in text,
    "bullets": lambda text, check: _bullets(text) == check.get("count"),
    "numbered": lambda text, check: _numbered(text, check.get("count")),
    "has_title": lambda text, _: bool(re.match(r"<<[^<>\n]+>>[ \t]*(?:\n|\Z)", text)),
    "json_keys": lambda text, check: _json_keys(text, _listed(check, "keys")),
    "quoted": lambda text, _: len(text) > 2 and text[0] == '"' == text[-1],
    "max_word_length": lambda text, check: (
        isinstance(most := check.get("letters"), int) and bool(text) and _longest(text) <= most
    ),
}
