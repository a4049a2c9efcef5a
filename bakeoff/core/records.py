"""What the store keeps of a run beside its trials: the run, its cells, a saved sample set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from bakeoff.core.specs import BenchmarkSpec, ExperimentSpec, ModelSpec
from bakeoff.core.types import ModelIdentity, Outcome

_Entry = ModelSpec | BenchmarkSpec


class RunStatus(StrEnum):
    """How far a run is. Every status but `running` says why the last execution ended."""

    RUNNING = "running"
    COMPLETE = "complete"
    DECIDED = "decided"  # the decision rule was met before all was asked
    INTERRUPTED = "interrupted"
    BUDGET = "budget"  # a limit of calls, tokens, money or time was reached
    STOPPED = "stopped"  # an engine was dead, so its cells were stopped


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run: an execution of an experiment, under a name.

    `looks`: batches that its decision rule had looked at when an execution last ended by itself; None without one.
    """

    id: int
    name: str
    spec: ExperimentSpec
    status: RunStatus
    created_at: float
    updated_at: float
    seconds: float
    version: str
    looks: int | None = None


@dataclass(frozen=True, slots=True)
class CellRecord:
    """One cell of a run: model × preset × benchmark × method, and how it is graded.

    `note` tells it from the run's other cells of the same names; it is not stored (`noted` makes it).
    `repeated`: ids that the draw gave to samples whose own id was taken; None where nobody wrote them down.
    """

    id: int
    position: int
    model: str
    preset: str
    benchmark: str
    method: str
    profile: str
    identity: ModelIdentity
    revision: str
    data_digest: str
    planned: int
    signature: str
    note: str = ""
    repeated: tuple[str, ...] | None = None

    @property
    def optimisation(self) -> str:
        """Under which optimisation its speed was measured; empty where none was."""
        return self.identity.measured.partition("#")[0]

    @property
    def variant(self) -> str:
        """The model, and what tells it from others of that name: `fake/a accuracy=0.7`."""
        return f"{self.model} {self.note}".strip()

    @property
    def label(self) -> str:
        """`model · benchmark · method`, with the preset when it is not the usual one."""
        parts = [self.variant, self.benchmark, self.method]
        return " · ".join(parts if self.preset == "balanced" else [*parts, self.preset])


def noted(cells: Sequence[CellRecord], spec: ExperimentSpec) -> list[CellRecord]:
    """The cells of a run with their notes: what differs between entries of one name."""
    if len(cells) != spec.cells_planned:
        return list(cells)
    models = [_note(one, [other for other in spec.models if other.model == one.model]) for one in spec.models]
    asked = [_note(one, [o for o in spec.benchmarks if o.benchmark == one.benchmark]) for one in spec.benchmarks]
    in_benchmark = len(spec.methods)
    in_model = len(spec.presets) * max(1, len(spec.optimisations)) * len(asked) * in_benchmark
    notes = [
        (models[i // in_model], cell.optimisation, asked[i // in_benchmark % len(asked)])
        for i, cell in enumerate(cells)
    ]
    return [replace(cell, note=" ".join(filter(None, note))) for cell, note in zip(cells, notes, strict=True)]


def _note(entry: _Entry, namesakes: Sequence[_Entry]) -> str:
    """The fields in which an entry differs from its namesakes: `accuracy=0.7 base_url=…`."""
    others = [_said(other) for other in namesakes]
    return " ".join(
        f"{field}={value}" for field, value in _said(entry).items() if any(o.get(field) != value for o in others)
    )


def _said(entry: _Entry) -> dict[str, str]:
    """Everything that is said of an entry beside its name, flat, as text."""
    fields = entry.model_dump(exclude={"model", "benchmark"}, exclude_defaults=True)
    fields |= fields.pop("args", {})
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in fields.items()}


@dataclass(frozen=True, slots=True)
class Fault:
    """The trials of a cell that ended in one kind of error: its code, how many, and what one of them said."""

    code: str
    count: int
    message: str


def faults_in_all(cells: Iterable[Sequence[Fault]]) -> list[Fault]:
    """The faults of several cells as those of one, the most frequent first."""
    found: dict[str, Fault] = {}
    for fault in (fault for faults in cells for fault in faults):
        known = found.get(fault.code)
        found[fault.code] = replace(known, count=known.count + fault.count) if known else fault
    return sorted(found.values(), key=lambda fault: (-fault.count, fault.code))


@dataclass(frozen=True, slots=True)
class SampleSet:
    """A named choice of samples of one benchmark, kept for good."""

    name: str
    benchmark: str
    data_digest: str
    ids: tuple[str, ...]


class Measure(NamedTuple):
    """The numbers of one trial, without its texts. `parts`: what its scorer kept, as JSON."""

    outcome: Outcome
    value: float | None
    latency_s: float
    prompt_tokens: int | None
    output_tokens: int | None
    cost: float | None
    cached: int
    sample_id: str = ""
    repeat: int = 0
    parts: str | None = None

    @property
    def own_latency_s(self) -> float | None:
        """Its seconds; None where a reply of it came from the store: another run, perhaps another day, timed that."""
        return None if self.cached else self.latency_s


class Met(NamedTuple):
    """One sample and repeat as two cells answered it. The texts may be None where the scores are equal.

    `alike`: both were asked the same question with the same target.
    """

    sample_id: str
    repeat: int
    outcome_a: Outcome
    outcome_b: Outcome
    value_a: float | None
    value_b: float | None
    target: str | None
    extracted_a: str | None
    extracted_b: str | None
    alike: bool


class CallTimes(NamedTuple):
    """The times and counts of one call. `gaps`: seconds between the pieces of its reply, where it was streamed."""

    finished_at: float
    latency_s: float
    first_token_s: float | None
    prompt_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    gaps: tuple[float, ...] = ()
