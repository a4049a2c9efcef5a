"""The pages about benchmarks: an index, and one for each with its data, prompts, profiles and scorers.

Part of docs/generate.py. Data that is not shipped is stood in for by rows of generate.toml, written into
a folder that the benchmark then reads; so each page shows what the code does and quotes no data set.
"""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import cast

from bakeoff.app import wiring
from bakeoff.app.settings import Settings
from bakeoff.benchmarks import BENCHMARKS, GROUPS
from bakeoff.benchmarks._base import FileBenchmark, Suite
from bakeoff.benchmarks._files import DataHome, Row
from bakeoff.core import prompts, specs
from bakeoff.core.errors import BakeoffError
from bakeoff.core.protocols import Benchmark, Find, Profile
from bakeoff.core.registry import Registry
from bakeoff.core.types import Json, Sample
from bakeoff.methods import METHODS
from bakeoff.methods._prescribed import Prescribed
from bakeoff.scorers import SCORERS

WORDS = tomllib.loads((Path(__file__).resolve().parent / "generate.toml").read_text(encoding="utf-8"))
ASKED = {"generate": "generation", "likelihood": "log-likelihood", "turns": "several turns"}
BINARY = (".arrow", ".parquet")  # their rows stand in generate.toml as JSON lines


class ReadRow(Row):
    """A row that notes which of its fields a benchmark reads."""

    def __init__(self, row: Mapping[str, Json], path: Path, line: int) -> None:
        super().__init__(dict(row), path, line)
        self.read: dict[str, Json] = {}

    def get(self, field: str) -> Json:
        value = super().get(field)
        if not isinstance(value, dict):  # a field of its own, and not a step on the way to one
            self.read[field] = value
        return value


def ours(registry: Registry) -> list[str]:
    """The names of a family without those that other packages bring."""
    return [name for name, target in sorted(registry.targets().items()) if target.startswith("bakeoff.")]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def fenced(text: str, tag: str = "text") -> str:
    """The text as it is; a carriage return, which no page can show, as its sign."""
    text = text.replace("\r", "␍")
    fence = "````" if "```" in text else "```"
    return f"{fence}{tag}\n{text.rstrip(chr(10))}\n{fence}"


def benchmark_pages() -> dict[str, str]:
    """path below docs/ → text, for the index and every benchmark of ours."""
    astray = set(WORDS["items"]) ^ {name for name in ours(BENCHMARKS) if not issubclass(BENCHMARKS.load(name), Suite)}
    if astray:
        raise SystemExit(f"docs/generate.py: [items] of generate.toml and the benchmarks disagree: {sorted(astray)}")
    found = {"benchmarks.md": index_page()}
    for name in ours(BENCHMARKS):
        found[f"benchmarks/{name}.md"] = benchmark_page(name)
    return found


def index_page() -> str:
    rows = []
    for name in ours(BENCHMARKS):
        benchmark: type[FileBenchmark] = BENCHMARKS.load(name)
        title = first_sentence(about(BENCHMARKS, name))
        profiles = ", ".join(f"`{profile}`" for profile in benchmark.profiles)
        rows.append([f"[{name}](benchmarks/{name}.md)", title, items(benchmark), profiles, asked(benchmark)])
        rows[-1].append(benchmark.source.licence)
    head = ["name", "what it asks", "items", "profiles", "asked by", "licence"]
    parts = ["# Benchmarks", WORDS["intro"]["benchmarks"], table(head, rows)]
    groups = [[f"`{name}`", ", ".join(f"[{one}](benchmarks/{one}.md)" for one in GROUPS[name])] for name in GROUPS]
    parts += ["## Groups", WORDS["intro"]["groups"], table(["group", "its benchmarks"], groups)]
    return "\n\n".join(parts)


def items(benchmark: type[FileBenchmark]) -> str:
    """The items of the whole default split; a shipped suite is counted."""
    if issubclass(benchmark, Suite):
        home = DataHome(None, Path("nowhere"), offline=True)
        return f"{sum(1 for _ in benchmark(home).samples(benchmark.default_split)):,}"
    return f"{WORDS['items'][benchmark.name]:,}"


def asked(benchmark: type[FileBenchmark]) -> str:
    return ", ".join(dict.fromkeys(ASKED[profile.ask] for profile in benchmark.profiles.values()))


def first_sentence(text: str) -> str:
    return " ".join(text.split("\n\n")[0].split())


def about(registry: Registry, name: str) -> str:
    """A module's docstring without its indented example."""
    text = import_module(registry.targets()[name].partition(":")[0]).__doc__ or ""
    return "\n\n".join(part for part in text.strip().split("\n\n") if not part.startswith(" "))


def benchmark_page(name: str) -> str:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        benchmark = BENCHMARKS.load(name)(DataHome(folder, folder / "home", offline=True))
        if not isinstance(benchmark, FileBenchmark):
            raise SystemExit(f"docs/generate.py: '{name}' is no FileBenchmark; say here how its page is printed")
        read = watched(benchmark)
        shown = write_rows(benchmark, folder)
        sample = next(iter(benchmark.samples(benchmark.default_split)))
        note = WORDS["intro"]["kept_out" if isinstance(benchmark, Suite) else "hand_written"]
        if isinstance(benchmark, Suite):
            sample = next(iter(benchmark.samples("shots")))
        parts = [f"# {name}", about(BENCHMARKS, name), facts(benchmark)]
        parts += ["## Data", note, *data(benchmark, folder, shown, read)]
        parts += ["## Prompts", *method_prompts(benchmark, sample), "## Profiles", *profiles(benchmark, sample)]
        parts += ["## Scorers", *scorers(benchmark)]
    return "\n\n".join(parts)


def facts(benchmark: FileBenchmark) -> str:
    source, splits = benchmark.source, benchmark.files
    rows = [["source", source.url], ["licence", source.licence], ["revision", source.revision]]
    rows += [["items", f"{items(type(benchmark))} in split {benchmark.default_split}"]]
    rows += [["splits", ", ".join(f"{s} (default)" if s == benchmark.default_split else s for s in splits)]]
    shots = [f"split {split}" for split in (benchmark.shots_split, benchmark.drawn_split) if split]
    rows += [["few-shot examples", "; prescribed ones: ".join(shots) or "none, or in its own file"]]
    rows += [["tokens a reply may have", f"{benchmark.max_tokens}"], ["asked by", asked(type(benchmark))]]
    rows += [["groups", ", ".join(f"`{group}`" for group, names in GROUPS.items() if benchmark.name in names) or "–"]]
    for split, file in splits.items():
        if file.local:
            rows += [[f"{split}, in `BAKEOFF_DATA`", " or ".join(f"`{p}`" for p in file.local) + ", also as `.gz`"]]
        if file.hub_repo:
            rows += [[f"{split}, on the hub", f"`{file.hub_repo}` `{file.hub_path}` at `{file.hub_revision}`"]]
    return table(["", ""], rows)


def watched(benchmark: FileBenchmark) -> list[ReadRow]:
    """The rows that the benchmark makes samples of from now on, with what it reads of them."""
    read: list[ReadRow] = []
    sample, rows = benchmark.sample, benchmark.rows

    def noted(row: Row) -> Sample:
        read.append(ReadRow({name: Row.get(row, name) for name in row.names()}, row.path, row.line))
        return sample(read[-1])

    def lines(path: Path) -> Iterator[Row]:
        if path.suffix not in BINARY:
            yield from rows(path)
            return
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield Row(json.loads(line), path, number)

    # On the object: the methods of the class stay what they are.
    vars(benchmark).update(sample=noted, rows=lines)
    return read


def write_rows(benchmark: FileBenchmark, folder: Path) -> dict[str, str]:
    """Where each file of made-up rows stands → its text; `*` in it stands for every task."""
    if isinstance(benchmark, Suite):
        path = files("bakeoff.benchmarks") / "suites" / f"{benchmark.name}.jsonl"
        return {"": path.read_text(encoding="utf-8").splitlines()[11]}  # the first that is not evaluated
    if benchmark.name not in WORDS["rows"]:
        raise SystemExit(f"docs/generate.py: write a row of '{benchmark.name}' into generate.toml")
    shown: dict[str, str] = WORDS["rows"][benchmark.name]
    for place, text in shown.items():
        for path in paths(benchmark, folder, place):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{text.rstrip(chr(10))}\n".encode())
    return shown


def paths(benchmark: FileBenchmark, folder: Path, place: str) -> list[Path]:
    """The files of a place: one, or one for every task that the benchmark's module lists."""
    if "*" not in place:
        return [folder / place]
    names = getattr(import_module(type(benchmark).__module__), WORDS["every"][benchmark.name])
    return [folder / place.replace("*", name) for name in names]


def data(benchmark: FileBenchmark, folder: Path, shown: Mapping[str, str], read: list[ReadRow]) -> Iterator[str]:
    """The files as they lie, with the fields that were read of a row; those only once for each layout."""
    listed: list[list[list[str]]] = []
    for place, text in shown.items():
        yield f"`{place}`:" if place else "A line of its file:"
        tag = "json" if place.endswith((".json", ".jsonl", *BINARY)) or not place else "text"
        yield fenced(text, tag)
        del read[:]
        for _ in first_of(benchmark, paths(benchmark, folder, place)[0]):
            found = [[f"`{name}`", json_kind(value)] for name, value in read[0].read.items()] if read else []
            if found and found not in listed:
                listed.append(found)
                yield table(["field", "kind"], found)


def first_of(benchmark: FileBenchmark, path: Path) -> Iterator[Sample]:
    """The first sample of a file, where the file is one of samples."""
    if isinstance(benchmark, Suite):
        yield next(iter(benchmark.samples("shots")))
        return
    if type(benchmark).sample is FileBenchmark.sample:  # one that reads its files itself
        return
    try:
        yield from [benchmark.sample(row) for row in islice(benchmark.rows(path), 1)]
    except BakeoffError:
        return  # labels, references, one of several files side by side


def json_kind(value: Json) -> str:
    if isinstance(value, list):
        return f"list of {json_kind(value[0])}" if value else "list"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {json_kind(inner)}" for name, inner in value.items()) + "}"
    return {str: "text", bool: "true/false", int: "whole number", float: "number"}.get(type(value), "any")


def method_prompts(benchmark: FileBenchmark, sample: Sample) -> Iterator[str]:
    """What the methods ask under the profiles that leave the words to them."""
    free = [p for p in benchmark.profiles.values() if p.prompt is None and p.ask == "generate"]
    if free:
        names = ", ".join(f"`{profile.name}`" for profile in free)
        yield f"Under {names} the method words the prompt:"
    for name in ours(METHODS) if free else ():
        wanted = specs.MethodSpec(method=name, shots=1 if name == "few_shot" else None)
        yield f"### {wanted.label}"
        try:
            plugged = Settings.load() if "tools" in getattr(METHODS.load(name), "needs", ()) else None
            method = wiring.build_method(wanted, None, plugged)
            messages = method.prompt(sample, task(benchmark, free[0]))
        except BakeoffError as error:
            yield f"Refused (`{error.code}`): there are no examples to show."
            continue
        yield fenced("\n\n".join(f"[{m.role}]\n{m.content}" if len(messages) > 1 else m.content for m in messages))
    if sample.reference:
        yield "A reply that is graded as right:"
        yield fenced(sample.reference)
    yield "What it is graded by:"
    yield fenced(json.dumps(sample.target, ensure_ascii=False), "json")


def task(benchmark: FileBenchmark, profile: Profile) -> wiring.ExperimentTask:
    spec = specs.parse_spec({"models": "fake/a", "benchmarks": benchmark.name})
    # The protocol's variables are class variables of FileBenchmark, which mypy keeps apart.
    return wiring.ExperimentTask(cast(Benchmark, benchmark), spec, profile)


def profiles(benchmark: FileBenchmark, sample: Sample) -> Iterator[str]:
    seen: dict[str, str] = {}  # what is shown of a prompt → the profile that it was shown at
    for profile in benchmark.profiles.values():
        yield f"### {profile.name}"
        if profile.note:
            yield profile.note
        options = ", ".join(f"`{name}` {json.dumps(value)}" for name, value in sorted(profile.options.items()))
        scored = f"[`{profile.scorer}`](#scorer-{profile.scorer})" + (f" with {options}" if options else "")
        rows = [["asked by", ASKED[profile.ask]], ["answer", where(profile)], ["scorer", scored], *prescribed(profile)]
        yield table(["", ""], rows)
        if profile.prompt is None and profile.ask != "turns":
            continue
        text = "\n\n".join(prescribed_prompt(benchmark, profile, sample))
        if text in seen:
            yield f"Asks what `{seen[text]}` asks."
        else:
            seen[text] = profile.name
            yield text


def where(profile: Profile) -> str:
    """Where the answer is found, in words."""
    if profile.ask == "likelihood":
        return "nothing is written: the log-probability of each choice is compared"
    if not profile.find:
        return f"the {profile.answer} of the reply, by the [common rules](../outcomes.md#how-the-outcome-is-decided)"
    return ", then ".join(step(find) for find in profile.find)


def step(find: Find) -> str:
    parts = []
    if find.cut:
        parts.append("what stands before the first " + " or ".join(f"`{mark!r}`" for mark in find.cut))
    if find.pattern:
        otherwise = f"`{find.otherwise}`" if find.otherwise else "nothing"
        parts.append(f"the {find.pick} match of ``{find.pattern}``, else {otherwise}")
    whole = " of it: ".join(parts) or "the whole reply"
    return f"{whole}, without spaces around it" if find.strip else whole


def prescribed(profile: Profile) -> Iterator[list[str]]:
    """Rows of what a prompt prescribes beside its words."""
    prompt = profile.prompt
    if prompt is None:
        return
    drawn = "drawn as lm-eval does" if prompt.draw == "sequence" else "the first"
    if prompt.shots and profile.ask != "turns":
        yield ["examples", f"{prompt.shots}, {drawn}; `few_shot:N` for another number"]
    elif not prompt.given and profile.ask != "turns":
        yield ["examples", f"none; with `few_shot:N` {drawn}"]
    if profile.ask != "likelihood":
        yield ["stops", ", ".join(f"`{mark!r}`" for mark in prompt.stop) or "none"]
        if prompt.max_tokens:
            yield ["tokens", str(prompt.max_tokens)]


def prescribed_prompt(benchmark: FileBenchmark, profile: Profile, sample: Sample) -> Iterator[str]:
    """The prompt of the sample, with one example at most; of a likelihood profile all it scores."""
    prompt = profile.prompt
    turns = sample.meta.get("turns")
    if profile.ask == "turns" and isinstance(turns, list):
        yield fenced("\n\n".join(f"[user]\n{turn}" for turn in turns))
        return
    if prompt is None:
        return
    shots = min(1, prompt.shots)
    try:
        examples = benchmark.examples(prompt, sample, shots) if shots else ()
    except BakeoffError as error:
        yield f"Refused without the examples' file (`{error.code}`)."
        return
    if prompt.shots > 1:
        yield "With one of its examples:"
    if profile.ask == "likelihood":
        pairs = prompts.continuations(prompt, sample, examples)
        same = len({before for before, _ in pairs}) == 1
        if same:
            yield fenced(pairs[0][0])
        yield "What is scored after it:" if same else "Contexts, and what is scored after each:"
        yield fenced("\n".join(json.dumps(pair[1] if same else pair, ensure_ascii=False) for pair in pairs))
        return
    asking = wiring.build_method(specs.MethodSpec(method="naive"), profile)
    if isinstance(asking, Prescribed):
        asking = Prescribed(shots)
    (message, *_) = asking.prompt(sample, task(benchmark, profile))
    yield fenced(message.content)


def scorers(benchmark: FileBenchmark) -> Iterator[str]:
    for name in dict.fromkeys(profile.scorer for profile in benchmark.profiles.values()):
        yield f"### scorer {name}"
        yield about(SCORERS, name)
