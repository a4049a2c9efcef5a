"""Optimisations by name: read from their label, refused where an engine has them not, kept apart in the store."""

from __future__ import annotations

import asyncio

import pytest

from bakeoff.core.errors import BadRequest, ConfigInvalid, UnknownName
from bakeoff.core.hashing import content_key
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Completion, Message, Request
from bakeoff.engines._optimised import FromStore, Optimised
from bakeoff.engines.fake import Fake
from bakeoff.engines.llama_cpp import _DEFAULTS as LLAMA
from bakeoff.engines.optimisations import asked, canonical, had_by, optimisations, usual_for

ASKED = Request((Message("user", "2 + 2?"),), oracle=("4",))


@pytest.mark.parametrize("engine", ["fake", "llama_cpp", "transformers", "openai_compatible", "anthropic", "vllm"])
def test_every_engine_has_the_yardstick_and_what_the_file_says(engine: str) -> None:
    for name in had_by(engine):
        one = optimisations()[name]
        label = f"{name}:{one.usual}" if one.number else name
        found = asked(label, engine)
        assert found.label == label
    assert asked("sequential", engine).calls == 1
    assert asked("response_cache", engine).from_store


def test_a_label_adds_one_thing_to_the_yardstick() -> None:
    both = asked("batched:8+prefix_cache", "llama_cpp")
    assert both.settings == {"slots": 8, "prompt_cache": True, "draft": ""}
    assert both.calls is None
    assert asked("prefix_cache", "llama_cpp").calls == 1
    assert asked("batched:8", "openai_compatible").calls == 8
    guessed = asked("speculative:5", "vllm").settings["speculative_config"]
    assert '"num_speculative_tokens": 5' in str(guessed)


def test_what_an_engine_has_not_is_refused_with_what_it_has() -> None:
    with pytest.raises(ConfigInvalid) as told:
        asked("speculative", "transformers")
    assert str(told.value) == (
        "engine 'transformers' has no optimisation 'speculative': it has: sequential, batched, response_cache"
    )


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("batched:one", "no number of calls at once"),
        ("batched:1", "no number of calls at once"),
        ("sequential:4", "takes no number"),
        ("batched:4+batched:8", "twice"),
        ("sequential+batched:8", "stands alone"),
        ("response_cache+batched:8", "stands alone"),
    ],
)
def test_labels_that_say_nothing_are_refused(label: str, words: str) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        canonical(label)


def test_a_mistyped_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean"):
        canonical("batch:8")


def test_a_label_is_written_in_one_way() -> None:
    assert canonical("prefix-cache+batched") == "batched:8+prefix_cache"
    assert canonical("speculative:3") == "speculative:3"


def test_usual_labels_are_what_the_engine_has() -> None:
    assert usual_for("transformers") == ["sequential", "batched:4", "batched:16", "response_cache"]
    assert all(asked(label, "llama_cpp") for label in usual_for("llama_cpp"))


def test_settings_of_the_file_are_settings_of_the_engine() -> None:
    named = {name for label in usual_for("llama_cpp") for name in asked(label, "llama_cpp").settings}
    assert named <= set(LLAMA)
    for label in usual_for("fake"):
        Fake(EngineConfig("a", args=asked(label, "fake").settings))


def test_an_optimised_engine_has_keys_of_its_own_and_says_the_same() -> None:
    plain = Fake(EngineConfig("a"))
    measured = Optimised(Fake(EngineConfig("a")), "batched:8#1", asked("batched:8", "fake"))
    assert content_key(plain.identity, ASKED) != content_key(measured.identity, ASKED)
    assert asyncio.run(plain.generate(ASKED)).text == asyncio.run(measured.generate(ASKED)).text


def test_replies_from_the_store_are_those_of_the_yardstick() -> None:
    yardstick = Optimised(Fake(EngineConfig("a")), "sequential#1", asked("sequential", "fake"))
    stored = asyncio.run(yardstick.generate(ASKED))
    kept = {content_key(yardstick.identity, ASKED): stored}
    engine = FromStore(yardstick, "response_cache#1")

    async def find(key: bytes) -> Completion | None:
        return kept.get(key)

    with pytest.raises(BadRequest, match="nothing is stored"):
        asyncio.run(engine.generate(ASKED))
    engine.connect(find)
    found = asyncio.run(engine.generate(ASKED))
    assert (found.text, found.output_tokens, found.cached) == (stored.text, stored.output_tokens, False)
    assert found.first_token_s is not None and b'"stored"' in found.raw
    with pytest.raises(BadRequest):
        asyncio.run(engine.generate(Request((Message("user", "another"),))))
