"""A stored run as a factorial ablation: what each model, preset and method adds, on the same samples.

The factors are those of the matrix with two levels or more; benchmarks are no factor, because their
samples differ. Every combination has to have answered a sample for it to count. Example:

    ablation(laboratory.runs, laboratory.trials, "prompt-study").tables[0].effects
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from bakeoff.core.arms import benchmark_of
from bakeoff.core.errors import NotComparable
from bakeoff.core.records import CellRecord, RunRecord, RunStatus, noted
from bakeoff.reports.effects import Ablation, EffectRow, EffectTable, Spread
from bakeoff.store.runs import RunRepository
from bakeoff.store.trials import TrialRepository

LEAST_SHARED = 10  # samples: with fewer, a t test over them says nothing that could be relied on
POOLED = None

Levels = tuple[str, ...]
Factors = dict[str, list[str]]
Answers = dict[str, list[float]]  # of each sample the scores of its repeats


@dataclass(frozen=True, slots=True)
class Part:
    """One benchmark: the scores of every combination on the samples that all of them answered."""

    name: str
    source: tuple[str, str]  # benchmark and data: equal where the questions are
    scores: Mapping[Levels, Sequence[float]]
    samples: int
    missing: int
    spread: Spread | None


def ablation(runs: RunRepository, trials: TrialRepository, name: str) -> Ablation:
    """The effects of a run's factors, in each benchmark and over all of them.

    Raises RunNotFound, and NotComparable for a run with one combination, without shared samples, or whose
    decision rule could end it early: its arms have different samples then, and their scores chose which.
    """
    run = runs.get(name)
    if run.spec.decision is not None and run.spec.decision.early:
        raise NotComparable(
            f"run '{name}' has a decision rule that may stop early, so its scores had a say in what was asked",
            "run it under another --name with --ask-all, or without a rule",
        )
    cells = noted(runs.cells(run.id), run.spec)
    factors = _factors(run, cells)
    if not factors:
        raise NotComparable(
            f"run '{name}' has one model, one preset and one method, so nothing can be taken apart",
            "run two or more of one of them, e.g. --methods naive,cot",
        )
    parts, left_out = _parts(run, cells, factors, trials)
    if not parts:
        raise NotComparable(f"run '{name}' cannot be taken apart: {left_out[0]}", f"see: bakeoff show {name}")
    return Ablation(name, factors, tables_of(factors, parts), left_out, _remarks(run, parts))


def _factors(run: RunRecord, cells: Sequence[CellRecord]) -> Factors:
    """The factors with two levels or more, and their levels in the order of the spec."""
    here = [cell for cell in cells if benchmark_of(cell.position, run.spec) == 0]
    found: Factors = {}
    for name in ("model", "preset", "method"):
        levels = list(dict.fromkeys(_level(cell, name) for cell in here))
        if len(levels) > 1:
            found[name] = levels
    return found


def _level(cell: CellRecord, factor: str) -> str:
    return {"model": cell.variant, "preset": cell.preset, "method": cell.method}[factor]


def _parts(
    run: RunRecord, cells: Sequence[CellRecord], factors: Factors, trials: TrialRepository
) -> tuple[list[Part], list[str]]:
    """What can be taken apart, and a line for each benchmark that cannot."""
    parts, left_out = [], []
    for index, spec in enumerate(run.spec.benchmarks):
        group = [cell for cell in cells if benchmark_of(cell.position, run.spec) == index]
        twins = sum(other.benchmark == spec.benchmark for other in run.spec.benchmarks) > 1
        name = f"{spec.benchmark} ({spec.profile})" if twins else spec.benchmark
        found = [answers_of(trials, cell) for cell in group]
        empty = [cell.label for cell, answers in zip(group, found, strict=True) if not answers]
        shared = sorted(set(found[0]).intersection(*found[1:]))
        if empty:
            left_out.append(f"'{name}' is left out: nothing was graded in {', '.join(empty)}")
        elif len(shared) < LEAST_SHARED:
            few = f"{len(shared)} sample{'' if len(shared) == 1 else 's'}"
            left_out.append(f"'{name}' is left out: {few} answered by every combination, and {LEAST_SHARED} are needed")
        else:
            parts.append(_part(name, group, found, shared, factors))
    return parts, left_out


def answers_of(trials: TrialRepository, cell: CellRecord) -> Answers:
    found: Answers = {}
    for _, sample, _, outcome, value in trials.values([cell.id]):
        if outcome.graded and value is not None:
            found.setdefault(sample, []).append(value)
    return found


def _part(
    name: str, group: Sequence[CellRecord], found: Sequence[Answers], shared: Sequence[str], factors: Factors
) -> Part:
    first = group[0]
    levels = [_levels(cell, group, factors) for cell in group]
    scores = {
        key: [math.fsum(answers[sample]) / len(answers[sample]) for sample in shared]
        for key, answers in zip(levels, found, strict=True)
    }
    asked = set().union(*found)
    return Part(
        name, (first.benchmark, first.data_digest), scores, len(shared), len(asked) - len(shared), _spread(found)
    )


def _levels(cell: CellRecord, group: Sequence[CellRecord], factors: Factors) -> Levels:
    """The levels of a cell, by their names in the first benchmark: a model's note may name its benchmark's profile."""
    found = []
    for name, levels in factors.items():
        here = list(dict.fromkeys(_level(other, name) for other in group))
        found.append(levels[here.index(_level(cell, name))])
    return tuple(found)


def _spread(found: Sequence[Answers]) -> Spread | None:
    """How much repeats vary, averaged over the combinations; None where nothing was answered twice."""
    from bakeoff.stats.clusters import repeats

    counted = [repeats(list(answers.values())) for answers in found]
    known = [(one.within, one.between) for one in counted if one.within is not None and one.between is not None]
    if not known:
        return None
    most = max(len(row) for answers in found for row in answers.values())
    within, between = (math.sqrt(math.fsum(pair[i] for pair in known) / len(known)) for i in (0, 1))
    return Spread(most, within, between)


def tables_of(factors: Factors, parts: Sequence[Part]) -> list[EffectTable]:
    """A table for each benchmark, corrected together; and with several one over all samples, corrected by itself."""
    single = _corrected([_table(factors, part) for part in parts])
    distinct = list(_distinct(parts))
    if len(distinct) < 2:
        return single
    whole = Part(
        "",
        ("", ""),
        {key: [value for part in distinct for value in part.scores[key]] for key in product(*factors.values())},
        sum(part.samples for part in distinct),
        sum(part.missing for part in distinct),
        None,
    )
    return [*single, *_corrected([replace(_table(factors, whole), benchmark=POOLED)])]


def _distinct(parts: Sequence[Part]) -> Iterator[Part]:
    """The parts without those that ask questions of an earlier one again, under another profile."""
    seen = set()
    for part in parts:
        if part.source not in seen:
            seen.add(part.source)
            yield part


def _table(factors: Factors, part: Part) -> EffectTable:
    from bakeoff.stats.factorial import factorial

    found = factorial(factors, part.scores, n_missing=part.missing)
    rows = [EffectRow(one.factors, one.levels, one.difference, one.p, one.p_adjusted) for one in found.effects]
    return EffectTable(part.name, rows, part.samples, part.missing, len(rows), part.spread)


def _corrected(tables: Sequence[EffectTable]) -> list[EffectTable]:
    """Holm's correction over the effects of all tables."""
    from bakeoff.stats.multiple import holm

    adjusted = iter(holm([row.p for table in tables for row in table.effects]))
    family = sum(len(table.effects) for table in tables)
    return [
        replace(table, effects=[replace(row, p_adjusted=next(adjusted)) for row in table.effects], family=family)
        for table in tables
    ]


def _remarks(run: RunRecord, parts: Sequence[Part]) -> list[str]:
    found = []
    if run.status in (RunStatus.RUNNING, RunStatus.INTERRUPTED):
        found.append("The run is not finished: whoever looks often, and stops when an effect shows, finds too many.")
    if len(list(_distinct(parts))) < len(parts):
        found.append("A benchmark that is asked under several profiles counts once where benchmarks are pooled.")
    return found
