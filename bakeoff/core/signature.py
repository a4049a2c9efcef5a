"""The signature line: a score's recipe, which can be pasted back to run it again (law 4).

    gsm8k@1f2e3d4c|model:fake/a|preset:balanced|method:cot|profile:bakeoff|t:0|limit:100|seed:7
    …|n:98|miss:2|ci:wilson95|v:0.1.0

That of a cell of an A/B test also has the rule, and whether its scores are right or wrong or graded:

    …|decision:difference|test:binary|n:98|…

The first part is fixed when a cell is planned; n, missing, interval and version are added when its
estimate is made. `bakeoff run --from "<signature>"` reads the first part.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.specs import BenchmarkSpec, ExperimentSpec, MethodSpec, ModelSpec
from bakeoff.core.types import Estimate, Json

_SPECIAL = re.compile("[%|\\x00-\\x1f\\x7f-\\x9f]")
_ESCAPED = re.compile("%([0-9A-F]{2})")
_MEASURED = ("on", "code", "test", "n", "miss", "ci", "v")
_GRADED, _BINARY = "graded", "binary"
Reader = Callable[[str], Json]
_SAMPLING: dict[str, tuple[str, Reader]] = {
    "t": ("temperature", float),
    "top_p": ("top_p", float),
    "max": ("max_tokens", int),
    "logprobs": ("logprobs", int),
}


def recipe(
    spec: ExperimentSpec,
    model: ModelSpec,
    preset: str,
    benchmark: BenchmarkSpec,
    method: MethodSpec,
    digest: str,
    depends: str = "",
    code: str = "",
) -> str:
    """The part of the signature that is known before the run.

    `depends`: what the method depends on besides its words, such as a knowledge base; `code`: a hash of the
    file that a scorer of the user's own is in.
    """
    parts: dict[str, object] = {"model": model.model}
    parts["url"] = model.base_url
    parts["api"] = model.api if model.api != "chat" else None
    parts["args"] = orjson.dumps(model.args, option=orjson.OPT_SORT_KEYS).decode() if model.args else None
    parts["key"] = model.api_key_env
    parts["stream"] = 1 if model.stream else None
    parts["preset"] = preset
    parts["method"] = method.label
    parts["on"] = depends or None
    parts["split"] = benchmark.split
    parts["profile"] = benchmark.profile
    parts["scorer"] = benchmark.scorer
    parts["code"] = code or None
    parts["options"] = _json(benchmark.options) if benchmark.options else None
    judges: list[Json] = [judge.model_dump(mode="json", exclude_defaults=True) for judge in spec.judges]
    parts["judges"] = _json(judges) if judges else None
    sampling = spec.sampling
    for name, (field, _) in _SAMPLING.items():
        value = getattr(sampling, field)
        parts[name] = _number(value) if value is not None else None
    parts["stop"] = orjson.dumps(sampling.stop).decode() if sampling.stop else None
    parts["repeats"] = spec.repeats if spec.repeats > 1 else None
    parts["limit"] = spec.limit
    parts["samples"] = spec.samples
    parts["seed"] = spec.seed
    head = f"{escaped(benchmark.benchmark)}@{digest[:8]}"
    told = [f"{name}:{escaped(str(value))}" for name, value in parts.items() if value is not None]
    return "|".join([head, *told])


def measured_as(recipe_line: str, optimisation: str, spec: ExperimentSpec) -> str:
    """The recipe of a cell whose speed is measured under an optimisation; as it is where none is."""
    if not optimisation:
        return recipe_line
    measurement = spec.measurement
    return f"{recipe_line}|optimisation:{escaped(optimisation)}|passes:{measurement.passes}|round:{measurement.round}"


def decided_as(recipe_line: str, spec: ExperimentSpec, graded: bool) -> str:
    """The recipe of a cell of an A/B test, with its rule and the kind of its scores; as it is of another run's."""
    if spec.decision is None:
        return recipe_line
    said = spec.decision.model_dump(mode="json", exclude_defaults=True)
    rule = spec.decision.rule if said.keys() <= {"rule"} else _json({**said, "rule": spec.decision.rule})
    return f"{recipe_line}|decision:{escaped(rule)}|test:{_GRADED if graded else _BINARY}"


def asked_as(recipe_line: str) -> str:
    """The recipe without the rule of its A/B test: what was asked, however it was decided."""
    parts = recipe_line.split("|")
    return "|".join(part for part in parts if not part.startswith(("decision:", "test:")))


def graded_test(recipe_line: str) -> bool | None:
    """Whether the A/B test of a cell is one of graded scores, as was settled before it began.

    None where its recipe does not say: it is of no test, or of one from before that was written down.
    """
    parts = recipe_line.split("|")
    return True if f"test:{_GRADED}" in parts else False if f"test:{_BINARY}" in parts else None


def sign(recipe_line: str, estimate: Estimate, version: str) -> str:
    """The whole signature of a score."""
    return f"{recipe_line}|n:{estimate.n}|miss:{estimate.n_missing}|ci:{estimate.method}|v:{version}"


def dependence(recipe_line: str) -> str:
    """What a method depends on, as its cell's recipe tells it; empty where it is nothing."""
    told = next((part for part in recipe_line.split("|") if part.startswith("on:")), "on:")
    return _unescape(told[3:])


def told_in(signature: str) -> dict[str, str]:
    """The named parts of a signature, unescaped: `{"model": "fake/a", …}`."""
    pairs = (part.partition(":") for part in signature.split("|")[1:])
    return {name: _unescape(value) for name, _, value in pairs}


def refuse_other_dependence(run: str, stored: str, now: str) -> None:
    """Raise ConfigInvalid unless two recipes of a cell depend on the same, such as one state of a knowledge base."""
    before, after = dependence(stored), dependence(now)
    if before != after:
        raise ConfigInvalid(
            f"what a method of run '{run}' reads changed since it was started ('{before}' → '{after}')",
            "bring the old knowledge base or tools back, or choose another --name",
        )


def read(signature: str) -> tuple[dict[str, Json], str]:
    """The spec's fields in a signature, and the digest of its data. Raises ConfigInvalid."""
    head, *rest = signature.strip().split("|")
    benchmark, at, digest = head.rpartition("@")
    if not at or not rest:
        raise ConfigInvalid(
            f"'{signature:.60}' is no signature", "paste the whole line, which begins like 'gsm8k@1f2e3d4c|model:…'"
        )
    parts: dict[str, str] = {}
    for part in rest:
        name, colon, value = part.partition(":")
        if not colon:
            raise ConfigInvalid(f"the signature's part '{part:.40}' has no ':'", "paste the whole line in quotes")
        parts[name] = _unescape(value)
    if "imported" in parts:
        raise ConfigInvalid(
            f"this score was imported from {parts['imported']}, which asked the questions its own way",
            "run it there again, or give the fields as flags instead of --from",
        )
    try:
        return _fields(_unescape(benchmark), parts), digest
    except (KeyError, ValueError) as error:
        raise ConfigInvalid(f"the signature cannot be read ({error})", "paste the whole line in quotes") from None


def _fields(benchmark: str, parts: dict[str, str]) -> dict[str, Json]:
    model: dict[str, Json] = {"model": parts.pop("model")}
    model |= _taken(parts, {"url": ("base_url", str), "api": ("api", str), "key": ("api_key_env", str)})
    model |= _taken(parts, {"args": ("args", orjson.loads), "stream": ("stream", bool)})
    sampling = _taken(parts, {**_SAMPLING, "stop": ("stop", orjson.loads)})
    asked: dict[str, Json] = {"benchmark": benchmark, "profile": parts.pop("profile")}
    asked |= _taken(parts, {"split": ("split", str), "scorer": ("scorer", str), "options": ("options", orjson.loads)})
    fields: dict[str, Json] = {
        "models": [model],
        "presets": [parts.pop("preset")],
        "benchmarks": [asked],
        "methods": [parts.pop("method")],
        "sampling": sampling,
    }
    numbers: dict[str, tuple[str, Reader]] = {name: (name, int) for name in ("repeats", "limit", "seed")}
    fields |= _taken(parts, {**numbers, "samples": ("samples", str), "judges": ("judges", orjson.loads)})
    fields |= _taken(parts, {"decision": ("decision", _rule)})
    if "optimisation" in parts:
        fields["optimisations"] = [parts.pop("optimisation")]
        fields["measurement"] = _taken(parts, {name: (name, int) for name in ("passes", "round")})
    unknown = set(parts) - set(_MEASURED)
    if unknown:
        raise ValueError(f"unknown part '{sorted(unknown)[0]}'")
    return fields


def _taken(parts: dict[str, str], wanted: dict[str, tuple[str, Reader]]) -> dict[str, Json]:
    """Take the wanted parts out, under their field's name and read as its kind."""
    return {field: kind(parts.pop(name)) for name, (field, kind) in wanted.items() if name in parts}


def _rule(text: str) -> Json:
    """A decision's fields; of a rule that is the usual one in all else its name alone."""
    found: Json = orjson.loads(text) if text.startswith("{") else {"rule": text}
    return found


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _number(value: float) -> str:
    """The shortest text that is read back as the same number."""
    short = f"{value:g}"
    return short if isinstance(value, float) and float(short) == value else repr(value)


def escaped(value: str) -> str:
    """The value on one line, without what the line is made of and without control characters."""
    return _SPECIAL.sub(lambda hit: f"%{ord(hit[0]):02X}", value)


def _unescape(value: str) -> str:
    return _ESCAPED.sub(lambda hit: chr(int(hit[1], 16)), value)
