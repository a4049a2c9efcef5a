"""A benchmark of one's own: a class with samples, the words of the prompt and a grading profile.

In a package of yours it is found by its name after these lines of pyproject.toml and `pip install`:

    [project.entry-points."bakeoff.benchmarks"]
    capitals = "my_package.capitals:Capitals"

    bakeoff run --models fake/a --benchmarks capitals

Here `installed` stands in for pip, so that the file runs alone: python examples/02_own_benchmark.py
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bakeoff.cli.main import main
from bakeoff.core.errors import UnknownName
from bakeoff.core.protocols import Profile, Source
from bakeoff.core.types import Sample

CAPITALS = {"Chile": ["Santiago"], "Mongolia": ["Ulaanbaatar", "Ulan Bator"], "Latvia": ["Riga"], "Oman": ["Muscat"]}


class Capitals:
    """Four capitals. A benchmark is any class with these names; the argument is where data may lie."""

    name = "capitals"
    source = Source("https://example.org/capitals", "CC0-1.0", "1")
    default_split = "test"
    max_tokens = 32

    def __init__(self, home: object) -> None:
        del home  # nothing is read from a file

    def samples(self, split: str) -> Iterator[Sample]:
        if split != "test":
            raise UnknownName("split", split, ["test"], see="examples/02_own_benchmark.py")
        for country, names in CAPITALS.items():
            yield Sample(country, f"What is the capital of {country}?", [*names], names[0])

    def shot_pool(self) -> Sequence[Sample]:
        return (Sample("shot", "What is the capital of Peru?", ["Lima"], "Lima"),)

    def instruction(self) -> str:
        return "Answer with the name of the city."

    def answer_form(self) -> str:
        return "city"

    def profile(self, name: str) -> Profile:
        if name != "bakeoff":
            raise UnknownName("profile", name, ["bakeoff"], see="examples/02_own_benchmark.py")
        return Profile("bakeoff", answer="text", scorer="alias")


def installed(folder: Path) -> None:
    """Leave behind what `pip install` would: the entry point."""
    info = folder / "capitals-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: capitals\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[bakeoff.benchmarks]\ncapitals = {__name__}:Capitals\n")
    sys.path.append(str(folder))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        installed(Path(folder))
        main(["run", "--models", "fake/a", "--benchmarks", "capitals", "--methods", "naive,few_shot:1"])
