"""Presets on devices: the 18 combinations resolve, and what a device cannot do is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.engines.architecture import architectures
from bakeoff.engines.memory import GIB, Budget
from bakeoff.engines.presets import (
    DTYPES,
    PRESETS,
    Asked,
    about,
    cards,
    check_dtype,
    check_preset,
    find_card,
    resolve,
    wish,
    wish_of,
)

QWEN = ("qwen3-8b", "qwen3-14b", "qwen2.5-7b-instruct", "qwen2.5-14b-instruct", "qwen-7b-chat", "qwen-14b-chat")
LARGE = ("h200", "a100-80", "h100", "a100-40", "3090", "4090", "l4", "t4")
ROW: dict[str, Any] = {"weights": "native", "kv": "native", "context": 64, "sequences": [1, 2], "step_tokens": 8}


@pytest.mark.parametrize("card", LARGE)
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("model", QWEN)
def test_six_models_under_three_presets_fit_every_card_from_16_gb(model: str, preset: str, card: str) -> None:
    found = find_card(card)
    assert found.memory is not None
    resolved = resolve(architectures()[model], preset, found, Budget(found.memory, 0.8))
    assert resolved.fits
    assert resolved.footprint.total <= 0.8 * found.memory
    least, most = wish(preset, found).sequences
    assert least <= resolved.load.sequences <= most
    assert resolved.load.context <= architectures()[model].positions


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("model", QWEN)
def test_none_of_them_fits_4_gb_and_a_small_model_does(model: str, preset: str) -> None:
    card = find_card("gtx1650")
    budget = Budget(card.memory or 0, 0.8)
    assert not resolve(architectures()[model], preset, card, budget).fits
    assert resolve(architectures()["smollm2-135m"], preset, card, budget).fits


@pytest.mark.parametrize("card", sorted(cards()))
def test_a_preset_asks_a_device_for_what_it_computes(card: str) -> None:
    found = find_card(card)
    for preset in PRESETS:
        asked = wish(preset, found)
        assert found.computes(asked.weights)
        assert found.computes(asked.kv)


@pytest.mark.parametrize("model", QWEN)
@pytest.mark.parametrize("card", LARGE)
def test_memory_optimized_takes_the_least(card: str, model: str) -> None:
    found = find_card(card)
    budget = Budget(found.memory or 0, 0.8)
    totals = [resolve(architectures()[model], preset, found, budget).footprint.total for preset in PRESETS]
    assert totals[0] == min(totals)


def test_what_a_card_computes_in() -> None:
    able = {name: {dtype for dtype in DTYPES if card.computes(dtype)} for name, card in cards().items()}
    everywhere = {"fp32", "fp16", "int8", "int4"}
    assert able["t4"] == able["gtx1650"] == everywhere
    assert able["a100-80"] == able["3090"] == able["cpu"] == everywhere | {"bf16"}
    assert able["h100"] == able["l4"] == able["4090"] == set(DTYPES)
    assert (find_card("t4").native, find_card("t4").flash_attention) == ("fp16", False)
    assert (find_card("h100").native, find_card("h100").flash_attention) == ("bf16", True)


@pytest.mark.parametrize(
    ("written", "card"), [("H100", "h100"), ("a100_40", "a100-40"), ("RTX-4090", "4090"), ("gtx 1650", "gtx1650")]
)
def test_a_card_is_found_however_it_is_written(written: str, card: str) -> None:
    assert find_card(written).id == card


def test_an_unknown_name_is_answered_with_all_that_there_are() -> None:
    with pytest.raises(UnknownName) as gpu:
        find_card("rtx9999")
    assert all(name in str(gpu.value) for name in cards()) and "--help" not in str(gpu.value)
    with pytest.raises(UnknownName, match="it has to be one of memory_optimized, balanced, performance"):
        check_preset("turbo")


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown GPU 'h10': did you mean 'h100'"):
        find_card("h10")
    with pytest.raises(UnknownName, match="did you mean 'performance'"):
        check_preset("perform")
    with pytest.raises(UnknownName, match="unknown dtype 'int5': did you mean 'int"):
        check_dtype("int5", find_card("h100"))
    assert check_dtype("BF16", find_card("h100")) == "bf16"
    assert check_preset("memory-optimized") == "memory_optimized"
    assert "4-bit" in about("memory_optimized")


@pytest.mark.parametrize(("dtype", "card"), [("bf16", "t4"), ("fp8", "a100-80"), ("fp8", "cpu"), ("bf16", "gtx1650")])
def test_a_type_that_a_device_does_not_compute_in_is_refused(dtype: str, card: str) -> None:
    shape, found = architectures()["phi-2"], find_card(card)
    with pytest.raises(ConfigInvalid, match=rf"does not compute in '{dtype}' .*use one of .*int4"):
        resolve(shape, "balanced", found, Budget(GIB, 0.8), Asked(dtype=dtype))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(context=0), "--context 0 is out of range"),
        (Asked(concurrency=0), "--concurrency 0 is out of range"),
        (Asked(concurrency=1 << 40), "out of range"),
        (Asked(context=2049), "more than the 2,048 positions"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(asked: Asked, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        resolve(architectures()["phi-2"], "balanced", find_card("h100"), Budget(GIB, 0.8), asked)


@given(
    st.sampled_from(sorted(architectures())),
    st.sampled_from(PRESETS),
    st.sampled_from(sorted(cards())),
    st.integers(1, 300),
    st.none() | st.integers(1, 2048),
    st.none() | st.integers(1, 200),
)
def test_what_is_asked_is_not_bent(
    model: str, preset: str, card: str, memory: int, context: int | None, concurrency: int | None
) -> None:
    shape, found = architectures()[model], find_card(card)
    resolved = resolve(shape, preset, found, Budget(memory * GIB, 0.8), Asked(context, concurrency))
    assert context is None or resolved.load.context == context
    assert concurrency is None or resolved.load.sequences == concurrency
    assert resolved.fits == (resolved.most >= resolved.least)
    assert resolved.clipped == (context is None and wish(preset, found).context > shape.positions)


@pytest.mark.parametrize(
    "row",
    [
        {**ROW, "colour": "red"},
        {name: value for name, value in ROW.items() if name != "kv"},
        {**ROW, "weights": "int5"},
        {**ROW, "weights": "fp8"},
        {**ROW, "sequences": [3, 2]},
        {**ROW, "sequences": [0, 2]},
        {**ROW, "context": 0},
    ],
)
def test_a_row_that_is_wrong_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises((ConfigInvalid, UnknownName)):
        wish_of("m", row, find_card("t4"))
    assert wish_of("m", ROW, find_card("t4")).weights == "fp16"
