"""Law 3 through the command line: the same spec asks the same, however it is executed."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bakeoff.cli.main import main
from tests.conftest import DataFolder

SAMPLES = 60
METHODS = 3
REPEATS = 2
TRIALS = SAMPLES * METHODS * REPEATS
Place = tuple[str, str, int]
Asked = dict[Place, tuple[str, str]]
SPEC = ("--models", "openai_compatible/stub", "--benchmarks", "gsm8k", "--methods", "naive,cot,few_shot:3")
DRAWN = ("--seed", "7", "--repeats", str(REPEATS), "--temperature", "0.7")  # so that seeds are sent too


def bakeoff(*args: str | Path) -> int:
    """Run a command in this process; its exit code."""
    with pytest.raises(SystemExit) as done:
        main([str(arg) for arg in args])
    return int(done.value.code or 0)


@dataclass
class Bench:
    """A stub, a data folder and a store for each execution."""

    url: str
    folder: Path

    def run(self, name: str, *more: str) -> None:
        command = ("run", *SPEC, *DRAWN, "--base-url", f"{self.url}/v1", "--name", "same", *self.store(name), "--quiet")
        assert bakeoff(*command, *more) == 0

    def resume(self, name: str, *more: str) -> None:
        assert bakeoff("resume", "same", *self.store(name), "--quiet", *more) == 0

    def store(self, name: str) -> tuple[str, str]:
        return ("--store", f"sqlite:///{self.folder}/{name}.db")

    def asked(self, name: str) -> Asked:
        """Prompt and content key of every trial."""
        path = self.folder / f"{name}.jsonl"
        assert bakeoff("export", "same", *self.store(name), "--output", path) == 0
        trials = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert all(trial["prompt"] and trial["content_key"] for trial in trials)
        found = {
            (trial["method"], trial["sample_id"], trial["repeat"]): (trial["prompt"], trial["content_key"])
            for trial in trials
        }
        assert len(found) == len(trials)
        return found

    def seen(self) -> tuple[int, int]:
        """Calls that the stub saw, and how many different bodies they had."""
        with urllib.request.urlopen(f"{self.url}/stats") as reply:
            stats = json.load(reply)
        return stats["n"], stats["distinct"]


@pytest.fixture
def bench(stub: str, gsm8k_folder: DataFolder, tmp_path: Path) -> Bench:
    gsm8k_folder(SAMPLES)
    return Bench(stub, tmp_path)


@pytest.fixture
def plain(bench: Bench) -> Asked:
    """What is asked with one call at a time."""
    bench.run("plain", "--concurrency", "1")
    found = bench.asked("plain")
    assert len(found) == TRIALS
    assert bench.seen() == (TRIALS, TRIALS)
    return found


def interrupted(bench: Bench, concurrency: tuple[str, ...]) -> None:
    """Executed in pieces, each with another number of calls in flight."""
    first, *others = concurrency
    bench.run("pieces", "--budget-calls", str(TRIALS // len(concurrency)), "--concurrency", first)
    for number in others[:-1]:
        bench.resume("pieces", "--budget-calls", str(TRIALS // len(concurrency)), "--concurrency", number)
    assert len(bench.asked("pieces")) < TRIALS
    bench.resume("pieces", "--concurrency", others[-1])


EXECUTIONS: dict[str, Callable[[Bench], None]] = {
    "four": lambda bench: bench.run("four", "--concurrency", "4"),
    "many": lambda bench: bench.run("many", "--concurrency", "64"),
    "pieces": lambda bench: interrupted(bench, ("64", "3", "17")),
}


@pytest.mark.parametrize("name", EXECUTIONS)
def test_the_same_prompts_and_keys_however_it_is_executed(name: str, bench: Bench, plain: Asked) -> None:
    EXECUTIONS[name](bench)
    assert bench.asked(name) == plain
    assert bench.seen() == (2 * TRIALS, TRIALS)  # byte for byte, as the endpoint saw it


def test_a_limit_asks_a_part_of_it_in_the_same_words(bench: Bench, plain: Asked) -> None:
    smaller: set[Place] = set()
    for limit in (7, 20):
        bench.run(f"limit-{limit}", "--limit", str(limit), "--concurrency", "16")
        found = bench.asked(f"limit-{limit}")
        assert len(found) == limit * METHODS * REPEATS
        assert found.items() <= plain.items()
        assert smaller < set(found)
        smaller = set(found)
    assert bench.seen()[1] == TRIALS


def test_few_shot_shows_each_sample_examples_of_its_own(plain: Asked) -> None:
    prompts = {place: prompt for place, (prompt, _) in plain.items() if place[0] == "few_shot:3"}
    shown = {prompt.rpartition("\n\nQuestion:")[0] for prompt in prompts.values()}
    assert len(shown) > SAMPLES / 2
    assert all("train case" in prompt and prompt.count("Question:") == 4 for prompt in prompts.values())
    repeats = {(method, sample) for method, sample, _ in prompts}
    assert all(prompts[method, sample, 0] == prompts[method, sample, 1] for method, sample in repeats)


def test_another_seed_asks_otherwise(bench: Bench, plain: Asked) -> None:
    bench.run("other", "--seed", "8", "--limit", "20", "--concurrency", "16")
    found = bench.asked("other")
    assert not set(plain.values()) & set(found.values())  # other sampling seeds: other keys
    few = [place for place in found if place[0] == "few_shot:3"]
    assert any(found[place][0] != plain[place][0] for place in few)
