"""The one typed spec of an experiment: YAML file, CLI flags, API body, stored row and hash.

Fields marked `operational` say how a run is executed and not what it measures; they stay out of
the hash, so they may change between a run and its resume. Example:

    spec = parse_spec({"models": ["fake/a"], "benchmarks": ["gsm8k"], "limit": 20})
    spec.hash(), spec.cells_planned
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from bakeoff.core.complaints import explain
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import MOST_REPEATS, digest
from bakeoff.core.types import Json

PresetName = Literal["memory_optimized", "balanced", "performance"]
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
OPERATIONAL = frozenset({"name", "budget", "concurrency", "retries", "timeout"})
# "api_key", "hf_token", "secret": not "max_tokens" and "tokenizer".
_SECRET = re.compile(r"(?i)(?:key|token|passwd)(?:$|[_\-\d])|secret|password|credential|authori[sz]ation")
_NAMED = re.compile(r"[a-z][a-z0-9_]*/")  # engine/id
_OPTION = re.compile(r"[a-z][a-z0-9_]*=")  # of a method, after the first
LEAST_ALPHA = 1e-6
_LARGEST = 2**63 - 1  # what JSON, SQL and the hash can all hold


_Int64 = Annotated[int, Field(ge=-_LARGEST, le=_LARGEST)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_number(cls, value: object, at: ValidationInfo) -> object:
        """YAML's `yes` is no 1: true and false are for the fields that are one or the other."""
        if isinstance(value, bool) and cls.model_fields[str(at.field_name)].annotation is not bool:
            raise PydanticCustomError("true_or_false", "true or false is not expected here")
        return value


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class ModelSpec(_Spec):
    """One model: a catalogue name or `engine/id`, and how to reach it."""

    model: str = Field(min_length=1, description="catalogue name or engine/id")
    base_url: str | None = Field(None, description="address of the endpoint, up to and with /v1")
    api: Literal["chat", "completions"] = Field("chat", description="which OpenAI API to call")
    api_key_env: str | None = Field(None, pattern=_VARIABLE, description="environment variable that holds the key")
    stream: bool = Field(False, description="stream replies, to measure time to first token")
    args: dict[str, bool | _Int64 | float | str] = Field(
        default_factory=dict, description="engine settings, e.g. accuracy for the fake engine"
    )


class MethodSpec(_Spec):
    """How an answer is sought, e.g. `few_shot` with `shots: 5`, `self_consistency` with `options: {votes: 5}`."""

    method: str = Field(min_length=1, description="name of a method")
    shots: int | None = Field(None, ge=1, le=100, description="examples shown before the question")
    options: dict[str, bool | _Int64 | float | str] = Field(
        default_factory=dict, description="settings of the method's own, e.g. votes"
    )

    @property
    def label(self) -> str:
        """`few_shot:5`, `self_consistency:votes=5`: what `method_of` reads back."""
        told = [str(self.shots)] if self.shots else []
        told += [f"{key}={_written(self.options[key])}" for key in sorted(self.options)]
        return f"{self.method}:{','.join(told)}" if told else self.method


def method_of(label: str) -> MethodSpec:
    """The method of a label: `naive`, `few_shot:5`, `self_consistency:votes=5,weighted=true`. Raises ConfigInvalid."""
    return MethodSpec.model_validate(_method_fields(label))


def _method_fields(label: str) -> dict[str, object]:
    name, colon, told = label.partition(":")
    if not colon:
        return {"method": label}
    shots = [piece for piece in told.split(",") if "=" not in piece]
    pairs = [piece.partition("=") for piece in told.split(",") if "=" in piece]
    fields: dict[str, object] = {"method": name, "shots": ",".join(shots)} if shots else {"method": name}
    options: dict[str, bool | int | float | str] = {}
    for key, _, value in pairs:
        if key.strip() in options:
            raise ConfigInvalid(f"'{label}' gives the option '{key.strip()}' twice", "leave one of them out")
        options[key.strip()] = _read(value.strip())
    return fields | ({"options": options} if options else {})


def _written(value: bool | int | float | str) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _read(text: str) -> bool | int | float | str:
    """A finite number or `true` as such, all else as the text it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)) else text


class BenchmarkSpec(_Spec):
    """One benchmark, its split and its grading profile."""

    benchmark: str = Field(min_length=1, description="name of a benchmark")
    split: str | None = Field(None, description="the benchmark's own default when not given")
    profile: str = Field("bakeoff", description="named grading rule")
    scorer: str | None = Field(None, min_length=1, description="another scorer: its name, or path/to/file.py:Class")
    options: dict[str, bool | _Int64 | float | str] = Field(
        default_factory=dict, description="options of that scorer, e.g. rubric for judge"
    )


class SamplingSpec(_Spec):
    """How tokens are drawn; what is not given is the benchmark's or the engine's default."""

    temperature: float = Field(0.0, ge=0, le=5, description="0 is greedy")
    top_p: float | None = Field(None, gt=0, le=1, description="nucleus sampling")
    max_tokens: int | None = Field(None, ge=1, le=_LARGEST, description="tokens a reply may have")
    stop: Annotated[tuple[str, ...], BeforeValidator(_one_or_more)] = Field((), description="texts that end a reply")
    logprobs: int | None = Field(None, ge=0, le=20, description="alternatives per token to return")


class BudgetSpec(_Spec):
    """Where to stop. None is no limit."""

    calls: int | None = Field(
        None, ge=0, le=_LARGEST, description="calls to engines; a further try after a fault is not counted"
    )
    tokens: int | None = Field(None, ge=0, le=_LARGEST, description="prompt and output tokens")
    usd: float | None = Field(None, ge=0, description="US dollars, at catalogue prices")
    seconds: float | None = Field(None, gt=0, description="wall time of one execution")


GuardMetric = Literal["latency", "latency_p95", "output_tokens", "cost", "missing", "errors"]
SHARES = frozenset({"missing", "errors"})  # guarded by a difference in share, the others by a ratio


class GuardSpec(_Spec):
    """What must not get worse for an arm to be called the winner, against the baseline."""

    metric: GuardMetric = Field(description="latency, latency_p95, output_tokens, cost, missing or errors")
    at_most: float = Field(description="most times the baseline's; of `missing` and `errors`: most added share")


def _alone(value: object) -> object:
    """One mapping is a list of one."""
    return (value,) if isinstance(value, Mapping) else value


def _as_rule(value: object) -> object:
    """`decision: not_worse` is the rule alone."""
    return {"rule": value} if isinstance(value, str) else value


class DecisionSpec(_Spec):
    """When a comparison may end, and what may be claimed then. Part of the hash: it is set beforehand."""

    rule: Literal["difference", "not_worse", "equivalent"] = Field("difference", description="what is to be shown")
    margin: float | None = Field(None, gt=0, lt=1, description="difference that does not matter, as a share")
    alpha: float = Field(0.05, gt=0, lt=0.5, description="chance of a false claim, over all looks and arms")
    batch: int = Field(32, ge=1, le=100_000, description="samples that all arms answer between two looks")
    prior: float = Field(5.0, gt=0, le=1e6, description="a of the Beta(a, a) that is bet on")
    baseline: str | None = Field(None, description="the arm that the others are measured against; the first")
    early: bool = Field(True, description="stop as soon as it is decided; false asks everything and tests once")
    unanswered: Literal["missing", "wrong"] = Field(
        "missing", description="how a reply that is cut, refused or without an answer counts"
    )
    guards: Annotated[tuple[GuardSpec, ...], BeforeValidator(_alone)] = Field(
        (), description="metrics that must not get worse"
    )


def split_names(text: str) -> list[str]:
    """`a,b` is two names, as in the flags; a comma in a URL or in the path of a model's file is part of it."""
    parts = at_commas(text)
    return [text] if "://" in text or not all(parts) else parts


def at_commas(text: str) -> list[str]:
    """The pieces of a list. One with a `/` goes on to the next `.gguf`, unless another `engine/id` begins before it;
    one with a `:` goes on through what is written `key=value`."""
    rest = text.split(",")
    found = []
    while rest:
        until = 1
        if "/" in rest[0]:
            for place, piece in enumerate(rest[1:], 1):
                if _NAMED.match(piece.strip()):
                    break
                if piece.strip().endswith(".gguf"):
                    until = place + 1
        while ":" in rest[0] and until < len(rest) and _OPTION.match(rest[until].strip()):
            until += 1
        found.append(",".join(rest[:until]).strip())
        rest = rest[until:]
    return found


def _split_all(value: object) -> tuple[object, ...]:
    entries = value if isinstance(value, list | tuple) else (value,)
    return tuple(part for item in entries for part in (split_names(item) if isinstance(item, str) else [item]))


def _as_list(field: str) -> BeforeValidator:
    """Accept "a,b", ["a", "b"], [{"model": "a", …}, …] alike; of methods, labels (`method_of`)."""

    def entry(value: object) -> object:
        if not isinstance(value, str):
            return value
        return _method_fields(value) if field == "method" else {field: value}

    def listed(value: object) -> object:
        return tuple(entry(item) for item in _split_all(value))

    return BeforeValidator(listed)


class MeasurementSpec(_Spec):
    """How optimisations are measured: in so many turns each, for the so-manieth time."""

    passes: int = Field(4, ge=1, le=100, description="turns that each optimisation has, in an order drawn by seed")
    round: int = Field(1, ge=1, le=_LARGEST, description="another number measures anew what was measured before")


class ExperimentSpec(_Spec):
    """A matrix: models × presets × benchmarks × methods × repeats, and how to run it."""

    name: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    models: Annotated[tuple[ModelSpec, ...], _as_list("model")] = Field(min_length=1)
    presets: Annotated[tuple[PresetName, ...], BeforeValidator(_split_all)] = Field(("balanced",), min_length=1)
    benchmarks: Annotated[tuple[BenchmarkSpec, ...], _as_list("benchmark")] = Field(min_length=1)
    methods: Annotated[tuple[MethodSpec, ...], _as_list("method")] = Field((MethodSpec(method="naive"),), min_length=1)
    optimisations: Annotated[tuple[str, ...], BeforeValidator(_split_all)] = Field(
        (), description="ways to answer faster, whose speed is measured: sequential, batched:8, prefix_cache, ..."
    )
    measurement: MeasurementSpec = Field(MeasurementSpec(), description="how optimisations are measured")
    judges: Annotated[tuple[ModelSpec, ...], _as_list("model")] = Field((), description="models that grade replies")
    repeats: int = Field(1, ge=1, le=MOST_REPEATS, description="times each sample is answered")
    sampling: SamplingSpec = SamplingSpec()
    limit: int | None = Field(None, ge=1, le=_LARGEST, description="samples of each benchmark, drawn by seed")
    samples: str | None = Field(None, description="a saved sample set to use instead of a limit")
    seed: int = Field(0, ge=0, le=_LARGEST, description="what every shuffle and draw derives from")
    decision: Annotated[DecisionSpec | None, BeforeValidator(_as_rule)] = Field(
        None, description="compare as an A/B test, and stop when it is decided"
    )
    budget: BudgetSpec = BudgetSpec()
    concurrency: int = Field(16, ge=1, le=4096, description="calls in flight per endpoint")
    retries: int = Field(5, ge=0, le=100, description="further tries after a passing fault")
    timeout: float = Field(300.0, gt=0, description="seconds one call may take")

    def measured(self) -> dict[str, Json]:
        """The fields that decide what is measured, as JSON; what the hash is taken of."""
        fields = self.model_dump(mode="json", exclude=set(OPERATIONAL))
        # Left out where unset, so that specs from before these fields keep their hash.
        if not self.judges:
            del fields["judges"]
        if self.decision is None:
            del fields["decision"]
        if not self.optimisations:
            del fields["optimisations"], fields["measurement"]
        for method in fields["methods"]:
            if not method["options"]:
                del method["options"]
        for asked in fields["benchmarks"]:
            for name in ("scorer", "options"):
                if not asked[name]:
                    del asked[name]
        return fields

    def hash(self) -> str:
        """32 hex digits; equal for specs that ask the same questions of the same models."""
        return digest(self.measured())

    @property
    def cells_planned(self) -> int:
        ways = len(self.presets) * max(1, len(self.optimisations))
        return len(self.models) * ways * len(self.benchmarks) * len(self.methods)


def parse_spec(fields: Mapping[str, Any]) -> ExperimentSpec:
    """Build the spec from a YAML file's or the flags' fields. Raises ConfigInvalid, one line."""
    for listed in (fields.get("models"), fields.get("judges")):
        for model in listed if isinstance(listed, list | tuple) else [listed]:
            _refuse_secrets(model)
    try:
        spec = ExperimentSpec.model_validate(dict(fields))
    except ValidationError as error:
        raise explain(error, ExperimentSpec) from None
    for name in ("models", "presets", "optimisations", "benchmarks", "methods", "judges"):
        _refuse_twins(name, getattr(spec, name))
    if "" in spec.sampling.stop:
        raise ConfigInvalid("a 'stop' is empty, which ends no reply", "name the text (--stop TEXT), or leave it out")
    if spec.limit and spec.samples:
        raise ConfigInvalid("'limit' and 'samples' exclude each other", "leave one of them out")
    if spec.decision is not None and spec.optimisations:
        raise ConfigInvalid(
            "an A/B test asks its arms side by side, and the speed of optimisations is measured one by one",
            "leave 'decision' or 'optimisations' out",
        )
    if spec.decision is not None:
        _check_decision(spec, spec.decision)
    return spec


def _check_decision(spec: ExperimentSpec, decision: DecisionSpec) -> None:
    arms = len(spec.models) * len(spec.presets) * len(spec.methods)
    if arms < 2:
        raise ConfigInvalid(
            "a decision needs at least 2 arms, and this spec has 1",
            "name two models, presets or methods, e.g. --methods naive,cot",
        )
    if decision.rule != "difference" and decision.margin is None:
        raise ConfigInvalid(
            f"rule '{decision.rule}' needs a margin: the difference that does not matter", "add --margin 0.03"
        )
    if decision.alpha < LEAST_ALPHA:  # here, not in the field: a stored run with one can still be read
        raise ConfigInvalid(
            f"'decision.alpha' of {decision.alpha:g} is under {LEAST_ALPHA:g}, which no run could show anything at",
            "0.05 or 0.01 are usual",
        )
    metrics = [guard.metric for guard in decision.guards]
    for guard in decision.guards:
        if metrics.count(guard.metric) > 1:
            raise ConfigInvalid(f"guard '{guard.metric}' is given twice", "leave one of them out")
        _check_guard(guard)


def _check_guard(guard: GuardSpec) -> None:
    told = f"guard '{guard.metric}' of {guard.at_most:g}"
    if guard.metric not in SHARES and guard.at_most < 1:
        raise ConfigInvalid(f"{told} is under 1, as times the baseline", f"write it like {guard.metric}=1.2")
    if guard.metric in SHARES and guard.at_most < 0:
        raise ConfigInvalid(f"{told} is under 0, an added share", f"write it like {guard.metric}=1pt")
    if guard.metric in SHARES and guard.at_most >= 1:
        points = f"{guard.at_most:g}pt" if guard.at_most < 100 else "1pt"
        raise ConfigInvalid(
            f"{told} can't be broken: no added share is above 1", f"write it like {guard.metric}={points}"
        )


def _refuse_twins(name: str, entries: tuple[object, ...]) -> None:
    seen: set[str] = set()
    for entry in entries:
        text = str(entry)
        if text in seen:
            shown = next(iter(entry.__dict__.values())) if isinstance(entry, BaseModel) else entry
            raise ConfigInvalid(f"'{name}' lists '{shown}' twice", "leave one of them out")
        seen.add(text)


def _refuse_secrets(model: object) -> None:
    args = model.get("args") if isinstance(model, Mapping) else None
    for name in args if isinstance(args, Mapping) else ():
        if _SECRET.search(str(name)) and not str(name).endswith("_env"):
            raise ConfigInvalid(
                f"'{name}' looks like a secret, and a spec is stored",
                "put it in the environment and name the variable with 'api_key_env'",
            )
