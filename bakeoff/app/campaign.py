"""A campaign: five gates in order, each checked, whatever befalls one model; killed and resumed at any moment.

What is kept after each gate is its checks; what happens within a gate is kept as it happens, so a process that is
killed goes on where it was, and a finished campaign that is run again asks nothing. Example:

    state = run_campaign(spec, folder, laboratory, print)
    [gate.status for gate in state.gates]           # ["passed", "failed", "passed", "passed", "passed"]
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bakeoff.app import campaign_report, wiring
from bakeoff.app.campaign_evaluation import evaluation
from bakeoff.app.campaign_folder import CampaignFolder
from bakeoff.app.campaign_gates import Say, Work, coverage, data_checks, environment
from bakeoff.app.experiments import Laboratory
from bakeoff.app.planning import spell_out
from bakeoff.app.probing import PROMPTS, runs_apart
from bakeoff.app.settings import Settings
from bakeoff.core.campaign import GATES, CampaignSpec, CampaignState, Check, Gate, parse_campaign
from bakeoff.core.errors import BakeoffError, ConfigInvalid, UnknownName
from bakeoff.core.strict_yaml import parse
from bakeoff.core.types import Json
from bakeoff.engines.presets import find_card

_GONE = "it is no longer there: run the campaign again, which writes it and asks nothing"


def read_campaign(path: Path) -> CampaignSpec:
    """The spec of a YAML file; without a name of its own it has the file's. Raises UsageError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigInvalid(f"the campaign '{path}' cannot be read ({why})", "check its name") from None
    fields = parse(text, str(path), "'models:', 'benchmarks:' … as in examples/campaign.yaml")
    spec = parse_campaign(fields, path.stem)
    check_names(spec, Settings.load())
    return spec


def check_names(spec: CampaignSpec, settings: Settings) -> None:
    """A name mistyped is no failed model, and no data that are missing. Raises UnknownName, ConfigInvalid."""
    for model in (*spec.models, *spec.experiment.judges):
        wiring.resolve_model(model.model)
    for method in spec.experiment.methods:
        wiring.build_method(method)
    if spec.plan.gpu is not None:
        find_card(spec.plan.gpu)
    for asked in spell_out(spec.experiment, settings).benchmarks:
        try:
            wiring.profile_of(wiring.build_benchmark(asked.benchmark, settings), asked)
        except UnknownName:
            raise
        except BakeoffError:
            continue  # its data, its file: gate 1 tells it, and the others are asked


def folder_of(path: Path, spec: CampaignSpec) -> Path:
    """Where a campaign keeps what it has when no folder is named: beside its file."""
    return path.parent / f"campaign-{spec.name}"


def stored_state(folder: Path, spec: CampaignSpec) -> CampaignState:
    """The state in a folder; of a campaign that was changed since, or never begun, every gate waits.

    A gate whose files are gone has failed, whatever it came to once.
    """
    found = CampaignFolder(folder).state()
    if found is None or found.spec_hash != spec.hash():
        return CampaignState(spec.name, spec.hash())
    for gate in found.gates:
        found = found.having(_as_found(folder, gate))
    return found


def _as_found(folder: Path, gate: Gate) -> Gate:
    """The gate with a failed check for each of its files that is no longer there."""
    checks = tuple(
        replace(check, verdict="fail", why=_GONE) if _gone(folder, check) else check for check in gate.checks
    )
    return gate if checks == gate.checks else replace(gate, status="failed", checks=checks)


def _gone(folder: Path, check: Check) -> bool:
    return check.criterion == "file" and check.verdict == "pass" and not (folder / check.subject).is_file()


def _first_gone(state: CampaignState) -> int | None:
    """The first gate whose files are no longer there: they are made of what is stored, so it costs no call."""
    return next((gate.number for gate in state.gates if any(check.why == _GONE for check in gate.checks)), None)


def run_campaign(
    spec: CampaignSpec, folder: Path, laboratory: Laboratory, say: Say, retry: bool = False
) -> CampaignState:
    """Go through the gates that are left. `retry`: begin again with the first that failed.

    Raises UsageError, StoreError, KeyboardInterrupt: what was done until then is kept.
    """
    with CampaignFolder.open(folder) as held:
        _check_owner(held, spec)
        state = stored_state(folder, spec)
        again = state.first_failed if retry else _first_gone(state)
        if again is not None:
            state = state.from_gate(again)
        work = Work(spec, laboratory, held, say)
        while (number := state.next_gate(spec.plan.on_failure)) is not None:
            state = _pass(work, state, number)
            if state.gate(number).status == "failed" and spec.plan.on_failure == "stop":
                break
        return state


def _check_owner(folder: CampaignFolder, spec: CampaignSpec) -> None:
    """Raise ConfigInvalid where the folder is another campaign's, whose files would be overwritten."""
    found = folder.state()
    if found is not None and found.name != spec.name:
        raise ConfigInvalid(
            f"'{folder.path}' is the folder of campaign '{found.name}', and this is '{spec.name}'",
            "name another with --output-dir",
        )


def _pass(work: Work, state: CampaignState, number: int) -> CampaignState:
    """Go through one gate, and keep what it came to."""
    work.lacking = {
        check.subject: check.why
        for check in state.gate(1).checks
        if check.criterion == "data" and check.verdict == "fail"
    }
    work.say(f"gate {number} of {len(GATES)}: {GATES[number - 1]}")
    _keep(work, state := state.having(Gate(number, "running")))
    began = time.monotonic()
    try:
        checks = tuple(_work_of(number)(work, state))
    except BakeoffError as error:
        if number != len(GATES) and error.exit_code == 2:
            checks = (Check(GATES[number - 1], "", "fail", None, None, str(error)),)
        else:
            raise
    failed = any(check.verdict == "fail" for check in checks)
    gate = Gate(number, "failed" if failed else "passed", checks, round(time.monotonic() - began, 3))
    state = state.having(gate)
    _keep(work, state)
    work.say(f"gate {number} {gate.status}: {counted(gate)}")
    return state


def _work_of(number: int) -> Callable[[Work, CampaignState], list[Check]]:
    gates: tuple[Callable[[Work, CampaignState], list[Check]], ...] = (
        lambda work, state: environment(work),
        lambda work, state: coverage(work),
        lambda work, state: evaluation(work, campaign_report.kept_cells(work)),
        lambda work, state: campaign_report.scaling(work),
        campaign_report.report,
    )
    return gates[number - 1]


def _keep(work: Work, state: CampaignState) -> None:
    work.folder.save_state(state, work.spec.fields())


def counted(gate: Gate) -> str:
    """`7 pass, 1 fails, 2 not measured`."""
    kinds = [(kind, sum(check.verdict == kind for check in gate.checks)) for kind in ("pass", "fail", "not measured")]
    return ", ".join(f"{count} {kind}" for kind, count in kinds if count) or "nothing to check"


def planned(spec: CampaignSpec, laboratory: Laboratory) -> dict[str, Json]:
    """What a campaign would ask and cost: what cannot be asked is told with the reason, model or benchmark."""
    from bakeoff.app.forecast import forecast

    work = Work(spec, laboratory, CampaignFolder(Path()), lambda line: None)
    with suppress(BakeoffError):  # a judge that cannot be built: every model is told with that below
        data_checks(work)
    models: list[Json] = []
    totals: dict[str, float | None] = dict.fromkeys(
        ("calls", "prompt_tokens", "output_tokens", "cost_usd", "seconds"), 0
    )
    for model in spec.models:
        probes = len(PROMPTS) * len(spec.experiment.presets)
        fields: dict[str, Json] = {"model": model.model, "coverage_calls": probes, "apart": runs_apart(model.model)}
        try:
            prepared = laboratory.prepare(work.experiment_of(model, spec.experiment.presets))
        except BakeoffError as error:
            models.append({**fields, "why": str(error), "expected": None})
            continue
        try:
            expected = forecast(prepared, laboratory.runs)
        finally:
            prepared.close()
        models.append({**fields, "why": None, "expected": {k: v for k, v in expected.items() if k != "cells"}})
        for name, total in totals.items():
            value = expected[name]
            totals[name] = None if total is None or not isinstance(value, int | float) else total + value
    whole: dict[str, Json] = {**totals}
    lacking: dict[str, Json] = {**work.lacking}
    return {"spec": spec.fields(), "models": models, "expected": whole, "gates": list(GATES), "lacking": lacking}
