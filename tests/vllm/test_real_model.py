"""Engine vllm with vLLM itself and SmolLM2-135M: `make test-vllm`, in an environment of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bakeoff.core.errors import EndpointWrong
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Completion, Message, Request, Sampling
from bakeoff.engines._vllm_host import group_lives
from bakeoff.engines.transformers import Transformers
from bakeoff.engines.vllm import Vllm
from tests.conftest import require_vllm
from tests.vllm.smollm2 import convert

T = TypeVar("T")
pytestmark = pytest.mark.vllm
CONTEXTS = (
    "The capital of France is",
    "2 + 2 =",
    "Why is the sky blue? The sky is blue because of",
    "The following is a list of animals: cat, dog, horse, cow. The third animal of the list is the",
)
CHOICES = (" Paris", " 4", " the scattering of light in the atmosphere", " horse and the cow")
PAIRS = (*((before, after) for before in CONTEXTS for after in CHOICES), ("", "Paris is the capital"))
SCORED = Request((), Sampling(), scored=PAIRS)


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's folder: the one that BAKEOFF_TEST_SMOLLM2 names, or one made for this session."""
    require_vllm()
    kept = os.environ.get("BAKEOFF_TEST_SMOLLM2")
    return convert(Path(kept) if kept else tmp_path_factory.mktemp("models") / "smollm2")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def at(folder: Path, **args: Any) -> Vllm:
    given = {"threads": 1, "context": 1024, "batch": 8, **args}
    return Vllm(EngineConfig(name=str(folder), args=given, timeout=300.0))


@pytest.fixture(scope="module")
def engine(smollm2: Path) -> Iterator[Vllm]:
    opened = at(smollm2)
    yield opened
    run(opened.close())


def ask(question: str, **sampling: Any) -> Request:
    return Request((Message("user", question),), Sampling(**{"max_tokens": 24, **sampling}))


def replies(engine: Vllm | Transformers, *requests: Request) -> list[Completion]:
    async def together() -> list[Completion]:
        return list(await asyncio.gather(*map(engine.generate, requests)))

    return run(together())


# ---------------------------------------------------------------- what it says


def test_it_answers_as_the_model_does(engine: Vllm) -> None:
    (reply,) = replies(engine, ask("What is the capital of France? Answer in one short sentence."))
    assert "Paris" in reply.text
    assert reply.finish_reason in ("stop", "length") and reply.first_token_s is not None and reply.first_token_s > 0
    ran = json.loads(reply.raw)["response"]["ran"]
    assert ran["dtype"] == "float32" and ran["max_model_len"] == 1024 and ran["vllm"]


def plain(folder: Path, dtype: str) -> list[list[float]]:
    """The log-probabilities of PAIRS by one forward pass each, nothing around it."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))
    found = []
    for before, after in PAIRS:
        context = tokenizer.encode(before) or [tokenizer.bos_token_id]
        whole = tokenizer.encode(before + after) if before else context + tokenizer.encode(after)
        with torch.inference_mode():
            told = model(torch.tensor([whole])).logits[0].float().log_softmax(-1)
        found.append([float(told[place - 1, whole[place]]) for place in range(len(context), len(whole))])
    return found


def values(reply: Completion) -> list[list[float]]:
    return [[value for _, value in item.top] for item in reply.logprobs]


def furthest(some: list[list[float]], others: list[list[float]]) -> float:
    """The largest difference between two sums."""
    return max(abs(sum(a) - sum(b)) for a, b in zip(some, others, strict=True))


def test_log_likelihoods_in_fp32_are_those_of_a_plain_forward_pass_and_of_transformers(
    engine: Vllm, smollm2: Path
) -> None:
    mine = values(replies(engine, SCORED)[0])
    truth = plain(smollm2, "float32")
    assert [len(row) for row in mine] == [len(row) for row in truth]
    assert furthest(mine, truth) < 1e-4
    other = Transformers(EngineConfig(name=str(smollm2), args={"threads": 1, "device": "cpu"}, timeout=300.0))
    theirs = values(replies(other, SCORED)[0])
    run(other.close())
    assert furthest(theirs, truth) < 1e-4 and furthest(mine, theirs) < 1e-4


def test_log_likelihoods_in_bf16_are_as_near_to_the_truth_as_bf16_allows(smollm2: Path) -> None:
    """A logit of 20 in bf16 is known to 0.06. So two programs agree no better than one with itself in fp32."""
    opened = at(smollm2, dtype="bf16")
    mine = values(replies(opened, SCORED)[0])
    run(opened.close())
    half, truth = plain(smollm2, "bfloat16"), plain(smollm2, "float32")
    rounding = furthest(half, truth)
    assert furthest(mine, truth) < 2.5 * rounding and furthest(mine, half) < 2.5 * rounding
    for row, expected in zip(mine, half, strict=True):
        assert sum(row) == pytest.approx(sum(expected), rel=5e-2, abs=0.1)


def test_a_seed_repeats_stops_end_and_alternatives_come(engine: Vllm) -> None:
    drawn = [ask("Tell me something.", temperature=1.0, seed=seed, logprobs=3) for seed in (5, 5, 6)]
    first, second, third = replies(engine, *drawn)
    assert first.text == second.text != third.text
    assert len(first.logprobs) == first.output_tokens
    assert all(len(token.top) == 3 for token in first.logprobs)
    (whole,) = replies(engine, ask("Count from one to ten in words."))
    stop = whole.text[len(whole.text) // 2 :][:4]
    (cut,) = replies(engine, ask("Count from one to ten in words.", stop=(stop,)))
    assert cut.finish_reason == "stop" and cut.text == whole.text[: whole.text.find(stop)]


def test_a_shared_beginning_is_read_from_the_cache(engine: Vllm) -> None:
    passage = "The museum was opened in 1911 and holds four thousand drawings of birds, fish and stars. " * 20
    first, second = (replies(engine, ask(passage + question, max_tokens=2))[0] for question in ("When?", "What?"))
    assert first.cached_tokens is not None and second.cached_tokens is not None
    assert second.cached_tokens > 0.5 * (second.prompt_tokens or 0) > first.cached_tokens
    assert engine.prefix_cache[0] >= second.cached_tokens
    usage = json.loads(second.raw)["response"]["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == second.cached_tokens


def test_a_request_that_vllm_refuses_harms_no_other(engine: Vllm) -> None:
    from bakeoff.core.errors import BadRequest

    async def both() -> list[Completion | BaseException]:
        asked = (ask("Hi", top_p=7.0), ask("Hi"))
        return list(await asyncio.gather(*map(engine.generate, asked), return_exceptions=True))

    refused, answered = run(both())
    assert isinstance(refused, BadRequest) and "top_p" in str(refused)
    assert isinstance(answered, Completion) and answered.text


@pytest.mark.parametrize(
    ("guide", "pattern"),
    [
        ({"regex": "(yes|no), [0-9]{2}"}, r"(yes|no), [0-9]{2}"),
        ({"choice": "red|green"}, r"red|green"),
        ({"grammar": 'root ::= "<" ("a" | "b") ">"'}, r"<[ab]>"),
        (
            {
                "json_schema": json.dumps(
                    {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "maxProperties": 1}
                )
            },
            r'\{\s*"n"\s*:\s*-?\d+\s*\}',
        ),
    ],
)
def test_replies_follow_a_guide(engine: Vllm, guide: dict[str, str], pattern: str) -> None:
    """The settings of the engine are read with each call; a second vLLM would take half a minute."""
    guided = at(Path(engine._place.folder), **guide)
    guided._host = engine._host
    (reply,) = replies(guided, ask("Is the sky green? How many apples?", max_tokens=60))
    assert re.fullmatch(pattern, reply.text), reply.text
    assert guided.identity != engine.identity


# ---------------------------------------------------------------- what becomes of it


def test_a_cache_that_memory_cannot_hold_is_told_in_one_line_and_leaves_nothing(smollm2: Path) -> None:
    opened = at(smollm2, kv_gib=100_000.0)
    with pytest.raises(EndpointWrong) as found:
        replies(opened, ask("Hi"))
    assert "\n" not in str(found.value) and "memory" in str(found.value)
    run(opened.close())


def test_random_weights_answer_at_full_speed_and_are_never_graded(smollm2: Path, tmp_path: Path) -> None:
    shutil.copy(smollm2 / "config.json", tmp_path)
    opened = at(tmp_path, dummy=True, kv_gib=0.5)
    (reply,) = replies(opened, ask("Hi there", max_tokens=5))
    run(opened.close())
    assert reply.finish_reason == "dummy" and reply.output_tokens == 5 and reply.text


PARENT = """
import asyncio, sys
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Message, Request, Sampling
from bakeoff.engines.vllm import Vllm

async def main():
    engine = Vllm(EngineConfig(name=sys.argv[1], args={"threads": 1, "kv_gib": 0.5, "context": 512}))
    await engine.generate(Request((Message("user", "Hi"),), Sampling(max_tokens=2)))
    print(engine._host.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_after_kill_9_of_this_side_no_process_of_vllm_is_left(smollm2: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(smollm2)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        group = int(parent.stdout.readline())
    assert group_lives(group)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until = time.monotonic() + 60
    while group_lives(group) and time.monotonic() < until:
        time.sleep(0.1)
    assert not group_lives(group)
