"""The arithmetic of memory: worked examples by hand, and its laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.engines.architecture import Architecture, architectures
from bakeoff.engines.memory import (
    BITS,
    CONTEXT_STEP,
    GIB,
    Budget,
    Dtype,
    Load,
    context_that_fits,
    footprint,
    kv_bytes,
    sequences_that_fit,
    step_values,
)

DTYPES: tuple[Dtype, ...] = ("fp32", "bf16", "fp16", "fp8", "int8", "int4")
LOAD = Load("bf16", "bf16", "bf16", context=4096, sequences=16, step_tokens=4096)
shapes = st.sampled_from(sorted(architectures())).map(architectures().__getitem__)
loads = st.builds(
    Load,
    weights=st.sampled_from(DTYPES),
    kv=st.sampled_from(("bf16", "fp8", "fp32")),
    compute=st.sampled_from(("bf16", "fp32")),
    context=st.integers(1, 200_000),
    sequences=st.integers(1, 500),
    step_tokens=st.integers(1, 16_384),
)
budgets = st.integers(0, 200 * GIB)


# ---------------------------------------------------------------- by hand


def test_qwen3_14b_part_by_part() -> None:
    shape = architectures()["qwen3-14b"]
    found = footprint(shape, LOAD)
    assert found.weights == 14_768_307_200 * 2
    assert kv_bytes(shape, "bf16") == 2 * 40 * 8 * 128 * 2 == 163_840
    assert found.kv == 163_840 * 4096 * 16
    assert step_values(shape) == 2 * 5120 + 3 * 17408
    assert found.activations == (2 * 5120 + 3 * 17408) * 4096 * 2 + 16 * 151_936 * 8
    assert found.total == found.weights + found.kv + found.activations


def test_every_head_has_keys_and_values_of_its_own_in_the_first_qwen() -> None:
    tokens = {name: kv_bytes(architectures()[name], "bf16") for name in ("qwen-14b-chat", "qwen2.5-14b-instruct")}
    assert tokens == {"qwen-14b-chat": 2 * 40 * 5120 * 2, "qwen2.5-14b-instruct": 2 * 48 * 8 * 128 * 2}


def test_quantised_are_the_matrices_only() -> None:
    shape = architectures()["qwen3-8b"]
    full, half = (footprint(shape, replace(LOAD, weights=dtype)) for dtype in ("bf16", "int8"))
    assert half.matrices * 2 == full.matrices == 2 * shape.matrices
    assert half.kept == full.kept == 2 * shape.kept
    four = footprint(shape, replace(LOAD, weights="int4"))
    assert four.matrices == shape.matrices // 128 * (128 * 4 + 16 + 4) // 8


def test_attention_may_be_the_widest() -> None:
    shape = replace(architectures()["qwen3-8b"], intermediate=128)
    assert step_values(shape) == 2 * 4096 + 2 * (32 + 8) * 128


def test_a_budget_is_a_share() -> None:
    assert Budget(1000, 0.8).bytes == 800


@pytest.mark.parametrize("field", ["context", "sequences", "step_tokens"])
def test_a_count_below_one_is_refused(field: str) -> None:
    changed: dict[str, int] = {field: 0}
    with pytest.raises(ValueError, match=f"{field} is 0"):
        footprint(architectures()["phi-2"], replace(LOAD, **changed))  # type: ignore[arg-type]


# ---------------------------------------------------------------- laws


@given(shapes, loads)
def test_more_of_anything_takes_more(shape: Architecture, load: Load) -> None:
    total = footprint(shape, load).total
    assert footprint(shape, replace(load, context=load.context + 1)).total > total
    assert footprint(shape, replace(load, sequences=load.sequences + 1)).total > total
    assert footprint(shape, replace(load, step_tokens=load.step_tokens + 1)).total > total
    for dtype in DTYPES:
        smaller = footprint(shape, replace(load, weights=dtype)).total
        assert (smaller < total) == (BITS[dtype] < BITS[load.weights])


@given(shapes, loads, budgets)
def test_so_many_sequences_fit_and_not_one_more(shape: Architecture, load: Load, budget: int) -> None:
    most = sequences_that_fit(shape, load, budget)
    if most:
        assert footprint(shape, replace(load, sequences=most)).total <= budget
    assert footprint(shape, replace(load, sequences=most + 1)).total > budget


@given(shapes, loads, budgets)
def test_so_long_a_context_fits_and_not_one_step_more(shape: Architecture, load: Load, budget: int) -> None:
    longest = context_that_fits(shape, load, budget)
    assert longest % CONTEXT_STEP == 0
    if longest:
        assert footprint(shape, replace(load, context=longest)).total <= budget
    if longest + CONTEXT_STEP <= shape.positions:
        assert footprint(shape, replace(load, context=longest + CONTEXT_STEP)).total > budget
