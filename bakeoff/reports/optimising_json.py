"""A study of optimisations as plain JSON values: the contract that scripts rely on. Fields are only ever added.

Seconds, bytes, shares of 1; null: not known. Example: `study_json(study)["scopes"][0]["ways"][1]["speed_up"]["value"]`.
"""

from __future__ import annotations

from bakeoff.core.types import Estimate, Json
from bakeoff.reports.as_json import comparison_json, estimate_json
from bakeoff.reports.optimising import Sameness, Scope, Study, Way
from bakeoff.reports.performance_json import performance_json


def study_json(study: Study) -> dict[str, Json]:
    return {
        "run": study.run,
        "scopes": [_scope(scope) for scope in study.scopes],
        "guide": [
            {
                "rule": one.rule,
                "scope": one.scope,
                "situation": one.situation,
                "choice": one.choice,
                "why": one.sentence,
            }
            for one in study.advice
        ],
        "notes": list(study.notes),
    }


def _scope(scope: Scope) -> Json:
    return {
        "model": scope.model,
        "preset": scope.preset,
        "benchmark": scope.benchmark,
        "method": scope.method,
        "ways": [_way(way) for way in scope.ways],
    }


def _way(way: Way) -> Json:
    return {
        "optimisation": way.label,
        "cell": way.cell.position,
        "yardstick": way.yardstick,
        "score": estimate_json(way.score),
        "trials": way.trials,
        "from_store": way.stored,
        "speed_up": _known(way.speed),
        "first_token_times_sooner": _known(way.first),
        "same": None if way.same is None else _same(way.same),
        "scores_differ": way.differs,
        "comparison": None if way.comparison is None else comparison_json(way.comparison),
        "performance": None if way.performance is None else performance_json(way.performance),
    }


def _same(same: Sameness) -> Json:
    return {
        "texts": estimate_json(same.texts),
        "outcomes": estimate_json(same.outcomes),
        "noise": _known(same.noise),
        "p_beyond_noise": same.p,
        "beyond_noise": same.beyond_noise,
    }


def _known(found: Estimate | None) -> dict[str, Json] | None:
    return None if found is None else estimate_json(found)
