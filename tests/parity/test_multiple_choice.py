"""Multiple choice as lm-eval asked and graded it: the fixtures that `python -m parity multiple_choice --write` made."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataHome
from bakeoff.core import prompts
from bakeoff.core.protocols import Prompt
from bakeoff.core.types import Sample
from bakeoff.scorers.likelihood import Likelihood

GOLDEN = Path(__file__).parent / "golden"
NAMES = (
    "arc_challenge",
    "arc_easy",
    "boolq",
    "commonsenseqa",
    "hellaswag",
    "mmlu",
    "openbookqa",
    "sst2",
    "truthfulqa",
    "winogrande",
)


@pytest.mark.parametrize("name", NAMES)
def test_prompts_and_scores_are_those_of_the_reference(name: str, real_data: Path) -> None:
    found = BENCHMARKS.load(name)(DataHome(real_data, Path("no-cache"), offline=True))
    assert isinstance(found, FileBenchmark)
    fixture = orjson.loads((GOLDEN / f"{name}.json").read_bytes())
    checked = 0
    for case in fixture["cases"]:
        samples = list(found.samples(case["split"]))
        if case["shots"] and name != "mmlu":  # as there: the second half stands for the train split
            found.__dict__["_all_examples"] = tuple(samples[len(samples) // 2 :])
        for item in case["items"]:
            check(found, case, item, samples[item["position"]])
            checked += 1
    assert checked >= 40


def check(benchmark: FileBenchmark, case: dict[str, Any], item: dict[str, Any], sample: Sample) -> None:
    assert sample.id == item["id"]
    profile = benchmark.profile(case["profile"])
    prompt = profile.prompt or Prompt("")
    examples = benchmark.examples(prompt, sample, case["shots"]) if case["shots"] else ()
    pairs = prompts.continuations(prompt, sample, examples)
    assert hashed(before for before, _ in pairs) == item["prompt"]
    assert hashed(after for _, after in pairs) == item["continuations"]
    scored = [(after, value, 1) for (_, after), value in zip(pairs, item["logprobs"], strict=True)]
    scorer = Likelihood(**profile.options)  # type: ignore[arg-type]
    assert scorer.score(sample, orjson.dumps(scored).decode()).value == pytest.approx(item["score"], abs=1e-9)


def hashed(texts: Any) -> str:
    return sha256("\0".join(texts).encode()).hexdigest()
