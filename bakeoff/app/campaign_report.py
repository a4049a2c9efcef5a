"""Gates 4 and 5 of a campaign: what the sizes say, and the reports, each file whole or not at all.

Nothing here asks a model anything: all is read from the store and the folder. Example:

    checks = scaling(work)          # writes scaling/*.json, scaling.md, scaling.html where two models can be compared
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import orjson

from bakeoff import __version__
from bakeoff.app import wiring
from bakeoff.app.campaign_evaluation import output_speed
from bakeoff.app.campaign_folder import Evaluated, Tried, as_json
from bakeoff.app.campaign_gates import Work, combination_key
from bakeoff.app.coverage_cell import Cell
from bakeoff.app.reporting import write_reports, write_tracker
from bakeoff.app.results import Results
from bakeoff.app.scaling import Known, scaling_study, write_study
from bakeoff.app.scaling_cells import Filter
from bakeoff.app.writing import write_whole
from bakeoff.core.campaign import GATES, CampaignState, Check, Gate
from bakeoff.core.errors import UsageError
from bakeoff.core.hashing import digest
from bakeoff.reports.campaign import CampaignReport, Combination, ModelResult
from bakeoff.reports.campaign_json import comprehensive_summary, performance_matrix, scaling_insights, tracker_entry
from bakeoff.reports.scaling.model import Ask, Study

CAMPAIGNS = "campaigns"  # the folder in BAKEOFF_HOME with an entry for each
_LEAST = 2


def kept_cells(work: Work) -> list[Cell]:
    """What coverage found of each combination; of one that it never came to nothing."""
    tried = work.folder.coverage()
    found = []
    for model in work.spec.models:
        for preset in work.spec.experiment.presets:
            cell = tried.get(combination_key(work, model, preset), Tried()).cell
            if cell is not None:
                found.append(cell)
    return found


# ------------------------------------------------------------------ 4: scaling


def scaling(work: Work) -> list[Check]:
    """Gate 4: the models that were evaluated against each other, by size where that is known."""
    study, why = work.study = study_of(work)
    models = len(work.spec.models)
    if study is None:
        return [Check("study", "", "fail" if models >= _LEAST else "not measured", None, None, why)]
    found = [
        Check("study", "", "pass", len(study.contestants), models, ", ".join(one.name for one in study.contestants))
    ]
    for one in study.contestants:
        known = one.size_b is not None
        found.append(
            Check(
                "size",
                one.name,
                "pass" if known else "not measured",
                one.size_b,
                None,
                one.size_from if known else "not in the catalogue: name it under scaling.sizes",
            )
        )
    for path in write_study(study, work.folder.path / "scaling"):
        found.append(Check("file", f"scaling/{path.name}", "pass", path.stat().st_size))
    return found


def study_of(work: Work) -> tuple[Study | None, str]:
    """The comparison of all models with a run, or why there is none."""
    results = Results(work.laboratory.runs, work.laboratory.trials)
    evaluated = {name: one for name, one in work.folder.evaluation().items() if one.run is not None and not one.why}
    names = [model.model for model in work.spec.models if model.model in evaluated]
    if len(names) < _LEAST:
        return None, f"{len(names)} of {len(work.spec.models)} models were evaluated: nothing to compare"
    plan, experiment = work.spec.plan.scaling, work.spec.experiment
    shared = [preset for preset in experiment.presets if all(preset in evaluated[name].presets for name in names)]
    if not shared:
        return None, "the models have no preset in common"
    wanted = Filter(
        runs=[str(evaluated[name].run) for name in names], method=experiment.methods[0].label, preset=shared[0]
    )
    known = Known(
        sizes={name: size for name, size in plan.sizes.items() if name in names},
        weight_bytes={name: size for name, size in plan.weight_bytes.items() if name in names},
    )
    try:
        return scaling_study(names, results, wanted, known, Ask(plan.worth, plan.margin)), ""
    except UsageError as error:
        return None, str(error)


# ------------------------------------------------------------------ 5: report


def report(work: Work, state: CampaignState) -> list[Check]:
    """Gate 5: the JSON documents, the report in every format that can be made here, and the entry of the tracker.

    What tells of the campaign tells of this gate, too: so it is written, read back, and written with what that found.
    """
    results = Results(work.laboratory.runs, work.laboratory.trials)
    made = campaign_report(work, state, results)
    beside = [_read_back(work.folder.path, path) for path in _beside(work, made, results)]
    told = _told(work, made, results)
    made = replace(made, gates=[*made.gates, _this_gate([*beside, *map(_without_size, told)])])
    told = _told(work, made, results)
    _enter(work, made)
    return [*beside, *told]


def _beside(work: Work, made: CampaignReport, results: Results) -> Iterator[Path]:
    """Write what says nothing of the gates: the report of all runs together, and the page of all runs."""
    runs = [run.name for run in made.runs]
    if runs:
        forms = [form for form in work.spec.plan.formats if form != "pdf"]
        yield from write_reports(results, runs, work.folder.path / "evaluation", forms)
    yield write_tracker(results, work.folder.path)


def _told(work: Work, made: CampaignReport, results: Results) -> list[Check]:
    """Write what tells of the gates, and read it back."""
    formats = work.spec.plan.formats
    written = [work.folder.write(name, content) for name, content in _files(made, formats)]
    found = [_read_back(work.folder.path, path) for path in written]
    if "pdf" in formats and not _has("typst"):
        found.append(Check("file", "report.pdf", "not measured", None, None, "pip install 'bakeoff[pdf]' makes it"))
    return [*found, _agreement(work, made, results)]


def _this_gate(checks: Sequence[Check]) -> Gate:
    failed = any(check.verdict == "fail" for check in checks)
    return Gate(len(GATES), "failed" if failed else "passed", tuple(checks))


def _without_size(check: Check) -> Check:
    """A file cannot hold its own size."""
    return replace(check, value=None) if check.criterion == "file" else check


def _enter(work: Work, made: CampaignReport) -> None:
    """Leave the campaign's entry in BAKEOFF_HOME, for the list of campaigns: by name and folder, as names recur."""
    folder, where = work.laboratory.settings.home / CAMPAIGNS, str(work.folder.path.resolve())
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{made.name}.{digest(where)[:8]}.json"
    write_whole(place, [as_json({**tracker_entry(made), "folder": where})])


def _files(made: CampaignReport, formats: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """The documents, which are always written, and the campaign's own report."""
    from bakeoff.reports.campaign_page import render_html, render_markdown, render_pdf

    yield "comprehensive_summary.json", as_json(comprehensive_summary(made))
    yield "performance_matrix.json", as_json(performance_matrix(made))
    yield "scaling_insights.json", as_json(scaling_insights(made))
    yield "tracker_entry.json", as_json(tracker_entry(made))
    if "md" in formats:
        yield "report.md", render_markdown(made).encode()
    if "html" in formats:
        yield "report.html", render_html(made).encode()
    if "pdf" in formats and _has("typst"):
        yield "report.pdf", render_pdf(made)


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _read_back(folder: Path, path: Path) -> Check:
    """Whether a file is there and whole: JSON is read as such."""
    name = str(path.relative_to(folder))
    try:
        content = path.read_bytes()
        if path.suffix == ".json":
            orjson.loads(content)
    except (OSError, orjson.JSONDecodeError) as error:
        return Check("file", name, "fail", None, None, str(error))
    return Check("file", name, "pass" if content else "fail", len(content), None, "" if content else "it is empty")


def campaign_report(work: Work, state: CampaignState, results: Results) -> CampaignReport:
    """Everything that the reports show, read from the folder and the store."""
    evaluated = work.folder.evaluation()
    models = [_result(work, model.model, evaluated.get(model.model), results) for model in work.spec.models]
    study, why = work.study or study_of(work)
    links = [("scores in detail", "evaluation/report.html")] if any(model.run for model in models) else []
    links += [("what size buys", "scaling/scaling.html")] if study is not None else []
    return CampaignReport(
        name=state.name,
        spec_hash=state.spec_hash,
        version=__version__,
        created_at=max((model.run.created_at for model in models if model.run is not None), default=0.0),
        gates=[replace(gate, seconds=0.0) for gate in state.gates[:-1]],
        combinations=[_combination(cell) for cell in kept_cells(work)],
        models=models,
        study=study,
        no_study=why,
        links=[*links, ("all runs", "index.html")],
    )


def _result(work: Work, model: str, one: Evaluated | None, results: Results) -> ModelResult:
    entry = wiring.resolve_model(model).entry
    size = work.spec.plan.scaling.sizes.get(model, entry.size_b if entry is not None else None)
    if one is None or one.run is None or results.runs.find(one.run) is None:
        return ModelResult(model, size, None, one.why if one is not None else "not asked")
    summary = results.summary(one.run)
    speed, told = output_speed(results, summary)
    return ModelResult(model, size, summary, one.why, speed, told)


def _combination(cell: Cell) -> Combination:
    memory = cell.memory
    found = Combination(
        cell.model,
        cell.preset,
        cell.ok,
        cell.stage,
        cell.said,
        cell.first_seconds,
        cell.first_token_s,
        cell.tokens_per_second,
    )
    if memory is None:
        return found
    gpu = memory.device_total is not None
    return replace(
        found,
        memory_before=memory.device_before if gpu else memory.host_before,
        memory_peak=memory.device_peak if gpu else memory.host_peak,
        memory_after=memory.device_after if gpu else memory.host_after,
        memory_total=memory.device_total if gpu else memory.host_total,
        memory_share=memory.share,
        on_gpu=gpu,
    )


def _agreement(work: Work, made: CampaignReport, results: Results) -> Check:
    """Whether the summary on the disk says what the store says, score for score."""
    found = orjson.loads((work.folder.path / "comprehensive_summary.json").read_bytes())
    stored = {
        (model.name, cell.cell.position): cell.estimate.value
        for model in made.models
        if model.run is not None
        for cell in results.summary(model.run.name).cells
    }
    written = {
        (model["model"], cell["cell"]): cell["estimate"]["value"]
        for model in found["models"]
        if model["run"] is not None
        for cell in model["run"]["cells"]
    }
    same = sum(written.get(key, "none") == value for key, value in stored.items())
    whole = same == len(stored) == len(written)
    return Check("scores_as_stored", "", "pass" if whole else "fail", same, len(stored))
