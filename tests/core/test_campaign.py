"""The spec of a campaign: its own fields beside those of an experiment, and what a bound says."""

from __future__ import annotations

from typing import Any

import pytest

from bakeoff.core.campaign import CampaignState, Gate, bounded, parse_campaign
from bakeoff.core.errors import ConfigInvalid

LEAST: dict[str, Any] = {"models": "fake/a,fake/b", "benchmarks": "gsm8k"}


def test_the_defaults_are_those_of_the_criteria() -> None:
    spec = parse_campaign({**LEAST, "limit": 30}, "night")
    criteria = spec.criteria
    assert spec.name == "night" and spec.experiment.limit == 30
    assert (criteria.tokens_per_second, criteria.memory_share, criteria.failure_rate) == (100.0, 0.8, 0.05)
    assert criteria.all_models_evaluated and criteria.all_combinations_valid
    assert spec.plan.on_failure == "continue"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"criterias": {}}, "unknown field 'criterias': did you mean 'criteria'?"),
        ({"benchmark": "gsm8k"}, "unknown field 'benchmark': did you mean 'benchmarks'?"),
        ({"criteria": {"tokens_per_secnd": 1}}, "did you mean 'tokens_per_second'?"),
        ({"criteria": {"memory_share": 1.5}}, "field 'criteria.memory_share'"),
        ({"on_failure": "halt"}, "field 'on_failure'"),
        ({"decision": "difference"}, "takes no 'decision'"),
        ({"models": ["fake/a", {"model": "fake/a", "args": {"accuracy": 0.5}}]}, "'models' names 'fake/a' twice"),
        ({"scaling": {"sizes": {"fake/c": 8}}}, "'scaling.sizes' names 'fake/c'"),
        ({"scaling": {"sizes": {"fake/a": -8}}}, "give a number above 0"),
        ({"limit": "many"}, "field 'limit'"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse_campaign({**LEAST, **fields})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_hash_follows_what_is_asked_and_demanded_and_not_how_it_is_executed() -> None:
    plain = parse_campaign(LEAST)
    assert parse_campaign({**LEAST, "concurrency": 3}).hash() == plain.hash()
    assert parse_campaign({**LEAST, "limit": 3}).hash() != plain.hash()
    assert parse_campaign({**LEAST, "criteria": {"failure_rate": 0.1}}).hash() != plain.hash()
    assert parse_campaign(plain.fields()).hash() == plain.hash()


def test_one_model_alone_is_asked_the_same() -> None:
    spec = parse_campaign({**LEAST, "limit": 7, "methods": "naive,cot"})
    alone = spec.of_model(spec.models[1], ["performance"])
    assert [model.model for model in alone.models] == ["fake/b"]
    assert (alone.limit, alone.presets, alone.methods) == (7, ("performance",), spec.experiment.methods)


def test_a_bound_is_met_broken_or_was_not_measured() -> None:
    assert bounded("speed", "a", 100.0, 100.0, "more than").verdict == "fail"
    assert bounded("speed", "a", 100.1, 100.0, "more than").verdict == "pass"
    assert bounded("share", "a", 0.8, 0.8, "at most").verdict == "pass"
    assert bounded("rate", "a", 0.05, 0.05, "under").verdict == "fail"
    assert bounded("speed", "a", None, 100.0, "more than", "no tokens").verdict == "not measured"


def test_the_next_gate_is_the_first_that_is_left() -> None:
    state = CampaignState("c")
    assert state.next_gate("continue") == 1
    for number, status in ((1, "passed"), (2, "failed")):
        state = state.having(Gate(number, status))  # type: ignore[arg-type] # a literal of a loop
    assert (state.next_gate("continue"), state.next_gate("stop"), state.first_failed) == (3, 2, 2)
    assert state.having(Gate(3, "running")).next_gate("continue") == 3
    assert [gate.status for gate in state.from_gate(2).gates[:2]] == ["passed", "waiting"]
