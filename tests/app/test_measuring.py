"""Optimisations as an axis of the matrix: measured in turns, told apart, never answered by each other's replies."""

from __future__ import annotations

from pathlib import Path

import pytest

from bakeoff.app.experiments import Execution, Laboratory
from bakeoff.app.measuring import build_measured, parts, turns
from bakeoff.app.results import Results
from bakeoff.app.scaling_cells import Filter, choose
from bakeoff.app.settings import Settings
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.records import RunStatus
from bakeoff.core.signature import read
from bakeoff.core.specs import ModelSpec, parse_spec
from bakeoff.engines._optimised import FromStore, Optimised
from bakeoff.engines.fake import Fake
from bakeoff.store.usages import UsageRepository

FIELDS = {
    "models": [{"model": "fake/a", "args": {"decode_s": 0.0001}}],
    "benchmarks": ["question_answering"],
    "methods": ["naive", "cot"],
    "optimisations": "sequential,batched:4,response_cache",
    "measurement": {"passes": 2},
}


@pytest.fixture
def laboratory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    monkeypatch.setenv("BAKEOFF_HOME", str(tmp_path))
    return Laboratory(Settings.load(None))


def run(laboratory: Laboratory, **more: object) -> Execution:
    prepared = laboratory.prepare(parse_spec({**FIELDS, **more}))
    try:
        return laboratory.execute(prepared, lambda progress, schedule: None)
    finally:
        prepared.close()


def test_every_optimisation_asks_anew_and_gives_the_same_answers(laboratory: Laboratory) -> None:
    found = run(laboratory)
    assert found.ending.status is RunStatus.COMPLETE
    assert (found.counts.calls, found.counts.cached) == (6 * 44, 0)
    results = Results(laboratory.runs, laboratory.trials)
    summary = results.summary(found.run.name)
    assert [cell.cell.optimisation for cell in summary.cells[::2]] == ["sequential", "batched:4", "response_cache"]
    assert {cell.estimate.value for cell in summary.cells[::2]} == {summary.cells[0].estimate.value}
    assert [cell.cell.note for cell in summary.cells[::2]] == ["sequential", "batched:4", "response_cache"]
    laboratory.close()


def test_it_goes_on_where_it_was_interrupted_and_asks_nothing_twice(laboratory: Laboratory) -> None:
    first = run(laboratory, budget={"calls": 100})
    assert first.ending.status is RunStatus.BUDGET
    second = run(laboratory)
    assert second.ending.status is RunStatus.COMPLETE
    assert first.counts.calls + second.counts.calls == 6 * 44
    laboratory.close()


def test_another_round_measures_anew_and_a_plain_run_takes_no_measured_reply(laboratory: Laboratory) -> None:
    run(laboratory)
    assert run(laboratory, measurement={"passes": 2, "round": 2}).counts.cached == 0
    plain = run(laboratory, optimisations=[], methods=["naive"])
    assert (plain.counts.calls, plain.counts.cached) == (44, 0)
    laboratory.close()


def test_a_memory_reading_is_of_one_optimisation(laboratory: Laboratory) -> None:
    found = run(laboratory)
    usages = UsageRepository(laboratory.database).of_run(found.run.id)
    cells = laboratory.runs.cells(found.run.id)
    assert {cell.optimisation for cell in cells if cell.id in usages} == {"sequential", "batched:4"}
    assert all(len(of) == 2 for of in usages.values())  # one for each turn
    laboratory.close()


def test_a_signature_tells_how_it_was_measured(laboratory: Laboratory) -> None:
    found = run(laboratory, measurement={"passes": 3, "round": 7})
    fields, _ = read(laboratory.runs.cells(found.run.id)[2].signature)
    spec = parse_spec(fields)
    assert (spec.optimisations, spec.measurement.passes, spec.measurement.round) == (("batched:4",), 3, 7)
    laboratory.close()


def test_the_hash_of_a_spec_without_optimisations_is_what_it_was() -> None:
    fields = {"models": ["fake/a"], "benchmarks": ["gsm8k"]}
    plain = parse_spec(fields)
    assert "optimisations" not in plain.measured() and "measurement" not in plain.measured()
    assert plain.hash() == parse_spec({**fields, "measurement": {"round": 3}}).hash()
    assert parse_spec(FIELDS).cells_planned == 6


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"optimisations": "response_cache"}, "add sequential"),
        ({"optimisations": "sequential,speculative"}, "engine 'fake' has no optimisation 'speculative'"),
        ({"decision": {"rule": "difference"}}, "one by one"),
        ({"optimisations": "batched:4,batched:4"}, "twice"),
    ],
)
def test_what_cannot_be_measured_is_refused(laboratory: Laboratory, more: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        run(laboratory, **more)
    laboratory.close()


def test_an_engine_is_built_with_the_settings_of_its_optimisation(laboratory: Laboratory) -> None:
    settings = laboratory.settings
    spec = ModelSpec(model="fake/a", args={"slots": 99, "accuracy": 0.7})
    engine = build_measured(spec, "balanced", 10, settings, "batched:4+prefix_cache", 1)
    assert isinstance(engine, Optimised) and isinstance(engine.engine, Fake)
    assert (engine.limits.slots, engine.limits.prefix_cache) == (4, "slot")
    assert engine.identity.measured == "batched:4+prefix_cache#1"
    assert isinstance(build_measured(spec, "balanced", 10, settings, "response_cache", 1), FromStore)
    laboratory.close()


def test_turns_rotate_by_seed_and_the_store_comes_last() -> None:
    labels = ["sequential", "batched:4", "batched:8", "response_cache"]
    found = turns(labels, 3, seed=0)
    assert found == turns(labels, 3, seed=0)
    assert all(sorted(order) == sorted(labels) and order[-1] == "response_cache" for order in found)
    assert len({order[0] for order in found}) == 3  # each is first once
    assert {tuple(turns(labels, 1, seed)[0]) for seed in range(20)} != {tuple(found[0])}


def test_parts_cover_the_draw_and_fill_the_calls_in_flight() -> None:
    assert parts(100, 4, 2) == [range(25), range(25, 50), range(50, 75), range(75, 100)]
    assert len(parts(64, 4, 16)) == 2
    assert parts(3, 4, 16) == [range(3)]


def test_a_repeated_prompt_is_no_shared_beginning(laboratory: Laboratory) -> None:
    more = {"optimisations": "sequential,prefix_cache", "repeats": 2, "methods": ["naive"], "limit": 12}
    found = run(laboratory, **more)
    cells = laboratory.runs.cells(found.run.id)
    calls = list(UsageRepository(laboratory.database).calls(cells[1].id))
    cached = [(call.cached_tokens or 0) / (call.prompt_tokens or 1) for call in calls]
    assert len(calls) == 24 and max(cached) < 0.9  # else the second repeat would have found its prompt whole
    laboratory.close()


def test_a_scaling_study_passes_measurements_of_speed_over(laboratory: Laboratory) -> None:
    plain = {"optimisations": [], "methods": ["naive"], "models": ["fake/a", "fake/b"], "name": "plain"}
    run(laboratory, **plain)
    run(laboratory, methods=["naive"], name="speed")
    results = Results(laboratory.runs, laboratory.trials)
    chosen = choose(["fake/a", "fake/b"], results, Filter())
    assert {one.run.name for cells in chosen.values() for one in cells} == {"plain"}
    laboratory.close()
