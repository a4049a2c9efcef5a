"""The arms of an A/B test: what is the same in every benchmark of a run, as one side of a comparison. Pure.

An arm is one model (under one preset) with one method; it has a cell in each benchmark. Example:

    arms = arms_of(cells, spec)          # Arm("fake/a cot", cells), Arm("fake/b cot", cells)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bakeoff.core.errors import UnknownName
from bakeoff.core.records import CellRecord
from bakeoff.core.specs import ExperimentSpec
from bakeoff.core.types import Outcome

SHOWN = 8  # arms in a message


@dataclass(frozen=True, slots=True)
class Arm:
    """One side: its shortest name, and its cells in the order of the benchmarks."""

    label: str
    cells: tuple[CellRecord, ...]


def arm_of(position: int, spec: ExperimentSpec) -> int:
    """The index of the arm that the cell at a position of the matrix belongs to."""
    methods = len(spec.methods)
    return position // (len(spec.benchmarks) * methods) * methods + position % methods


def benchmark_of(position: int, spec: ExperimentSpec) -> int:
    """The index of the benchmark of the cell at a position of the matrix; one may be asked twice, by two profiles."""
    return position // len(spec.methods) % len(spec.benchmarks)


def arms_of(cells: Sequence[CellRecord], spec: ExperimentSpec) -> list[Arm]:
    """The arms of a run's cells, in the order of the spec; a name says what differs between them, and no more."""
    members: dict[int, list[CellRecord]] = {}
    for cell in cells:
        members.setdefault(arm_of(cell.position, spec), []).append(cell)
    firsts = [found[0] for _, found in sorted(members.items())]
    telling = [part for part in ("variant", "preset", "method") if len({getattr(cell, part) for cell in firsts}) > 1]
    labels = [" ".join(str(getattr(cell, part)) for part in telling) for cell in firsts]
    return [Arm(label, tuple(members[index])) for label, index in zip(labels, sorted(members), strict=True)]


def baseline_of(arms: Sequence[Arm], name: str | None) -> int:
    """The index of the arm that a decision's `baseline` names: its label, or words that only it has.

    Raises UnknownName.
    """
    if name is None:
        return 0
    labels = [arm.label for arm in arms]
    if name in labels:
        return labels.index(name)
    found = [i for i, label in enumerate(labels) if set(name.split()) <= set(label.split())]
    if len(found) == 1 and name.split():
        return found[0]
    raise _unknown(name, labels)


def counted(outcome: Outcome, value: float | None, unanswered_wrong: bool) -> float | None:
    """What a trial counts in an A/B test: None when it is missing. An error is never a wrong answer."""
    if outcome.graded:
        return value
    return 0.0 if counted_wrong(outcome, unanswered_wrong) else None


def counted_wrong(outcome: Outcome, unanswered_wrong: bool) -> bool:
    """Whether a trial counts as wrong for want of an answer, which only a rule with `unanswered: wrong` says."""
    return unanswered_wrong and not outcome.graded and outcome is not Outcome.ERROR


def _unknown(name: str, labels: Sequence[str]) -> UnknownName:
    error = UnknownName("arm", name, labels)
    near = f"{error.hint.partition('?')[0]}? " if error.hint and "?" in error.hint else ""
    shown = ", ".join(f"'{label}'" for label in labels[:SHOWN])
    more = f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
    error.hint = f"{near}{'T' if near else 't'}he arms are {shown}{more}"
    return error
