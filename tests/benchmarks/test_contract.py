"""What every registered benchmark keeps, whoever wrote it: a new one is covered by standing in the table.

With data (shipped, or in the folder that BAKEOFF_TEST_DATA names) the first 200 rows are looked at, all of them with
BAKEOFF_TEST_WHOLE=1: ids, labels, prompts, and that its own reference is right under the profiles `bakeoff` and
`official` by the real grade().
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import cast

import pytest

from bakeoff.app import wiring
from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._base import FileBenchmark, Suite
from bakeoff.benchmarks._files import DataFile, DataHome
from bakeoff.core import prompts
from bakeoff.core.errors import DataMissing, MissingExtra
from bakeoff.core.protocols import Benchmark, Profile
from bakeoff.core.specs import ExperimentSpec, MethodSpec
from bakeoff.core.types import Answer, Completion, Outcome, Sample, Trial
from bakeoff.runner.draw import LONGEST_ID
from bakeoff.runner.grade import grade, start_trial
from bakeoff.scorers import SCORERS
from tests.conftest import REAL_DATA, missing

OURS = sorted(name for name, target in BENCHMARKS.targets().items() if target.startswith("bakeoff."))
WHOLE = bool(os.environ.get("BAKEOFF_TEST_WHOLE"))  # minutes: every sample of every set
MOST = None if WHOLE else 200
MOST_PROGRAMS = None if WHOLE else 12  # each starts a sandbox
NEVER_RIGHT = {  # ids whose own answer fails, by benchmark and profile
    # A request is to be repeated that holds a comma or a word which the reply may not hold.
    ("ifeval", "bakeoff"): {"1627", "3369", "3371", "3718", "374"},
    # langdetect takes "THE QUIET RIVER." for another language; more words are not allowed.
    ("ifeval", "official"): {"1627", "3369", "3371", "3718", "374", "1813"},
    # "The The" and "!!!" are empty once normalised, and the official F1 of nothing is 0.
    ("hotpotqa", "official"): {"cf0dedc1ea05f69f", "986c9d140c1ee152"},
    ("mbpp", "official"): {"123"},  # one of its tests takes about as long as the three seconds it is given
}
LICENCE = re.compile(
    r"(?i)licen[cs]e|\bMIT\b|Apache|\bCC[ -](?:BY|0)|BSD|public domain|not stated|none stated|research"
)


def _program(text: str) -> str:
    return text.partition("```python\n")[2].removesuffix("\n```")


# How a right answer is written where the official rules want another form than ours.
OFFICIALLY: dict[str, Callable[[Sample], str]] = {
    "bbh": lambda sample: f"So the answer is {sample.target}.",
    "gsm8k": lambda sample: f"#### {sample.target}",
    "humaneval": lambda sample: _program(sample.reference).removeprefix(_program(sample.question)),
    "math500": lambda sample: f"\\boxed{{{sample.target}}}",
    "mbpp": lambda sample: _program(sample.reference),
}


def benchmark(name: str) -> FileBenchmark:
    found = BENCHMARKS.load(name)(DataHome(Path(REAL_DATA) if REAL_DATA else None, Path("nowhere"), offline=True))
    assert isinstance(found, FileBenchmark)
    return found


@cache
def rows(name: str) -> tuple[Sample, ...] | str:
    """The first samples of the default split, or why there are none."""
    asked = benchmark(name)
    try:
        return tuple(islice(asked.samples(asked.default_split), MOST))
    except (DataMissing, MissingExtra) as error:
        return str(error)


def samples(name: str) -> tuple[Sample, ...]:
    found = rows(name)
    if isinstance(found, str):
        pytest.skip(found)  # even where everything is required: the files can't be installed
    return found


PROFILES = [(name, profile) for name in OURS for profile in BENCHMARKS.load(name).profiles]  # type: ignore[attr-defined]
each = pytest.mark.parametrize("name", OURS)
each_profile = pytest.mark.parametrize(("name", "profile"), PROFILES, ids=[f"{n}-{p}" for n, p in PROFILES])


@each
def test_says_what_it_is_where_it_comes_from_and_on_what_terms(name: str) -> None:
    text = importlib.import_module(BENCHMARKS.targets()[name].partition(":")[0]).__doc__ or ""
    first = text.split("\n\n")[0]
    assert first.endswith(".") and len(first) > 20
    if not issubclass(BENCHMARKS.load(name), Suite):
        assert "https://" in text, "name the source"
        assert LICENCE.search(text), "name the licence"


@each
def test_the_table_of_files_is_whole(name: str) -> None:
    asked = benchmark(name)
    assert asked.name == name
    assert asked.default_split in asked.files
    assert asked.shots_split is None or asked.shots_split in asked.files
    assert asked.shots_split != asked.default_split
    assert asked.source.url and asked.source.licence and asked.source.revision
    for file in asked.files.values():
        assert isinstance(file, DataFile)
        assert not any(Path(place).is_absolute() or ".." in place for place in file.local)
        if file.hub_repo is not None:
            assert file.hub_path, "a repository without a path fetches nothing"
            assert re.fullmatch(r"[0-9a-f]{40}", file.hub_revision or ""), "pin the commit: a branch moves"


@each
def test_has_the_profile_that_is_asked_for_by_default(name: str) -> None:
    asked = benchmark(name)
    for key in asked.profiles:
        assert asked.profile(key).name == key
    assert asked.profile("bakeoff").ask != "likelihood" or asked.profile("bakeoff").prompt is not None


@each_profile
def test_the_scorer_of_each_profile_can_be_built(name: str, profile: str) -> None:
    asked = benchmark(name).profile(profile)
    if asked.scorer in wiring.JUDGED:
        SCORERS.check(asked.scorer)
        return
    try:
        scorer = wiring.build_scorer(asked.scorer, asked.options)
    except MissingExtra as error:
        missing(str(error))
    assert callable(scorer.score)
    for step in asked.find:
        re.compile(step.pattern)


@each
def test_ids_are_content_and_unlike(name: str) -> None:
    found = samples(name)
    assert len({sample.id for sample in found}) == len(found)
    assert all(0 < len(sample.id) <= LONGEST_ID and "\0" not in sample.id for sample in found)
    assert not all(sample.id == str(place) for place, sample in enumerate(found)) or len(found) == 1
    again = tuple(islice(benchmark(name).samples(benchmark(name).default_split), 20))
    assert [sample.id for sample in again] == [sample.id for sample in found[:20]]


@each
def test_questions_and_references_are_there(name: str) -> None:
    for sample in samples(name):
        assert sample.question.strip()
        assert isinstance(sample.reference, str)
        assert not sample.choices or len(sample.choices) == len(sample.labels)


async def _graded(benchmark: str, found: Sequence[Sample], profile: Profile) -> list[Trial]:
    judge = wiring.build_scorer(profile.scorer, profile.options)

    async def one(sample: Sample) -> Trial:
        said = (OFFICIALLY.get(benchmark) if profile.name == "official" else None) or attrgetter("reference")
        answer = Answer(said(sample), (Completion(b"", said(sample)),))
        return await grade(start_trial(0, sample, 0), sample, answer, profile, judge.score)

    return list(await asyncio.gather(*(one(sample) for sample in found)))


@pytest.mark.parametrize(("name", "profile"), [each for each in PROFILES if each[1] in ("bakeoff", "official")])
def test_its_own_reference_is_right(name: str, profile: str) -> None:
    """A set whose own answers are graded wrong can tell nothing of anybody else's."""
    asked = benchmark(name).profile(profile)
    if asked.scorer in wiring.JUDGED or asked.ask != "generate":
        pytest.skip("graded by a judge, or by likelihood")
    found = samples(name)
    if asked.scorer.startswith("code"):
        found = found[:MOST_PROGRAMS]
    try:
        trials = asyncio.run(_graded(name, found, asked))
    except MissingExtra as error:
        missing(str(error))
    if any(trial.error_code == MissingExtra.code for trial in trials):
        missing(str(next(trial.error for trial in trials if trial.error_code == MissingExtra.code)))
    wrong = [t.sample_id for t in trials if t.outcome not in (Outcome.CORRECT, Outcome.SCORED) or not t.value]
    faults = {trial.error for trial in trials if trial.error}
    print(f"gold: {name} {profile} {len(trials) - len(wrong):,} of {len(trials):,}")
    wrong = [id_ for id_ in wrong if id_ not in NEVER_RIGHT.get((name, profile), ())]
    assert not wrong, f"{len(wrong)} of {len(trials)}: {wrong[:5]} {list(faults)[:2]}"


@each_profile
def test_likelihoods_have_choices_and_the_right_one_among_them(name: str, profile: str) -> None:
    asked = benchmark(name).profile(profile)
    if asked.ask != "likelihood":
        return
    assert asked.prompt is not None
    for sample in samples(name):
        try:
            pairs = prompts.continuations(asked.prompt, sample, ())
        except Exception as error:
            raise AssertionError(f"sample {sample.id} cannot be asked: {error}") from error
        assert len(pairs) >= 2
        assert all(after for _, after in pairs), f"sample {sample.id} has an empty continuation"
        chosen = sample.meta.get(asked.prompt.among) if asked.prompt.among else None
        right = chosen.get("right") if isinstance(chosen, dict) else sample.meta.get("right")
        if isinstance(right, list):
            assert right and all(isinstance(place, int) and 0 <= place < len(pairs) for place in right)
        else:
            assert sample.target in sample.labels


@each_profile
def test_prompts_are_written_and_never_show_the_item(name: str, profile: str) -> None:
    asked = benchmark(name)
    under = asked.profile(profile)
    found = samples(name)[:40]
    if under.ask == "generate" and under.prompt is not None and under.prompt.shots == 0:
        assert prompts.context(under.prompt, found[0], ()).strip()
    method = wiring.build_method(MethodSpec(method="naive"), under)
    spec = ExperimentSpec.model_validate({"models": ["fake/a"], "benchmarks": [name]})
    task = wiring.ExperimentTask(cast(Benchmark, asked), spec, under)
    for sample in found:
        try:
            messages = method.prompt(sample, task)
            prompt = under.prompt
            shown = asked.examples(prompt, sample, prompt.shots) if prompt is not None and prompt.shots else ()
        except (DataMissing, MissingExtra) as error:
            pytest.skip(f"its examples are not here: {error}")
        assert any(message.content.strip() for message in messages)
        assert all(shot.id != sample.id for shot in shown), f"{sample.id} is shown its own answer"
        assert method.limit(sample, task) > 0


@each
def test_examples_are_not_of_the_evaluated_split(name: str) -> None:
    """Sets that have an item in two splits are known; `bakeoff data check` names them before they are asked."""
    asked = benchmark(name)
    try:
        pool = asked.shot_pool()
    except (DataMissing, MissingExtra) as error:
        pytest.skip(str(error))
    questions = {sample.question for sample in samples(name)} if pool else set()
    twins = [shot.id for shot in pool if shot.question in questions]
    assert len(twins) <= 0.02 * max(1, len(questions)), twins[:3]


def test_the_contract_can_fail() -> None:
    """A reference that is not graded as right is found."""
    asked = benchmark("classification")
    profile = asked.profile("bakeoff")
    good = next(iter(asked.samples("test")))
    bad = replace(good, reference="no label at all")
    trials = asyncio.run(_graded("classification", [good, bad], profile))
    assert [trial.outcome for trial in trials] == [Outcome.CORRECT, Outcome.UNPARSED]


def test_every_listed_target_is_looked_at() -> None:
    assert inspect.isclass(BENCHMARKS.load(OURS[0])) and len(OURS) >= 8
