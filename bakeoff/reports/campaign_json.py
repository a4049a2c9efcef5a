"""A campaign as plain JSON values, in three documents: fields are only ever added.

`comprehensive_summary` has all of it, `performance_matrix` speed, memory and scores of every model × preset,
`scaling_insights` what the sizes say. A number that is not known is null, and beside it stands why. Example:

    comprehensive_summary(report)["criteria"][0]["verdict"]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from bakeoff.core.campaign import Check, Gate
from bakeoff.core.types import Json
from bakeoff.reports.as_json import cell_json, summary_json
from bakeoff.reports.campaign import CampaignReport, Combination, ModelResult, verdict_line
from bakeoff.reports.scaling.as_json import comparison, insights
from bakeoff.reports.summary import CellSummary


def comprehensive_summary(report: CampaignReport) -> dict[str, Json]:
    return {
        **_head(report),
        "verdict": verdict_line(report.gates),
        "criteria": [check_json(check) for check in report.criteria],
        "gates": [_gate(gate) for gate in report.gates],
        "models": [_model(model) for model in report.models],
        "combinations": [{**asdict(one)} for one in report.combinations],
        "scaling": [one.sentence for one in report.study.recommendations] if report.study is not None else None,
        "scaling_gap": report.no_study or None,
    }


def performance_matrix(report: CampaignReport) -> dict[str, Json]:
    """A row for each model × preset: what coverage measured, and each benchmark's score and speed."""
    return {**_head(report), "rows": [_row(report, one) for one in report.combinations]}


def scaling_insights(report: CampaignReport) -> dict[str, Json]:
    if report.study is None:
        return {**_head(report), "gap": report.no_study, "insights": None, "comparison": None}
    return {
        **_head(report),
        "gap": None,
        "insights": insights(report.study),
        "comparison": comparison(report.study),
    }


def tracker_entry(report: CampaignReport) -> dict[str, Json]:
    """What the list of campaigns shows of one."""
    return {
        **_head(report),
        "verdict": verdict_line(report.gates),
        "criteria": [check_json(check) for check in report.criteria],
        "gates": [{"gate": gate.number, "name": gate.name, "status": gate.status} for gate in report.gates],
        "models": [
            {"model": model.name, "whole": model.whole, "run": None if model.run is None else model.run.name}
            for model in report.models
        ],
    }


def check_json(check: Check) -> dict[str, Json]:
    return {
        "criterion": check.criterion,
        "subject": check.subject or None,
        "value": check.value,
        "bound": check.bound,
        "verdict": check.verdict,
        "why": check.why or None,
    }


def _head(report: CampaignReport) -> dict[str, Json]:
    return {
        "campaign": report.name,
        "spec_hash": report.spec_hash,
        "version": report.version,
        "created_at": report.created_at,
    }


def _gate(gate: Gate) -> Json:
    checks: list[Json] = [check_json(check) for check in gate.checks]
    return {"gate": gate.number, "name": gate.name, "status": gate.status, "checks": checks}


def _model(model: ModelResult) -> Json:
    return {
        "model": model.name,
        "size_b": model.size_b,
        "whole": model.whole,
        "why": model.why or None,
        "tokens_per_s": model.tokens_per_s,
        "tokens_from": model.tokens_from or None,
        "run": None if model.run is None else summary_json(model.run),
    }


def _row(report: CampaignReport, one: Combination) -> Json:
    model = next((model for model in report.models if model.name == one.model), None)
    cells = _cells(model, one.preset)
    measured: dict[str, Json] = {**asdict(one)}
    return {
        **measured,
        "size_b": None if model is None else model.size_b,
        "run": None if model is None or model.run is None else model.run.name,
        "benchmarks": {f"{cell.cell.benchmark} · {cell.cell.method}": cell_json(cell) for cell in cells},
        "gap": None if cells else (one.said if not one.ok else (model.why if model is not None else "")) or "not asked",
    }


def _cells(model: ModelResult | None, preset: str) -> Sequence[CellSummary]:
    if model is None or model.run is None:
        return ()
    return [cell for cell in model.run.cells if cell.cell.preset == preset]
