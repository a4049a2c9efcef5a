"""Keep what a reader found in another tool's log as a run of the store.

The log is read twice: once to check every trial, to count, and to see whether scores are right and wrong or
degrees; then to write, in one transaction. So nothing is half imported, and memory does not grow with the
number of samples. Example:

    found = import_log(laboratory.database, lm_eval.read(Path("out/model")), name="baseline")
    found.run, found.new, found.cautions
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice

from pydantic import ValidationError

from bakeoff import __version__
from bakeoff.core.complaints import NAME_IN_WORDS
from bakeoff.core.errors import ConfigInvalid, DataInvalid
from bakeoff.core.hashing import KEY_BYTES, identity_digest
from bakeoff.core.origin import Origin, identity, imported_recipe, mark
from bakeoff.core.records import CellRecord, RunStatus
from bakeoff.core.specs import BenchmarkSpec, ExperimentSpec, MethodSpec, ModelSpec
from bakeoff.core.types import Completion, Outcome, Trial
from bakeoff.imports.found import Answered, FoundCell, Log
from bakeoff.store.database import Database
from bakeoff.store.imports import Group, ImportRepository, NewRun

AT_ONCE = 500
_PRESETS = ("memory_optimized", "balanced", "performance")
_ROUNDING = 1e-9
_SAME = 1e-6
_MODULUS = 1 << 128


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to: the run, whether it was made now, and what a person should know."""

    run: str
    new: bool
    trials: int
    cautions: Sequence[str] = ()


@dataclass(slots=True)
class _Seen:
    """What the first reading learnt of a cell."""

    trials: int = 0
    graded: int = 0
    total: float = 0.0
    binary: bool = True
    _digests: int = 0

    def add(self, answered: Answered) -> None:
        trial = answered.trial
        self.trials += 1
        if trial.repeat == 0:  # a sum, so that the order of the log does not count
            told = "\x1f".join((trial.sample_id, trial.target, answered.asked)).encode("utf-8", "replace")
            self._digests += int.from_bytes(blake2b(told, digest_size=16).digest(), "big")
        if trial.value is not None:
            self.graded += 1
            self.total += trial.value
            self.binary = self.binary and trial.value in (0.0, 1.0)

    @property
    def digest(self) -> str:
        return f"{self._digests % _MODULUS:032x}"


def import_log(
    database: Database,
    log: Log,
    name: str | None = None,
    out_of: float = 1.0,
    note: Callable[[int], None] = lambda done: None,
) -> Imported:
    """Store a log as a run. Scores are divided by `out_of`; `note` is told how many trials were written.

    A log that is in the store already is not stored again. Raises DataInvalid and ConfigInvalid, and keeps
    nothing then; StoreError.
    """
    seen = _survey(log, out_of)
    imports = ImportRepository(database)
    origin = Origin(log.source.told, log.source.file, log.source.sha256)
    spec = _spec(log, name, out_of)
    trials = sum(one.trials for one in seen)
    known = imports.of_spec(spec.hash())
    if known is not None:
        return Imported(known, new=False, trials=trials)
    spec = spec.model_copy(update={"name": name or f"{log.source.tool.replace('_', '-')}-{spec.hash()[:8]}"})
    cells = [_record(log, place, origin, seen[place]) for place in range(len(log.cells))]
    owed = any(cell.planned > one.trials for cell, one in zip(cells, seen, strict=True))
    status = RunStatus.COMPLETE if log.complete and not owed else RunStatus.INTERRUPTED
    run = NewRun(str(spec.name), spec, status, log.seconds, __version__)
    imports.write(run, cells, lambda ids: _groups(log, cells, ids, seen, out_of, note))
    return Imported(run.name, True, trials, [*log.cautions, *_cautions(log, seen, out_of)])


def _survey(log: Log, out_of: float) -> list[_Seen]:
    """Read every trial once. Raises DataInvalid."""
    seen: dict[int, _Seen] = {}
    for answered in _scaled(log, out_of):
        seen.setdefault(answered.trial.cell, _Seen()).add(answered)
    if not seen:
        raise DataInvalid(f"'{log.source.file}' holds no samples", "import a log with samples")
    return [seen.get(place, _Seen()) for place in range(len(log.cells))]


def _scaled(log: Log, out_of: float) -> Iterator[Answered]:
    for answered in log.answered():
        trial = answered.trial
        trial.sample_id = _fitting(trial.sample_id, 190)
        if trial.value is not None:
            trial.value /= out_of
            if not -_ROUNDING <= trial.value <= 1 + _ROUNDING:
                raise DataInvalid(
                    f"the score {trial.value * out_of:g} of sample '{trial.sample_id:.60}' in '{log.source.file}'"
                    f" is not between 0 and {out_of:g}",
                    "name the highest that there is, like --out-of 100, or choose another metric",
                )
            trial.value = min(1.0, max(0.0, trial.value))
        yield answered


def _spec(log: Log, name: str | None, out_of: float) -> ExperimentSpec:
    """The log as a spec: what is listed, shown and hashed; nobody can run it. Raises ConfigInvalid."""
    told: dict[str, bool | int | float | str] = {"imported": log.source.told, "sha256": log.source.sha256}
    told |= log.options
    if out_of != 1.0:
        told["out_of"] = out_of
    models = dict.fromkeys(cell.model for cell in log.cells)
    benchmarks = dict.fromkeys((cell.benchmark, cell.profile) for cell in log.cells)
    methods = dict.fromkeys(cell.method for cell in log.cells)
    try:
        return ExperimentSpec(
            name=name,
            models=tuple(ModelSpec(model=model, args=told) for model in models),
            benchmarks=tuple(BenchmarkSpec(benchmark=asked, profile=profile) for asked, profile in benchmarks),
            methods=tuple(MethodSpec(method=method) for method in methods),
        )
    except ValidationError as error:
        complaint = error.errors()[0]
        where = ".".join(str(part) for part in complaint["loc"])
        said = NAME_IN_WORDS if complaint["type"] == "string_pattern_mismatch" else complaint["msg"].lower()
        raise ConfigInvalid(f"{where} '{complaint['input']!s:.60}' is no name: {said}", "name it with a flag") from None


def _record(log: Log, place: int, origin: Origin, seen: _Seen) -> CellRecord:
    cell = log.cells[place]
    digest = (cell.data_digest or seen.digest)[:32]
    names = {"benchmark": cell.benchmark, "model": cell.model, "method": cell.method, "profile": cell.profile}
    return CellRecord(
        id=0,
        position=place,
        model=_fitting(cell.model, 200),
        preset=cell.preset if cell.preset in _PRESETS else "balanced",
        benchmark=_fitting(cell.benchmark, 100),
        method=_fitting(cell.method, 100),
        profile=_fitting(cell.profile, 100),
        identity=identity(origin, cell.model),
        revision=_fitting(origin.tool, 64),
        data_digest=digest,
        planned=max(cell.planned or 0, seen.trials),
        signature=imported_recipe(origin, names, digest),
    )


def _groups(
    log: Log,
    cells: Sequence[CellRecord],
    ids: Sequence[int],
    seen: Sequence[_Seen],
    out_of: float,
    note: Callable[[int], None],
) -> Iterator[Group]:
    """The second reading: trials as they are stored, `AT_ONCE` at a time."""
    streamed = _scaled(log, out_of)
    done = 0
    while group := list(islice(streamed, AT_ONCE)):
        completions: list[Completion] = []
        for answered in group:
            place = answered.trial.cell
            if place >= len(cells):
                break
            completions += _keyed(answered, cells[place], log)
            _settled(answered.trial, log.cells[place], seen[place])
            answered.trial.trace = (mark(answered.asked, answered.keys),)
            answered.trial.cell = ids[place]
        done += len(group)
        yield completions, [answered.trial for answered in group]
        note(done)
    if done != sum(one.trials for one in seen):
        raise DataInvalid(f"'{log.source.file}' changed while it was read", "import it again when nobody writes to it")


def _keyed(answered: Answered, cell: CellRecord, log: Log) -> list[Completion]:
    """The trial's completion under a key of its own: what this log says of this sample.

    Cells that grade one reply by several rules share it.
    """
    trial, completion = answered.trial, answered.completion
    if completion is None:
        return []
    model = identity_digest(cell.identity)
    place = str(cell.position) if log.cells[cell.position].grading == "given" else ""
    names = (model, place, cell.benchmark, cell.preset, cell.method, *log.options.values())
    told = "\x1f".join((*names, trial.sample_id, str(trial.repeat)))
    key = blake2b(told.encode("utf-8", "replace"), digest_size=KEY_BYTES).digest()
    trial.keys = (key,)
    return [replace(completion, key=key, model=model)]


def _settled(trial: Trial, cell: FoundCell, seen: _Seen) -> None:
    """Right or wrong where all scores of the cell are, else a degree; and texts as long as the store takes."""
    if trial.outcome is Outcome.SCORED and cell.grading == "found" and seen.binary:
        trial.outcome = Outcome.CORRECT if trial.value == 1.0 else Outcome.INCORRECT
    trial.rule = None if trial.rule is None else _fitting(trial.rule, 40)
    trial.error_code = None if trial.error_code is None else _fitting(trial.error_code, 40)


def _fitting(text: str, most: int) -> str:
    """A name as long as its column takes: a longer one keeps its beginning, and a digest tells it from others."""
    clean = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if len(clean) <= most:
        return clean
    return f"{clean[: most - 17]}~{blake2b(clean.encode(), digest_size=8).hexdigest()}"


def _cautions(log: Log, seen: Sequence[_Seen], out_of: float) -> Iterator[str]:
    for cell, one in zip(log.cells, seen, strict=True):
        missing = one.trials - one.graded
        if missing:
            yield (
                f"{cell.benchmark} {cell.profile}: {missing:,} of {one.trials:,} trials have no score here:"
                " a fault or a cut reply is missing, and never wrong"
            )
        mean = one.total / one.graded if one.graded else None
        if cell.reported is not None and mean is not None and abs(mean - cell.reported / out_of) > _SAME:
            yield (
                f"{cell.benchmark} {cell.profile}: {log.source.tool} reported {cell.reported:.4g}, and the mean of"
                f" the {one.graded:,} trials with a score is {mean * out_of:.4g}"
            )
