"""Summaries and comparisons as plain JSON values: the contract that scripts rely on.

Fields are only ever added. Example: `summary_json(summary)["cells"][0]["estimate"]["value"]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bakeoff.core.records import Fault
from bakeoff.core.types import Estimate, Json
from bakeoff.reports.calibration import calibration_json
from bakeoff.reports.compare import Comparison
from bakeoff.reports.report import Report, Standing, smallest
from bakeoff.reports.summary import CellSummary, RunSummary
from bakeoff.reports.terminal import tokens_known
from bakeoff.reports.verdict import ArmResult, DuelResult, Verdict

Faults = Mapping[int, Sequence[Fault]]


def estimate_json(estimate: Estimate) -> dict[str, Json]:
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "n": estimate.n,
        "n_missing": estimate.n_missing,
        "method": estimate.method,
        "lowest": estimate.lowest,
        "highest": estimate.highest,
    }


def cell_json(summary: CellSummary) -> dict[str, Json]:
    cell = summary.cell
    counted = tokens_known(summary)
    return {
        "cell": cell.position,
        "label": cell.label,
        "model": cell.model,
        "preset": cell.preset,
        "benchmark": cell.benchmark,
        "method": cell.method,
        "profile": cell.profile,
        "estimate": estimate_json(summary.estimate),
        "metrics": {name: estimate_json(found) for name, found in summary.further.items()},
        "calibration": calibration_json(summary.calibration),
        "outcomes": dict(summary.outcomes),
        "planned": cell.planned,
        "latency": {"p50": summary.latency.p50, "p95": summary.latency.p95, "p99": summary.latency.p99},
        "prompt_tokens": summary.prompt_tokens if counted else None,
        "output_tokens": summary.output_tokens if counted else None,
        "tokens_per_s": summary.tokens_per_s if counted else None,
        "cost": summary.cost,
        "signature": summary.signature,
    }


def summary_json(summary: RunSummary, faults: Faults | None = None) -> dict[str, Json]:
    """`faults`: the errors of each cell, by its position."""
    cells: list[Json] = [
        {**cell_json(cell), "errors": [fault_json(fault) for fault in (faults or {}).get(cell.cell.position, ())]}
        for cell in summary.cells
    ]
    return {
        "run": summary.name,
        "status": summary.status.value,
        "cells": cells,
        "created_at": summary.created_at,
        "seconds": summary.seconds,
        "version": summary.version,
        "decision": None if summary.verdict is None else verdict_json(summary.verdict),
    }


def report_json(report: Report) -> dict[str, Json]:
    """A report: of one run its fields, of several a list `runs`; comparisons and rankings beside."""
    faults, runs = report.faults, report.runs
    summaries: list[Json] = [summary_json(run, faults.get(run.name)) for run in runs]
    fields = summaries[0] if len(runs) == 1 else {"runs": summaries}
    return {
        **(fields if isinstance(fields, dict) else {}),
        "comparisons": [comparison_json(found) for found in report.comparisons],
        "rankings": [standing_json(standing) for standing in report.standings],
        "seeds": [*report.seeds],
        "not_compared": [*report.unlike],
    }


def standing_json(standing: Standing) -> dict[str, Json]:
    """A ranking: cells by their number in the report, and every pair of them; `why` where there is none."""
    ranking = standing.ranking
    return {
        "benchmark": standing.benchmark,
        "profile": standing.profile,
        "why": standing.why or None,
        "left_out": [*standing.left_out],
        "items": None if ranking is None else ranking.items,
        "resamples": None if ranking is None else ranking.resamples,
        "cells": [
            {
                "cell": int(one.name),
                "name": standing.names[one.name],
                "mean": estimate_json(one.mean),
                "rank": one.rank,
                "rank_low": one.rank_low,
                "rank_high": one.rank_high,
                "p_best": one.p_best,
                "groups": [*one.groups.split()],
            }
            for one in (() if ranking is None else ranking.models)
        ],
        "pairs": [
            {
                "a": int(pair.a),
                "b": int(pair.b),
                "difference": estimate_json(pair.difference),
                "p": pair.p,
                "p_adjusted": pair.p_adjusted,
            }
            for pair in (() if ranking is None else ranking.pairs)
        ],
    }


def fault_json(fault: Fault) -> dict[str, Json]:
    return {"code": fault.code, "count": fault.count, "message": fault.message}


def comparison_json(comparison: Comparison) -> dict[str, Json]:
    pairs: list[Json] = [
        {
            "sample_id": pair.sample_id,
            "repeat": pair.repeat,
            "target": pair.target,
            "a": {"outcome": pair.outcome_a.value, "extracted": pair.extracted_a, "score": pair.value_a},
            "b": {"outcome": pair.outcome_b.value, "extracted": pair.extracted_b, "score": pair.value_b},
            "change": "improved" if pair.improved else "regressed",
        }
        for pair in comparison.pairs
    ]
    return {
        "a": _named(comparison.name_a, comparison.a.model, comparison.a.method, comparison.a.signature),
        "b": _named(comparison.name_b, comparison.b.model, comparison.b.method, comparison.b.signature),
        "benchmark": comparison.a.benchmark,
        "difference": estimate_json(comparison.difference),
        "test": comparison.test,
        "p": comparison.p,
        "p_adjusted": comparison.p_adjusted,
        "family": comparison.family,
        "p_mid": comparison.p_mid,
        "both": comparison.both,
        "improved": comparison.improved,
        "regressed": comparison.regressed,
        "neither": comparison.neither,
        "verdict": comparison.verdict,
        "shared": comparison.shared,
        "asked": list(comparison.asked),
        "looked": comparison.looked or None,
        "unanswered": "missing" if comparison.counted_wrong is None else "wrong",
        "counted_wrong": None if comparison.counted_wrong is None else list(comparison.counted_wrong),
        "mde": smallest(comparison).value,
        "differing": comparison.differing,
        "samples": pairs,
    }


def _named(name: str, model: str, method: str, signature: str) -> dict[str, Json]:
    return {"name": name, "model": model, "method": method, "signature": signature}


def verdict_json(verdict: Verdict) -> dict[str, Json]:
    """The contract for scripts; fields are only ever added."""
    return {
        "verdict": verdict.kind.value,
        "winner": verdict.winner,
        "sentence": verdict.sentence,
        "stop": verdict.stop,
        "early": verdict.early,
        "rule": verdict.rule.name,
        "alpha": verdict.rule.alpha,
        "margin": verdict.rule.margin,
        "unanswered": verdict.unanswered,
        "asked": verdict.asked,
        "planned": verdict.planned,
        "arms": [_arm_json(arm) for arm in verdict.arms],
        "duels": [_duel_json(duel) for duel in verdict.duels],
        "guards": [
            {
                "metric": guard.metric,
                "arm": guard.arm,
                "at_most": guard.at_most,
                "found": estimate_json(guard.found),
                "holds": guard.holds,
                "unjudged": guard.unjudged or None,
            }
            for guard in verdict.guards
        ],
        "notes": list(verdict.notes),
    }


def _arm_json(arm: ArmResult) -> Json:
    said: dict[str, Json] = {"arm": arm.label, "beaten_by": arm.beaten_by, "after": arm.after}
    return said | {"standing": arm.standing, "counted_wrong": arm.counted_wrong}


def _duel_json(duel: DuelResult) -> Json:
    return {
        "a": duel.a,
        "b": duel.b,
        "difference": estimate_json(duel.difference),
        "only_a": duel.only_a,
        "only_b": duel.only_b,
        "e": duel.e,
        "p": duel.p,
        "alpha": duel.alpha,
        "final": duel.final,
        "winner": duel.winner,
        "claimed": duel.claimed,
        "p_not_worse": duel.p_not_worse,
    }
