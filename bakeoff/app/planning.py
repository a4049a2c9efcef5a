"""From a spec to what it means here: engines, draws, cells; checked before anything is spent.

`prepare` resolves every name, opens every data file, builds every first prompt; so a mistake costs
a line and not a run. Nothing is stored and no endpoint is called yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bakeoff.app import wiring
from bakeoff.app.callers import Judge
from bakeoff.app.file_hashes import compare_files
from bakeoff.app.lacking import Lacking
from bakeoff.app.lint import Caution
from bakeoff.app.measuring import build_measured, spelt
from bakeoff.app.own_benchmarks import members
from bakeoff.app.score_kind import may_be_between, right_or_wrong
from bakeoff.app.settings import Settings
from bakeoff.benchmarks._files import watching
from bakeoff.core import signature
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.prompts import continuations
from bakeoff.core.protocols import Benchmark, Engine, Method, Profile
from bakeoff.core.records import CellRecord, SampleSet
from bakeoff.core.specs import BenchmarkSpec, ExperimentSpec, MethodSpec, ModelSpec
from bakeoff.runner.draw import Draw
from bakeoff.runner.grade import ScoreFunction
from bakeoff.store.runs import RunRepository


@dataclass(frozen=True, slots=True)
class PreparedBenchmark:
    """A benchmark with its drawn samples and its grading."""

    spec: BenchmarkSpec
    benchmark: Benchmark
    draw: Draw
    profile: Profile
    score: ScoreFunction
    task: wiring.ExperimentTask
    methods: Sequence[Method]
    files: list[Path] = field(default_factory=list)  # that were opened for it
    continuous: bool = True  # whether a score may lie between right and wrong


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """A model under one preset."""

    name: str
    preset: str
    engine: Engine
    optimisation: str = ""
    asked: ModelSpec | None = None


@dataclass(frozen=True, slots=True)
class PreparedCell:
    """One cell: its record, and the parts it is made of."""

    record: CellRecord
    model: PreparedModel
    benchmark: PreparedBenchmark
    method: Method


@dataclass(frozen=True, slots=True)
class Prepared:
    """A whole matrix, ready to run."""

    spec: ExperimentSpec
    cells: Sequence[PreparedCell]
    judges: Sequence[Judge] = ()
    cautions: Sequence[Caution] = ()  # about the files that are read

    @property
    def trials(self) -> int:
        return sum(cell.record.planned for cell in self.cells)

    def close(self) -> None:
        for benchmark in {id(cell.benchmark): cell.benchmark for cell in self.cells}.values():
            benchmark.draw.close()


def prepare(spec: ExperimentSpec, settings: Settings, runs: RunRepository) -> Prepared:
    """Resolve a spec. Raises UsageError."""
    spec = spelt(spell_out(spec, settings))
    for model in spec.models:
        wiring.resolve_model(model.model)
    for asked_method in spec.methods:
        wiring.build_method(asked_method)
    built = [(asked, wiring.build_benchmark(asked.benchmark, settings)) for asked in spec.benchmarks]
    models = [
        (model, prepared_model(spec, model, preset, label, settings))
        for model in spec.models
        for preset in spec.presets
        for label in spec.optimisations or ("",)
    ]
    judges = build_judges(spec, settings)
    _check_budget(spec, [*(prepared for _, prepared in models), *judges])
    benchmarks: list[PreparedBenchmark] = []
    lacking = Lacking(settings)
    names = [asked.benchmark for asked in spec.benchmarks]
    with ExitStack() as opened:
        for asked_benchmark, benchmark in built:
            with lacking.noted(asked_benchmark.benchmark):
                benchmark = lacking.looked_for(asked_benchmark.benchmark, benchmark)
                benchmarks.append(
                    prepare_benchmark(asked_benchmark, benchmark, spec, runs, spec.methods, judges, settings)
                )
                opened.callback(benchmarks[-1].draw.close)
        lacking.tell(names)
        _check_judged(spec, benchmarks)
        for ready in benchmarks:
            for _, prepared in models:
                _check_likelihood(prepared, ready)
                _check_tools(prepared, ready)
            with lacking.noted(ready.spec.benchmark):
                _check_methods(ready)
        lacking.tell(names)
        used = [(ready.spec.benchmark, ready.benchmark, ready.files) for ready in benchmarks]
        cautions = compare_files(used, settings)
        opened.pop_all()  # no error: the draws stay open for the run
    cells: list[PreparedCell] = []
    graded = spec.repeats > 1 or any(ready.continuous for ready in benchmarks)  # the mean of repeats lies between
    for model, prepared in models:
        for ready in benchmarks:
            for asked, method in zip(spec.methods, ready.methods, strict=True):
                line = _recipe(spec, model, prepared, ready, asked, str(getattr(method, "depends", "")))
                line = signature.decided_as(line, spec, graded)
                record = _cell(len(cells), prepared, ready, asked, spec.repeats, line)
                cells.append(PreparedCell(record, prepared, ready, method))
    return Prepared(spec, cells, judges, cautions)


def _recipe(
    spec: ExperimentSpec,
    model: ModelSpec,
    prepared: PreparedModel,
    ready: PreparedBenchmark,
    method: MethodSpec,
    depends: str,
) -> str:
    """The recipe of one cell; judges are part of it where its scorer may ask them."""
    scorer = ready.profile.scorer
    alone = spec if scorer in {*wiring.JUDGED, *wiring.MAY_BE_JUDGED} else spec.model_copy(update={"judges": ()})
    asked, code = ready.draw.digest, wiring.scorer_code(scorer)
    line = signature.recipe(alone, model, prepared.preset, ready.spec, method, asked, depends, code)
    return signature.measured_as(line, prepared.optimisation, spec)


def prepared_model(
    spec: ExperimentSpec, model: ModelSpec, preset: str, label: str, settings: Settings
) -> PreparedModel:
    """A model under a preset, and under an optimisation where one is measured. Raises UsageError."""
    if label:
        engine = build_measured(model, preset, spec.timeout, settings, label, spec.measurement.round)
    else:
        engine = wiring.build_engine(model, preset, spec.timeout, settings)
    return PreparedModel(model.model, preset, engine, label, model)


def spell_out(spec: ExperimentSpec, settings: Settings) -> ExperimentSpec:
    """The spec with the members of a group in the place of its name, once each: what is stored and hashed."""
    asked = [
        each if name == each.benchmark else each.model_copy(update={"benchmark": name})
        for each in spec.benchmarks
        for name in members(each.benchmark, settings.home)
    ]
    once = [each for place, each in enumerate(asked) if each not in asked[:place]]
    return spec.model_copy(update={"benchmarks": tuple(once)})


def build_judges(spec: ExperimentSpec, settings: Settings) -> list[Judge]:
    """The models that grade. Raises UsageError."""
    return [Judge(judge.model, wiring.build_engine(judge, "balanced", spec.timeout, settings)) for judge in spec.judges]


def _check_judged(spec: ExperimentSpec, benchmarks: Sequence[PreparedBenchmark]) -> None:
    """A judge that nobody asks is a mistake: somebody expects to see its verdicts."""
    if spec.judges and not any(ready.profile.scorer in {*wiring.JUDGED, *wiring.MAY_BE_JUDGED} for ready in benchmarks):
        names = ", ".join(ready.spec.benchmark for ready in benchmarks)
        raise ConfigInvalid(
            f"no profile here asks judge '{spec.judges[0].model}' ({names})",
            "choose a judged profile, add --scorer judge, or leave --judge out",
        )


def check_signature_data(prepared: Prepared, digest: str) -> None:
    """Raise ConfigInvalid unless the data here is what a signature was made with."""
    for cell in prepared.cells:
        found = cell.record.data_digest
        if digest and not found.startswith(digest):
            raise ConfigInvalid(
                f"the data of '{cell.record.benchmark}' here is @{found[:8]}; the signature was made with @{digest}",
                "set BAKEOFF_DATA to the data it was made with, or give the fields as flags instead of --from",
            )


def prepare_benchmark(
    asked: BenchmarkSpec,
    benchmark: Benchmark,
    spec: ExperimentSpec,
    runs: RunRepository,
    methods: Sequence[MethodSpec] = (),
    judges: Sequence[Judge] = (),
    settings: Settings | None = None,
) -> PreparedBenchmark:
    """Draw a benchmark's samples and get its grading ready. Raises UsageError."""
    profile = wiring.profile_of(benchmark, asked)
    split = asked.split or benchmark.default_split
    _check_split(profile, asked.benchmark, split)
    scorer = wiring.build_scorer(profile.scorer, profile.options, judges)
    continuous = may_be_between(scorer)
    built = [wiring.build_method(method, profile, settings) for method in methods]
    ids = _saved_ids(spec.samples, asked.benchmark, runs) if spec.samples is not None else None
    with watching() as reading:
        draw = Draw.of(benchmark.samples(split), asked.benchmark, spec.seed, spec.limit, ids)
    task = wiring.ExperimentTask(benchmark, spec, profile)
    score = scorer.score if continuous else right_or_wrong(scorer.score)
    return PreparedBenchmark(asked, benchmark, draw, profile, score, task, built, reading.opened, continuous)


def _check_split(profile: Profile, benchmark: str, split: str) -> None:
    """Raise ConfigInvalid when a split lacks what a profile grades by: every answer would be paid for in vain."""
    if profile.splits and split not in profile.splits:
        whole = f"{{benchmark: {benchmark}, split: {profile.splits[0]}, profile: {profile.name}}}"
        raise ConfigInvalid(
            f"split '{split}' of '{benchmark}' has nothing that profile '{profile.name}' could grade by",
            f"write the benchmark as {whole} in a spec file",
        )


def _check_methods(ready: PreparedBenchmark) -> None:
    """A method that cannot ask says so now; the files of its examples are among those of the benchmark."""
    with watching() as reading:
        for method in ready.methods:
            method.prompt(ready.draw[0], ready.task)
    ready.files.extend(reading.opened)


def _check_likelihood(model: PreparedModel, ready: PreparedBenchmark) -> None:
    """Raise ConfigInvalid when a profile needs log-probabilities that the engine cannot give."""
    can = model.engine.limits.likelihood
    if ready.profile.ask != "likelihood" or can == "full":
        return
    prompt = ready.profile.prompt
    sample = ready.draw[0]
    pairs = continuations(prompt, sample, ()) if prompt is not None else ()
    letters = all(len(after.strip()) == 1 for _, after in pairs) and len({before for before, _ in pairs}) == 1
    if can == "letters" and letters:
        return
    what = "of letters only" if can == "letters" else "of no given text"
    raise ConfigInvalid(
        f"profile '{ready.profile.name}' of '{ready.spec.benchmark}' needs log-probabilities,"
        f" and '{model.name}' gives those {what}",
        "ask for the letter instead with --profile bakeoff, or use a completions endpoint: --api completions",
    )


def _check_tools(model: PreparedModel, ready: PreparedBenchmark) -> None:
    """Raise ConfigInvalid when a profile, or an agent, hands tools to an engine that takes none."""
    if any(getattr(method, "native", False) for method in ready.methods) and not model.engine.limits.tools:
        raise ConfigInvalid(
            f"'{model.name}' is handed no tools, which react:calls=native asks for", "use react:calls=text, or auto"
        )
    prompt = ready.profile.prompt
    if prompt is not None and prompt.tools and not model.engine.limits.tools:
        raise ConfigInvalid(
            f"profile '{ready.profile.name}' of '{ready.spec.benchmark}' needs an engine that takes tools,"
            f" and '{model.name}' takes none",
            "show the tools in the prompt instead with --profile bakeoff",
        )


def _saved_ids(name: str, benchmark: str, runs: RunRepository) -> tuple[str, ...]:
    kept: list[SampleSet] = runs.sample_sets(name)
    for chosen in kept:
        if chosen.benchmark == benchmark:
            return chosen.ids
    hint = f"save one: bakeoff samples save {name} --benchmarks {benchmark} --limit 100"
    if kept:
        raise ConfigInvalid(f"sample set '{name}' is of '{kept[0].benchmark}', not of '{benchmark}'", hint)
    raise ConfigInvalid(f"no sample set '{name}'", hint)


def _check_budget(spec: ExperimentSpec, models: Sequence[PreparedModel | Judge]) -> None:
    """A budget in money needs prices: an unknown price is not 0."""
    if spec.budget.usd is None:
        return
    for model in models:
        if model.engine.limits.price is None:
            raise ConfigInvalid(
                f"the price of '{model.name}' is not known, so a budget in US dollars cannot be kept",
                "limit calls or tokens instead",
            )


def _cell(
    position: int, model: PreparedModel, benchmark: PreparedBenchmark, method: MethodSpec, repeats: int, line: str
) -> CellRecord:
    return CellRecord(
        id=0,
        position=position,
        model=model.name,
        preset=model.preset,
        benchmark=benchmark.spec.benchmark,
        method=method.label,
        profile=benchmark.profile.name,
        identity=model.engine.identity,
        revision=benchmark.benchmark.source.revision,
        data_digest=benchmark.draw.digest,
        planned=len(benchmark.draw) * repeats,
        signature=line,
        repeated=benchmark.draw.repeated,
    )
