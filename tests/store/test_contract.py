"""One suite for both databases: SQLite embedded, PostgreSQL by URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

import bakeoff
from bakeoff.core.errors import ConfigInvalid, MigrationNeeded, RunNotFound
from bakeoff.core.hashing import exchange
from bakeoff.core.records import RunStatus
from bakeoff.core.types import Completion, Outcome, TokenLogProb, Trial
from bakeoff.store.database import HEAD, Database
from bakeoff.store.runs import RunRepository
from bakeoff.store.tables import METADATA
from bakeoff.store.trials import TrialRepository
from tests.conftest import missing


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    server = os.environ.get("BAKEOFF_TEST_POSTGRES")
    if not server:
        missing("BAKEOFF_TEST_POSTGRES names no PostgreSQL server")
    base = str(server).replace("postgresql://", "postgresql+psycopg://", 1)
    admin = create_engine(base, isolation_level="AUTOCOMMIT")
    name = f"bakeoff_test_{os.getpid()}"
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield str(server).rsplit("/", 1)[0] + f"/{name}"
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    found = Database.open(url)
    yield found
    found.close()


@pytest.fixture
def cell(url: str) -> int:
    """The id of a real cell, whose run is in the store."""
    bakeoff.run(store=url, models="fake/a", benchmarks="question_answering", limit=1, name="first")
    database = Database.open(url)
    runs = RunRepository(database)
    found = runs.cells(runs.get("first").id)[0].id
    database.close()
    return found


def completion(number: int, said: str = "18") -> Completion:
    raw = exchange(b'{"a":1}', b'{"b":2}')
    token = TokenLogProb("18", -0.5, (("18", -0.5), ("19", -2.0)))
    return Completion(number.to_bytes(16, "big"), said, model="m" * 16, raw=raw, cost=0.5, logprobs=(token,))


def test_a_completion_stays_as_it_was_first_stored(database: Database) -> None:
    trials = TrialRepository(database)
    trials.write([completion(1, "first")], [])
    trials.write([completion(1, "second"), completion(2)], [])
    found = trials.find([completion(1).key, completion(2).key, b"\0" * 16])
    assert [found[completion(n).key].text for n in (1, 2)] == ["first", "18"]
    assert found[completion(2).key].logprobs == completion(2).logprobs
    assert trials.raw([completion(1).key]) == {completion(1).key: b'{"request":{"a":1},"response":{"b":2}}'}


def test_two_thousand_keys_are_found_at_once(database: Database) -> None:
    trials = TrialRepository(database)
    trials.write([completion(n) for n in range(2000)], [])
    keys = [completion(n).key for n in range(3000)]
    assert set(trials.find(keys)) == set(keys[:2000])
    assert trials.count(["m" * 16]) == 2000
    assert set(trials.keys(["m" * 16])) == set(keys[:2000])
    assert trials.count(["another"]) == 0


@pytest.mark.parametrize("odd", ["nul \0 inside", "half \ud800 a pair", "🐘 ſ \u2028", "x" * 200_000])
def test_any_text_that_a_model_writes_can_be_stored(database: Database, cell: int, odd: str) -> None:
    trials = TrialRepository(database)
    key = completion(7).key
    trial = Trial(cell, "odd", 0, Outcome.INCORRECT, 0.0, odd, None, odd, "rule", odd, keys=(key,), error=odd)
    trials.write([completion(7, odd)], [trial])
    found = trials.of_sample(cell, "odd")[0]
    assert found.answer is not None and len(found.answer) == len(odd)
    assert found.extracted == found.answer


def test_a_trial_that_ended_in_an_error_is_owed_and_replaced(database: Database, cell: int) -> None:
    trials = TrialRepository(database)
    before = set(trials.settled([cell]))
    trials.write([], [Trial(cell, "x", 0, Outcome.ERROR, error_code="timeout", error="late")])
    assert set(trials.settled([cell])) == before
    trials.write([], [Trial(cell, "x", 0, Outcome.CORRECT, 1.0, parts={"a": 1.0}, trace=({"step": 1},))])
    assert set(trials.settled([cell])) == before | {(cell, "x", 0)}
    found = trials.of_sample(cell, "x")
    assert [(t.outcome, t.error_code, t.parts, t.trace) for t in found] == [
        (Outcome.CORRECT, None, {"a": 1.0}, ({"step": 1},))
    ]


def test_a_group_is_stored_whole_or_not_at_all(database: Database, cell: int) -> None:
    trials = TrialRepository(database)
    unknown_cell = Trial(cell + 999, "x", 0, Outcome.CORRECT, 1.0)
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        trials.write([completion(1)], [unknown_cell])
    assert trials.find([completion(1).key]) == {}


def test_runs_come_back_as_they_were_stored(database: Database, cell: int) -> None:
    runs = RunRepository(database)
    run = runs.get("first")
    assert run.status is RunStatus.COMPLETE
    assert run.spec.limit == 1
    assert [found.id for found in runs.cells(run.id)] == [cell]
    assert runs.outcomes(run.id)[cell].keys() <= {"correct", "incorrect"}
    with pytest.raises(RunNotFound, match="did you mean 'first'"):
        runs.get("frist")
    with pytest.raises(ConfigInvalid, match="another process"):
        runs.create("first", run.spec, runs.cells(run.id), "0")


def test_the_tables_are_those_that_the_migrations_make(database: Database, tmp_path: Path) -> None:
    def shape(found: Database) -> dict[str, list[tuple[str, str, bool]]]:
        looked = inspect(found.engine)
        return {
            name: sorted((c["name"], str(c["type"]), bool(c["nullable"])) for c in looked.get_columns(name))
            for name in METADATA.tables
        }

    made = shape(database)
    with database.write() as connection:
        METADATA.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    _migrate(database)
    assert shape(database) == made


def _migrate(database: Database) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(bakeoff.__file__).parent / "store" / "migrations"))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)


def test_a_store_of_a_newer_version_is_left_alone(database: Database, url: str) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MigrationNeeded, match="newer Bakeoff"):
        Database.open(url)
