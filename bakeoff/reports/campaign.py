"""What a campaign came to, as values: gates, criteria, combinations, models, sizes. Pure; every renderer shows this.

report.criteria[0].verdict        # "pass", "fail" or "not measured"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bakeoff.core.campaign import Check, Gate
from bakeoff.reports.scaling.model import Study
from bakeoff.reports.summary import RunSummary

CRITERIA = ("all_models_evaluated", "all_combinations_valid", "tokens_per_second", "memory_share", "failure_rate")
_LOWEST = frozenset({"tokens_per_second"})  # where the lowest value is the one that decides


@dataclass(frozen=True, slots=True)
class Combination:
    """One model under one preset, as coverage found it. Bytes and seconds; None: not known."""

    model: str
    preset: str
    ok: bool
    stage: str
    said: str
    first_seconds: float | None = None
    first_token_s: float | None = None
    tokens_per_second: float | None = None
    memory_before: int | None = None
    memory_peak: int | None = None
    memory_after: int | None = None
    memory_total: int | None = None
    memory_share: float | None = None
    on_gpu: bool = False


@dataclass(frozen=True, slots=True)
class ModelResult:
    """One model: its run, how fast it was over all of it, and why it is not whole where it is not."""

    name: str
    size_b: float | None
    run: RunSummary | None
    why: str = ""
    tokens_per_s: float | None = None
    tokens_from: str = ""

    @property
    def whole(self) -> bool:
        return self.run is not None and not self.why


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """The whole. `created_at`: when its latest run was begun, in seconds since 1970."""

    name: str
    spec_hash: str
    version: str
    created_at: float
    gates: Sequence[Gate]
    combinations: Sequence[Combination]
    models: Sequence[ModelResult]
    study: Study | None = None
    no_study: str = ""
    links: Sequence[tuple[str, str]] = field(default_factory=tuple)  # text, path beside the report

    @property
    def criteria(self) -> list[Check]:
        return criteria_of(self.gates)

    @property
    def runs(self) -> list[RunSummary]:
        return [model.run for model in self.models if model.run is not None]


def criteria_of(gates: Sequence[Gate]) -> list[Check]:
    """A line for each criterion that was asked for: of those with a line for each model the one that decides."""
    found = []
    for name in CRITERIA:
        checks = [check for gate in gates for check in gate.checks if check.criterion == name]
        if checks:
            found.append(_deciding(name, checks))
    return found


def _deciding(name: str, checks: Sequence[Check]) -> Check:
    measured = [check for check in checks if check.verdict != "not measured"]
    unmeasured = len(checks) - len(measured)
    if not measured:
        return Check(name, "", "not measured", None, checks[0].bound, checks[0].why)
    sign = -1 if name in _LOWEST else 1
    worst = max(measured, key=lambda check: sign * _number(check))
    why = "; ".join(filter(None, (worst.why, f"{unmeasured} of {len(checks)} not measured" if unmeasured else "")))
    verdict = "fail" if any(check.verdict == "fail" for check in measured) else "pass"
    return Check(name, worst.subject, "fail" if verdict == "fail" else "pass", worst.value, worst.bound, why)


def _number(check: Check) -> float:
    return float(check.value) if isinstance(check.value, int | float) else 0.0


def verdict_line(gates: Sequence[Gate]) -> str:
    """One sentence: how many gates passed, and which failed first and why."""
    passed = sum(gate.status == "passed" for gate in gates)
    failed = [gate for gate in gates if gate.status == "failed"]
    waiting = [gate for gate in gates if not gate.ended]
    told = f"{passed} of {len(gates)} gates passed"
    if failed:
        names = ", ".join(f"{gate.number} ({gate.name})" for gate in failed)
        told += f"; failed: {names}"
    if waiting:
        told += f"; not reached: {', '.join(f'{gate.number} ({gate.name})' for gate in waiting)}"
    return told + "."
