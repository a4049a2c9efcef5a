"""The spec as flags: the same fields as the YAML file, which they override."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from bakeoff.core.errors import ConfigInvalid, UsageError
from bakeoff.core.specs import ExperimentSpec, ModelSpec, at_commas, parse_spec

Command = Callable[..., Any]
_SHARE = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+))\s*(%|pt|pts|points?)?$")
_SAMPLING = ("temperature", "top_p", "max_tokens", "stop", "logprobs")
_BUDGET = ("calls", "tokens", "usd", "seconds")
_DECISION = ("margin", "alpha", "batch", "baseline", "guard", "ask_all")
RULES = ["difference", "not_worse", "equivalent"]
_PLAIN = ("name", "repeats", "limit", "samples", "seed", "concurrency", "retries", "timeout")

_OPTIONS = (
    click.option("--models", "-m", multiple=True, metavar="NAME,…", help="Catalogue names or engine/id."),
    click.option("--benchmarks", "--datasets", "-b", multiple=True, metavar="NAME,…", help="What to ask."),
    click.option("--methods", multiple=True, metavar="NAME,…", help="naive, cot, few_shot:5, … [default: naive]"),
    click.option(
        "--presets", "--preset", multiple=True, metavar="NAME,…", help="memory_optimized, balanced, performance."
    ),
    click.option("--limit", "--sample-limit", "-n", type=int, help="Samples of each benchmark, drawn by seed."),
    click.option("--samples", metavar="NAME", help="A saved sample set instead of a limit."),
    click.option("--repeats", type=int, help="Times each sample is answered."),
    click.option("--seed", type=int, help="What every shuffle and draw derives from. [default: 0]"),
    click.option("--base-url", metavar="URL", help="Where the models are served, with /v1."),
    click.option("--api", type=click.Choice(["chat", "completions"]), help="Which OpenAI API to call."),
    click.option("--api-key-env", metavar="VAR", help="Environment variable that holds the key."),
    click.option("--stream", is_flag=True, default=None, help="Stream replies, to time the first token."),
    click.option("--model-args", metavar="K=V,…", help="Engine settings, e.g. accuracy=0.8 for fake."),
    click.option("--profile", metavar="NAME", help="Grading rule. [default: bakeoff]"),
    click.option("--judge", multiple=True, metavar="NAME,…", help="Models that grade, where a profile asks for one."),
    click.option("--judge-base-url", metavar="URL", help="Where the judges are served, with /v1."),
    click.option("--judge-api-key-env", metavar="VAR", help="Environment variable that holds the judges' key."),
    click.option("--scorer", metavar="NAME", help="Another scorer than the profile's: a name, or file.py:Class."),
    click.option("--scorer-args", metavar="K=V,…", help="Options of the scorer, e.g. rubric=... for judge."),
    click.option("--temperature", type=float, help="0 is greedy. [default: 0]"),
    click.option("--top-p", type=float, help="Nucleus sampling."),
    click.option("--max-tokens", type=int, help="Tokens a reply may have."),
    click.option("--stop", multiple=True, metavar="TEXT", help="A text that ends a reply; repeatable."),
    click.option("--logprobs", type=int, help="Alternatives per token to return."),
    click.option("--decide", type=click.Choice(RULES), help="Compare as an A/B test; stop when it is decided."),
    click.option("--margin", metavar="SHARE", help="Difference that does not matter: 0.03, 3% or 3pt."),
    click.option("--alpha", type=float, help="Chance of a false claim. [default: 0.05]"),
    click.option("--batch", type=int, help="Samples between two looks. [default: 32]"),
    click.option("--baseline", metavar="ARM", help="What the others are compared with. [default: the first]"),
    click.option("--guard", multiple=True, metavar="METRIC=MOST", help="E.g. latency=1.2 (times) or errors=1pt."),
    click.option("--ask-all", is_flag=True, default=None, help="Decide once, when all is asked."),
    click.option("--concurrency", "-c", type=int, help="Calls in flight per endpoint. [default: 16]"),
    click.option("--retries", type=int, help="Further tries after a passing fault. [default: 5]"),
    click.option("--timeout", type=float, help="Seconds one call may take. [default: 300]"),
    click.option("--budget-calls", type=int, help="Stop after so many calls."),
    click.option("--budget-tokens", type=int, help="Stop after so many tokens."),
    click.option("--budget-usd", "--max-cost", type=float, help="Stop after so many US dollars."),
    click.option("--budget-seconds", type=float, help="Stop after so many seconds."),
    click.option("--name", metavar="NAME", help="Name of the run; the same name goes on with it."),
)


def spec_options(command: Command) -> Command:
    """Add the spec's flags to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def build_spec(file: Path | None, signature: str | None, flags: dict[str, Any]) -> ExperimentSpec:
    """The spec of a file or a signature, with the flags over it. Raises ConfigInvalid."""
    spec = parse_spec(build_fields(file, signature, flags))
    check_addresses(spec, flags)
    return spec


def build_fields(file: Path | None, signature: str | None, flags: dict[str, Any]) -> dict[str, Any]:
    """The fields of that spec, not checked yet. Raises ConfigInvalid."""
    if file is not None and signature is not None:
        raise ConfigInvalid("a spec file and --from exclude each other", "leave one of them out")
    fields: dict[str, Any] = {}
    if file is not None:
        from bakeoff.cli.spec_file import read_yaml  # and with it YAML: flags alone do not need it

        fields = read_yaml(file)
    if signature is not None:
        from bakeoff.core.signature import read

        fields, _ = read(signature)
    _lay_over(fields, flags)
    if signature is not None and flags["decide"] is None:
        _refuse_lone_arm(fields)
    return fields


def _refuse_lone_arm(fields: dict[str, Any]) -> None:
    """A signature is of one cell; where that was an arm of an A/B test, there is no test without the others."""
    arms = [len(_entries(fields.get(name)) or [""]) for name in ("models", "presets", "methods")]
    if fields.get("decision") is not None and max(arms) < 2:
        rule = fields["decision"].get("rule", RULES[0])
        raise ConfigInvalid(
            f"this score is of an A/B test (rule '{rule}'), and it names one arm of it",
            "name the other arms too (--models A,B), or cut '|decision:...' out to ask this one alone, in full",
        )


def check_addresses(spec: ExperimentSpec, flags: dict[str, Any]) -> None:
    """Raise ConfigInvalid for an address that none of the models, or judges, is asked at."""
    _check_base_url("--base-url", flags["base_url"], spec.models)
    _check_base_url("--judge-base-url", flags["judge_base_url"], spec.judges)


def _lay_over(fields: dict[str, Any], flags: dict[str, Any]) -> None:
    for name in ("models", "benchmarks", "methods", "presets"):
        if flags[name]:
            fields[name] = split_list(flags[name])
    for name in _PLAIN:
        if flags[name] is not None:
            fields[name] = flags[name]
    _group(fields, "sampling", {name: flags[name] for name in _SAMPLING if flags[name] not in (None, ())})
    _group(fields, "budget", {name: flags[f"budget_{name}"] for name in _BUDGET if flags[f"budget_{name}"] is not None})
    reach = {name: flags[name] for name in ("base_url", "api", "api_key_env", "stream") if flags[name] is not None}
    if flags["model_args"]:
        reach["args"] = parse_args(flags["model_args"])
    if reach:
        fields["models"] = [_with(entry, "model", reach) for entry in _entries(fields.get("models"))]
    grading = {name: flags[name] for name in ("profile", "scorer") if flags[name]}
    if flags["scorer_args"]:
        grading["options"] = parse_args(flags["scorer_args"], "--scorer-args")
    if grading:
        asked = _entries(fields.get("benchmarks"))
        fields["benchmarks"] = [_with(entry, "benchmark", grading) for entry in asked]
    _judges(fields, flags)
    _decision(fields, flags)


def _decision(fields: dict[str, Any], flags: dict[str, Any]) -> None:
    """`--decide`, or a rule in the file, makes it an A/B test; nothing else does: a test may stop before the end."""
    given = {name: flags[name] for name in _DECISION if flags[name] not in (None, ())}
    if flags["decide"] is None and not given:
        return
    before = fields.get("decision")
    if flags["decide"] is None and not before:
        first = f"--{next(iter(given)).replace('_', '-')}"
        raise ConfigInvalid(
            f"{first} is of an A/B test, and no --decide makes this run one",
            f"add --decide {' or --decide '.join(RULES)}, or leave {first} out",
        )
    rule: dict[str, Any] = dict(before) if isinstance(before, dict) else {"rule": before} if before else {}
    if flags["decide"] is not None:
        rule["rule"] = flags["decide"]
    if "margin" in given:
        rule["margin"] = _margin(given["margin"])
    if "guard" in given:
        rule["guards"] = [_guard(text) for text in given["guard"]]
    if "ask_all" in given:
        rule["early"] = False
    fields["decision"] = rule | {name: given[name] for name in ("alpha", "batch", "baseline") if name in given}


def _margin(text: str) -> float:
    value = parse_share(text, "--margin")
    if not 0 < value < 1:
        bare = text.strip()[-1:].isdigit() and 1 <= value < 100
        hint = f"write {value:g}pt or {value / 100:g}" if bare else "write it like 3pt or 0.03"
        raise ConfigInvalid(f"'{text}' in --margin is no share between 0 and 1", hint)
    return value


def _guard(text: str) -> dict[str, Any]:
    name, equals, most = text.partition("=")
    if not equals:
        raise ConfigInvalid(f"'{text}' in --guard is no 'metric=most'", "write it like latency=1.2 or errors=1pt")
    try:
        return {"metric": name.strip(), "at_most": parse_share(most, "--guard")}
    except ConfigInvalid:
        raise ConfigInvalid(
            f"'{most}' in --guard is no number and no share", "write it like latency=1.2 or errors=1pt"
        ) from None


def parse_share(text: str, flag: str) -> float:
    """`0.03`, `3%`, `3pt` or `3 points` as a share. Raises ConfigInvalid."""
    found = _SHARE.match(text.strip())
    if found is None:
        raise ConfigInvalid(f"'{text}' in {flag} is no share", "write it like 0.03, 3% or 3pt")
    return float(found[1]) / (100 if found[2] else 1)


def _judges(fields: dict[str, Any], flags: dict[str, Any]) -> None:
    if flags["judge"]:
        fields["judges"] = split_list(flags["judge"])
    reach = {name: flags[f"judge_{name}"] for name in ("base_url", "api_key_env") if flags[f"judge_{name}"] is not None}
    if reach:
        fields["judges"] = [_with(entry, "model", reach) for entry in _entries(fields.get("judges"))]


def _group(fields: dict[str, Any], name: str, given: dict[str, Any]) -> None:
    if given:
        before = fields.get(name)
        fields[name] = {**(before if isinstance(before, dict) else {}), **given}


def _entries(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value] if value else []


def _with(entry: object, key: str, more: dict[str, Any]) -> object:
    if isinstance(entry, dict):
        return {**entry, **more}
    return {key: entry, **more} if isinstance(entry, str) else entry


def split_list(values: tuple[str, ...]) -> list[str]:
    """`--models a,b --models c` is a, b, c; a comma in the path of a file is part of it."""
    return [part for value in values for part in ([value] if _is_file(value) else at_commas(value)) if part]


def _is_file(value: str) -> bool:
    """Whether the whole is a path, or one behind `engine/`."""
    try:
        return "," in value and any(Path(path).is_file() for path in (value, value.partition("/")[2]) if path)
    except (OSError, ValueError):  # a text that no path can be
        return False


def _check_base_url(flag: str, url: str | None, models: Sequence[ModelSpec]) -> None:
    """Raise ConfigInvalid for an address that none of the models is asked at."""
    if url is None or not models or any(not _is_here(model.model) for model in models):
        return
    raise ConfigInvalid(
        f"{flag} is given, and '{models[0].model}' runs in this process, at no address",
        f"leave {flag} out, or name a model as openai_compatible/NAME",
    )


def _is_here(name: str) -> bool:
    from bakeoff.app.wiring import resolve_model

    try:
        return resolve_model(name).engine in ("fake", "llama_cpp", "transformers", "vllm")
    except UsageError:  # it is told when the run is prepared
        return False


def parse_args(text: str, flag: str = "--model-args") -> dict[str, bool | int | float | str]:
    """`k=v,k=v` with values read as bool, int or float where they are. Raises ConfigInvalid."""
    found: dict[str, bool | int | float | str] = {}
    for part in _parts(text):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name:
            raise ConfigInvalid(f"'{part}' in {flag} is no 'name=value'", "write it like accuracy=0.8")
        if name in found:
            raise ConfigInvalid(f"{flag} gives '{name}' twice", "leave one of them out")
        found[name] = _typed(value)
    return found


def _parts(text: str) -> list[str]:
    """The text at its commas, but for those inside of braces, brackets or quotes, as JSON has them."""
    parts, depth, quoted, before = [""], 0, False, ""
    for sign in text:
        if sign == '"' and before != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (sign in "{[") - (sign in "}]")
        if sign == "," and not quoted and depth <= 0:
            parts.append("")
        else:
            parts[-1] += sign
        before = sign
    return parts


def _typed(value: str) -> bool | int | float | str:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
