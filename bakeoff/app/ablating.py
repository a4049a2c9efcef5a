"""A factorial experiment of methods and their options: its spec, and its result read out of the store.

`--vary self_consistency:votes=3,5` puts a method with each of the values in the place of the method, and several of
them every combination. All of them answer one sample, so differences are paired. Example:

    varied(["naive", "rag_naive:base=wiki"], ["rag_naive:top_k=3,5"])
    # ["naive", "rag_naive:base=wiki,top_k=3", "rag_naive:base=wiki,top_k=5"]
    study(results, "night").rows["gsm8k"][0].summary.estimate
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product

from bakeoff.app.ablation import LEAST_SHARED, Levels, Part, answers_of, tables_of
from bakeoff.app.results import PAIRS_KEPT, Results, cell_names, looked_at
from bakeoff.core.errors import ConfigInvalid, NotComparable
from bakeoff.core.records import CellRecord, RunRecord, noted
from bakeoff.core.specs import MethodSpec, method_of
from bakeoff.core.types import Trial
from bakeoff.reports.ablating import Differing, Row, Study, on_front
from bakeoff.reports.compare import Comparison, correct
from bakeoff.reports.effects import Ablation
from bakeoff.reports.report import Group, group_of
from bakeoff.reports.summary import CellSummary

SHOTS = "shots"
MOST_CELLS = 100
MOST_DIFFERING = 1000


def varied(methods: Sequence[str], vary: Sequence[str]) -> list[str]:
    """The labels of all combinations, in the order of the methods. Raises ConfigInvalid."""
    levels = _levels_asked(vary)
    known = {method_of(label).method for label in methods}
    for name in levels:
        if name not in known:
            raise ConfigInvalid(f"'--vary {name}:…' varies a method that is not asked", f"add it: --methods {name}")
    found = [label for method in methods for label in _combinations(method_of(method), levels)]
    if len(found) > MOST_CELLS:
        raise ConfigInvalid(f"{len(found)} combinations are more than {MOST_CELLS}", "vary less at once")
    if len(found) < 2:
        raise ConfigInvalid(
            "an ablation needs 2 combinations or more, and this is one",
            "add --methods naive,… or --vary METHOD:KEY=A,B",
        )
    return found


def _levels_asked(vary: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Of each method its varied options, each with its values as they are written."""
    found: dict[str, dict[str, list[str]]] = {}
    for text in vary:
        method, colon, rest = text.partition(":")
        key, equals, values = rest.partition("=")
        listed = [value.strip() for value in values.split(",") if value.strip()]
        if not colon or not equals or not key.strip() or len(listed) < 2:
            raise ConfigInvalid(
                f"'--vary {text}' names no option with two values or more",
                "write it like --vary self_consistency:votes=3,5 (or METHOD:shots=2,4)",
            )
        if len(set(listed)) < len(listed):
            raise ConfigInvalid(f"'--vary {text}' lists a value twice", "leave one of them out")
        options = found.setdefault(method.strip(), {})
        if key.strip() in options:
            raise ConfigInvalid(f"'{key.strip()}' of '{method.strip()}' is varied twice", "give all values at once")
        options[key.strip()] = listed
    return found


def _combinations(spec: MethodSpec, levels: Mapping[str, Mapping[str, Sequence[str]]]) -> list[str]:
    options = levels.get(spec.method, {})
    if not options:
        return [spec.label]
    given = spec.label.partition(":")[2]
    kept = [part for part in given.split(",") if part and part.partition("=")[0] not in options]
    if SHOTS in options:
        kept = [part for part in kept if "=" in part]
    found = []
    for values in product(*options.values()):
        told = [value if key == SHOTS else f"{key}={value}" for key, value in zip(options, values, strict=True)]
        shots = [part for part in (*kept, *told) if "=" not in part]
        others = [part for part in (*kept, *told) if "=" in part]
        found.append(method_of(f"{spec.method}:{','.join([*shots, *others])}").label)
    return found


def study(results: Results, name: str) -> Study:
    """The result of an ablation, or of any run with several methods. Raises RunNotFound, NotComparable."""
    run = results.runs.get(name)
    summary = results.summary(name)
    against, told = _against(results, run, summary.cells)
    rows: dict[str, list[CellSummary]] = defaultdict(list)
    for cell in summary.cells:
        rows[f"{cell.cell.benchmark} {cell.cell.preset}" if len(run.spec.presets) > 1 else cell.cell.benchmark].append(
            cell
        )
    if all(len(cells) < 2 for cells in rows.values()):
        raise NotComparable(f"run '{name}' has one combination", "run it with two methods or more: bakeoff ablate")
    return Study(
        name,
        {benchmark: _rows(cells, against) for benchmark, cells in rows.items()},
        _options(results, run),
        {benchmark: _differing(results, [one.cell for one in cells]) for benchmark, cells in rows.items()},
        told,
    )


def _against(
    results: Results, run: RunRecord, cells: Sequence[CellSummary]
) -> tuple[dict[int, Comparison], dict[str, list[str]]]:
    """Each combination against the first of its group; where that has nothing graded, against the next that has.

    Also what is to be said of that, by benchmark.
    """
    groups: dict[Group, list[CellSummary]] = defaultdict(list)
    for cell in cells:
        groups[group_of(cell.cell)].append(cell)
    empty = {cell.cell.id for cell in cells if not cell.estimate.n}
    if run.spec.decision is not None or not any(group[0].cell.id in empty for group in groups.values()):
        return {one.b.id: one for one in results.comparisons(run.name)}, {}
    around = [cell.cell for cell in cells]
    found: list[Comparison] = []
    told: dict[str, list[str]] = defaultdict(list)
    for group in groups.values():
        graded = [cell.cell for cell in group if cell.cell.id not in empty]
        for other in graded[1:]:
            names = cell_names(around, graded[0], other)
            found.append(results.met(names, (graded[0], other), looked_at(run), PAIRS_KEPT))
        first = group[0].cell
        if first.id in empty:
            names = cell_names(around, first, graded[0] if graded else first)
            told[first.benchmark].append(_without_grade(*names, len(graded)))
    return {one.b.id: one for one in correct(found)}, told


def _without_grade(first: str, then: str, graded: int) -> str:
    why = f"'{first}' has nothing graded, so nothing can be compared with it"
    return f"{why}: the others are compared with '{then}'" if graded > 1 else f"{why}, and no two others have a grade"


def _rows(cells: Sequence[CellSummary], against: Mapping[int, Comparison]) -> list[Row]:
    rows = [Row(cell, against.get(cell.cell.id), False) for cell in cells]
    by_price = all(row.price for row in rows)
    points = [(row.price if by_price else row.tokens, row.summary.estimate.value) for row in rows]
    return [Row(row.summary, row.against, front) for row, front in zip(rows, on_front(points), strict=True)]


def _differing(results: Results, cells: Sequence[CellRecord]) -> list[Differing]:
    """The samples that some combinations graded otherwise than others, in the order of their ids."""
    told: dict[tuple[str, int], dict[int, Trial]] = defaultdict(dict)
    for place, cell in enumerate(cells):
        for trial in results.trials.graded(cell.id):
            told[trial.sample_id, trial.repeat][place] = trial
    found = []
    for (sample, repeat), trials in sorted(told.items()):
        values = [trials[place].value if place in trials else None for place in range(len(cells))]
        if len({value for value in values if value is not None}) > 1:
            answers = [trials[place].extracted if place in trials else None for place in range(len(cells))]
            found.append(Differing(sample, repeat, next(iter(trials.values())).target, values, answers))
    return found[:MOST_DIFFERING]


def _options(results: Results, run: RunRecord) -> dict[str, Ablation]:
    """For each method whose combinations are a whole grid: what its options add, alone and together."""
    by_method: dict[str, list[MethodSpec]] = defaultdict(list)
    for spec in run.spec.methods:
        by_method[spec.method].append(spec)
    found = {}
    for method, specs in by_method.items():
        factors = _factors(specs)
        whole = math.prod(len(levels) for levels in factors.values())
        if factors and whole == len(specs):
            parts, left_out = _parts(results, run, specs, factors)
            if parts:
                found[method] = Ablation(run.name, factors, tables_of(factors, parts), left_out)
    return found


def _factors(specs: Sequence[MethodSpec]) -> dict[str, list[str]]:
    """The options in which some combinations of one method differ, with their values in the order of the spec."""
    names = dict.fromkeys(name for spec in specs for name in _told(spec))
    levels = {name: list(dict.fromkeys(_told(spec).get(name, "usual") for spec in specs)) for name in names}
    return {name: values for name, values in levels.items() if len(values) > 1}


def _told(spec: MethodSpec) -> dict[str, str]:
    """Shots and options of a method, as texts."""
    shots = {SHOTS: str(spec.shots)} if spec.shots is not None else {}
    return shots | {key: str(value) for key, value in spec.options.items()}


def _parts(
    results: Results, run: RunRecord, specs: Sequence[MethodSpec], factors: Mapping[str, Sequence[str]]
) -> tuple[list[Part], list[str]]:
    """The scores of each benchmark (and of each model on it) on the samples that every combination answered."""
    level = {spec.label: tuple(_told(spec).get(name, "usual") for name in factors) for spec in specs}
    groups: dict[tuple[str, str, str, str], dict[Levels, CellRecord]] = defaultdict(dict)
    for cell in noted(results.runs.cells(run.id), run.spec):
        if cell.method in level:
            groups[cell.benchmark, cell.profile, cell.variant, cell.preset][level[cell.method]] = cell
    several = len({key[2:] for key in groups}) > 1
    parts, left_out = [], []
    for (benchmark, _, model, _), cells in groups.items():
        name = f"{benchmark}, {model}" if several else benchmark
        found = {levels: answers_of(results.trials, cell) for levels, cell in cells.items()}
        shared = sorted(set.intersection(*(set(answers) for answers in found.values())))
        if len(shared) < LEAST_SHARED:
            left_out.append(f"'{name}' is left out: {len(shared)} samples answered by every combination of options")
            continue
        scores = {
            levels: [math.fsum(answers[sample]) / len(answers[sample]) for sample in shared]
            for levels, answers in found.items()
        }
        asked = set().union(*found.values())
        source = (name, next(iter(cells.values())).data_digest)
        parts.append(Part(name, source, scores, len(shared), len(asked) - len(shared), None))
    return parts, left_out
