"""A profile: what is measured, where it stops, what it keeps; with engines that do as told, and a real small one."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bakeoff.app.profile_setup import Wanted, set_up
from bakeoff.app.profiling import FITS, OVER, SHORT, Ask, Profiler, memory, planned_calls, point_of
from bakeoff.app.settings import Settings
from bakeoff.app.workloads import Workload, of_length, of_methods, text_of, words_for
from bakeoff.core.errors import BadRequest, ConfigInvalid, EngineError, Unavailable
from bakeoff.core.protocols import EngineLimits
from bakeoff.core.types import Completion, ModelIdentity, Request
from bakeoff.core.usage import DeviceUsage, Usage
from bakeoff.reports.performance_profile import Point, Profile
from bakeoff.runner.load import CallTime, RanOut, Timed, ask_at_once, is_short_of_memory
from bakeoff.runner.metering import Meter
from tests.conftest import require
from tests.engines.tiny_model import make_tiny

LENGTH = of_length(20, 5)


class Scripted:
    """An engine whose calls take no time; `fails` above a batch, with an error or with a note of a way out."""

    def __init__(self, batch: int, log: list[str], fails: int = 10_000, error: EngineError | None = None) -> None:
        self.batch, self.log, self.fails, self.error = batch, log, fails, error
        self.asked = 0

    identity = ModelIdentity("scripted", "m")
    limits = EngineLimits(in_process=True)

    async def generate(self, request: Request) -> Completion:
        self.asked += 1
        await asyncio.sleep(0)
        note: list[str] = []
        if self.batch >= self.fails:
            if self.error is not None:
                raise self.error
            note = ["out of memory with so many at once"]
        raw = json.dumps({"request": None, "response": {"ran": {"fallbacks": note}}}, separators=(",", ":"))
        words = len(request.messages[0].content.split())
        return Completion(
            b"", "x", prompt_tokens=2 * words + 4, output_tokens=request.sampling.max_tokens, raw=raw.encode()
        )

    async def close(self) -> None:
        self.log.append(f"closed {self.batch}")


class Held(Meter):
    """A meter that reads what it is told."""

    def __init__(self, size: int | None) -> None:
        super().__init__(False, None, interval=60)
        self.size = size

    def end(self) -> Usage:
        super().end()
        return Usage(0.0, 1.0, host_peak=self.size)


def profiled(
    ask: Ask,
    workloads: Sequence[Workload] = (LENGTH,),
    engine: Callable[[int], Scripted] | None = None,
    size: Callable[[int], int | None] = lambda batch: None,
    count: Callable[[Workload, int], int | None] = lambda workload, batch: None,
    told: Callable[[str, Point], None] = lambda workload, point: None,
) -> tuple[Profile, list[str]]:
    log: list[str] = []
    latest = [0]

    def build(batch: int) -> Scripted:
        latest[0] = batch
        log.append(f"built {batch}")
        return engine(batch) if engine is not None else Scripted(batch, log)

    class Late(Held):
        def end(self) -> Usage:
            self.size = size(latest[0])
            return super().end()

    profiler = Profiler(ask, build, lambda: Late(None), count, told)
    return asyncio.run(profiler.run(workloads)), log


def ask(**more: object) -> Ask:
    fields: dict[str, object] = {"model": "m", "preset": "balanced", "own_engine": True, "memory_of": "host", **more}
    return Ask(**fields)  # type: ignore[arg-type]


def test_each_batch_has_an_engine_of_its_own_that_is_closed() -> None:
    found, log = profiled(ask(batches=(1, 2, 4)))
    assert log == ["built 1", "closed 1", "built 2", "closed 2", "built 4", "closed 4"]
    points = found.curves[0].points
    assert [(point.batch, point.repeats, point.calls) for point in points] == [(1, 3, 3), (2, 3, 6), (4, 3, 12)]
    assert found.grows == "batch" and points[0].output_tokens == 5
    assert points[0].prompt_tokens == 20  # words were counted out until the tokens were those asked for
    assert points[0].memory is None and points[0].requests_per_s.method == "t95"


def test_one_engine_for_all_points_where_the_batch_is_not_ours() -> None:
    found, log = profiled(ask(batches=(1, 2), own_engine=False))
    assert log == ["built 1", "closed 1"] and found.grows == "concurrency"


def test_the_warm_up_and_the_calibration_do_not_count() -> None:
    made: list[Scripted] = []
    log: list[str] = []

    def engine(batch: int) -> Scripted:
        made.append(Scripted(batch, log))
        return made[-1]

    found, _ = profiled(ask(batches=(4,), rounds=2), engine=engine)
    assert found.curves[0].points[0].calls == 3 * 4 * 2
    assert made[0].asked == 2 + 4 + 3 * 4 * 2
    assert planned_calls(ask(batches=(4,), rounds=2), [LENGTH])[0] == made[0].asked


def test_what_runs_out_of_memory_ends_the_curve_and_keeps_the_points() -> None:
    found, _ = profiled(ask(batches=(1, 2, 4, 8)), engine=lambda batch: Scripted(batch, [], fails=4))
    curve = found.curves[0]
    assert [point.batch for point in curve.points] == [1, 2]
    assert curve.stopped.startswith("memory ran out with 4 at once")
    assert [one.ended for one in curve.tried] == [FITS, FITS, SHORT]


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("can't start new thread"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: …"),
    ],
)
def test_whatever_says_that_memory_is_short_is_understood(error: BaseException) -> None:
    assert is_short_of_memory(error)
    assert not is_short_of_memory(RuntimeError("the connection broke"))


@pytest.mark.parametrize(
    "error", [BadRequest("memory is too short for this prompt alone"), Unavailable("CUDA out of memory. Tried to …")]
)
def test_an_engine_s_own_word_for_it_is_understood(error: EngineError) -> None:
    assert is_short_of_memory(error)
    found, _ = profiled(ask(batches=(1, 2)), engine=lambda batch: Scripted(batch, [], 2, error))
    assert found.curves[0].tried[-1].ended == SHORT


def test_another_failure_ends_the_curve_and_says_what_it_was() -> None:
    broken = Unavailable("the connection broke")
    found, _ = profiled(ask(batches=(1, 2, 4)), engine=lambda batch: Scripted(batch, [], 2, broken))
    assert found.curves[0].stopped == "2 at once failed (the connection broke)"
    with pytest.raises(Unavailable):
        profiled(ask(batches=(2,)), engine=lambda batch: Scripted(batch, [], 2, broken))


def test_the_largest_batch_is_found_by_doubling_and_halving() -> None:
    found, log = profiled(
        ask(batches=(1, 2), find_most=True), engine=lambda batch: Scripted(batch, [], fails=22), size=lambda batch: None
    )
    curve = found.curves[0]
    assert curve.largest is not None and 19 <= curve.largest <= 21
    assert [one.batch for one in curve.tried][:6] == [1, 2, 4, 8, 16, 32]
    assert len(log) <= 12


def test_no_batch_is_begun_that_the_line_through_the_others_puts_over_the_bound() -> None:
    def held(batch: int) -> int:
        return 1000 + 100 * batch

    found, log = profiled(ask(batches=(1, 2), find_most=True, bound=3000), size=held)
    curve = found.curves[0]
    assert curve.largest is not None and 18 <= curve.largest <= 20
    assert {one.ended for one in curve.tried} == {FITS, OVER}
    assert all(held(int(line.split()[1])) <= 3000 for line in log)  # nothing was built that would not fit
    assert [point.memory for point in curve.points][:2] == [1100, 1200]


def test_arithmetic_refuses_before_anything_is_loaded() -> None:
    found, log = profiled(ask(batches=(1, 8), bound=1 << 30), count=lambda workload, batch: batch << 28)
    assert log == ["built 1"] or log == ["built 1", "closed 1"]
    assert found.curves[0].stopped == "8 at once would take 2.00 GiB of 1.00 GiB"


def test_where_everything_fits_there_is_no_largest() -> None:
    found, _ = profiled(ask(batches=(1,), find_most=True, most=8))
    assert found.curves[0].largest is None and [one.batch for one in found.curves[0].tried] == [1, 2, 4, 8]


def test_an_interrupt_keeps_what_was_measured_and_closes_the_engine() -> None:
    log: list[str] = []

    async def main() -> Profile:
        task = asyncio.current_task()
        assert task is not None

        def told(workload: str, point: Point) -> None:
            if point.batch == 2:
                task.cancel()

        one = ask(batches=(1, 2, 4, 8))
        return await Profiler(one, lambda b: Scripted(b, log), lambda: Held(None), lambda w, b: None, told).run(
            [LENGTH]
        )

    found = asyncio.run(main())
    assert found.interrupted and [point.batch for point in found.curves[0].points] == [1, 2]
    assert found.curves[0].stopped == "interrupted"
    assert log.count("closed 1") == 1 and log.count("closed 2") == 1


def test_the_repeats_before_an_interrupt_are_a_point_of_their_own() -> None:
    log: list[str] = []

    class Stopping(Scripted):
        async def generate(self, request: Request) -> Completion:
            if self.asked == 2 + 4 + 4:  # calibration, warm-up, the first repeat
                task = main_task[0]
                task.cancel()
            return await super().generate(request)

    main_task: list[asyncio.Task[object]] = []

    async def main() -> Profile:
        task = asyncio.current_task()
        assert task is not None
        main_task.append(task)
        one = ask(batches=(4, 8), repeats=5)
        made = Profiler(one, lambda b: Stopping(b, log), lambda: Held(None), lambda w, b: None, lambda w, p: None)
        return await made.run([LENGTH])

    found = asyncio.run(main())
    assert found.interrupted and log == ["closed 4"]
    assert [(point.batch, point.repeats, point.calls) for point in found.curves[0].points] == [(4, 1, 4)]


def test_calls_at_once_are_as_many_as_told_and_begin_together() -> None:
    most = itertools.count()
    under_way: list[int] = []
    peak: list[int] = []

    class Counting(Scripted):
        async def generate(self, request: Request) -> Completion:
            under_way.append(next(most))
            peak.append(len(under_way))
            await asyncio.sleep(0.001)
            under_way.pop()
            return await super().generate(request)

    timed = asyncio.run(ask_at_once(Counting(3, []), LENGTH.requests(), 3, rounds=4))
    assert len(timed.calls) == 12 and max(peak) == 3
    assert timed.output_per_s == pytest.approx(60 / timed.seconds)
    assert timed.first(0.5) is None and timed.between(0.5) is None


def test_a_way_out_by_a_smaller_batch_counts_as_out_of_memory() -> None:
    with pytest.raises(RanOut, match="out of memory with 3 at once"):
        asyncio.run(ask_at_once(Scripted(3, [], fails=3), LENGTH.requests(), 3))


def test_prompts_of_a_set_length_differ_from_their_first_words_and_repeat() -> None:
    texts = [text_of(30, turn) for turn in range(50)]
    assert len({" ".join(text.split()[:4]) for text in texts}) == 50
    assert texts == [text_of(30, turn) for turn in range(50)]


def test_words_are_counted_out_from_what_the_engine_counts() -> None:
    assert asyncio.run(words_for(Scripted(1, []), of_length(104, 5))) == 50  # two tokens a word, and four more


def test_the_methods_of_a_benchmark_are_workloads() -> None:
    found = of_methods("question_answering", ["naive", "cot"], None, Settings.load())
    assert [one.name for one in found] == ["naive on question_answering", "cot on question_answering"]
    assert found[1].output_tokens > found[0].output_tokens
    requests = list(itertools.islice(found[0].requests(), len(found[0].prompts) + 1))
    assert requests[0].messages == requests[-1].messages and requests[-1].repeat == 1


@pytest.mark.parametrize("tokens", [(0, 5), (5, 0), (5, -1)])
def test_lengths_out_of_range_are_refused(tokens: tuple[int, int]) -> None:
    with pytest.raises(ConfigInvalid, match="out of range"):
        of_length(*tokens)


CAPPED = """
import resource, sys
from bakeoff.app import profile_setup

def status(field):
    for line in open("/proc/self/status", encoding="ascii"):
        if line.startswith(field):
            return int(line.split()[1]) * 1024

build, made = profile_setup._build, []

def capped(wanted, settings, batch):
    if batch is not None and batch[1] == 16:  # the points before it have loaded torch
        resource.setrlimit(resource.RLIMIT_AS, (status("VmSize:") + 64_000_000, resource.RLIM_INFINITY))
    return build(wanted, settings, batch)

profile_setup._build = capped
from bakeoff.cli.main import main
main(sys.argv[1:])
"""


@pytest.mark.chaos
@pytest.mark.skipif(sys.platform != "linux", reason="the cap is Linux's")
def test_a_real_model_that_runs_out_of_memory_leaves_its_curve(tmp_path: Path) -> None:
    require("torch")
    require("transformers")
    folder = make_tiny(tmp_path / "tiny")
    settings = "device=cpu,threads=1,attention=eager,gather_ms=500"
    told = ["profile", f"transformers/{folder}", "--batches", "2,16", "--prompt-tokens", "400", "--output-tokens", "2"]
    told += ["--repeats", "1", "--dummy-weights", "--model-args", settings, "--json"]
    command = [sys.executable, "-c", CAPPED, *told]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    curve = found["curves"][0]
    assert [point["batch"] for point in curve["points"]] == [2]
    assert [one["ended"] for one in curve["tried"]] == ["fits", "out of memory"]
    assert found["dummy_weights"] is True and found["accuracy"] is None and found["memory_of"] == "host"
    point = curve["points"][0]
    assert point["memory_peak_bytes"] > 100_000_000 and 340 <= point["prompt_tokens"] <= 460
    assert curve["stopped"].startswith("memory ran out with 16 at once")


def test_gpus_count_together_and_energy_is_that_of_the_repeats_alone() -> None:

    timed = [Timed(2.0, [CallTime(2.0, 0.5, 10, 16)] * 4), Timed(4.0, [CallTime(4.0, 0.5, 10, 16)] * 4)]
    loaded = Usage(0, 9, devices=(DeviceUsage(0, memory_peak=5), DeviceUsage(1, memory_peak=7)))
    spent = Usage(3, 9, devices=(DeviceUsage(0, energy_j=30.0), DeviceUsage(1, energy_j=2.0)))
    point = point_of(4, timed, loaded, spent, "device")
    assert point.memory == 12 and point.energy_per_1000 == 250.0
    assert point.output_per_s is not None and point.output_per_s.value == pytest.approx(24)
    assert point.token_p50 is not None and point.token_p50.value == pytest.approx((0.1 + 3.5 / 15) / 2)
    dark = Usage(3, 9, devices=(DeviceUsage(0, energy_j=30.0), DeviceUsage(1)))
    assert point_of(4, timed, loaded, dark, "device").energy_per_1000 is None  # one does not tell
    assert memory(loaded, "host") is None and memory(loaded, "") is None


def test_a_batch_that_the_shape_puts_over_the_bound_is_not_loaded(tmp_path: Path) -> None:
    require("torch")
    require("transformers")
    folder = make_tiny(tmp_path / "tiny")
    wanted = Wanted(f"transformers/{folder}", dummy=True, args={"device": "cpu", "dtype": "fp32"}, memory_gib=0.0005)
    ready = set_up(wanted, [of_length(400, 50)], Settings.load())
    assert ready.ask.bound == int(0.0005 * (1 << 30) * 0.8) and ready.ask.memory_of == "host"
    found = asyncio.run(ready.profiler(lambda workload, point: None).run(ready.workloads))
    assert list(found.curves[0].points) == []
    assert found.curves[0].stopped.startswith("1 at once would take ") and "of 0.4 MiB" in found.curves[0].stopped
