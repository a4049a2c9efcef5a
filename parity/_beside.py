"""What the newer comparisons share: rows laid out as files, our side of a sample, what differs, and the fixtures.

A reference is executed on rows and says, for each of them, what it asks and what it gives a reply: `Theirs`. Our
side reads the same rows from files, with the benchmark's own loader. Example:

    side = Side("gsm8k", {"gsm8k/test.jsonl": rows})
    tallies = compared(side, "simple-evals at ee3b031", [Theirs("simple-evals", 0, "Solve …", "Answer: 18", 1.0)])
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataHome
from bakeoff.core import prompts
from bakeoff.core.answers import follow
from bakeoff.core.protocols import Profile
from bakeoff.core.types import Sample, Score
from bakeoff.scorers import SCORERS
from parity.agreement import Agreement, digest, write_golden

Row = dict[str, Any]
SHOWN = 5
CLOSE = 1e-9
KEPT = 12  # right replies in a fixture, and as many wrong ones


@dataclass(frozen=True)
class Side:
    """What one benchmark reads: the data folder, or a path in it → its rows, or its lines where the file is text."""

    benchmark: str
    files: Mapping[str, Sequence[Row | str]] = field(default_factory=dict)
    split: str = "test"
    data: Path | None = None


@dataclass(frozen=True)
class Theirs:
    """What a reference asks in one place, and what it gives one reply; `stop` where it names its stops."""

    profile: str
    place: int
    prompt: str
    reply: str
    score: float
    stop: tuple[str, ...] | None = None


@dataclass
class Tally:
    """One profile beside one reference, reply by reply."""

    benchmark: str
    profile: str
    reference: str
    note: str = ""
    samples: int = 0
    prompts: int = 0
    scores: int = 0
    differences: list[str] = field(default_factory=list)

    def count(self, same_prompt: bool, same_score: bool, told: str) -> None:
        self.samples += 1
        self.prompts += same_prompt
        self.scores += same_score
        if not (same_prompt and same_score) and len(self.differences) < SHOWN:
            self.differences.append(told)

    def agreement(self) -> Agreement:
        told = tuple(self.differences)
        counts = (self.samples, self.prompts, self.scores)
        return Agreement(self.benchmark, self.profile, *counts, told, self.reference, self.note)


def lay_out(folder: Path, files: Mapping[str, Sequence[Row | str]]) -> None:
    """Write the files: JSON arrays, JSON lines, or lines of text, as their names say."""
    for name, rows in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".json":
            path.write_bytes(orjson.dumps(list(rows)))
        else:
            lines = (row.encode() if isinstance(row, str) else orjson.dumps(row) for row in rows)
            path.write_bytes(b"\n".join(lines) + b"\n")


def benchmark(name: str, folder: Path) -> FileBenchmark:
    found = BENCHMARKS.load(name)(DataHome(folder, folder / "no-cache", offline=True))
    assert isinstance(found, FileBenchmark)
    return found


def asked(ours: FileBenchmark, profile: Profile, sample: Sample) -> str:
    """The prompt that a profile prescribes for a sample."""
    assert profile.prompt is not None
    shots = profile.prompt.shots
    return prompts.context(profile.prompt, sample, ours.examples(profile.prompt, sample, shots) if shots else ())


def graded(profile: Profile, sample: Sample, reply: str) -> float:
    """As the runner does, from a server that stops where the profile says."""
    for stop in profile.prompt.stop if profile.prompt else ():
        reply = reply.split(stop, 1)[0]
    score = SCORERS.load(profile.scorer)(**profile.options).score(sample, follow(reply, profile.find).value)
    assert isinstance(score, Score)
    return score.value


def compared(side: Side, reference: str, theirs: Iterable[Theirs], note: str = "") -> list[Tally]:
    """Each prompt and each score of the reference beside ours, a tally for each profile."""
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder), side.files)
        ours = benchmark(side.benchmark, side.data or Path(folder))
        samples = list(ours.samples(side.split))
        for one in theirs:
            profile, sample = ours.profile(one.profile), samples[one.place]
            assert profile.prompt is not None
            same = asked(ours, profile, sample) == one.prompt
            same = same and one.stop in (None, profile.prompt.stop)
            score = graded(profile, sample, one.reply)
            told = f"{sample.id}, {one.reply!r:.80}: prompt equal {same}, ours {score:.4f}, theirs {one.score:.4f}"
            tally = tallies.setdefault(one.profile, Tally(side.benchmark, one.profile, reference, note))
            tally.count(same, abs(score - one.score) < CLOSE, told)
    return list(tallies.values())


def keep(name: str, side: Side, reference: str, theirs: Iterable[Theirs]) -> None:
    """A fixture of made-up rows: the rows, digests of the reference's prompts, replies, and its scores."""
    listed = list(theirs)
    random.Random(name).shuffle(listed)
    cases: list[Theirs] = []
    for profile in sorted({one.profile for one in listed}):
        own = [one for one in listed if one.profile == profile]
        cases += [one for one in own if one.score][:KEPT] + [one for one in own if not one.score][:KEPT]
    fixture = {
        "reference": reference,
        "benchmark": side.benchmark,
        "split": side.split,
        "files": dict(side.files),
        "cases": [
            {
                "profile": one.profile,
                "place": one.place,
                "prompt": digest(one.prompt),
                "reply": one.reply,
                "score": one.score,
            }
            for one in cases
        ],
    }
    write_golden(name, fixture)
