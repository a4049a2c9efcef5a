"""What the benchmarks share: splits read from files, a pool of examples, a table of profiles.

A benchmark is a subclass with a table of files and one function from a row to a Sample:

    class Gsm8k(FileBenchmark):
        name = "gsm8k"
        files = {"test": DataFile(local=("gsm8k/test.jsonl",))}
        def sample(self, row: Row) -> Sample: …
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.resources import as_file, files
from itertools import islice
from pathlib import Path
from typing import ClassVar, Self

from bakeoff.benchmarks._files import DataFile, DataHome, Row, note, read_rows
from bakeoff.core.errors import DataInvalid, DataMissing, UnknownName
from bakeoff.core.protocols import Profile, Prompt, Source
from bakeoff.core.types import Sample

POOL_SIZE = 2000
LM_EVAL_SEED = 1234


class FileBenchmark:
    """A benchmark whose splits are files."""

    name: ClassVar[str]
    source: ClassVar[Source]
    files: ClassVar[Mapping[str, DataFile]]
    profiles: ClassVar[Mapping[str, Profile]]
    default_split: ClassVar[str] = "test"
    shots_split: ClassVar[str | None] = None
    drawn_split: ClassVar[str | None] = None  # where prescribed examples come from, if not from shots_split
    drawn_more: ClassVar[int] = 0  # lm-eval draws one more than it shows, where its task names no test split
    max_tokens: ClassVar[int] = 512
    form: ClassVar[str] = "answer"
    asks: ClassVar[str] = ""
    parts: ClassVar[Sequence[str]] = ()  # what can be asked alone, as `name:part`
    only: ClassVar[str | None] = None  # the part that this class is of

    @classmethod
    def of_part(cls, part: str) -> type[Self]:
        """The class of one part alone, with the samples, ids and prompts it has in the whole. Raises UnknownName."""
        if part not in cls.parts:
            known = [f"{cls.name}:{known}" for known in cls.parts]
            raise UnknownName("benchmark", f"{cls.name}:{part}", known, see=f"docs/benchmarks/{cls.name}.md")
        return type(f"{cls.__name__}_{part}", (cls,), {"only": part, **cls.fields_of_part(part)})

    @classmethod
    def fields_of_part(cls, part: str) -> dict[str, object]:
        """What the class of a part has otherwise than the whole, beside `only`."""
        return {}

    def __init__(self, home: DataHome) -> None:
        self._home = home
        self._drawn: dict[int, tuple[random.Random, list[list[int]]]] = {}

    def sample(self, row: Row) -> Sample:
        """One row of the file as a sample. Raises DataInvalid through `row`."""
        raise TypeError(f"{type(self).__name__} defines no sample()")

    def samples(self, split: str) -> Iterator[Sample]:
        if split not in self.files:
            raise UnknownName("split", split, self.files, see=f"docs/benchmarks/{self.name}.md")
        path = self._home.find(self.name, self.files[split])
        for position, row in enumerate(self.rows(path)):
            try:
                sample = self.sample(row)
            except DataInvalid as fault:
                note(fault)
                continue
            object.__setattr__(sample, "position", position)  # new and ours alone: a copy costs as much as reading
            yield sample

    def rows(self, path: Path) -> Iterator[Row]:
        """The rows of a file; overridden where a file's layout needs more than its ending says."""
        return read_rows(path)

    @cached_property
    def _pool(self) -> Sequence[Sample]:
        if self.shots_split is None:
            return ()
        return tuple(islice(self.samples(self.shots_split), POOL_SIZE))

    def shot_pool(self) -> Sequence[Sample]:
        return self._pool

    def examples(self, prompt: Prompt, sample: Sample, count: int) -> Sequence[Sample]:
        pool = self._all_examples
        if len(pool) < count + (self.drawn_more if prompt.draw == "sequence" else 0):
            split = self.drawn_split or self.shots_split
            raise DataMissing(
                f"profile prompt of '{self.name}' wants {count} examples and there are {len(pool)}",
                f"set BAKEOFF_DATA to a folder with the split '{split}', or ask for fewer: few_shot:N",
            )
        if prompt.draw == "first":
            return pool[:count]
        return [pool[place] for place in self._sequence(count, sample.position)]

    @cached_property
    def _all_examples(self) -> Sequence[Sample]:
        split = self.drawn_split or self.shots_split
        return tuple(self.samples(split)) if split is not None else ()

    def _sequence(self, count: int, position: int) -> list[int]:
        """Which examples the item at a position is shown by lm-eval: draw number `position` of one generator."""
        generator, drawn = self._drawn.setdefault(count, (random.Random(LM_EVAL_SEED), []))
        while len(drawn) <= position:
            drawn.append(generator.sample(range(len(self._all_examples)), count + self.drawn_more)[:count])
        return drawn[position]

    def instruction(self) -> str:
        return self.asks

    def answer_form(self) -> str:
        return self.form

    def profile(self, name: str) -> Profile:
        if name not in self.profiles:
            raise UnknownName("profile", name, self.profiles, see=f"docs/benchmarks/{self.name}.md")
        return self.profiles[name]


class Suite(FileBenchmark):
    """A suite written for Bakeoff and shipped with it.

    Every twelfth item is kept out of the evaluated split ("test") and serves as an example
    ("shots"), so that few-shot prompts never show what is asked elsewhere.
    """

    files = {"test": DataFile(local=()), "shots": DataFile(local=())}
    shots_split = "shots"

    def samples(self, split: str) -> Iterator[Sample]:
        if split not in self.files:
            raise UnknownName("split", split, self.files, see=f"docs/benchmarks/{self.name}.md")
        with as_file(files("bakeoff.benchmarks") / "suites" / f"{self.name}.jsonl") as path:
            for row in read_rows(path):
                if (row.line % 12 == 0) == (split == "shots"):
                    yield self.sample(row)


def suite_source(revision: str) -> Source:
    return Source("https://github.com/bakeoff-dev/bakeoff", "Apache-2.0", revision)
