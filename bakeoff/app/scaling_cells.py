"""Which stored cells answer a scaling question: the same questions, asked in the same way, of every model.

A model is named as in the catalogue, as `engine/id`, or by one cell as RUN:CELL. Of complete runs the newest
that holds all of the models on a benchmark is taken, else the newest cell of each on the same data. Example:

    choose(["qwen3-8b", "qwen3-14b"], results, Filter())["gsm8k"]      # a cell for each model
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bakeoff.app.results import Results
from bakeoff.core.errors import ConfigInvalid, NotComparable, UnknownName
from bakeoff.core.grading import OWN_SCORER, rule_of
from bakeoff.core.origin import origin
from bakeoff.core.records import CellRecord, RunRecord, RunStatus
from bakeoff.engines.catalogue import find, models

LEAST_MODELS = 2


@dataclass(frozen=True, slots=True)
class Filter:
    """What narrows the choice; empty: whatever agrees. Named runs need not be complete."""

    runs: Sequence[str] = ()
    benchmarks: Sequence[str] = ()
    method: str = ""
    preset: str = ""
    profile: str = ""

    def lets(self, cell: CellRecord) -> bool:
        return (
            (not self.benchmarks or cell.benchmark in self.benchmarks)
            and self.method in ("", cell.method)
            and self.preset in ("", cell.preset)
            and self.profile in ("", cell.profile)
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A cell with its run; `age` is its run's place among all, the newest 0."""

    run: RunRecord
    cell: CellRecord
    age: int

    @property
    def reference(self) -> str:
        return f"{self.run.name}:{self.cell.position}"


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The cells of one model. `named`: it was given as RUN:CELL, so its data were chosen on purpose."""

    reference: str
    cells: Sequence[Found]
    named: bool = field(default=False)


_Way = tuple[str, str, str, str, str, str]  # benchmark, profile, method, preset, other scorer, data
_PARTS = ("benchmark", "profile", "method", "preset", "scorer")


def choose(references: Sequence[str], results: Results, wanted: Filter) -> dict[str, list[Found]]:
    """For each benchmark a cell of each model, in the order given. Raises UsageError with one line."""
    if len(references) < LEAST_MODELS:
        raise ConfigInvalid(
            f"'{references[0]}' alone is nothing to compare" if references else "no model is named",
            "name two or more: bakeoff scaling A B",
        )
    twice = next((one for place, one in enumerate(references) if one in references[:place]), None)
    if twice is not None:
        raise ConfigInvalid(f"'{twice}' is named twice", "name two different models")
    pool = _pool(results, wanted)
    candidates = [_candidates(reference, results, pool, wanted) for reference in references]
    by_data = not any(one.named for one in candidates)
    ways = [_ways(one, by_data) for one in candidates]
    common = [way for way in ways[0] if all(way in other for other in ways[1:])]
    if not common:
        raise _nothing_in_common(candidates, ways)
    chosen = {way[0]: _newest([of[way] for of in ways]) for way in _one_way_each(common, ways)}
    for cells in chosen.values():
        _refuse_twins(references, cells)
    for place, reference in enumerate(references):
        _refuse_mixture(reference, [cells[place] for cells in chosen.values()])
    return chosen


def _pool(results: Results, wanted: Filter) -> list[Found]:
    """The cells that have trials, of the runs named or of all complete ones, the newest first."""
    for name in wanted.runs:
        results.runs.get(name)
    found = []
    for age, run in enumerate(results.runs.all()):
        if run.name in wanted.runs or (not wanted.runs and run.status is RunStatus.COMPLETE):
            answered = results.runs.outcomes(run.id)
            cells = [cell for cell in results.runs.cells(run.id) if cell.id in answered]
            # Measurements of speed are looked into where they are named: there a model has a cell for each way.
            found += [Found(run, cell, age) for cell in cells if wanted.runs or not cell.optimisation]
    return found


def _candidates(reference: str, results: Results, pool: Sequence[Found], wanted: Filter) -> _Candidates:
    names = aliases(reference)
    named = [one for one in pool if one.cell.model in names or one.cell.variant == reference]
    if named:
        kept = [one for one in named if wanted.lets(one.cell)]
        if not kept:
            raise NotComparable(f"'{reference}' has no cell of that kind", _ways_there_are(named))
        return _Candidates(reference, kept)
    run = reference.partition(":")[0]
    if ":" in reference and results.runs.find(run) is not None:
        record, cell = results.cell(reference)
        return _Candidates(reference, [Found(record, cell, 0)], named=True)
    raise _unknown(reference, names, results, wanted)


def aliases(name: str) -> set[str]:
    """The names of a model: in the catalogue, its aliases, and as `engine/id`."""
    found, listed = {name}, find(name)
    for known, entry in models().items():
        if name == f"{entry.engine}/{entry.id}" or (listed is not None and listed[0] == known):
            found |= {known, *entry.aliases, f"{entry.engine}/{entry.id}"}
    return found


def _unknown(reference: str, names: set[str], results: Results, wanted: Filter) -> Exception:
    """A model that no complete run holds: in an unfinished one, not run at all, or mistyped."""
    known = set()
    for run in results.runs.all():
        held = {cell.model for cell in results.runs.cells(run.id)}
        known |= held
        if held & names and not wanted.runs:
            return NotComparable(
                f"no complete run holds '{reference}'",
                f"run '{run.name}' does, and its status is '{run.status.value}': --run {run.name}",
            )
    if find(reference) is not None or known & names:
        where = f"in {', '.join(wanted.runs)}" if wanted.runs else "in the store"
        return NotComparable(f"'{reference}' was not asked anything {where}", f"bakeoff run --models {reference} …")
    return UnknownName("model", reference, known, see="bakeoff runs")


def _way(cell: CellRecord, by_data: bool) -> _Way:
    scorer = rule_of(cell).further or OWN_SCORER
    return cell.benchmark, cell.profile, cell.method, cell.preset, scorer, cell.data_digest if by_data else ""


def _ways(candidates: _Candidates, by_data: bool) -> dict[_Way, list[Found]]:
    found: dict[_Way, list[Found]] = {}
    for one in candidates.cells:
        of_way = found.setdefault(_way(one.cell, by_data), [])
        same = next((other for other in of_way if other.run.id == one.run.id), None)
        if same is not None:
            raise ConfigInvalid(
                f"'{candidates.reference}' is two cells of run '{one.run.name}': '{same.cell.variant}' and"
                f" '{one.cell.variant}'",
                f"name the cell: {same.reference} or {one.reference}",
            )
        of_way.append(one)
    return found


def _one_way_each(common: Sequence[_Way], ways: Sequence[Mapping[_Way, Sequence[Found]]]) -> list[_Way]:
    """One way of asking for each benchmark; on several versions of its data the newest."""
    chosen: dict[str, _Way] = {}
    for way in sorted(common, key=lambda way: max(of[way][0].age for of in ways)):
        first = chosen.setdefault(way[0], way)
        for part, one, other in zip(_PARTS[1:], first[1:5], way[1:5], strict=True):
            if one != other:
                if part == "scorer":
                    raise NotComparable(f"'{way[0]}' was graded by {one} and by {other}", "choose the runs: --run NAME")
                raise NotComparable(
                    f"'{way[0]}' was asked of all by {part} '{one}' and by {part} '{other}'",
                    f"choose one: --{part} {one}",
                )
    order = {one.cell.benchmark: None for found in ways[0].values() for one in found}
    return [chosen[benchmark] for benchmark in order if benchmark in chosen]


def _newest(of_each: Sequence[Sequence[Found]]) -> list[Found]:
    """The cells of the newest run that holds all models, else the newest of each."""
    runs = set.intersection(*({one.run.id for one in found} for found in of_each))
    together = [one for one in of_each[0] if one.run.id in runs]
    if together:
        return [next(one for one in found if one.run.id == together[0].run.id) for found in of_each]
    return [found[0] for found in of_each]


def _refuse_twins(references: Sequence[str], cells: Sequence[Found]) -> None:
    for place, one in enumerate(cells):
        for before, other in enumerate(cells[:place]):
            if one.cell.identity == other.cell.identity:
                raise NotComparable(
                    f"'{references[before]}' and '{references[place]}' are one model, '{one.cell.variant}'",
                    "name two different models",
                )


def _refuse_mixture(reference: str, cells: Sequence[Found]) -> None:
    """One name may have stood for several settings: those are not one model. A log of another tool says nothing."""
    ours = [one for one in cells if origin(one.cell) is None]
    other = next((one for one in ours if one.cell.identity != ours[0].cell.identity), None)
    if other is not None:
        raise NotComparable(
            f"'{reference}' is not the same in '{ours[0].reference}' and '{other.reference}': its engine's settings,"
            " revision or address differ",
            f"choose: --run {ours[0].run.name}, or -b {ours[0].cell.benchmark}",
        )


def _nothing_in_common(candidates: Sequence[_Candidates], ways: Sequence[Mapping[_Way, object]]) -> NotComparable:
    """Says in which respect the models part first."""
    for other, held in zip(candidates[1:], ways[1:], strict=True):
        first = candidates[0]
        left, right = set(ways[0]), set(held)
        if left & right:
            continue
        for place, part in enumerate((*_PARTS, "data")):
            ours, theirs = {way[place] for way in left}, {way[place] for way in right}
            both = ours & theirs
            if not both:
                return _part(first.reference, other.reference, part, ours, theirs)
            left = {way for way in left if way[place] in both}
            right = {way for way in right if way[place] in both}
    names = ", ".join(f"'{one.reference}'" for one in candidates)
    return NotComparable(
        f"{names} were nowhere asked the same in the same way", "run them together: bakeoff run --models A,B …"
    )


def _part(a: str, b: str, part: str, ours: set[str], theirs: set[str]) -> NotComparable:
    if part == "data":
        return NotComparable(
            f"'{a}' and '{b}' were asked other versions of the data", "run them together: bakeoff run --models A,B …"
        )
    if part == "scorer":
        told = [" and ".join(sorted(names)) for names in (ours, theirs)]
        return NotComparable(
            f"'{a}' was graded by {told[0]} and '{b}' by {told[1]}",
            "run both with one scorer: bakeoff run --models A,B … (stored replies are not asked for again)",
        )
    shown = [", ".join(sorted(f"'{name}'" for name in names)) for names in (ours, theirs)]
    return NotComparable(
        f"'{a}' was asked by {part} {shown[0]} and '{b}' by {part} {shown[1]}"
        if part != "benchmark"
        else f"'{a}' was asked {shown[0]} and '{b}' {shown[1]}",
        f"compare models on one {part}",
    )


def _ways_there_are(cells: Sequence[Found]) -> str:
    ways = list(
        dict.fromkeys(f"{c.cell.benchmark} · {c.cell.method} · {c.cell.preset} · {c.cell.profile}" for c in cells)
    )
    more = f" and {len(ways) - 6} more" if len(ways) > 6 else ""
    return f"there is {', '.join(ways[:6])}{more}"
