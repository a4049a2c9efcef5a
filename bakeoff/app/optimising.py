"""What a run of optimisations came to, read from the store: the use case behind `bakeoff optimize`.

Example:

    study = optimisation_study("run-1a2b3c4d", results, UsageRepository(database))
    for path in write_study(study, Path("reports")): …
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import orjson

from bakeoff import __version__
from bakeoff.app.performances import performances
from bakeoff.app.results import Results, looked_at
from bakeoff.app.writing import check_folder, write_whole
from bakeoff.core.errors import ConfigInvalid, MissingExtra, NotComparable
from bakeoff.core.records import CellRecord, RunRecord
from bakeoff.core.types import Estimate, Trial
from bakeoff.engines.optimisations import YARDSTICK
from bakeoff.reports.compare import Comparison, correct
from bakeoff.reports.optimising import Place, Sameness, Scope, Study, Told, Way, sameness, times
from bakeoff.reports.optimising_guide import guide
from bakeoff.reports.performance import Performance
from bakeoff.reports.summary import CellSummary
from bakeoff.store.usages import UsageRepository

_AT_ONCE = 500
_NONE = Estimate(None, None, None, 0, 0, "wilson95")


def optimisation_study(name: str, results: Results, usages: UsageRepository) -> Study:
    """Raises RunNotFound, and ConfigInvalid for a run that measured no optimisation."""
    run = results.runs.get(name)
    if YARDSTICK not in run.spec.optimisations:
        raise ConfigInvalid(
            f"run '{name}' measured no optimisations"
            if not run.spec.optimisations
            else f"run '{name}' has no yardstick",
            "make one with: bakeoff optimize --models … --benchmarks …",
        )
    summary = results.summary(name)
    found = performances(run.id, usages, summary)
    groups: dict[tuple[str, ...], list[CellSummary]] = {}
    for cell in summary.cells:
        groups.setdefault(_scope_of(cell.cell, run), []).append(cell)
    made = [_scope(run, cells, found, results) for cells in groups.values()]
    scopes = _corrected([scope for scope in made if scope is not None])
    return Study(name, scopes, guide(scopes), _notes(run, scopes))


def _scope_of(cell: CellRecord, run: RunRecord) -> tuple[str, ...]:
    """What is the same in all ways of one scope."""
    return (
        cell.variant.removesuffix(cell.optimisation).strip(),
        cell.preset,
        cell.benchmark,
        cell.profile,
        cell.method,
    )


def _scope(
    run: RunRecord, cells: Sequence[CellSummary], found: dict[int, Performance], results: Results
) -> Scope | None:
    base = next((cell for cell in cells if cell.cell.optimisation == YARDSTICK), None)
    if base is None:
        return None
    told = _told(base.cell, results)
    mine = found.get(base.cell.id)
    ways = [Way(base.cell, base.estimate, mine, stored=base.cached, trials=base.trials)]
    for cell in cells:
        if cell is base:
            continue
        performance = found.get(cell.cell.id)
        same = sameness(told, _told(cell.cell, results))
        ways.append(
            Way(
                cell.cell,
                cell.estimate,
                performance,
                times(*(one.output_per_s if one else None for one in (performance, mine))),
                times(_soonest(mine), _soonest(performance)),
                same or Sameness(_NONE, _NONE),
                _compared(run, base.cell, cell.cell, results) if same is not None else None,
                cell.cached,
                cell.trials,
            )
        )
    variant, preset, benchmark, _, method = _scope_of(base.cell, run)
    return Scope(variant, preset, benchmark, method, ways)


def _soonest(found: Performance | None) -> Estimate | None:
    """The median time to the first token; of the whole reply where the engine does not stream."""
    if found is None:
        return None
    quantiles = found.first_token or found.whole
    return quantiles.p50 if quantiles is not None else None


def _compared(run: RunRecord, base: CellRecord, cell: CellRecord, results: Results) -> Comparison | None:
    try:
        return results.met((base.optimisation, cell.optimisation), (base, cell), looked_at(run), 0)
    except NotComparable:  # a run that is not finished may hold other samples of either
        return None


def _corrected(scopes: Sequence[Scope]) -> list[Scope]:
    """The scopes with their comparisons corrected for how many there are."""
    every = [way.comparison for scope in scopes for way in scope.ways if way.comparison is not None]
    corrected = iter(correct(every))
    return [
        replace(
            scope,
            ways=[
                replace(way, comparison=next(corrected)) if way.comparison is not None else way for way in scope.ways
            ],
        )
        for scope in scopes
    ]


def _told(cell: CellRecord, results: Results) -> dict[Place, Told]:
    """A digest of the text and the outcome of each trial of a cell: 8 bytes a text, whatever its length."""
    found: dict[Place, Told] = {}
    trials = iter(results.trials.trials(cell.id))
    while some := list(islice(trials, _AT_ONCE)):
        keys = [trial.keys[-1] for trial in some if trial.keys and trial.answer is None]
        texts = {key: completion.text for key, completion in results.trials.find(keys).items()} if keys else {}
        for trial in some:
            found[trial.sample_id, trial.repeat] = Told(_digest(_text(trial, texts)), trial.outcome)
    return found


def _text(trial: Trial, texts: dict[bytes, str]) -> str:
    if trial.answer is not None:
        return trial.answer
    return texts.get(trial.keys[-1], "") if trial.keys else ""


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _notes(run: RunRecord, scopes: Sequence[Scope]) -> tuple[str, ...]:
    measurement = run.spec.measurement
    found = [
        f"up to {measurement.passes} turns each, in an order drawn by seed {run.spec.seed}; round {measurement.round}",
        "a model is let go after its turn, and loaded again before the next: a call that is not kept comes first",
    ]
    stored = _stored(scopes)
    if stored:
        again = f"measure again with --round {measurement.round + 1}"
        found.append(f"answered from the store, so there is no speed to tell: {stored}; {again}")
    if run.spec.repeats < 2:
        found.append("asked once, so the engine's own noise is not known: --repeats 2 asks the yardstick twice")
    if looked_at(run):
        found.append(f"{looked_at(run)}: bakeoff resume {run.name}")
    return tuple(found)


def _stored(scopes: Sequence[Scope]) -> str:
    """Which ways an earlier measurement answered, and how much of each: `sequential, batched:4 (3 of 8)`."""
    counts: dict[str, tuple[int, int]] = {}
    for way in (way for scope in scopes for way in scope.ways):
        stored, trials = counts.get(way.label, (0, 0))
        counts[way.label] = stored + way.stored, trials + way.trials
    return ", ".join(
        label if stored == trials else f"{label} ({stored:,} of {trials:,})"
        for label, (stored, trials) in counts.items()
        if stored
    )


def write_study(study: Study, folder: Path) -> Iterator[Path]:
    """Write its files, each whole or not at all; yields their paths. Raises ConfigInvalid.

    Figures need the extra `figures`; without it they are left out.
    """
    from bakeoff.reports.optimising_json import study_json
    from bakeoff.reports.optimising_page import render_html
    from bakeoff.reports.optimising_text import markdown

    check_folder(folder)
    texts = {
        "optimisations.json": orjson.dumps(study_json(study), option=orjson.OPT_INDENT_2) + b"\n",
        "optimisations.md": markdown(study).encode(),
        "optimisations.html": render_html(study, __version__).encode(),
        **_figures(study),
    }
    for name, content in texts.items():
        write_whole(folder / name, [content])
        yield folder / name


def _figures(study: Study) -> dict[str, bytes]:
    from bakeoff.reports.drawing import png, svg
    from bakeoff.reports.optimising_figure import speed_up

    try:
        drawn = speed_up(study)
    except (ImportError, MissingExtra):
        return {}
    return {} if drawn is None else {"speed-up.svg": svg(drawn), "speed-up.png": png(drawn)}
