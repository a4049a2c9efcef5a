"""One suite for both databases: what the repositories promise."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from bakeoff.core.errors import (
    ConfigInvalid,
    RunNotFound,
)
from bakeoff.core.records import RunStatus, SampleSet
from bakeoff.core.types import Completion, Outcome, TokenLogProb, Trial
from bakeoff.store.tables import METADATA
from tests.conftest import missing, require
from tests.store.stores import BACKENDS, SPEC, PostgresDatabase, Store, cell, completion, key_of, trial

HOSTILE = "NUL \0, half \ud83e a pair, \uffff, 🥐, '; DROP TABLE trials; --"
READABLE = "NUL \ufffd, half ? a pair, \uffff, 🥐, '; DROP TABLE trials; --"


@pytest.fixture(scope="module")
def shared_database() -> Iterator[str]:
    """One PostgreSQL database for all tests that only fill its tables: making one takes a while."""
    require("psycopg")
    server = os.environ.get("BAKEOFF_TEST_POSTGRES")
    if not server:
        missing("BAKEOFF_TEST_POSTGRES names no PostgreSQL server")
    with PostgresDatabase(str(server)) as url:
        yield url


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    postgres = request.param == "postgresql"
    opened = Store(request.getfixturevalue("shared_database") if postgres else f"sqlite:///{tmp_path}/store.db")
    try:
        yield opened
    finally:
        if postgres:
            with opened.database.write() as connection:
                connection.execute(text(f"TRUNCATE {', '.join(METADATA.tables)}"))
        opened.database.close()


# Completions


def test_a_completion_comes_back_as_it_was(store: Store) -> None:
    store.trials.write([completion(1)], [])
    assert store.trials.find([key_of(1), key_of(2)]) == {key_of(1): replace(completion(1), raw=b"")}
    assert store.trials.raw([key_of(1)]) == {key_of(1): completion(1).raw}


def test_a_bare_completion_comes_back(store: Store) -> None:
    bare = Completion(key_of(1), "", model="m1")
    store.trials.write([bare], [])
    assert store.trials.find([key_of(1)]) == {key_of(1): bare}
    assert store.trials.raw([key_of(1)]) == {key_of(1): b""}


def test_a_completion_that_is_there_stays_as_it_is(store: Store) -> None:
    store.trials.write([completion(1)], [])
    store.trials.write([completion(1, "another"), completion(2), completion(2, "twice in one group")], [])
    assert {key: one.text for key, one in store.trials.find([key_of(1), key_of(2)]).items()} == {
        key_of(1): "Answer: 4",
        key_of(2): "Answer: 4",
    }


def test_two_thousand_keys_at_once(store: Store) -> None:
    store.trials.write([completion(i) for i in range(0, 2000, 2)], [])
    found = store.trials.find([key_of(i) for i in range(2000)])
    assert set(found) == {key_of(i) for i in range(0, 2000, 2)}
    assert store.trials.find([]) == {}


def test_keys_and_counts_are_of_the_models_asked(store: Store) -> None:
    store.trials.write([completion(i, model=f"m{i % 3}") for i in range(3000)], [])
    assert store.trials.count(["m0", "m2"]) == 2000
    assert set(store.trials.keys(["m0", "m2"])) == {key_of(i) for i in range(3000) if i % 3 != 1}
    assert (store.trials.count([]), list(store.trials.keys(["none"]))) == (0, [])


def test_hostile_text_is_stored_readably(store: Store) -> None:
    logprobs = (TokenLogProb(HOSTILE, -0.5, ((HOSTILE, -0.5),)),)
    store.trials.write([replace(completion(1, HOSTILE), logprobs=logprobs)], [])
    found = store.trials.find([key_of(1)])[key_of(1)]
    assert found.text == READABLE
    assert "🥐" in found.logprobs[0].token
    assert found.logprobs[0].logprob == -0.5


@pytest.mark.parametrize("count", [2**31 - 1, 2**31, 2**40, 2**63, 2**64 - 1, 10**30])
def test_no_count_is_too_large_to_be_kept_with_its_answer(store: Store, count: int) -> None:
    """What an endpoint says of its tokens must not cost the answer that it came with."""
    large = replace(completion(1), prompt_tokens=count, output_tokens=count)
    store.trials.write([large], [replace(trial(store.first, 1), prompt_tokens=count, output_tokens=count)])
    found = store.trials.find([key_of(1)])[key_of(1)]
    assert (found.text, found.prompt_tokens) == ("Answer: 4", count if count < 2**31 else None)
    [kept] = store.trials.of_sample(store.first, "s1")
    assert (kept.outcome, kept.output_tokens) == (Outcome.CORRECT, count if count < 2**31 else None)


def test_what_a_model_thought_is_kept_apart_from_its_answer(store: Store) -> None:
    thought = replace(completion(1), thinking=HOSTILE, thinking_tokens=12)
    store.trials.write([thought, completion(2)], [])
    found = store.trials.find([key_of(1), key_of(2)])
    assert (found[key_of(1)].text, found[key_of(1)].thinking) == ("Answer: 4", READABLE)
    assert found[key_of(1)].thinking_tokens == 12
    assert (found[key_of(2)].thinking, found[key_of(2)].thinking_tokens) == ("", None)


@pytest.mark.parametrize("number", [math.inf, math.nan, 1e308])
def test_odd_floats_do_not_cost_the_answer(store: Store, number: float) -> None:
    odd = replace(completion(1), cost=number, logprobs=(TokenLogProb("a", number),))
    store.trials.write([odd], [replace(trial(store.first, 1), cost=number, parts={"x": number})])
    assert store.trials.find([key_of(1)])[key_of(1)].text == "Answer: 4"
    assert len(list(store.trials.trials(store.first))) == 1


# Trials


def test_a_trial_comes_back_as_it_was(store: Store) -> None:
    store.trials.write([completion(1)], [trial(store.first, 1)])
    whole = replace(trial(store.first, 1), answer="Answer: 4")  # the text is the completion's
    assert list(store.trials.trials(store.first)) == [whole]
    assert store.trials.of_sample(store.first, "s1") == [whole]
    assert list(store.trials.graded(store.first)) == [replace(whole, answer=None)]
    assert list(store.trials.trials(store.second)) == []


def test_an_answer_of_its_own_is_kept(store: Store) -> None:
    voted = replace(trial(store.first, 1), answer="5", keys=(key_of(1), key_of(2)))
    store.trials.write([completion(1), completion(2)], [voted])
    assert list(store.trials.trials(store.first)) == [voted]


def test_a_trial_is_replaced(store: Store) -> None:
    failed = Trial(store.first, "s1", 0, Outcome.ERROR, error_code="timeout", error="no answer")
    store.trials.write([], [failed])
    store.trials.write([completion(1)], [trial(store.first, 1)])
    [found] = store.trials.trials(store.first)
    assert (found.outcome, found.value, found.error_code, found.error) == (Outcome.CORRECT, 1.0, None, None)
    store.trials.write([], [trial(store.first, 1, Outcome.INCORRECT), trial(store.first, 1, Outcome.REFUSED)])
    assert [one.outcome for one in store.trials.trials(store.first)] == [Outcome.REFUSED]


def test_hostile_text_in_a_trial(store: Store) -> None:
    hostile = replace(
        trial(store.first, 1),
        target=HOSTILE,
        answer=HOSTILE,
        extracted=HOSTILE,
        reason=HOSTILE,
        error=HOSTILE,
        trace=({HOSTILE: HOSTILE},),
        parts={HOSTILE: 1.0},
    )
    store.trials.write([], [hostile])
    [found] = store.trials.trials(store.first)
    assert (found.target, found.answer, found.extracted, found.reason, found.error) == (READABLE,) * 5
    assert "🥐" in next(iter(found.trace[0]))
    assert list(found.parts.values()) == [1.0]


def test_both_or_neither(store: Store) -> None:
    with pytest.raises(IntegrityError):
        store.trials.write([completion(1)], [trial(999_999, 1)])  # no such cell
    assert store.trials.find([key_of(1)]) == {}
    with pytest.raises(IntegrityError):
        store.trials.write([completion(2)], [trial(store.first, 1), replace(trial(store.first, 2), latency_s=None)])  # type: ignore[arg-type]
    assert store.trials.count(["m1"]) == 0
    assert list(store.trials.graded(store.first)) == []


def test_settled_is_what_did_not_end_in_an_error(store: Store) -> None:
    outcomes = list(Outcome)
    rows = [trial(store.first, i, outcome) for i, outcome in enumerate(outcomes)]
    store.trials.write([], [*rows, trial(store.first, 0, repeat=1), trial(store.second, 5)])
    owed = outcomes.index(Outcome.ERROR)
    expected = {(store.first, f"s{i}", 0) for i in range(len(outcomes)) if i != owed}
    assert set(store.trials.settled([store.first])) == {*expected, (store.first, "s0", 1)}
    assert set(store.trials.settled([store.second])) == {(store.second, "s5", 0)}
    assert len(list(store.trials.settled([store.first, store.second]))) == len(outcomes) + 1


def test_thousands_are_streamed_in_order(store: Store) -> None:
    rows = [trial(store.first, i) for i in range(3000)]
    store.trials.write([completion(i) for i in range(3000)], rows)
    streamed = list(store.trials.trials(store.first))
    assert [one.sample_id for one in streamed] == sorted(one.sample_id for one in rows)
    assert {one.answer for one in streamed} == {"Answer: 4"}
    assert sum(1 for _ in store.trials.measures(store.first)) == 3000
    assert len(set(store.trials.settled([store.first]))) == 3000


def test_a_stream_left_early_gives_its_connection_back(store: Store) -> None:
    store.trials.write([], [trial(store.first, i) for i in range(3000)])
    for _ in range(20):  # more than the pool holds
        streams = (store.trials.trials(store.first), store.trials.graded(store.first), store.trials.keys(["m1"]))
        for stream in streams:
            next(stream, None)
        del stream, streams
    store.trials.write([completion(1)], [])


def test_a_stream_stays_what_it_was_while_others_write(store: Store) -> None:
    store.trials.write([], [trial(store.first, i) for i in range(3000)])
    stream = store.trials.measures(store.first)
    first = next(stream)
    store.trials.write([], [trial(store.first, i, Outcome.ERROR) for i in range(3000)])
    assert {first.outcome, *(one.outcome for one in stream)} == {Outcome.CORRECT}


# Runs


def test_a_run_and_its_cells_come_back(store: Store) -> None:
    assert (store.run.name, store.run.spec, store.run.status) == ("first", SPEC, RunStatus.RUNNING)
    found = store.runs.cells(store.run.id)
    assert [replace(one, id=0) for one in found] == [cell(0), cell(1)]
    assert store.runs.find("second") is None
    time.sleep(0.002)
    second = store.runs.create("second", SPEC, [cell(0)], "0.1")
    assert [run.name for run in store.runs.all()] == ["second", "first"]
    assert store.runs.cells(second.id)[0].id not in (store.first, store.second)


def test_a_name_is_taken_once(store: Store) -> None:
    with pytest.raises(ConfigInvalid, match="run 'first' was started by another process just now: try again"):
        store.runs.create("first", SPEC, [cell(0)], "0.1")
    assert len(store.runs.cells(store.run.id)) == 2


def test_an_unknown_run_suggests_the_nearest(store: Store) -> None:
    with pytest.raises(RunNotFound, match=r"no run 'frist' in '.*': did you mean 'first'"):
        store.runs.get("frist")
    with pytest.raises(RunNotFound, match="see 'bakeoff runs'"):
        store.runs.get("zzz")


def test_executions_add_up(store: Store) -> None:
    store.runs.close_execution(store.run.id, RunStatus.INTERRUPTED, 1.5)
    store.runs.close_execution(store.run.id, RunStatus.COMPLETE, 2.25)
    run = store.runs.get("first")
    assert (run.status, run.seconds, run.created_at) == (RunStatus.COMPLETE, 3.75, store.run.created_at)


def test_outcomes_and_sums_by_cell(store: Store) -> None:
    rows = [trial(store.first, i, Outcome.CORRECT if i < 3 else Outcome.INCORRECT) for i in range(5)]
    scored = replace(trial(store.second, 1, Outcome.SCORED), value=0.5)
    store.trials.write([], [*rows, trial(store.first, 9, Outcome.ERROR), scored])
    assert store.runs.outcomes(store.run.id) == {
        store.first: {"correct": 3, "incorrect": 2, "error": 1},
        store.second: {"scored": 1},
    }
    assert store.runs.value_sums(store.run.id) == {store.first: (3.0, 3.0), store.second: (0.5, 0.25)}
    assert store.runs.usual_tokens("gsm8k", "naive") == (3.0, 1.5)
    assert store.runs.usual_tokens("gsm8k", "cot") is None
    assert store.runs.usual_tokens("gsm8k", "naive", "nobody") is None


def test_sample_sets(store: Store) -> None:
    chosen = SampleSet("hundred", "gsm8k", "d" * 32, ("a", "ü", "b#2"))
    store.runs.save_samples(chosen)
    store.runs.save_samples(replace(chosen, benchmark="arc_challenge"))
    assert store.runs.sample_sets("hundred") == [replace(chosen, benchmark="arc_challenge"), chosen]
    assert store.runs.sample_sets("none") == []
    with pytest.raises(ConfigInvalid, match="a sample set 'hundred' of 'gsm8k' exists"):
        store.runs.save_samples(chosen)
