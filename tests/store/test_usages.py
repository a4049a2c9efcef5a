"""What the store keeps of performance: usages by cell, times of calls by cell; both databases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bakeoff.core.types import Estimate
from bakeoff.core.usage import DeviceUsage, Usage
from bakeoff.store.usages import UsageRepository
from tests.conftest import missing
from tests.store.stores import BACKENDS, PostgresDatabase, Store, completion, key_of, trial

GPU = DeviceUsage(
    index=0,
    name="NVIDIA H100",
    memory_peak=70 << 30,
    memory_total=80 << 30,
    utilisation=Estimate(0.8, 0.7, 0.9, 20, 0, "blocks-t95"),
    energy_j=1200.5,
    energy_from="counter",
)


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        opened = Store(f"sqlite:///{tmp_path}/store.db")
        yield opened
        opened.database.close()
        return
    server = os.environ.get("BAKEOFF_TEST_POSTGRES")
    if not server:
        missing("BAKEOFF_TEST_POSTGRES names no PostgreSQL server")
    with PostgresDatabase(str(server)) as url:
        opened = Store(url)
        yield opened
        opened.database.close()


def test_a_usage_comes_back_for_each_of_its_cells(store: Store) -> None:
    usages = UsageRepository(store.database)
    first = Usage(1_700_000_000.5, 1_700_000_060.0, 120, host_peak=30 << 30, devices=(GPU, DeviceUsage(1)))
    later = Usage(1_700_000_100.0, 1_700_000_101.0, lost="GPU is lost")
    usages.write([store.first, store.second], first)
    usages.write([store.first], later)
    usages.write([], later)
    assert usages.of_run(store.run.id) == {store.first: [first, later], store.second: [first]}
    assert usages.of_run(999) == {}


def test_the_times_of_the_calls_behind_a_cell(store: Store) -> None:
    streamed = replace(completion(1), gaps=(0.01, 0.5, 9.0), cached_tokens=8)
    store.trials.write([streamed, completion(2)], [])
    twice = replace(trial(store.first, 1), keys=(key_of(1), key_of(2), key_of(77)))
    store.trials.write([], [twice, trial(store.second, 2)])
    calls = list(UsageRepository(store.database).calls(store.first))
    assert [call.gaps for call in calls] == [(0.01, 0.5, 6.5535), ()]
    assert [call.cached_tokens for call in calls] == [8, None]
    assert calls[0][:5] == (1_700_000_000.5, 1.5, 0.125, 11, 3)
    assert store.trials.find([key_of(1)])[key_of(1)].cached_tokens == 8
