"""The device the fake engine pretends to have: a queue, a speed, a prefix cache, and what it stood idle."""

from __future__ import annotations

import asyncio

import pytest

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Completion, Message, Request
from bakeoff.engines._fake_device import Device
from bakeoff.engines.fake import Fake
from tests.runner.fakes import in_no_time


def test_calls_are_served_in_the_order_they_came() -> None:
    device = Device(2, token_s=1.0, prompt_token_s=0.0, cached=False)
    ends = [device.serve(0.0, "", 4).end for _ in range(5)]
    assert ends == [4.0, 4.0, 8.0, 8.0, 12.0]
    assert device.idle_share == 0.0


def test_what_is_idle_is_what_its_callers_left_it() -> None:
    device = Device(1, token_s=1.0, prompt_token_s=0.0, cached=False)
    device.serve(0.0, "", 4)
    late = device.serve(6.0, "", 4)  # 2 seconds with nothing to do
    waiting = device.serve(6.5, "", 2)
    assert (late.start, waiting.start) == (6.0, 10.0)
    assert device.idle_share == pytest.approx(2 / 12)
    assert Device(1, 1.0, 0.0, False).idle_share is None


def test_a_prefix_is_read_once_while_a_slot_holds_it() -> None:
    device = Device(1, token_s=0.0, prompt_token_s=1.0, cached=True)
    context, other = "a" * 400, "b" * 400
    hits = [device.serve(0.0, prompt, 1).cached_tokens for prompt in (context + "1", context + "2", other, context)]
    assert hits == [0, 100, 0, 0]
    wide = Device(2, token_s=0.0, prompt_token_s=1.0, cached=True)
    assert [wide.serve(0.0, prompt, 1).cached_tokens for prompt in (context, other, context + "x")] == [0, 0, 100]


def test_reading_takes_as_long_as_what_is_not_cached() -> None:
    device = Device(1, token_s=0.0, prompt_token_s=1.0, cached=True)
    first, again = device.serve(0.0, "a" * 400, 1), device.serve(200.0, "a" * 400 + "b" * 40, 1)
    assert first.first - first.start == 101
    assert again.first - again.start == 11


def test_the_fake_engine_says_what_the_device_did() -> None:
    engine = Fake(EngineConfig("a", args={"slots": 1, "decode_s": 0.5, "prefill_s": 0.1, "prompt_cache": True}))

    async def two() -> list[Completion]:
        asked = [Request((Message("user", "x" * 400 + f" {i}"),), oracle=("42",)) for i in range(2)]
        return list(await asyncio.gather(*(engine.generate(request) for request in asked)))

    first, second = in_no_time(two())
    assert (first.queue_s, first.cached_tokens, second.cached_tokens) == (0.0, 0, 100)
    assert second.queue_s > 10
    assert second.first_token_s is not None and second.first_token_s < 1.0
    assert engine.limits.prefix_cache == "slot" and engine.limits.in_process and engine.limits.max_concurrency == 2


def test_the_device_is_no_part_of_what_answers() -> None:
    plain, slow = Fake(EngineConfig("a")), Fake(EngineConfig("a", args={"slots": 4, "decode_s": 0.1}))
    assert plain.identity == slow.identity
    assert not plain.limits.in_process


@pytest.mark.parametrize(("args", "words"), [({"slots": 0.5}, "whole number"), ({"slots": 5000}, "whole number")])
def test_slots_that_are_none_are_refused(args: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        Fake(EngineConfig("a", args=args))
