"""A scaling study as plain JSON values, in three documents: fields are only ever added.

`comparison` has the pairs, `performance_matrix` every model's numbers, `insights` what the rules say. A number
that is not known has the value null and a `gap` that says why. Example:

    comparison(study)["scopes"][0]["pairs"][0]["quantities"]["icer"]["estimate"]["value"]
"""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.core.types import Json
from bakeoff.reports.as_json import estimate_json
from bakeoff.reports.scaling.model import Contestant, Front, Pair, Quantity, Recommendation, Scope, Study
from bakeoff.reports.scaling.rules import RULES


def quantity_json(one: Quantity) -> dict[str, Json]:
    return {
        "label": one.label,
        "unit": one.unit,
        "estimate": estimate_json(one.estimate),
        "gap": one.gap or None,
        "note": one.note or None,
        "estimated": one.estimated,
        "secondary": one.secondary,
    }


def comparison(study: Study) -> dict[str, Json]:
    """Each other model against the first, in each scope."""
    return {
        **_head(study),
        "scopes": [
            {
                **_scope(scope),
                "pairs": [_pair(one) for one in scope.pairs],
                "fit": None if scope.fit is None else quantity_json(scope.fit),
            }
            for scope in _all(study)
        ],
    }


def performance_matrix(study: Study) -> dict[str, Json]:
    """Models × scopes: score, speed, cost, and score for each unit of those."""
    return {
        **_head(study),
        "scopes": [
            {
                **_scope(scope),
                "standings": {standing.model: _quantities(standing.quantities) for standing in scope.standings},
                "pareto": {front.axis: _front(front) for front in scope.fronts},
            }
            for scope in _all(study)
        ],
    }


def insights(study: Study) -> dict[str, Json]:
    """The recommendations with the rules they follow, the notes, and everything that could not be told."""
    return {
        **_head(study),
        "rules": dict(RULES),
        "recommendations": [_recommendation(one) for one in study.recommendations],
        "notes": list(study.notes),
        "gaps": gaps(study),
    }


def gaps(study: Study) -> list[Json]:
    """Each number without a value: where, which, why."""
    found: list[Json] = []
    for scope in _all(study):
        rows = [(one.model, one.quantities) for one in scope.standings]
        rows += [(f"{one.b} against {one.a}", one.quantities) for one in scope.pairs]
        found += [
            {"scope": scope.name, "of": who, "what": one.id, "why": one.gap}
            for who, quantities in rows
            for one in quantities
            if one.estimate.value is None
        ]
        found += [
            {"scope": scope.name, "of": "pareto", "what": one.axis, "why": one.gap} for one in scope.fronts if one.gap
        ]
    return found


def _all(study: Study) -> list[Scope]:
    return [*study.scopes, *([study.pooled] if study.pooled else [])]


def _head(study: Study) -> dict[str, Json]:
    return {
        "models": [_contestant(one) for one in study.contestants],
        "runs": list(study.runs),
        "worth": study.ask.worth,
        "margin": study.ask.margin,
    }


def _contestant(one: Contestant) -> Json:
    return {
        "model": one.name,
        "size_b": one.size_b,
        "size_from": one.size_from or None,
        "weight_bytes": one.weight_bytes,
        "weight_bytes_from": one.bytes_from or None,
        "weights_gb": one.weights_gb,
        "family": one.family or None,
        "cost_from": one.priced,
    }


def _scope(scope: Scope) -> dict[str, Json]:
    return {
        "scope": scope.name,
        "pooled": scope.pooled,
        "setting": scope.setting or None,
        "cells": list(scope.cells),
        "asked": list(scope.asked),
        "shared": scope.shared,
    }


def _pair(pair: Pair) -> Json:
    return {
        "a": pair.a,
        "b": pair.b,
        "difference": estimate_json(pair.difference),
        "test": pair.test,
        "p": pair.p,
        "p_adjusted": pair.p_adjusted,
        "family": pair.family,
        "p_mid": pair.p_mid,
        "e": pair.e,
        "better": {1: pair.b, -1: pair.a}.get(pair.better),
        "counts": None
        if pair.counts is None
        else dict(zip(("both", "only_a", "only_b", "neither"), pair.counts, strict=True)),
        "looked": pair.looked or None,
        "quantities": _quantities(pair.quantities),
    }


def _quantities(quantities: Sequence[Quantity]) -> dict[str, Json]:
    return {one.id: quantity_json(one) for one in quantities}


def _front(front: Front) -> Json:
    return {
        "front": list(front.names),
        "dominated": [{"model": loser, "by": winner} for loser, winner in front.dominated],
        "gap": front.gap or None,
    }


def _recommendation(one: Recommendation) -> Json:
    return {
        "rule": one.rule,
        "kind": one.kind,
        "scope": one.scope,
        "models": list(one.models),
        "take": one.take,
        "sentence": one.sentence,
        "rests_on": [{"id": number.id, **quantity_json(number)} for number in one.rests_on],
        "would_change": one.change,
    }
