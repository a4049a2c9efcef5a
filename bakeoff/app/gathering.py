"""From the store to the model of a report: one run or several, their comparisons, their rankings.

Cells of several runs are compared where one rule graded them on the same data; what could not be compared
is told. Example:

    report = gather(Results(laboratory.runs, laboratory.trials), ["night", "day"])
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bakeoff.app.performances import performances
from bakeoff.app.results import PAIRS_KEPT, Results, looked_at
from bakeoff.core.errors import NotComparable, UsageError
from bakeoff.core.records import RunRecord
from bakeoff.core.signature import asked_as
from bakeoff.core.types import Estimate, Outcome
from bakeoff.reports.compare import Comparison, correct
from bakeoff.reports.report import LEAST_RANKED, Entry, Group, Report, Standing, entries_of, group_of
from bakeoff.reports.summary import RunSummary
from bakeoff.store.usages import UsageRepository

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_RANKED = 50  # cells; the matrix of more is no table to read


def gather(results: Results, names: Sequence[str], with_medians: bool = False) -> Report:
    """The report of runs, in the order given, each once. Raises RunNotFound."""
    names = list(dict.fromkeys(names))
    records = {name: results.runs.get(name) for name in names}
    runs = [results.summary(name) for name in names]
    groups = _groups(runs)
    unlike: list[str] = []
    comparisons = results.comparisons(names[0]) if len(runs) == 1 else _across(results, groups, records, unlike)
    standings = [
        _standing(results, group, members, records) for group, members in groups.items() if len(members) >= LEAST_RANKED
    ]
    faults = {run.name: results.faults(run.name) for run in runs if _failed(run)}
    medians = _medians(runs) if with_medians else {}
    speed = {
        cell: found
        for run in runs
        for cell, found in performances(records[run.name].id, UsageRepository.beside(results.runs), run).items()
    }
    return Report(runs, comparisons, standings, faults, unlike, medians, speed)


def _groups(runs: Sequence[RunSummary]) -> dict[Group, list[Entry]]:
    """The cells that have trials, by what makes them comparable."""
    found: dict[Group, list[Entry]] = {}
    for entry in entries_of(runs):
        if entry.summary.trials:
            found.setdefault(group_of(entry.cell), []).append(entry)
    return found


def _across(
    results: Results, groups: dict[Group, list[Entry]], records: dict[str, RunRecord], unlike: list[str]
) -> list[Comparison]:
    """Each cell against the first of its group; two arms of one A/B test are compared by its verdict instead."""
    found = []
    for first, *others in groups.values():
        for other in others:
            if first.run == other.run and records[first.run].spec.decision is not None:
                continue
            if asked_as(first.cell.signature) == asked_as(
                other.cell.signature
            ):  # its answers are those of the first, from the store
                unlike.append(f"'{other.name}' asks what '{first.name}' asked, of the same model")
                continue
            looked = looked_at(records[first.run]) or looked_at(records[other.run])
            try:
                cells = first.cell, other.cell
                found.append(results.met((first.name, other.name), cells, looked, PAIRS_KEPT))
            except NotComparable as error:
                unlike.append(error.message)
    unlike += _apart(results, groups)
    return correct(found)


def _apart(results: Results, groups: dict[Group, list[Entry]]) -> list[str]:
    """Why the cells of one benchmark fell into several groups: a reason for each that has no comparison in the first.

    Within one run that is what its spec asked for, and needs no word.
    """
    found, leaders = [], [members[0] for members in groups.values()]
    for place, entry in enumerate(leaders):
        base = _nearest(entry, leaders[:place])
        if base is None or base.run == entry.run:
            continue
        more = len(groups[group_of(entry.cell)]) - 1
        also = f" (nor the {more:,} compared with it)" if more else ""
        try:
            met = results.met((base.name, entry.name), (base.cell, entry.cell), "", pairs=0)
        except NotComparable as error:
            found.append(f"{error.message}{also}")
        else:
            shared = "1 sample is" if met.shared == 1 else f"{met.shared:,} samples are"
            found.append(
                f"the data of '{entry.cell.benchmark}' are not those of '{base.name}' in '{entry.name}', though"
                f" {shared} shared: see 'bakeoff compare {base.run}:{base.cell.position}"
                f" {entry.run}:{entry.cell.position}'{also}"
            )
    return found


def _nearest(entry: Entry, before: Sequence[Entry]) -> Entry | None:
    """Of the cells of its benchmark the first that one rule graded, else the first on its data, else the first."""
    alike = [one for one in before if one.cell.benchmark == entry.cell.benchmark]
    _, rule, digest = group_of(entry.cell)
    by_rule = [one for one in alike if group_of(one.cell)[1] == rule]
    by_data = [one for one in alike if group_of(one.cell)[2] == digest]
    return next(iter([*by_rule, *by_data, *alike]), None)


def _standing(results: Results, group: Group, members: Sequence[Entry], records: dict[str, RunRecord]) -> Standing:
    benchmark, profile, _ = group
    reasons = {entry.number: _unranked(entry, records[entry.run]) for entry in members}
    left = [f"#{entry.number} ({why})" for entry in members if (why := reasons[entry.number])]
    ended = [entry for entry in members if not reasons[entry.number]]
    if len(ended) < LEAST_RANKED and left:
        names = {str(entry.number): entry.name for entry in members}
        first = next(why for why in reasons.values() if why)
        return Standing(benchmark, profile, names, None, f"{first}, and a ranking needs cells that ended as planned")
    return _ranked(results, (benchmark, profile), ended, left)


def _unranked(entry: Entry, run: RunRecord) -> str:
    """Why a cell has no place in a ranking; a cell that is whole has one, also where its run is not finished."""
    why = looked_at(run)
    whole = entry.summary.trials >= entry.cell.planned and run.spec.decision is None
    return "" if whole else why


def _ranked(results: Results, of: tuple[str, str], members: Sequence[Entry], left: Sequence[str]) -> Standing:
    """Cells that ended as planned, ranked; `left`: those that did not."""
    benchmark, profile = of
    names = {str(entry.number): entry.name for entry in members}
    if len(members) > MOST_RANKED:
        return Standing(benchmark, profile, names, None, f"{len(members)} cells are more than {MOST_RANKED}")
    scores, missing = _shared_scores(results, members)
    if not scores.shape[1]:
        return Standing(benchmark, profile, names, None, "no sample was graded in all cells")
    from bakeoff.stats.ranking import rank

    try:
        return Standing(benchmark, profile, names, rank(list(names), scores, missing), left_out=left)
    except (ValueError, UsageError) as error:
        return Standing(benchmark, profile, names, None, str(error))


def _shared_scores(results: Results, members: Sequence[Entry]) -> tuple[Floats, int]:
    """Mean scores, cells × samples that all graded; and how many more all were asked."""
    import numpy as np

    places: dict[str, int] = {}
    sums: list[Floats] = []
    asked = None
    for entry in members:
        totals, counts, seen = _totals(results, entry.cell.id, places, grow=not sums)
        with np.errstate(invalid="ignore"):
            sums.append(np.where(counts > 0, totals / counts, np.nan))
        asked = seen if asked is None else asked & seen
    table = np.stack(sums)
    graded = ~np.isnan(table).any(axis=0)
    return table[:, graded], int((asked & ~graded).sum()) if asked is not None else 0


def _totals(
    results: Results, cell: int, places: dict[str, int], grow: bool
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """For each known sample the sum of its scores, how many there are, and whether it was asked."""
    import numpy as np

    where, values = array("l"), array("d")
    for _, sample, _, outcome, value in results.trials.values([cell]):
        place = places.setdefault(sample, len(places)) if grow else places.get(sample)
        if place is not None:
            where.append(place)
            values.append(value if outcome.graded and value is not None else float("nan"))
    at, found = np.array(where, dtype=np.intp), np.array(values, dtype=np.float64)
    known = ~np.isnan(found)
    counts = np.bincount(at[known], minlength=len(places)).astype(np.float64)
    totals: Floats = np.bincount(at[known], weights=found[known], minlength=len(places)).astype(np.float64)
    return totals, counts, np.bincount(at, minlength=len(places)) > 0


def _failed(run: RunSummary) -> bool:
    return any(cell.outcomes[Outcome.ERROR] for cell in run.cells)


def _medians(runs: Sequence[RunSummary]) -> dict[int, Estimate]:
    """The median latency of each cell that was timed."""
    from bakeoff.stats.spreads import tail

    cells = [cell for run in runs for cell in run.cells if cell.timing.seconds and max(cell.timing.seconds) > 0]
    return {cell.cell.id: tail(cell.timing.seconds) for cell in cells}
