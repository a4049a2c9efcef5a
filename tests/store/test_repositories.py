"""One suite for both databases: what the repositories promise, and what opening says when it cannot."""

from __future__ import annotations

import itertools
import math
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

import bakeoff.store
from bakeoff.core.errors import (
    BakeoffError,
    ConfigInvalid,
    MigrationNeeded,
    MissingExtra,
    RunNotFound,
    StoreBusy,
    StoreError,
    StoreUnreachable,
)
from bakeoff.core.records import CellRecord, RunStatus, SampleSet
from bakeoff.core.specs import ExperimentSpec, parse_spec
from bakeoff.core.types import Completion, ModelIdentity, Outcome, TokenLogProb, Trial
from bakeoff.store.database import HEAD, Database
from bakeoff.store.runs import RunRepository
from bakeoff.store.tables import METADATA
from bakeoff.store.trials import TrialRepository
from tests.conftest import missing, require

BACKENDS = ["sqlite", "postgresql"]
HOSTILE = "NUL \0, half \ud83e a pair, \uffff, 🥐, '; DROP TABLE trials; --"
READABLE = "NUL \ufffd, half ? a pair, \uffff, 🥐, '; DROP TABLE trials; --"
SPEC = parse_spec({"models": ["fake/a", "fake/b"], "benchmarks": "gsm8k", "seed": 7})
_numbers = itertools.count()


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of the test's own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    server = str(request.getfixturevalue("postgres_url"))
    with PostgresDatabase(server) as found:
        yield found


class PostgresDatabase:
    """CREATE DATABASE, its URL, DROP DATABASE."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._name = f"bakeoff_test_{os.getpid()}_{next(_numbers)}"

    def __enter__(self) -> str:
        self._execute(f"CREATE DATABASE {self._name}")
        return make_url(self._server).set(database=self._name).render_as_string(hide_password=False)

    def __exit__(self, *_: object) -> None:
        self._execute(f"DROP DATABASE {self._name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement.encode())


class Store:
    """An open database with its repositories and one run of two cells."""

    def __init__(self, url: str) -> None:
        self.database = Database.open(url)
        self.runs = RunRepository(self.database)
        self.trials = TrialRepository(self.database)
        self.run = self.runs.create("first", SPEC, [cell(0), cell(1)], "0.1")
        self.first, self.second = (one.id for one in self.runs.cells(self.run.id))


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


def cell(position: int, planned: int = 10) -> CellRecord:
    return CellRecord(
        id=0,
        position=position,
        model=f"fake/{position}",
        preset="balanced",
        benchmark="gsm8k",
        method="naive",
        profile="bakeoff",
        identity=ModelIdentity("fake", str(position), settings='{"accuracy": 0.5}'),
        revision="3101c7d",
        data_digest="d" * 32,
        planned=planned,
        signature="gsm8k@1|model:fake/a",
    )


def key_of(number: int) -> bytes:
    return number.to_bytes(16, "big")


def completion(number: int, said: str = "Answer: 4", model: str = "m1") -> Completion:
    return Completion(
        key=key_of(number),
        text=said,
        prompt_tokens=11,
        output_tokens=3,
        cost=0.25,
        queue_s=0.5,
        first_token_s=0.125,
        latency_s=1.5,
        attempts=2,
        finished_at=1_700_000_000.5,
        raw=b'{"request":{"n":%d},"response":{}}' % number,
        logprobs=(TokenLogProb("4", -0.5, (("4", -0.5), ("5", -1.5))),),
        model=model,
    )


def trial(cell_id: int, number: int, outcome: Outcome = Outcome.CORRECT, repeat: int = 0) -> Trial:
    value = {Outcome.CORRECT: 1.0, Outcome.INCORRECT: 0.0}.get(outcome)
    return Trial(
        cell_id,
        f"s{number}",
        repeat,
        outcome,
        value,
        target="4",
        extracted="4",
        rule="answer-marker",
        reason="4 = 4",
        parts={"length": 1.0},
        keys=(key_of(number),),
        trace=({"step": 1, "said": "x"},),
        prompt_tokens=11,
        output_tokens=3,
        cost=0.25,
        latency_s=1.5,
        cached=1,
    )


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


def test_sample_sets(store: Store) -> None:
    chosen = SampleSet("hundred", "gsm8k", "d" * 32, ("a", "ü", "b#2"))
    store.runs.save_samples(chosen)
    store.runs.save_samples(replace(chosen, benchmark="arc_challenge"))
    assert store.runs.sample_sets("hundred") == [replace(chosen, benchmark="arc_challenge"), chosen]
    assert store.runs.sample_sets("none") == []
    with pytest.raises(ConfigInvalid, match="a sample set 'hundred' of 'gsm8k' exists"):
        store.runs.save_samples(chosen)


# Opening and migrating


def described(engine: Engine) -> dict[str, object]:
    """Tables, columns, keys and indexes, as the database itself says."""
    found = inspect(engine)
    return {
        table: {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], c.get("default"), c.get("autoincrement"))
                for c in found.get_columns(table)
            ],
            "key": found.get_pk_constraint(table)["constrained_columns"],
            "indexes": sorted((str(i["name"]), i["column_names"], i["unique"]) for i in found.get_indexes(table)),
            "unique": sorted(u["column_names"] for u in found.get_unique_constraints(table)),
            "foreign": [
                (f["constrained_columns"], f["referred_table"], f["referred_columns"])
                for f in found.get_foreign_keys(table)
            ],
        }
        for table in sorted(found.get_table_names())
    }


def migrated(url: str) -> Engine:
    """A database made by the migrations alone, from nothing."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    config = Config()
    config.set_main_option("script_location", str(Path(bakeoff.store.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return engine


@pytest.mark.parametrize("backend", BACKENDS)
def test_migrations_make_the_tables_that_are_declared(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if backend == "sqlite":
        compare_made(f"sqlite:///{tmp_path}/declared.db", f"sqlite:///{tmp_path}/migrated.db")
        return
    server = str(request.getfixturevalue("postgres_url"))
    with PostgresDatabase(server) as one, PostgresDatabase(server) as other:
        compare_made(one, other)


def compare_made(declared: str, by_migrations: str) -> None:
    opened = Database.open(declared)
    engine = migrated(by_migrations)
    try:
        assert set(described(opened.engine)) == {*METADATA.tables, "alembic_version"}
        assert described(engine) == described(opened.engine)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD
    finally:
        opened.close()
        engine.dispose()
    Store(by_migrations).database.close()  # and it is one that can be used


def test_opening_again_changes_nothing(url: str) -> None:
    opened = Store(url)
    before = described(opened.database.engine)
    opened.database.close()
    again = Database.open(url)
    assert described(again.engine) == before
    assert RunRepository(again).get("first").spec == SPEC
    again.close()


def test_a_newer_schema_is_left_alone(url: str) -> None:
    opened = Database.open(url)
    with opened.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    opened.close()
    with pytest.raises(MigrationNeeded, match=rf"newer Bakeoff \(schema 9999, here {HEAD}\): upgrade Bakeoff"):
        Database.open(url)


def test_somebody_elses_tables_are_left_alone(url: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE runs (theirs INTEGER)"))
    with pytest.raises(StoreError):
        Database.open(url)
    assert inspect(engine).get_table_names() == ["runs"]
    engine.dispose()


OPENER = """
import sys, time
from bakeoff.core.specs import parse_spec
from bakeoff.store.database import Database
from bakeoff.store.runs import RunRepository
print("ready", flush=True)
begin = float(sys.stdin.readline())
for number, url in enumerate(sys.argv[1:]):
    time.sleep(max(0.0, begin + number * 0.1 - time.time()))
    database = Database.open(url)
    RunRepository(database).all()
    database.close()
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_processes_that_open_a_fresh_store_at_once(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if backend == "sqlite":
        open_at_once([f"sqlite:///{tmp_path}/fresh-{i}.db" for i in range(10)])
        return
    server = str(request.getfixturevalue("postgres_url"))
    with PostgresDatabase(server) as one, PostgresDatabase(server) as two:
        open_at_once([one, two])


def open_at_once(urls: list[str]) -> None:
    pipe = subprocess.PIPE
    children = [
        subprocess.Popen([sys.executable, "-c", OPENER, *urls], stdin=pipe, stdout=pipe, stderr=pipe) for _ in range(3)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
    begin = f"{time.time() + 0.05}\n".encode()
    for child in children:
        assert child.stdin is not None
        child.stdin.write(begin)
        child.stdin.flush()
    said = [child.communicate(timeout=60)[1].decode() for child in children]
    assert [child.returncode for child in children] == [0, 0, 0], said
    for url in urls:
        opened = Database.open(url)
        with opened.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
        opened.close()


# What opening says when it cannot


def test_a_locked_database_is_busy(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/store.db?timeout=0.2")
    trials = TrialRepository(database)
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with pytest.raises(StoreBusy, match=r"store.db' stayed locked for 0.2 s: end the program that holds it"):
            trials.write([completion(1)], [])
        assert 0.1 < time.monotonic() - started < 5
        assert trials.find([key_of(1)]) == {}  # reading goes on
        other.execute("ROLLBACK")
    trials.write([completion(1)], [])
    assert trials.count(["m1"]) == 1
    database.close()


def test_a_fresh_file_that_is_locked_is_busy(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusy):
            Database.open(f"sqlite:///{tmp_path}/store.db", busy_seconds=0.1)


@pytest.mark.parametrize("content", [b"this is no database, and long enough to be seen as none" * 20, b"\0" * 5000])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(StoreUnreachable, match=r"is no usable database \(.*\): name another --store"):
        Database.open(f"sqlite:///{path}")
    assert path.read_bytes() == content


def test_a_damaged_database(tmp_path: Path) -> None:
    opened = Store(f"sqlite:///{tmp_path}/store.db")
    opened.trials.write([completion(i) for i in range(2000)], [])
    opened.database.close()
    path = tmp_path / "store.db"
    content = bytearray(path.read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(StoreUnreachable, match=r"is no usable database"):
        damaged = Database.open(f"sqlite:///{path}")
        try:
            list(TrialRepository(damaged).keys(["m1"]))
        finally:
            damaged.close()


def test_a_place_where_no_file_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnreachable, match=r"the folder '.*/file/inside' cannot be made \(Not a directory\)"):
        Database.open(f"sqlite:///{tmp_path}/file/inside/store.db")
    with pytest.raises(StoreUnreachable, match=r"\(unable to open database file\)"):
        Database.open(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("runs.db", "no database URL"),
        ("", "no database URL"),
        ("sqlite:/runs.db", "no database URL"),
        ("postgresql://host:port/db", "no database URL"),
        ("mysql://root@127.0.0.1/db", "store 'mysql' is not supported"),
        ("sqlite:///x.db?timeout=soon", "'timeout=soon' in the store's URL is no number"),
        ("sqlite:///x.db?mode=ro", "unknown option 'mode'"),
    ],
)
def test_a_url_that_is_none(url: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigInvalid, match=told):
        Database.open(url)
    assert list(tmp_path.iterdir()) == []


def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"the driver for PostgreSQL is not installed: run: pip install 'bakeoff\["):
        Database.open("postgresql://root@127.0.0.1/test")


def raised(open_: Callable[[], object]) -> BakeoffError:
    with pytest.raises(BakeoffError) as caught:
        open_()
    return caught.value


def test_a_server_that_does_not_answer(postgres_url: str) -> None:
    del postgres_url  # only that the driver is here
    error = raised(lambda: Database.open("postgresql://me:hush@127.0.0.1:1/test"))
    assert isinstance(error, StoreUnreachable)
    assert "hush" not in str(error)
    assert "\n" not in str(error)
    assert "refused" in str(error).lower()


def test_a_database_that_is_not_there(postgres_url: str) -> None:
    error = raised(lambda: Database.open(str(make_url(postgres_url).set(database="bakeoff_none_such"))))
    assert isinstance(error, StoreUnreachable)
    assert "does not exist" in str(error)


def test_a_connection_that_is_cut_is_an_error_once(postgres_url: str) -> None:
    import psycopg

    with PostgresDatabase(postgres_url) as url:
        opened = Store(url)
        with psycopg.connect(postgres_url, autocommit=True) as server:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            stream = opened.trials.keys(["m1"])
            with pytest.raises(StoreUnreachable), opened.database.write() as connection:
                connection.execute(text("SELECT 1"))
                server.execute(cut, [make_url(url).database])
                connection.execute(text("SELECT 1"))
            list(stream)
        opened.trials.write([completion(1)], [])
        assert opened.trials.count(["m1"]) == 1
        opened.database.close()


def test_the_spec_is_stored_as_it_hashes() -> None:
    assert ExperimentSpec.model_validate_json(SPEC.model_dump_json()).hash() == SPEC.hash()
