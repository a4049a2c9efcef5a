"""Check that a reply fulfils the instructions of an IFEval prompt, strictly and loosely.

The 25 checks are in `_ifeval_reference.py`, ours where they differ in `_ifeval_own.py`. After
google-research's instruction_following_eval (https://github.com/google-research/google-research,
Apache-2.0; Zhou et al. 2023). A check is fulfilled loosely when one of eight texts fulfils it: the reply,
without its first line, its last, or both, each also without asterisks. Printed example: "Sure!\\n\\nno
capitals here" → change_case:english_lowercase fails strictly and holds loosely.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from bakeoff.core.types import Json, Sample, Score
from bakeoff.scorers._ifeval_own import OWN
from bakeoff.scorers._ifeval_reference import REFERENCE

Metric = Literal["prompt_strict", "prompt_loose", "inst_strict", "inst_loose"]
MAX_CHARS = 100_000


class IfEval:
    def __init__(self, metric: Metric = "prompt_strict", checks: Literal["reference", "own"] = "reference") -> None:
        """`metric` is the score, the other three are in its parts; those by instruction are shares."""
        self._metric: Metric = metric
        self.continuous = metric.startswith("inst_")
        self._checks = OWN if checks == "own" else REFERENCE

    def score(self, sample: Sample, extracted: str) -> Score:
        """The target is a list of {"id", "arguments"}. Parts count what sums up over samples."""
        wanted = [_instruction(item, sample.id) for item in _listed(sample)]
        text = extracted[:MAX_CHARS]
        strict = [self._fulfils(text, *instruction) for instruction in wanted]
        loose = [
            held or any(self._fulfils(other, *instruction) for other in variants(text))
            for held, instruction in zip(strict, wanted, strict=True)
        ]
        parts = {
            "prompt_strict": float(all(strict)),
            "prompt_loose": float(all(loose)),
            "followed_strict": float(sum(strict)),
            "followed_loose": float(sum(loose)),
            "instructions": float(len(wanted)),
        }
        shares = {"inst_strict": sum(strict) / len(wanted), "inst_loose": sum(loose) / len(wanted)}
        value = {**parts, **shares}[self._metric]
        return Score(value, _told(wanted, strict, loose), parts, continuous=self.continuous)

    def _fulfils(self, text: str, name: str, arguments: Mapping[str, Json]) -> bool:
        check = self._checks.get(name)
        if check is None:
            raise ValueError(f"there is no check '{name}'")
        return bool(text.strip()) and check(text, arguments)


def variants(text: str) -> Iterator[str]:
    """The seven other texts of the loose check, in the order of the reference."""
    lines = text.split("\n")
    shorter = ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
    yield text.replace("*", "")
    yield from shorter
    yield from (part.replace("*", "") for part in shorter)


def _listed(sample: Sample) -> list[Json]:
    if not isinstance(sample.target, list) or not sample.target:
        raise ValueError(f"sample '{sample.id}' has no instructions")
    return sample.target


def _instruction(item: Json, sample: str) -> tuple[str, Mapping[str, Json]]:
    name, arguments = (item.get("id"), item.get("arguments")) if isinstance(item, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise ValueError(f"sample '{sample}' has an instruction that is none: {item!r:.60}")
    return name, arguments


def _told(wanted: list[tuple[str, Mapping[str, Json]]], strict: list[bool], loose: list[bool]) -> str:
    failed = [
        name + (" (but loosely held)" if mild else "")
        for (name, _), held, mild in zip(wanted, strict, loose, strict=True)
        if not held
    ]
    return f"fails {', '.join(failed)}" if failed else f"all {len(wanted)} instructions held"
