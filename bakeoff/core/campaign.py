"""The one typed spec of a campaign, and what a gate says: pure, no I/O.

A campaign is an experiment with a plan around it: five gates in order, each with a check, and the criteria of
success. Its file has the fields of an experiment and a few of its own. Example:

    spec = parse_campaign({"name": "night", "models": "fake/a,fake/b", "benchmarks": "gsm8k", "limit": 30})
    spec.criteria.tokens_per_second, spec.experiment.limit       # 100.0, 30
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import digest
from bakeoff.core.specs import ExperimentSpec, ModelSpec, parse_spec
from bakeoff.core.types import Json

GATES = ("environment", "coverage", "evaluation", "scaling", "report")
Verdict = Literal["pass", "fail", "not measured"]
GateStatus = Literal["waiting", "running", "passed", "failed"]
Format = Literal["html", "md", "json", "csv", "parquet", "pdf", "tex", "png", "svg"]
Value = None | bool | int | float | str


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CriteriaSpec(_Part):
    """What counts as success. None, or false: not asked for."""

    all_models_evaluated: bool = Field(True, description="every model answered all that it was asked")
    all_combinations_valid: bool = Field(True, description="every model × preset loads, answers and lets go")
    tokens_per_second: float | None = Field(100.0, gt=0, description="more output tokens a second than this")
    memory_share: float | None = Field(0.8, gt=0, le=1, description="at most this share of the device's memory")
    failure_rate: float | None = Field(0.05, gt=0, le=1, description="a smaller share of failed trials than this")


class ScalingSpec(_Part):
    """What the comparison of sizes is told: see `bakeoff scaling`."""

    sizes: dict[str, float] = Field(default_factory=dict, description="billions of parameters of a model")
    weight_bytes: dict[str, float] = Field(default_factory=dict, description="bytes that a weight of a model takes")
    worth: float | None = Field(None, gt=0, description="US dollars that one more solved item is worth")
    margin: float | None = Field(None, gt=0, lt=1, description="difference that does not matter, as a share")


class PlanSpec(_Part):
    """The fields that a campaign has beside those of its experiment."""

    gpu: str | None = Field(None, description="device to count memory for before anything is loaded")
    on_failure: Literal["continue", "stop"] = Field("continue", description="what a failed gate means for the next")
    criteria: CriteriaSpec = CriteriaSpec()
    scaling: ScalingSpec = ScalingSpec()
    formats: tuple[Format, ...] = Field(
        ("html", "md", "json", "csv", "pdf"), description="what the reports are written as"
    )


@dataclass(frozen=True, slots=True)
class CampaignSpec:
    """A campaign: a name, the experiment that is asked of every model, and the plan around it."""

    name: str
    experiment: ExperimentSpec
    plan: PlanSpec

    @property
    def criteria(self) -> CriteriaSpec:
        return self.plan.criteria

    @property
    def models(self) -> tuple[ModelSpec, ...]:
        return self.experiment.models

    def of_model(self, model: ModelSpec, presets: Sequence[str]) -> ExperimentSpec:
        """The experiment of one model alone, so that no other can be lost with it."""
        fields = self.experiment.model_dump(mode="json")
        return parse_spec({**fields, "name": None, "models": [model.model_dump(mode="json")], "presets": [*presets]})

    def fields(self) -> dict[str, Json]:
        """The whole as JSON: what a file holds."""
        asked = self.experiment.model_dump(mode="json", exclude={"decision"})
        return {**asked, "name": self.name, **self.plan.model_dump(mode="json")}

    def hash(self) -> str:
        """32 hex digits, equal for campaigns that ask and demand the same."""
        return digest([self.name, self.experiment.measured(), self.plan.model_dump(mode="json")])


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a gate: what was looked at, its value, its bound, and the verdict with the reason.

    "not measured" is neither pass nor fail: an engine that tells no tokens has no speed, and not a low one.
    """

    criterion: str
    subject: str
    verdict: Verdict
    value: Value = None
    bound: Value = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: how far it is, and its checks."""

    number: int
    status: GateStatus = "waiting"
    checks: tuple[Check, ...] = ()
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return GATES[self.number - 1]

    @property
    def ended(self) -> bool:
        return self.status in ("passed", "failed")

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.verdict == "fail")


@dataclass(frozen=True, slots=True)
class CampaignState:
    """What is kept of a campaign: the spec that it was run with, by its hash, and its five gates."""

    name: str
    spec_hash: str = ""
    gates: tuple[Gate, ...] = field(default=tuple(Gate(number) for number in range(1, len(GATES) + 1)))

    def gate(self, number: int) -> Gate:
        return self.gates[number - 1]

    def having(self, gate: Gate) -> CampaignState:
        """The state with this gate in the place of the one before."""
        gates = tuple(gate if other.number == gate.number else other for other in self.gates)
        return CampaignState(self.name, self.spec_hash, gates)

    def next_gate(self, policy: str) -> int | None:
        """The gate to begin with: the first that has not ended, or that failed where that stops; None when done."""
        for gate in self.gates:
            if not gate.ended or (gate.status == "failed" and policy == "stop"):
                return gate.number
        return None

    def from_gate(self, number: int) -> CampaignState:
        """The state before a gate: it and those after it wait."""
        gates = tuple(gate if gate.number < number else Gate(gate.number) for gate in self.gates)
        return CampaignState(self.name, self.spec_hash, gates)

    @property
    def first_failed(self) -> int | None:
        return next((gate.number for gate in self.gates if gate.status == "failed"), None)


def bounded(criterion: str, subject: str, value: float | None, bound: float, rule: str, why: str = "") -> Check:
    """A number against its bound; `rule` is "more than", "at most" or "under". No value: not measured."""
    if value is None:
        return Check(criterion, subject, "not measured", None, bound, why or "nothing tells it")
    met = {"more than": value > bound, "at most": value <= bound, "under": value < bound}[rule]
    return Check(criterion, subject, "pass" if met else "fail", value, bound, why)


def parse_campaign(fields: Mapping[str, Any], name: str = "campaign") -> CampaignSpec:
    """Build the spec from a file's fields; `name` where they have none. Raises ConfigInvalid, one line."""
    plan = {key: value for key, value in fields.items() if key in PlanSpec.model_fields}
    rest = {key: value for key, value in fields.items() if key not in PlanSpec.model_fields}
    known = sorted({*PlanSpec.model_fields, *ExperimentSpec.model_fields} - {"decision"})
    odd = next((str(key) for key in rest if key not in known), None)
    if odd == "decision":
        raise ConfigInvalid(
            "a campaign takes no 'decision': its models are asked one after the other", "leave it out, or 'bakeoff run'"
        )
    if odd is not None:
        raise ConfigInvalid(f"unknown field '{odd}'", _nearest(odd, known))
    experiment = parse_spec({**rest, "name": rest.get("name") or name})
    twice = _twice([model.model for model in experiment.models])
    if twice is not None:
        raise ConfigInvalid(
            f"'models' names '{twice}' twice, and a campaign tells models by their names", "make two campaigns of it"
        )
    try:
        asked = PlanSpec.model_validate(plan)
    except ValidationError as error:
        raise _explained(error) from None
    _check_names(asked.scaling, [model.model for model in experiment.models])
    return CampaignSpec(str(experiment.name), experiment, asked)


def _check_names(scaling: ScalingSpec, models: Sequence[str]) -> None:
    for where, table in (("sizes", scaling.sizes), ("weight_bytes", scaling.weight_bytes)):
        for name, number in table.items():
            if name not in models:
                raise ConfigInvalid(f"'scaling.{where}' names '{name}', which is no model here", _nearest(name, models))
            if number <= 0:
                raise ConfigInvalid(f"'scaling.{where}' of '{name}' is {number:g}", "give a number above 0")


def _twice(names: Sequence[str]) -> str | None:
    return next((name for place, name in enumerate(names) if name in names[:place]), None)


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"


def _explained(error: ValidationError) -> ConfigInvalid:
    """The first complaint in one line, an unknown field with the nearest that there is."""
    complaints = error.errors()
    first = next((one for one in complaints if one["type"] == "extra_forbidden"), complaints[0])
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        parts: dict[str, type[BaseModel]] = {"criteria": CriteriaSpec, "scaling": ScalingSpec}
        return ConfigInvalid(
            f"unknown field '{where}'", _nearest(str(first["loc"][-1]), [*parts[str(first["loc"][0])].model_fields])
        )
    said = first["msg"][:1].lower() + first["msg"][1:]
    return ConfigInvalid(f"field '{where}': {said} (got {first['input']!r:.80})", "correct it")
