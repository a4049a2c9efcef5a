"""A scaling study from the store: a small model against a large one, on what both were asked.

Sizes come from the catalogue or as given, costs from the trials or from a price given. Memory is not measured:
the weights are counted from the model's shape where that is known, else estimated from size and bytes a weight,
and unknown where these are (a GGUF file may be of any precision). Example:

    scaling_study(["qwen3-8b", "qwen3-14b"], results, Filter(), Known(), Ask(worth=0.05))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import orjson

from bakeoff import __version__
from bakeoff.app.results import Results, looked_at
from bakeoff.app.scaling_cells import Filter, Found, aliases, choose
from bakeoff.app.writing import check_folder, write_whole
from bakeoff.core.errors import ConfigInvalid, NotComparable
from bakeoff.core.types import Json, Price, Trial
from bakeoff.engines.architecture import architectures
from bakeoff.engines.catalogue import Entry, models
from bakeoff.engines.memory import Load, footprint
from bakeoff.reports.compare import LEAST_SHARED, Comparison, compare
from bakeoff.reports.scaling.items import shared
from bakeoff.reports.scaling.model import Ask, Contestant, Measured, Study
from bakeoff.reports.scaling.study import study

# Answers to choose from, where it is the same for (nearly) all items; what guessing gives is one over it.
CHOICES = {
    "ag_news": 4,
    "arc_challenge": 4,
    "arc_easy": 4,
    "boolq": 2,
    "commonsenseqa": 5,
    "fever": 3,
    "hellaswag": 4,
    "mmlu": 4,
    "openbookqa": 4,
    "piqa": 2,
    "sst2": 2,
    "winogrande": 2,
}
_T = TypeVar("_T")
USUAL_BYTES = 2.0  # of 16 bits, as models are published
_FILES = ("comparison.json", "performance_matrix.json", "insights.json", "scaling.md", "scaling.html")


@dataclass(frozen=True, slots=True)
class Known:
    """What the reader knows of the models, by their names: billions of weights, bytes a weight, prices.

    `choices`: for a benchmark, how many answers there are to choose from.
    """

    sizes: Mapping[str, float] = field(default_factory=dict)
    weight_bytes: Mapping[str, float] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    choices: Mapping[str, int] = field(default_factory=dict)


def scaling_study(references: Sequence[str], results: Results, wanted: Filter, known: Known, ask: Ask) -> Study:
    """Raises UsageError: unknown, twice the same, nothing in common, too few shared samples."""
    chosen = choose(references, results, wanted)
    names = _names(references, list(chosen.values()))
    _check_known(known, names, references, chosen)
    contestants = [
        _contestant(name, reference, next(iter(chosen.values()))[place], known)
        for place, (name, reference) in enumerate(zip(names, references, strict=True))
    ]
    prices = [_of(known.prices, name, reference) for name, reference in zip(names, references, strict=True)]
    measured = [_measured(benchmark, cells, names, prices, results, known) for benchmark, cells in chosen.items()]
    runs = dict.fromkeys(one.run.name for cells in chosen.values() for one in cells)
    return study(contestants, measured, ask, list(runs))


def _names(references: Sequence[str], chosen: Sequence[Sequence[Found]]) -> list[str]:
    """Short names that differ: the model, with its settings or its cell where the model is the same."""
    cells = chosen[0]
    for words in ([one.cell.model for one in cells], [one.cell.variant for one in cells]):
        if len(set(words)) == len(words):
            return words
    return [f"{one.cell.variant} {reference}" for one, reference in zip(cells, references, strict=True)]


def _of(table: Mapping[str, _T], name: str, reference: str) -> _T | None:
    return table.get(reference, table.get(name))


def _check_known(
    known: Known, names: Sequence[str], references: Sequence[str], benchmarks: Mapping[str, object]
) -> None:
    """What is said of a model that is not compared was meant for another."""
    said = {"--size": known.sizes, "--weight-bytes": known.weight_bytes, "--price": known.prices}
    for option, table in said.items():
        astray = next((name for name in table if name not in {*names, *references}), None)
        if astray is not None:
            raise ConfigInvalid(f"{option} '{astray}' is none of the models", f"name one of: {', '.join(references)}")
    odd = next((name for name in known.choices if name not in benchmarks), None)
    if odd is not None:
        raise ConfigInvalid(f"--choices '{odd}' is none of the benchmarks", f"name one of: {', '.join(benchmarks)}")


def _contestant(name: str, reference: str, found: Found, known: Known) -> Contestant:
    listed = _listed(found)
    size, size_from = _of(known.sizes, name, reference), "given"
    if size is None and listed is not None:
        size, size_from = listed.size_b, "catalogue"
    weight, bytes_from = _of(known.weight_bytes, name, reference), "given"
    if weight is None and found.cell.identity.engine != "llama_cpp":
        weight, bytes_from = USUAL_BYTES, "assumed"
    counted = counted_gb(found.cell.model) if (size_from, bytes_from) == ("catalogue", "assumed") else None
    return Contestant(
        name,
        size,
        size_from if size is not None else "",
        weight,
        "" if weight is None else bytes_from if counted is None else "shape",
        listed.family if listed else "",
        "stored" if _of(known.prices, name, reference) is None else "given",
        counted,
    )


def counted_gb(model: str) -> float | None:
    """GB of a model's weights in 16 bits, tensor by tensor from its shape; None where the shape is not known."""
    name = next((name for name in sorted(aliases(model)) if name in architectures()), None)
    if name is None:
        return None
    least = Load("bf16", "bf16", "bf16", context=1, sequences=1, step_tokens=1)
    return footprint(architectures()[name], least).weights / 1e9


def _listed(found: Found) -> Entry | None:
    return next((models()[name] for name in sorted(aliases(found.cell.model)) if name in models()), None)


def _measured(
    benchmark: str,
    cells: Sequence[Found],
    names: Sequence[str],
    prices: Sequence[Price | None],
    results: Results,
    known: Known,
) -> Measured:
    trials = [list(results.trials.graded(one.cell.id)) for one in cells]
    asked = tuple(len({trial.sample_id for trial in of}) for of in trials)
    common = set.intersection(*({trial.sample_id for trial in of} for of in trials))
    _check_shared(benchmark, names, asked, len(common))
    trials = [[trial for trial in of if trial.sample_id in common] for of in trials]
    answered = _answered([trial for of in trials for trial in of], results)
    looked = next((told for one in cells if (told := looked_at(one.run))), "")
    others = range(1, len(cells))
    return Measured(
        benchmark,
        shared(trials, prices, answered),
        [_compared(names, cells, trials, asked, other, looked) for other in others],
        [shared([trials[0], trials[other]], [prices[0], prices[other]], answered) for other in others],
        tuple(one.reference for one in cells),
        " · ".join((cells[0].cell.method, cells[0].cell.preset, cells[0].cell.profile)),
        asked,
        known.choices.get(benchmark, CHOICES.get(benchmark)),
        looked,
        _notes(benchmark, cells, asked, len(common), looked),
    )


def _check_shared(benchmark: str, names: Sequence[str], asked: Sequence[int], common: int) -> None:
    if common >= LEAST_SHARED * min(asked) and common:
        return
    told = ", ".join(f"'{name}' {count:,}" for name, count in zip(names, asked, strict=True))
    what = f"{common:,} samples, too few to speak for any" if common else "no samples"
    raise NotComparable(
        f"on '{benchmark}' the models share {what} (asked: {told})",
        "ask all the same samples: the same --seed and --limit",
    )


def _compared(
    names: Sequence[str],
    cells: Sequence[Found],
    trials: Sequence[Sequence[Trial]],
    asked: tuple[int, ...],
    other: int,
    looked: str,
) -> Comparison:
    found = compare((names[0], names[other]), (cells[0].cell, cells[other].cell), (trials[0], trials[other]), looked)
    return replace(found, asked=(asked[0], asked[other]))


def _answered(trials: Sequence[Trial], results: Results) -> dict[str, float]:
    """When each sample was first answered, by whichever model: which one is named first changes no draw.

    Nothing of a log of another tool.
    """
    keys = {trial.keys[-1]: trial.sample_id for trial in trials if trial.keys}
    found = results.trials.find(list(keys)) if keys else {}
    first: dict[str, float] = {}
    for key, sample in keys.items():
        when = found[key].finished_at if key in found else 0.0
        if when:
            first[sample] = min(when, first.get(sample, when))
    return first


def _notes(benchmark: str, cells: Sequence[Found], asked: Sequence[int], common: int, looked: str) -> tuple[str, ...]:
    found = []
    if max(asked) > common:
        counts = ", ".join(f"{count:,}" for count in asked)
        found.append(f"'{benchmark}': {common:,} samples were asked of all (of {counts}); only these count")
    if len({one.run.id for one in cells}) > 1:
        found.append(f"'{benchmark}': the models are of different runs, so their times are of different days")
    if looked:
        found.append(f"'{benchmark}': {looked}, so only the difference holds, by a test for any look")
    return tuple(found)


def write_study(found: Study, folder: Path) -> Iterator[Path]:
    """Write the five files of a study, each whole or not at all; yields their paths. Raises ConfigInvalid."""
    from bakeoff.reports.scaling.as_json import comparison, insights, performance_matrix
    from bakeoff.reports.scaling.markdown import render_markdown
    from bakeoff.reports.scaling.page import render_html

    check_folder(folder)
    texts = (_json(comparison(found)), _json(performance_matrix(found)), _json(insights(found)))
    for name, text in zip(_FILES, (*texts, render_markdown(found), render_html(found, __version__)), strict=True):
        write_whole(folder / name, [text.encode()])
        yield folder / name


def _json(fields: Mapping[str, Json]) -> str:
    return orjson.dumps(fields, option=orjson.OPT_INDENT_2).decode() + "\n"
