"""Transformers in process, with a model of two layers that is made here: what comes out, and what is refused."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import random
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.errors import (
    BadRequest,
    BakeoffError,
    ConfigInvalid,
    ContextOverflow,
    DataInvalid,
    DataMissing,
    EndpointWrong,
    EngineTimeout,
    MissingExtra,
    Unavailable,
)
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Completion, Message, Price, Request, Sampling
from bakeoff.engines._transformers_decode import Row
from bakeoff.engines._transformers_files import find
from bakeoff.engines._transformers_host import Host, together
from bakeoff.engines._transformers_model import Network, Step
from bakeoff.engines._transformers_settings import checked, resolved
from bakeoff.engines._transformers_text import Text, open_text
from bakeoff.engines.transformers import Transformers
from tests.conftest import require
from tests.engines.tiny_model import make_tiny

T = TypeVar("T")
QUESTIONS = ("Hi", "Why is the sky blue?", "What is the capital of France? " * 6, "Name one.", "x" * 90)
needs_torch = pytest.mark.usefixtures("tiny")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model; for reading only."""
    require("torch")
    require("transformers")
    return make_tiny(tmp_path_factory.mktemp("models") / "tiny")


def at(folder: Path | str, api: Any = "chat", timeout: float = 60.0, **args: Any) -> Transformers:
    given = {"threads": 1, "device": "cpu", **args}
    return Transformers(EngineConfig(name=str(folder), api=api, args=given, timeout=timeout))


def ask(question: str, max_tokens: int = 12, **sampling: Any) -> Request:
    return Request((Message("user", question),), Sampling(max_tokens=max_tokens, **sampling))


def using(engine: Transformers, work: Callable[[Transformers], Awaitable[T]]) -> T:
    async def run() -> T:
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(run())


def replies(engine: Transformers, *requests: Request) -> list[Completion]:
    """All at once."""

    async def work(opened: Transformers) -> list[Completion]:
        return list(await asyncio.gather(*map(opened.generate, requests)))

    return using(engine, work)


def one_by_one(engine: Transformers, *requests: Request) -> list[Completion]:
    async def work(opened: Transformers) -> list[Completion]:
        return [await opened.generate(request) for request in requests]

    return using(engine, work)


# ---------------------------------------------------------------- what it says


def test_greedy_replies_in_a_batch_are_those_alone_and_those_of_the_library(tiny: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    requests = [ask(question) for question in QUESTIONS]
    found = replies(at(tiny, batch=8, gather_ms=200), *requests)
    assert [reply.text for reply in found] == [reply.text for reply in one_by_one(at(tiny), *requests)]
    tokenizer, model = AutoTokenizer.from_pretrained(tiny), AutoModelForCausalLM.from_pretrained(tiny)
    for question, reply in zip(QUESTIONS, found, strict=True):
        turns = [{"role": "user", "content": question}]
        prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with torch.inference_mode():
            made = model.generate(**prompt, max_new_tokens=12, do_sample=False)[0, prompt["input_ids"].shape[1] :]
        assert reply.text == tokenizer.decode(made, skip_special_tokens=True)
        assert (reply.prompt_tokens, reply.output_tokens) == (prompt["input_ids"].shape[1], len(made))
        assert reply.first_token_s is not None and reply.first_token_s > 0
        ended = reply.finish_reason == "stop"  # by a token that is no piece of the text
        assert len(reply.gaps) == len(made) - 1 - (ended and len(made) > 1)
        assert all(gap > 0 for gap in reply.gaps)


def test_padding_on_the_left_changes_no_logit(tiny: Path) -> None:
    import torch

    network = at(tiny)._start("").network
    sequences = [[5, 6, 7, 8, 9, 10, 11], [40, 41], [99]]
    with torch.inference_mode():
        padded = network.forward(sequences, keep=1).logits[:, -1]
        for row, sequence in enumerate(sequences):
            alone = network.forward([sequence], keep=1).logits[0, -1]
            assert torch.allclose(padded[row], alone, atol=1e-4)


def test_log_likelihoods_are_those_of_a_plain_forward_pass(tiny: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    asked = [
        (f"{question} The answer is{space}", f"{'' if space else ' '}{choice}")
        for question in QUESTIONS
        for choice in ("yes", "no", "Paris and the capital")
        for space in ("", " ")
    ]
    pairs = (*asked, ("", "the capital"))
    scored = [Request((), Sampling(max_tokens=1), scored=pairs[i : i + 3]) for i in range(0, len(pairs), 3)]
    found = [item for reply in replies(at(tiny, batch=4), *scored) for item in reply.logprobs]
    tokenizer, model = AutoTokenizer.from_pretrained(tiny), AutoModelForCausalLM.from_pretrained(tiny)
    for (before, after), item in zip(pairs, found, strict=True):
        context = tokenizer.encode(before.rstrip()) or [tokenizer.bos_token_id]
        whole = tokenizer.encode(before + after) if before else context + tokenizer.encode(after)
        with torch.inference_mode():
            logprobs = model(torch.tensor([whole])).logits[0].log_softmax(-1)
        values = [float(logprobs[place - 1, whole[place]]) for place in range(len(context), len(whole))]
        assert item.token == after
        assert item.logprob == pytest.approx(sum(values), abs=1e-4)
        assert [value for _, value in item.top] == pytest.approx(values, abs=1e-4)


def test_a_seed_repeats_a_draw_whatever_is_asked_beside_it(tiny: Path) -> None:
    drawn = [ask("Tell me something.", temperature=1.0, seed=seed, logprobs=2) for seed in (5, 5, 6)]
    others = [ask(question, temperature=0.7, top_p=0.9, seed=1) for question in QUESTIONS]
    first, second, third, *_ = replies(at(tiny, batch=8, gather_ms=200), *drawn, *others)
    assert first.text == second.text != third.text
    assert one_by_one(at(tiny), drawn[0])[0].text == first.text


def test_a_narrow_nucleus_is_greedy(tiny: Path) -> None:
    greedy, narrow = replies(at(tiny), ask("Hi"), ask("Hi", temperature=2.0, top_p=1e-6, seed=3))
    assert greedy.text == narrow.text


def test_log_probabilities_come_with_the_alternatives_asked_for(tiny: Path) -> None:
    (reply,) = replies(at(tiny), ask("Hi", logprobs=3))
    assert reply.output_tokens is not None
    assert len(reply.logprobs) == reply.output_tokens
    for token in reply.logprobs:
        assert len(token.top) == 3
        assert token.logprob == token.top[0][1] <= 0  # greedy takes the likeliest


def test_a_reply_ends_at_a_stop_at_its_length_or_by_itself(tiny: Path) -> None:
    (whole,) = replies(at(tiny), ask("Hi", 24))
    assert whole.finish_reason == "length" and whole.output_tokens == 24
    stop = whole.text[len(whole.text) // 2 :][:3]
    (cut,) = replies(at(tiny), ask("Hi", 24, stop=(stop, "never said")))
    assert cut.finish_reason == "stop"
    assert cut.text == whole.text[: whole.text.find(stop)]
    engine = at(tiny)
    prompt = engine.to_job(ask("Hi"))
    assert isinstance(prompt, Row)
    started = engine._start("")
    first = started.network.forward([prompt.prompt], 1).logits[0, -1].argmax()
    ends = frozenset({int(first)})  # as if that were the model's end token
    engine._start = lambda device: type(started)(started.network, started.text, ends)  # type: ignore[method-assign]
    (ended,) = replies(engine, ask("Hi", 24))
    assert (ended.text, ended.finish_reason, ended.output_tokens) == ("", "stop", 1)


def test_text_is_asked_as_text_where_the_api_is_completions(tiny: Path) -> None:
    chat, plain = at(tiny).to_job(ask("Hi")), at(tiny, "completions").to_job(ask("Hi"))
    assert isinstance(chat, Row) and isinstance(plain, Row)
    assert len(plain.prompt) < len(chat.prompt)
    assert at(tiny).identity.template.startswith("chat:")
    assert at(tiny, "completions").identity.template == "completions"


@pytest.fixture(scope="module")
def reader(tiny: Path) -> Text:
    return open_text(find(str(tiny), "", False), False)


@settings(max_examples=60, deadline=None)
@given(
    before=st.text(alphabet="the capitlofrn ?", max_size=40), after=st.text(alphabet="yesno ", min_size=1, max_size=8)
)
def test_context_and_continuation_together_are_the_tokens_of_the_whole(reader: Text, before: str, after: str) -> None:
    context, continuation = reader.pair(before, after)
    assert context
    whole = [token for token in (*context, *continuation) if token != 1]  # 1 begins a text that has no context
    assert whole == reader.plain(before + after)


@given(
    lengths=st.lists(st.integers(1, 50), min_size=1, max_size=30),
    most=st.integers(1, 12),
)
def test_a_batch_holds_the_oldest_and_its_neighbours_in_length(lengths: list[int], most: int) -> None:
    rows = [Row([0] * length, Sampling(), 1) for length in lengths]
    chosen = together(rows, most)
    assert rows[0] in chosen and len(chosen) == min(most, len(rows))
    sizes = [len(row.prompt) for row in chosen if isinstance(row, Row)]
    assert sizes == sorted(sizes, reverse=True)
    outside = [len(row.prompt) for row in rows if row not in chosen]
    assert not any(sizes[-1] < size < sizes[0] for size in outside)


# ---------------------------------------------------------------- memory


def capped(most: int, error: Callable[[], Exception], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let a forward pass of more than so many sequences run out of memory; returns the sizes tried."""
    real, sizes = Network.forward, list[int]()

    def forward(self: Network, sequences: Any, keep: int, cached: bool = False) -> Step:
        sizes.append(len(sequences))
        if len(sequences) > most:
            raise error()
        return real(self, sequences, keep, cached)

    monkeypatch.setattr(Network, "forward", forward)
    return sizes


def on_gpu() -> Exception:
    import torch

    error: Exception = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
    return error


def on_cpu() -> Exception:
    return RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes")


@pytest.mark.parametrize("error", [on_gpu, on_cpu, MemoryError])
def test_out_of_memory_halves_the_batch_says_so_and_loses_nothing(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Callable[[], Exception]
) -> None:
    requests = [ask(question) for question in QUESTIONS] + [ask("Draw", temperature=1.0, seed=4)]
    wanted = [reply.text for reply in one_by_one(at(tiny), *requests)]
    sizes = capped(2, error, monkeypatch)
    found = replies(at(tiny, batch=6, gather_ms=300), *requests)
    assert [reply.text for reply in found] == wanted
    assert sizes[:2] == [6, 3] and max(sizes[2:]) <= 2
    said = capsys.readouterr().err
    assert "tiny: out of memory with 6 at once: 3 from here on" in said
    ran = json.loads(found[0].raw)["response"]["ran"]
    assert ran["device"] == "cpu" and "out of memory with 6 at once" in ran["fallbacks"][0]


def test_one_prompt_that_does_not_fit_is_refused_and_the_next_is_answered(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Network.forward

    def forward(self: Network, sequences: Any, keep: int, cached: bool = False) -> Step:
        if max(map(len, sequences)) > 100:
            raise on_cpu()
        return real(self, sequences, keep, cached)

    monkeypatch.setattr(Network, "forward", forward)

    async def work(engine: Transformers) -> None:
        with pytest.raises(BadRequest, match="memory is too short for this prompt"):
            await engine.generate(ask("x" * 200))
        assert (await engine.generate(ask("Hi"))).text

    using(at(tiny), work)


def test_a_model_that_does_not_fit_on_its_gpu_moves_to_the_cpu(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = at(tiny)
    wanted = replies(at(tiny), ask("Hi"))[0].text
    start = engine._start

    def crowded(device: str) -> Any:
        if not device:
            raise on_gpu()
        return start(device)

    monkeypatch.setattr(engine, "_start", crowded)
    (reply,) = replies(engine, ask("Hi"))
    assert reply.text == wanted
    assert "it runs on the CPU" in capsys.readouterr().err
    assert json.loads(reply.raw)["response"]["ran"]["fallbacks"]
    strict = at(tiny, fallback=False)
    monkeypatch.setattr(strict, "_start", crowded)
    with pytest.raises(EndpointWrong, match="does not fit into memory"):
        replies(strict, ask("Hi"))


def test_one_prompt_too_many_for_a_gpu_moves_the_model_to_the_cpu(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that says it is on a GPU, and has memory only after it has moved."""
    real = Network.forward

    def forward(self: Network, sequences: Any, keep: int, cached: bool = False) -> Step:
        if self.device != "cpu":
            raise on_gpu()
        return real(self, sequences, keep, cached)

    engine = at(tiny)
    start = engine._start

    def crowded(device: str) -> Any:
        started = start(device)
        started.network.device = "cuda:0"
        return started

    monkeypatch.setattr(engine, "_start", crowded)
    monkeypatch.setattr(Network, "forward", forward)
    first, second = replies(engine, ask("Hi"), ask("Why?"))
    assert first.text and second.text
    ran = json.loads(second.raw)["response"]["ran"]
    assert ran["device"] == "cpu" and "moves to the CPU" in ran["fallbacks"][-1]


# ---------------------------------------------------------------- random weights


def test_random_weights_need_a_config_alone_and_are_never_graded(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shape"
    folder.mkdir()
    shutil.copy(tiny / "config.json", folder)
    engine = at(folder, dummy=True)
    assert json.loads(engine.identity.settings)["dummy"] is True
    scored = Request((), Sampling(max_tokens=1), scored=(("a b", " c"), ("a b", " d")))
    reply, likely = replies(engine, ask("Hi", 7), scored)
    assert reply.finish_reason == likely.finish_reason == "dummy"
    assert reply.output_tokens == 7 and reply.text
    assert at(folder, dummy=True).identity == engine.identity != at(tiny, dummy=True).identity


# ---------------------------------------------------------------- what it is


def test_the_identity_holds_what_can_change_a_reply_and_no_folder(tiny: Path) -> None:
    engine = at(tiny, batch=3, dtype="bf16")
    assert engine.identity.name == "tiny"
    told = json.loads(engine.identity.settings)
    assert {"device", "dtype", "attention", "torch", "transformers"} == set(told)
    assert (told["device"], told["dtype"], told["attention"]) == ("cpu", "bf16", "sdpa")
    assert engine.identity == at(tiny, batch=7, dtype="bf16", gather_ms=0).identity != at(tiny).identity
    assert engine.limits.max_concurrency == 6
    assert engine.limits.likelihood == "full" and engine.limits.in_process
    assert engine.limits.context_length == 512 and engine.limits.price == Price(0.0, 0.0)


def test_a_fine_tune_is_told_from_its_base_and_other_files_from_the_model(tiny: Path, tmp_path: Path) -> None:
    base = find(str(tiny), "", False).revision
    copied = shutil.copytree(tiny, tmp_path / "copy")
    (copied / "README.md").write_text("words", encoding="utf-8")
    assert find(str(copied), "", False).revision == base
    weights = copied / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-2] ^= 1
    weights.write_bytes(content)
    assert find(str(copied), "", False).revision != base
    assert find(str(make_tiny(tmp_path / "other", seed=1)), "", False).revision != base


def test_both_half_and_whole_precision_answer(tiny: Path) -> None:
    (reply,) = replies(at(tiny, dtype="bf16", attention="eager"), ask("Hi"))
    assert reply.text


# ---------------------------------------------------------------- what is refused, in one line


def one_line(error: BakeoffError) -> str:
    said = str(error)
    assert "\n" not in said and error.hint
    return said


@needs_torch
@pytest.mark.parametrize(
    "args",
    [
        {"batch": 0},
        {"batch": True},
        {"device": "tpu"},
        {"dtype": "int3"},
        {"attention": "quick"},
        {"context": "4k"},
        {"dummy": 1},
        {"fallback": "no"},
        {"slots": 4},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(args: dict[str, Any]) -> None:
    with pytest.raises(ConfigInvalid, match=next(iter(args))) as found:
        checked(EngineConfig(name="m", args=args))
    one_line(found.value)


@needs_torch
def test_a_device_that_is_not_there_and_a_dtype_that_is_not_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from bakeoff.engines import _transformers_settings as there

    def used(**args: Any) -> tuple[str, str]:
        found = resolved(checked(EngineConfig(name="m", args=args)), "bfloat16")
        return found.device, found.dtype

    monkeypatch.setattr(there, "_gpus", list)
    assert used() == ("cpu", "fp32")
    assert used(dtype="bf16") == ("cpu", "bf16")
    for args, said in (({"device": "cuda"}, "no GPU"), ({"device": "split"}, "no GPU"), ({"dtype": "fp16"}, "fp16")):
        with pytest.raises(ConfigInvalid, match=said) as found:
            used(**args)
        one_line(found.value)
    monkeypatch.setattr(there, "_gpus", lambda: ["Tesla T4"])
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda number: (7, 5))
    monkeypatch.setattr("torch.cuda.get_device_name", lambda number: "Tesla T4")
    assert used() == ("cuda:0", "fp16")
    assert used(dtype="fp32") == ("cuda:0", "fp32")
    with pytest.raises(ConfigInvalid, match=r"bf16.*Tesla T4"):
        used(dtype="bf16")
    with pytest.raises(ConfigInvalid, match="1 GPU"):
        used(device="cuda:1")
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda number: (9, 0))
    assert used() == ("cuda:0", "bf16")


@needs_torch
def test_a_preset_of_the_device_bounds_the_context_and_squeezes_weights_on_gpus_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from types import SimpleNamespace

    from bakeoff.engines import _transformers_settings as there

    def used(config: dict[str, Any] | None = None, **args: Any) -> tuple[str, int]:
        given = EngineConfig(name="m", settings={"preset": "memory_optimized"}, args=args)
        found = resolved(checked(given), "bfloat16", config)
        return found.quantization, found.context

    monkeypatch.setattr(there, "_gpus", list)
    assert used() == ("", 2048)
    assert used(context=64) == ("", 0)
    with pytest.raises(ConfigInvalid, match="'int4' is for GPUs"):
        used(quantization="int4")
    t4 = SimpleNamespace(name="Tesla T4", total_memory=15360 << 20, major=7, minor=5)
    monkeypatch.setattr(there, "_gpus", lambda: ["Tesla T4"])
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda number: t4)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda number: (7, 5))
    installed = {"bitsandbytes": object()}
    monkeypatch.setattr(importlib.util, "find_spec", installed.get)
    assert used() == ("int4", 1024)
    assert used(quantization="none") == ("", 1024)
    assert used({"quantization_config": {}}) == ("", 1024)
    assert used(dummy=True) == ("", 1024)
    with pytest.raises(ConfigInvalid, match="random weights"):
        used(dummy=True, quantization="int8")
    installed.clear()
    with pytest.raises(ConfigInvalid, match="pip install bitsandbytes"):
        used()


def test_log_likelihoods_in_bf16_are_those_of_a_plain_forward_pass_in_bf16(tiny: Path) -> None:
    """To a hundredth of them: a logit of 10 is known to 0.03 in bf16, and how many tokens are shown decides which."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    pairs = tuple((f"{question} The answer is", f" {choice}") for question in QUESTIONS for choice in ("yes", "Paris"))
    scored = [Request((), Sampling(), scored=(pair,)) for pair in pairs]
    found = one_by_one(at(tiny, dtype="bf16", batch=1, gather_ms=0), *scored)
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    model = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.bfloat16)
    for (before, after), reply in zip(pairs, found, strict=True):
        context, whole = tokenizer.encode(before), tokenizer.encode(before + after)
        with torch.inference_mode():
            logprobs = model(torch.tensor([whole])).logits[0].float().log_softmax(-1)
        expected = sum(float(logprobs[place - 1, whole[place]]) for place in range(len(context), len(whole)))
        assert reply.logprobs[0].logprob == pytest.approx(expected, rel=1e-2)


def test_a_model_that_cannot_be_meant_is_refused_before_it_is_loaded(tiny: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    copied = shutil.copytree(tiny, tmp_path / "no-template")
    (copied / "chat_template.jinja").unlink()
    unweighted = shutil.copytree(tiny, tmp_path / "unweighted")
    (unweighted / "model.safetensors").unlink()
    torn = shutil.copytree(tiny, tmp_path / "torn")
    (torn / "model.safetensors").write_bytes((tiny / "model.safetensors").read_bytes()[:50_000])
    wordless = shutil.copytree(tiny, tmp_path / "wordless")
    (wordless / "tokenizer.json").unlink()
    own = shutil.copytree(tiny, tmp_path / "own-code")
    config = json.loads((own / "config.json").read_text())
    (own / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "own.py"}}))
    cases: list[tuple[str, type[BakeoffError], str]] = [
        (str(tmp_path / "nothing"), DataMissing, "no folder"),
        (str(bare), DataMissing, "no config.json"),
        (str(unweighted), DataMissing, "no weights"),
        (str(wordless), DataMissing, "no tokenizer"),
        (str(torn), DataInvalid, "cannot be read"),
        (str(own), ConfigInvalid, "code of its own"),
        (str(copied), ConfigInvalid, "no chat template"),
        ("org/name", ConfigInvalid, "needs a commit"),
        ("model.gguf", ConfigInvalid, "llama_cpp"),
    ]
    for name, error, said in cases:
        with pytest.raises(error, match=said) as found:
            at(name)
        one_line(found.value)
    with pytest.raises(ConfigInvalid, match="base URL"):
        Transformers(EngineConfig(name=str(tiny), base_url="http://127.0.0.1:1/v1"))
    assert at(copied, "completions")


def test_a_model_of_the_hub_that_is_not_here_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    require("huggingface_hub")
    require("torch")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # it reads the environment once
    with pytest.raises(DataMissing, match="not here and cannot be fetched") as found:
        at("org/name", revision="0" * 40)
    one_line(found.value)


def test_a_tokenizer_or_template_of_another_model_is_told(tiny: Path, tmp_path: Path) -> None:
    foreign = shutil.copytree(tiny, tmp_path / "foreign")
    (foreign / "chat_template.jinja").write_text("{{ '<|start_header_id|>' }}", encoding="utf-8")
    larger = shutil.copytree(tiny, tmp_path / "larger")
    config = json.loads((larger / "config.json").read_text())
    (larger / "config.json").write_text(json.dumps({**config, "vocab_size": 100}))
    for folder, said in ((foreign, "start_header_id"), (larger, "belongs to another model")):
        with pytest.raises(EndpointWrong, match=said) as found:
            replies(at(folder), ask("Hi"))
        one_line(found.value)


def test_weights_that_do_not_load_fail_the_call_and_the_next_tries_again(tiny: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny, tmp_path / "odd")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "no_such_type"}))

    async def work(engine: Transformers) -> None:
        for _ in range(2):
            with pytest.raises(EndpointWrong) as found:
                await engine.generate(ask("Hi"))
            one_line(found.value)

    using(at(folder), work)


def test_prompts_that_do_not_fit_are_refused_and_replies_end_with_the_context(tiny: Path) -> None:
    with pytest.raises(ContextOverflow, match="holds 64"):
        replies(at(tiny, context=64), ask("hello " * 40))
    (reply,) = replies(at(tiny, context=64), ask("Hi", 500))
    assert reply.finish_reason == "length"
    assert reply.prompt_tokens is not None and reply.output_tokens is not None
    assert reply.prompt_tokens + reply.output_tokens == 64
    with pytest.raises(ContextOverflow):
        replies(at(tiny, context=64), Request((), Sampling(), scored=(("hello " * 40, "yes"),)))


def test_messages_that_the_template_refuses_and_continuations_of_nothing(tiny: Path) -> None:
    with pytest.raises(BadRequest, match="no such system prompt"):
        replies(at(tiny), Request((Message("system", "refuse"), Message("user", "Hi"))))
    with pytest.raises(BadRequest, match="no tokens"):
        replies(at(tiny), Request((), Sampling(), scored=(("Hi", ""),)))


def test_a_call_that_takes_too_long_ends_and_leaves_the_batch(tiny: Path) -> None:
    async def work(engine: Transformers) -> None:
        await engine.generate(ask("Hi", 1))
        with pytest.raises(EngineTimeout, match=r"within 0\.05 s"):
            await engine.generate(ask("Hi", 480))
        assert engine._host is not None

    using(at(tiny, timeout=0.05, gather_ms=0), work)


def test_parts_that_are_not_installed_are_named_with_the_line_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"bakeoff\[transformers\]"):
        Transformers(EngineConfig(name="any"))


def test_a_call_that_comes_after_the_end_fails_at_once(tiny: Path) -> None:
    host = Host(at(tiny)._start, 4, 0.0, True, print)
    assert host.ready.result(60) is None
    host.close()
    row = Row([5, 6], Sampling(max_tokens=2), 2)
    host.submit(row)
    assert isinstance(row.reply.exception(5), Unavailable)


def test_many_calls_in_any_order_each_have_their_own_reply(tiny: Path) -> None:
    dice = random.Random(3)
    requests = [ask("ab " * dice.randint(1, 40), dice.randint(1, 20)) for _ in range(30)]
    found = replies(at(tiny, batch=4, gather_ms=1), *requests)
    for request, reply in zip(requests, found, strict=True):
        sent = json.loads(reply.raw)["request"]["messages"][0]["content"]
        assert sent == request.messages[0].content
        assert reply.output_tokens is not None and reply.output_tokens <= request.sampling.max_tokens
