"""How often just one of two models was right, from the runs in the store: what a plan is best made of.

Of all pairs of cells of a benchmark the nearest to what is planned is taken: both models and methods the same,
else both models, else one, else any; of those first models set up as planned (their arguments, their address),
then runs that were asked in full, then the newest with enough shared samples. Example:

    find_discordance("gsm8k", [("a", "cot"), ("b", "cot")], laboratory.runs, laboratory.trials)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from bakeoff.core.grading import rule_of
from bakeoff.core.records import CellRecord, RunRecord, RunStatus
from bakeoff.core.types import Estimate, ModelIdentity, Outcome
from bakeoff.reports.designs import Discordance
from bakeoff.stats.intervals import mean, proportion
from bakeoff.store.runs import RunRepository
from bakeoff.store.trials import TrialRepository

LEAST = 30  # shared samples: fewer say too little of a share
NEWEST_CELLS = 40
TRIED = 10

Arm = tuple[str, str]  # model, method
_UNLIKE = {
    3: "",
    2: "; other methods than planned",
    1: "; one of them is not planned",
    0: "; other models than planned",
    -1: "; two methods of one model, which is not what is planned",
}


@dataclass(frozen=True, slots=True)
class _Cell:
    run: RunRecord
    cell: CellRecord
    age: int

    @property
    def arm(self) -> Arm:
        return self.cell.model, self.cell.method


def find_discordance(
    benchmark: str,
    arms: Sequence[Arm],
    runs: RunRepository,
    trials: TrialRepository,
    planned: Collection[ModelIdentity] = (),
) -> Discordance | None:
    """The discordance of the nearest stored pair; None where no two cells share 30 graded samples.

    `planned`: the models as they are to be asked, where that is known.
    """
    cells = _cells(benchmark, runs)
    pairs = [(a, b) for a, b in combinations(cells, 2) if _comparable(a, b)]
    pairs.sort(
        key=lambda pair: (
            -_nearness(pair, arms),
            -sum(each.cell.identity in planned for each in pair),
            sum(each.run.status is RunStatus.DECIDED for each in pair),
            pair[0].run.id != pair[1].run.id,
            pair[0].age + pair[1].age,
        )
    )
    for a, b in pairs[:TRIED]:
        found = _measure(a, b, arms, trials)
        if found is not None:
            return replace(found, told=found.told + _remarks((a, b), arms, planned))
    return None


def _remarks(pair: tuple[_Cell, _Cell], arms: Sequence[Arm], planned: Collection[ModelIdentity]) -> str:
    """What else tells a stored pair from the planned one."""
    here = [each for each in pair if each.cell.model in {model for model, _ in arms}]
    unlike = planned and any(each.cell.identity not in planned for each in here)
    early = any(each.run.status is RunStatus.DECIDED for each in pair)
    return ("; other settings or address than planned" if unlike else "") + ("; it was stopped early" if early else "")


def _cells(benchmark: str, runs: RunRepository) -> list[_Cell]:
    """The newest cells of a benchmark that have trials."""
    found: list[_Cell] = []
    for age, run in enumerate(runs.all()):
        if all(asked.benchmark != benchmark for asked in run.spec.benchmarks):
            continue
        answered = runs.outcomes(run.id)
        for cell in reversed(runs.cells(run.id)):
            if cell.benchmark == benchmark and cell.id in answered:
                found.append(_Cell(run, cell, age))
        if len(found) >= NEWEST_CELLS:
            break
    return found[::-1]


def _comparable(a: _Cell, b: _Cell) -> bool:
    """Whether two cells are different ways to answer, graded by one rule."""
    same = (a.arm, a.cell.preset, a.cell.identity) == (b.arm, b.cell.preset, b.cell.identity)
    return not same and str(rule_of(a.cell)) == str(rule_of(b.cell))


def _nearness(pair: tuple[_Cell, _Cell], arms: Sequence[Arm]) -> int:
    """3: what is planned; 2: its models, by other methods; 1: one of them and another; 0: others; -1: one model."""
    (model_a, _), (model_b, _) = found = pair[0].arm, pair[1].arm
    planned = {model for model, _ in arms}
    if found[0] != found[1] and set(found) <= set(arms):
        return 3
    if model_a == model_b:  # two methods of one model: near only where just that is planned
        return 2 if planned == {model_a} and len(arms) > 1 else -1
    return len({model_a, model_b} & planned)


def _measure(a: _Cell, b: _Cell, arms: Sequence[Arm], trials: TrialRepository) -> Discordance | None:
    """The first answers of two cells to the samples that both graded."""
    scores: dict[int, dict[str, float]] = {a.cell.id: {}, b.cell.id: {}}
    graded = False
    for cell, sample, repeat, outcome, value in trials.values([a.cell.id, b.cell.id]):
        if repeat == 0 and outcome.graded:
            graded = graded or outcome is Outcome.SCORED
            scores[cell][sample] = float(outcome is Outcome.CORRECT) if value is None else value
    first, second = scores[a.cell.id], scores[b.cell.id]
    shared = first.keys() & second.keys()
    if len(shared) < LEAST:
        return None
    squares = [(second[sample] - first[sample]) ** 2 for sample in shared]
    estimate = _share(squares, graded)
    accuracy = sum(first[sample] + second[sample] for sample in shared) / (2 * len(shared))
    told = _told(a, b, arms, estimate, graded)
    return Discordance("stored", told, accuracy, sum(squares) / len(squares), estimate=estimate, graded=graded)


def _share(squares: Sequence[float], graded: bool) -> Estimate:
    return mean(squares, 0) if graded else proportion(round(sum(squares)), len(squares), 0)


def _told(a: _Cell, b: _Cell, arms: Sequence[Arm], estimate: Estimate, graded: bool) -> str:
    names = [f"'{each.cell.variant}' ({each.cell.method})" for each in (a, b)]
    runs = dict.fromkeys(f"'{each.run.name}'" for each in (a, b))
    where = f"in run {' and '.join(runs)}" if len(runs) == 1 else f"in runs {' and '.join(runs)}"
    what = "mean squared difference of scores, " if graded else ""
    told = f"{what}measured on {estimate.n:,} samples: {names[0]} against {names[1]} {where}"
    if not arms:
        return told
    return told + _UNLIKE[_nearness((a, b), arms)]
