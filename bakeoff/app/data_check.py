"""Read every row of a benchmark's data: what is malformed, what changed, what the lint says.

Malformed rows are told with file, line and field, all of them and not only the first. Each reference is
graded by the profile `bakeoff`: data whose own answers are wrong to us can grade nobody.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bakeoff.app import wiring
from bakeoff.app.data import SplitFile, compare_hash, split_files
from bakeoff.app.data_index import DataIndex
from bakeoff.app.file_hashes import twin_caution
from bakeoff.app.lint import Caution, Lint
from bakeoff.app.own_benchmarks import members
from bakeoff.app.settings import Settings
from bakeoff.benchmarks._files import DataFile, collecting
from bakeoff.core.errors import BakeoffError, DataInvalid, DataMissing
from bakeoff.core.protocols import Benchmark, Profile
from bakeoff.core.specs import ExperimentSpec, MethodSpec
from bakeoff.core.types import Answer, Completion, Outcome, Sample
from bakeoff.runner.draw import LONGEST_ID
from bakeoff.runner.grade import ScoreFunction, grade, start_trial

MOST_FAULTS = 100
MOST_GRADED = 2000
_SLOW = ("code", "judge")  # scorers that start programs or ask models


@dataclass(slots=True)
class Checked:
    """What came of one split. `faults` are malformed rows and changed files, at most MOST_FAULTS."""

    benchmark: str
    split: str
    rows: int = 0
    files: int = 0
    sha256: str | None = None
    missing: str = ""
    faults: list[str] = field(default_factory=list)
    cautions: list[Caution] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults


def check(name: str, settings: Settings, accept: bool = False, context: int | None = None) -> Iterator[Checked]:
    """Check a benchmark, a group, or `all` whose data is here. Raises UnknownName, DataMissing for one of them."""
    settings = replace(settings, offline=True)  # looking must not fetch anything
    index = DataIndex(settings.home)
    asked = members(name, settings.home)
    several = asked != [name]
    try:
        for one in asked:
            try:
                yield from _check_one(one, settings, index, accept, context)
            except DataMissing as error:
                if not several:
                    raise
                yield Checked(one, "", missing=error.message)
            except BakeoffError as error:
                if not several:
                    raise
                yield Checked(one, "", faults=[str(error)])
    finally:
        index.save()


def _check_one(name: str, settings: Settings, index: DataIndex, accept: bool, context: int | None) -> Iterator[Checked]:
    benchmark = wiring.build_benchmark(name, settings)
    found = split_files(benchmark, settings)
    present = [each for each in found if each.path is not None]
    if found and not any(each.split == benchmark.default_split for each in present):
        wanted = next((each for each in found if each.split == benchmark.default_split), found[0])
        where = wanted.file.local[0] if wanted.file.local else wanted.split
        raise DataMissing(
            f"no data for benchmark '{name}': '{where}' is neither in BAKEOFF_DATA nor in the cache",
            f"run: bakeoff data fetch {name}" if wanted.file.hub_repo else "set BAKEOFF_DATA to a folder that holds it",
        )
    for split in dict.fromkeys(each.split for each in present) if found else (benchmark.default_split,):
        mine = [each for each in present if each.split == split]
        yield _check_split(name, benchmark, split, mine, index, accept, context)


def _check_split(
    name: str,
    benchmark: Benchmark,
    split: str,
    files: Sequence[SplitFile],
    index: DataIndex,
    accept: bool,
    context: int | None,
) -> Checked:
    checked = Checked(name, split)
    samples: list[Sample] = []
    with collecting() as reading:
        try:
            for sample in benchmark.samples(split):
                samples.append(sample)
                if len(sample.id) > LONGEST_ID or "\0" in sample.id:
                    reading.faults.append(DataInvalid(f"'{name}' has an id that no database takes: {sample.id!r:.60}"))
        except BakeoffError as error:  # reading ended there
            reading.faults.append(DataInvalid(str(error)))
    checked.rows = len(samples)
    _compare_files(checked, files, list(dict.fromkeys(reading.opened)), index, accept)
    faults = reading.faults + _clashes(name, samples)
    checked.faults += [str(fault) for fault in faults[:MOST_FAULTS]]
    if len(faults) > MOST_FAULTS:
        checked.faults.append(f"and {len(faults) - MOST_FAULTS:,} more")
    if len(files) == 1 and files[0].path is not None and not faults:
        index.count(files[0].path, split, len(samples))
    if split == benchmark.default_split:
        checked.cautions += cautions(name, benchmark, samples, context)
    return checked


def _clashes(name: str, samples: Sequence[Sample]) -> list[DataInvalid]:
    """Ids that a repeated one is numbered to: two samples of one id, of which a run keeps one trial."""
    counts = Counter(sample.id for sample in samples)
    numbered = (f"{id_}#{n}" for id_, count in counts.items() for n in range(2, count + 1))
    return [
        DataInvalid(
            f"'{name}' has the id {id_!r:.60}, as which a repeated id is asked too", "give each an id of its own"
        )
        for id_ in numbered
        if id_ in counts
    ]


def _compare_files(
    checked: Checked, files: Sequence[SplitFile], opened: Sequence[Path], index: DataIndex, accept: bool
) -> None:
    """Compare every file that was read with its recorded hash."""
    tables = {each.path: each.file for each in files if each.path is not None}
    parts = list(opened) or [path for path in tables if path.is_file()]
    nothing = DataFile(())
    for path in parts:
        try:
            compare_hash(path, tables.get(path, nothing), index, checked.benchmark, accept)
            if (twins := index.twin_keys(path)).count:
                checked.cautions.append(twin_caution(checked.benchmark, path, twins.count, str(twins)))
        except DataInvalid as error:
            checked.faults.append(str(error))
    if parts:
        checked.files, checked.sha256 = len(parts), index.digest(parts)
    for path in tables:
        index.keep_parts(path, checked.split, parts)


def cautions(name: str, benchmark: Benchmark, samples: Sequence[Sample], context: int | None) -> list[Caution]:
    """The lint over all samples, under each profile; what two profiles share is told once."""
    found: dict[str, Caution] = {}
    for profile_name in getattr(benchmark, "profiles", {"bakeoff": None}):
        profile = benchmark.profile(profile_name)
        for caution in _under(name, benchmark, profile, samples, context):
            key = f"{caution.code} {caution.said}"
            found.setdefault(key, caution)
    return list(found.values())


def _under(
    name: str, benchmark: Benchmark, profile: Profile, samples: Sequence[Sample], context: int | None
) -> list[Caution]:
    spec = ExperimentSpec.model_validate({"models": ["fake/a"], "benchmarks": [name]})
    task = wiring.ExperimentTask(benchmark, spec, profile)
    lint = Lint(name, benchmark, profile, contexts={"--context": context} if context else None)
    try:
        methods = [wiring.build_method(MethodSpec(method="naive"), profile)]
        methods[0].prompt(samples[0], task)
    except (BakeoffError, IndexError):  # its examples are not here: the rest can be looked at
        methods = []
    for sample in samples:
        lint.see(sample, methods, task if methods else None)
    found = lint.cautions()
    if profile.name == "bakeoff":
        found += _ungraded(name, profile, samples)
    return found


def _ungraded(name: str, profile: Profile, samples: Sequence[Sample]) -> list[Caution]:
    """References that the profile does not grade as right, where that costs neither a program nor a call."""
    if profile.ask == "likelihood" or any(profile.scorer.startswith(slow) for slow in _SLOW):
        return []
    try:
        score = wiring.build_scorer(profile.scorer, profile.options).score
    except BakeoffError:
        return []
    wrong = asyncio.run(_wrong(profile, score, samples[:MOST_GRADED]))
    if not wrong:
        return []
    said = f"references that profile '{profile.name}' does not grade as right: {len(wrong):,}"
    ids = tuple(sample.id for sample in wrong[:3])
    return [Caution("reference-fails", name, said, "check target, kind and scorer", len(wrong), ids)]


async def _wrong(profile: Profile, score: ScoreFunction, samples: Sequence[Sample]) -> list[Sample]:
    found = []
    for sample in samples:
        completion = Completion(b"", sample.reference)
        trial = await grade(start_trial(0, sample, 0), sample, Answer(sample.reference, (completion,)), profile, score)
        if trial.outcome not in (Outcome.CORRECT, Outcome.SCORED):
            found.append(sample)
    return found
