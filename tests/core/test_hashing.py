"""Content keys, orders, seeds and packing: what they depend on, and values that must never change."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.hashing import (
    KEY_BYTES,
    content_key,
    derive_seed,
    digest,
    exchange,
    identity_digest,
    order_key,
    pack,
    text_digest,
    unpack,
)
from bakeoff.core.types import Message, ModelIdentity, Request, Sampling

LIGHT = settings(deadline=None, database=None, max_examples=40)
IDENTITY = ModelIdentity("openai_compatible", "qwen3", "r1", "chat", "http://127.0.0.1:8000/v1", "")
MESSAGES = (Message("system", "Be brief."), Message("user", "2 + 2?"))
REQUEST = Request(MESSAGES, Sampling(0.0, 512), 0)
FULL = Sampling(temperature=0.7, max_tokens=64, top_p=0.9, stop=("\nQuestion:",), seed=11, logprobs=3)


class TestContentKey:
    @pytest.mark.parametrize("name", [field.name for field in fields(ModelIdentity)])
    def test_every_part_of_the_identity_counts(self, name: str) -> None:
        assert content_key(replace(IDENTITY, **{name: "other"}), REQUEST) != content_key(IDENTITY, REQUEST)

    @pytest.mark.parametrize(
        "sampling",
        [
            replace(FULL, temperature=0.8),
            replace(FULL, max_tokens=65),
            replace(FULL, top_p=None),
            replace(FULL, top_p=0.8),
            replace(FULL, stop=()),
            replace(FULL, stop=("\n", "Question:")),
            replace(FULL, seed=None),
            replace(FULL, seed=12),
            replace(FULL, logprobs=None),
            replace(FULL, logprobs=0),
        ],
    )
    def test_every_sampling_parameter_counts(self, sampling: Sampling) -> None:
        assert content_key(IDENTITY, replace(REQUEST, sampling=sampling)) != content_key(
            IDENTITY, replace(REQUEST, sampling=FULL)
        )

    @pytest.mark.parametrize(
        "messages",
        [
            (Message("user", "2 + 2?"),),
            (Message("user", "Be brief."), Message("user", "2 + 2?")),
            (Message("system", "Be brief.2 + 2?"),),
            (Message("system", "Be brief."), Message("user", "2 + 2? ")),
            (Message("user", "2 + 2?"), Message("system", "Be brief.")),
        ],
    )
    def test_every_message_counts(self, messages: tuple[Message, ...]) -> None:
        assert content_key(IDENTITY, replace(REQUEST, messages=messages)) != content_key(IDENTITY, REQUEST)

    def test_every_repeat_is_another_call(self) -> None:
        assert len({content_key(IDENTITY, replace(REQUEST, repeat=i)) for i in range(300)}) == 300

    def test_the_oracle_does_not_count(self) -> None:
        assert content_key(IDENTITY, replace(REQUEST, oracle=("4", "5"))) == content_key(IDENTITY, REQUEST)

    def test_equal_requests_have_equal_keys(self) -> None:
        """0 and 0.0 are one temperature, whichever came first."""
        whole, broken = Sampling(temperature=0, top_p=1), Sampling(temperature=0.0, top_p=1.0)
        first = content_key(IDENTITY, replace(REQUEST, sampling=whole))
        content_key.__globals__["_sampling_bytes"].cache_clear()
        assert content_key(IDENTITY, replace(REQUEST, sampling=broken)) == first

    def test_an_identity_without_a_part_is_not_one_with_it_elsewhere(self) -> None:
        one, other = ModelIdentity("e", "n", revision="x"), ModelIdentity("e", "n", template="x")
        assert identity_digest(one) != identity_digest(other)
        assert content_key(one, REQUEST) != content_key(other, REQUEST)

    @LIGHT
    @given(st.lists(st.text(max_size=20), min_size=1, max_size=4), st.lists(st.text(max_size=20), max_size=4))
    def test_no_two_conversations_share_a_key(self, one: list[str], other: list[str]) -> None:
        keys = [
            content_key(IDENTITY, Request(tuple(Message("user", text) for text in texts))) for texts in (one, other)
        ]
        assert len(keys[0]) == KEY_BYTES
        assert (keys[0] == keys[1]) == (one == other)


class TestGoldenValues:
    """If one of these fails, stored answers would be paid for again: change the code back."""

    def test_content_keys(self) -> None:
        assert content_key(IDENTITY, REQUEST).hex() == "05983523c1b3c629ee53a45c64a107c0"
        full = Request(MESSAGES, FULL, 2)
        assert content_key(IDENTITY, full).hex() == "fb3380c1ffdd4c0013531672631440c5"

    def test_digests_orders_and_seeds(self) -> None:
        assert identity_digest(IDENTITY) == "f6563dfbcc1b0a81"
        assert text_digest("2 + 2?") == "485a0cd90586969e"
        assert digest({"b": 1, "a": [None, True, "ü"]}) == "4407cfac0612644876ad3e7c7caf4735"
        assert order_key(7, "gsm8k", "sample-1") == 8916320602116497641
        assert derive_seed(7, "shots", "gsm8k", "sample-1") == 1580340007

    def test_a_packed_exchange_of_the_past_can_be_read(self) -> None:
        blob = bytes.fromhex("c3eaf0c2f2d43c631caec7709e9182b682913d712e42b39ab2c83251c29270a0f1515b0b00")
        assert orjson.loads(unpack(blob)) == {
            "request": {
                "model": "qwen3",
                "messages": [{"role": "user", "content": "2 + 2?"}],
                "temperature": 0.0,
                "max_tokens": 512,
            },
            "response": {
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "4"}, "finish_reason": "stop"}]
            },
        }


class TestOrder:
    @LIGHT
    @given(st.integers(0, 2**63 - 1), st.sets(st.text(max_size=10), min_size=2, max_size=30), st.data())
    def test_a_smaller_limit_is_part_of_a_larger_one(self, seed: int, ids: set[str], data: st.DataObject) -> None:
        listed = data.draw(st.permutations(sorted(ids)))
        order = sorted(ids, key=lambda name: order_key(seed, "b", name))
        for limit in range(1, len(ids)):
            small = sorted(listed, key=lambda name: order_key(seed, "b", name))[:limit]
            assert small == order[:limit]

    @LIGHT
    @given(st.integers(0, 2**31), st.sets(st.text(max_size=10), min_size=3, max_size=20))
    def test_an_item_added_leaves_the_others_in_their_order(self, seed: int, ids: set[str]) -> None:
        *rest, _ = names = sorted(ids)
        order = sorted(names, key=lambda name: order_key(seed, "b", name))
        assert [name for name in order if name in rest] == sorted(rest, key=lambda name: order_key(seed, "b", name))

    def test_seed_benchmark_and_sample_all_count(self) -> None:
        assert (
            len({order_key(1, "b", "s"), order_key(2, "b", "s"), order_key(1, "c", "s"), order_key(1, "b", "t")}) == 4
        )

    def test_the_shuffle_is_fair(self) -> None:
        """Each of 10 items is first in about a tenth of 2,000 seeds: five standard deviations."""
        firsts = [min(range(10), key=lambda i: order_key(seed, "b", str(i))) for seed in range(2000)]
        for item in range(10):
            assert abs(firsts.count(item) - 200) < 5 * math.sqrt(2000 * 0.1 * 0.9)


class TestSeeds:
    @LIGHT
    @given(st.integers(0, 2**63), st.text(max_size=10), st.integers(0, 1000))
    def test_are_31_bits_and_the_same_each_time(self, seed: int, purpose: str, repeat: int) -> None:
        found = derive_seed(seed, purpose, repeat)
        assert 0 <= found < 2**31
        assert found == derive_seed(seed, purpose, repeat)

    def test_differ_by_purpose(self) -> None:
        assert len({derive_seed(7, "shots", "b", str(i)) for i in range(1000)}) == 1000


class TestDigest:
    def test_the_order_of_keys_does_not_count(self) -> None:
        assert digest({"a": 1, "b": {"c": 2, "d": 3}}) == digest({"b": {"d": 3, "c": 2}, "a": 1})

    def test_the_order_of_a_list_counts(self) -> None:
        assert digest([1, 2]) != digest([2, 1])


class TestPacking:
    @LIGHT
    @given(st.binary(max_size=500))
    def test_what_is_packed_comes_back(self, raw: bytes) -> None:
        assert unpack(pack(raw)) == raw

    def test_an_exchange_is_json_even_without_its_halves(self) -> None:
        assert orjson.loads(exchange(b'{"a":1}', b"[2]")) == {"request": {"a": 1}, "response": [2]}
        assert orjson.loads(exchange(b"", b"")) == {"request": None, "response": None}

    def test_a_common_exchange_becomes_small(self) -> None:
        request = (
            b'{"model":"qwen3","messages":[{"role":"user","content":"2 + 2?"}],"temperature":0.0,"max_tokens":512}'
        )
        response = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"4"},"finish_reason":"stop"}]}'
        raw = exchange(request, response)
        assert len(pack(raw)) < len(raw) / 3
