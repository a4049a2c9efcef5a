"""The first three gates of a campaign: is all there, does every combination answer, is every model evaluated.

A gate does its work and returns its checks; whatever befalls one model is a line about that model. What was done is
kept as it is done (app/campaign_folder.py), so a gate that was killed goes on where it was. Example:

    checks = environment(work)         # [Check("store", "", "pass", …), Check("data", "gsm8k", "pass", 30, …), …]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bakeoff import __version__
from bakeoff.app import wiring
from bakeoff.app.campaign_folder import CampaignFolder, Tried
from bakeoff.app.coverage import validated
from bakeoff.app.coverage_cell import Cell
from bakeoff.app.experiments import Laboratory
from bakeoff.app.fitting import Question, known_shape
from bakeoff.app.planning import build_judges, prepare_benchmark, spell_out
from bakeoff.app.probing import MAX_TOKENS, PROMPTS, probed, runs_apart
from bakeoff.core.campaign import CampaignSpec, Check, bounded
from bakeoff.core.errors import BakeoffError, DataMissing, MissingExtra, MissingKey, UsageError
from bakeoff.core.hashing import digest
from bakeoff.core.specs import BenchmarkSpec, ExperimentSpec, ModelSpec
from bakeoff.core.types import Json
from bakeoff.reports.scaling.model import Study

Say = Callable[[str], None]


@dataclass(slots=True)
class Work:
    """What every gate is handed: the spec, the open store, the folder, and where to say what happens.

    `lacking`: benchmarks that cannot be asked here, with the reason; found by gate 1, and left out after it.
    """

    spec: CampaignSpec
    laboratory: Laboratory
    folder: CampaignFolder
    say: Say
    lacking: dict[str, str] = field(default_factory=dict)
    study: tuple[Study | None, str] | None = None  # of gate 4, for gate 5 of the same process

    @property
    def benchmarks(self) -> list[BenchmarkSpec]:
        """Those that can be asked."""
        every = spell_out(self.spec.experiment, self.laboratory.settings).benchmarks
        return [asked for asked in every if asked.benchmark not in self.lacking]

    def experiment_of(self, model: ModelSpec, presets: Sequence[str]) -> ExperimentSpec:
        """What one model is asked under these presets. Raises DataMissing where there is nothing to ask."""
        asked = [one.model_dump(mode="json") for one in self.benchmarks]
        if not asked:
            raise DataMissing("; ".join(self.lacking.values()))
        experiment = self.spec.of_model(model, presets)
        return ExperimentSpec.model_validate({**experiment.model_dump(mode="json"), "benchmarks": asked})


# ------------------------------------------------------------------ 1: environment and data


def environment(work: Work) -> list[Check]:
    """Gate 1: the store, the data of each benchmark, and for each model its engine's parts and its key."""
    found = [
        Check("version", "bakeoff", "pass", __version__),
        Check("store", work.laboratory.database.where.partition(":")[0], "pass", "open"),
        Check("folder", "", "pass", "can be written"),
        *data_checks(work),
    ]
    if not work.benchmarks:
        found.append(Check("benchmarks", "", "fail", 0, 1, "none of them has its data here"))
    return [*found, *(_parts(work, model) for model in work.spec.models)]


def data_checks(work: Work) -> list[Check]:
    """A line for each benchmark; what cannot be asked is noted in `work.lacking`."""
    settings, experiment = work.laboratory.settings, work.spec.experiment
    judges = build_judges(experiment, settings)
    work.lacking.clear()
    found = []
    for asked in spell_out(experiment, settings).benchmarks:
        try:
            benchmark = wiring.build_benchmark(asked.benchmark, settings)
            ready = prepare_benchmark(asked, benchmark, experiment, work.laboratory.runs, experiment.methods, judges)
        except BakeoffError as error:
            work.lacking[asked.benchmark] = str(error)
            found.append(Check("data", asked.benchmark, "fail", None, None, str(error)))
            continue
        found.append(Check("data", asked.benchmark, "pass", len(ready.draw), None, f"@{ready.draw.digest[:8]}"))
        ready.draw.close()
    return found


def _parts(work: Work, model: ModelSpec) -> Check:
    """Whether a model's engine is installed and its key is set; its files are for gate 2."""
    experiment = work.spec.experiment
    try:
        wiring.build_engine(model, experiment.presets[0], experiment.timeout, work.laboratory.settings)
    except (MissingExtra, MissingKey) as error:
        return Check("engine", model.model, "fail", None, None, str(error))
    except Exception:  # its settings, its files: what gate 2 tells, preset by preset
        return Check("engine", model.model, "pass", wiring.resolve_model(model.model).engine, None, "installed")
    return Check("engine", model.model, "pass", wiring.resolve_model(model.model).engine)


# ------------------------------------------------------------------ 2: coverage


def coverage(work: Work) -> list[Check]:
    """Gate 2: every model × preset. One that passed before is not asked again; one that failed is."""
    cells = list(_covered(work))
    return [*_combinations(work.spec, cells), *_memory_lines(work.spec, cells)]


def _covered(work: Work) -> Iterator[Cell]:
    tried = work.folder.coverage()
    presets: Sequence[str] = work.spec.experiment.presets
    for model in work.spec.models:
        keys = {preset: combination_key(work, model, preset) for preset in presets}
        found: dict[str, Cell] = {}
        for preset, key in keys.items():
            kept = tried.get(key, Tried()).cell
            if kept is not None and kept.ok:
                found[preset] = kept
        found |= {cell.preset: cell for cell in _too_large(work.spec, model, [p for p in presets if p not in found])}
        for preset, cell in found.items():
            tried[keys[preset]] = Tried(cell=cell)
        for cell in _try(work, model, keys, [preset for preset in presets if preset not in found], tried):
            found[cell.preset] = cell
        for preset in presets:
            _say(work, found[preset])
            yield found[preset]
    work.folder.save_coverage(tried)


def _try(
    work: Work, model: ModelSpec, keys: Mapping[str, str], presets: Sequence[str], tried: dict[str, Tried]
) -> Iterator[Cell]:
    """Probe combinations of one model; each reply is kept as it comes, and is not asked for again elsewhere."""
    together = [presets] if runs_apart(model.model) and presets else [[preset] for preset in presets]
    for asked in together:
        before = tried.get(keys[asked[0]], Tried())
        had = before.replies if before.cell is None else ()
        for preset in asked:
            tried[keys[preset]] = Tried(had if preset == asked[0] else ())
        for preset, told in probed(model, asked, work.spec.experiment.timeout, work.laboratory.settings, had):
            one = tried[keys[preset]]
            if isinstance(told, Cell):
                one.cell = told
                yield told
            else:
                one.replies = (*one.replies, told)
            work.folder.save_coverage(tried)


def _too_large(spec: CampaignSpec, model: ModelSpec, presets: Sequence[str]) -> Iterator[Cell]:
    """The presets that arithmetic alone rules out on the device named, where the model's shape is known."""
    if spec.plan.gpu is None:
        return
    try:
        known_shape(model.model)
    except UsageError:
        return  # nothing to count: it is tried
    question = Question(gpu=spec.plan.gpu, share=spec.criteria.memory_share or 1.0)
    for preset in presets:
        cell = validated(model.model, preset, question)
        if not cell.ok and cell.stage == "fit":
            yield Cell(cell.model, preset, False, "fit", cell.said)


def combination_key(work: Work, model: ModelSpec, preset: str) -> str:
    """What tells one combination from another: the model as it is reached, what is asked, and what is there."""
    try:
        engine = wiring.build_engine(model, preset, work.spec.experiment.timeout, work.laboratory.settings)
        identity = str(engine.identity)
    except Exception as error:  # then there is nothing yet that could be told apart
        identity = type(error).__name__
    asked: list[Json] = [*PROMPTS, MAX_TOKENS]
    return digest([model.model_dump(mode="json"), preset, identity, asked])


def _say(work: Work, cell: Cell) -> None:
    mark = "pass" if cell.ok else "FAIL"
    where = "" if cell.ok else f"{cell.stage}: "
    work.say(f"  {mark}  {cell.model} · {cell.preset}: {where}{cell.said}")


def _combinations(spec: CampaignSpec, cells: Sequence[Cell]) -> Iterator[Check]:
    for cell in cells:
        subject = f"{cell.model} · {cell.preset}"
        yield Check("combination", subject, "pass" if cell.ok else "fail", cell.stage, "done", cell.said)
    if spec.criteria.all_combinations_valid:
        valid = sum(cell.ok for cell in cells)
        yield Check("all_combinations_valid", "", "pass" if valid == len(cells) else "fail", valid, len(cells))


def _memory_lines(spec: CampaignSpec, cells: Sequence[Cell]) -> Iterator[Check]:
    bound = spec.criteria.memory_share
    if bound is None:
        return
    for cell in cells:
        share = cell.memory.share if cell.memory is not None else None
        why = cell.memory.text() if cell.memory is not None else "it does not run in this process"
        why = why if cell.answers else "it did not answer"
        yield bounded(
            "memory_share", f"{cell.model} · {cell.preset}", share if cell.answers else None, bound, "at most", why
        )
