"""Readings of GPUs and of host memory: units, what is absent, what is lost, and that a thread ends."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Message, Request
from bakeoff.engines.fake import Fake
from bakeoff.runner import host_memory
from bakeoff.runner.devices import Gpu, GpuLost, Gpus, Reading
from bakeoff.runner.metering import Meter, Metered, device_usage, runs_here
from tests.conftest import require
from tests.runner.nvml import Card, FakeNvml


def opened(*cards: Card, visible: str | None = None) -> Gpus:
    found = Gpus.open(visible, FakeNvml(list(cards)))
    assert found is not None
    return found


def test_a_reading_is_in_bytes_shares_watts_and_joules() -> None:
    assert opened(Card()).read() == [Reading(0, 1 << 30, 80 << 30, 0.5, 300.0, 1000.0)]


def test_what_a_gpu_does_not_support_is_absent_and_the_rest_is_there() -> None:
    found = opened(Card(power_mw=[-3], energy_mj=[-3], busy=[-4])).read()[0]
    assert (found.power_w, found.energy_j, found.utilisation) == (None, None, None)
    assert found.memory_used == 1 << 30


def test_a_gpu_that_is_lost_says_which() -> None:
    gpus = opened(Card(used=[1, -15]))
    gpus.read()
    with pytest.raises(GpuLost, match=r"GPU 0 \(NVIDIA H100 80GB HBM3\): GPU is lost"):
        gpus.read()


def test_no_driver_and_no_gpu_is_none() -> None:
    nothing, undriven = FakeNvml([]), FakeNvml([Card()], driver=False)
    assert Gpus.open(None, nothing) is None and nothing.open == 0
    assert Gpus.open(None, undriven) is None


@pytest.mark.parametrize(
    ("visible", "indices"), [(None, [0, 1]), ("1", [1]), ("GPU-bb", [1]), ("0, GPU-bb", [0, 1]), ("GPU-aa0", [0])]
)
def test_only_the_gpus_that_cuda_shows_are_read(visible: str | None, indices: list[int]) -> None:
    gpus = opened(Card(uuid="GPU-aa01"), Card(uuid="GPU-bb02"), visible=visible)
    assert [gpu.index for gpu in gpus.found] == indices


@pytest.mark.parametrize("visible", ["", "7", "-1"])
def test_where_cuda_shows_none_there_is_none(visible: str) -> None:
    assert Gpus.open(visible, FakeNvml([Card()])) is None


def test_the_real_module_has_every_name_that_is_used() -> None:
    require("pynvml")
    import pynvml

    used = [name for name in dir(FakeNvml) if name.startswith(("nvml", "NVML"))]
    assert [name for name in used if not hasattr(pynvml, name)] == []
    assert pynvml.c_nvmlMemory_t._fields_ == [(n, pynvml.c_ulonglong) for n in ("total", "free", "used")]
    assert pynvml.c_nvmlUtilization_t._fields_ == [(n, pynvml.c_uint) for n in ("gpu", "memory")]
    for code in ("UNINITIALIZED", "NOT_SUPPORTED", "GPU_IS_LOST", "RESET_REQUIRED"):
        assert getattr(pynvml, f"NVML_ERROR_{code}") == getattr(FakeNvml, f"NVML_ERROR_{code}")


GPU = Gpu(0, "card", None)


def test_energy_is_the_counter_s_else_power_over_time() -> None:
    counted = [(0.0, [Reading(0, energy_j=100.0, power_w=1.0)]), (9.0, [Reading(0, energy_j=160.0, power_w=1.0)])]
    assert (device_usage(GPU, counted).energy_j, device_usage(GPU, counted).energy_from) == (60.0, "counter")
    summed = [(0.0, [Reading(0, power_w=100.0)]), (2.0, [Reading(0, power_w=200.0)]), (3.0, [Reading(0)])]
    assert (device_usage(GPU, summed).energy_j, device_usage(GPU, summed).energy_from) == (300.0, "power")
    single = device_usage(GPU, summed[:1])
    assert (single.energy_j, single.energy_from) == (None, "")


def test_a_gpu_that_told_nothing_has_no_figures() -> None:
    found = device_usage(GPU, [(0.0, [Reading(0)]), (1.0, [Reading(0)])])
    assert (found.memory_peak, found.memory_total, found.utilisation, found.power_w) == (None, None, None, None)


def test_utilisation_has_an_interval_that_stays_a_share() -> None:
    looks = [(float(i), [Reading(0, utilisation=1.0 if i % 7 else 0.9)]) for i in range(40)]
    found = device_usage(GPU, looks).utilisation
    assert found is not None and found.value is not None and found.high is not None
    assert 0.9 < found.value <= found.high <= 1.0 and found.n == 40


def test_a_meter_reads_until_it_is_ended_and_its_thread_is_gone() -> None:
    meter = Meter(True, opened(Card(used=[5 << 30, 9 << 30, 7 << 30])), interval=0.001)
    meter.begin()
    while len(meter._looks) < 4:
        threading.Event().wait(0.001)
    usage = meter.end()
    assert meter._thread is not None and not meter._thread.is_alive()
    assert meter.end() is usage
    assert usage.devices[0].memory_peak == 9 << 30 and usage.devices[0].memory_before == 5 << 30
    assert usage.readings >= 4 and usage.ended_at >= usage.began_at


def test_a_gpu_lost_on_the_way_leaves_what_was_read_and_says_so() -> None:
    meter = Meter(False, opened(Card(used=[5 << 30, -15])), interval=60)
    meter.begin()
    usage = meter.end()
    assert usage.lost == "GPU 0 (NVIDIA H100 80GB HBM3): GPU is lost"
    assert usage.devices[0].memory_peak == 5 << 30
    assert usage.host_peak is None


def test_host_memory_is_that_of_the_process_and_what_its_children_share_with_nobody(tmp_path: Path) -> None:
    for name, statm in (("self", "900 100 20"), ("7", "900 50 20"), ("8", "900 30 5")):
        (tmp_path / name / "task" / "1").mkdir(parents=True)
        (tmp_path / name / "statm").write_text(statm)
        (tmp_path / name / "task" / "1" / "children").write_text("")
    (tmp_path / "self" / "task" / "1" / "children").write_text("7 99")
    (tmp_path / "7" / "task" / "1" / "children").write_text("8")
    found = host_memory.resident(tmp_path)
    assert found is not None
    import os

    assert found == (100 + 30 + 25) * os.sysconf("SC_PAGE_SIZE")
    assert host_memory.resident(tmp_path / "none") is None
    assert host_memory.peak(tmp_path) is None and not host_memory.begin_peak(tmp_path / "none")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the count is Linux's")
def test_the_peak_between_two_readings_is_not_missed() -> None:
    meter = Meter(True, None, interval=60)
    meter.begin()
    block = bytearray(b"x" * 60_000_000)
    del block
    usage = meter.end()
    if meter._peak_is_ours:
        assert usage.host_peak is not None and usage.host_before is not None
        assert usage.host_peak - usage.host_before > 50_000_000


def test_an_engine_is_read_from_its_first_call_until_it_is_closed() -> None:
    meter = Meter(False, None, interval=60)
    engine = Metered(Fake(EngineConfig(name="a")), meter)

    async def ask() -> None:
        assert not meter.begun
        await engine.generate(Request((Message("user", "1 + 1?"),)))
        assert meter.running
        await engine.close()
        assert not meter.running

    asyncio.run(ask())
    assert engine.identity.name == "a" and engine.limits.tools
    assert not runs_here(engine)
