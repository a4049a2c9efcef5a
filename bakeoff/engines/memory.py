"""The memory that a model takes while it answers: weights + KV cache + activations, counted from its shape.

Nothing is measured here and no GPU is asked: these are the sizes of the tensors that an engine has to hold.
What is not a tensor (the driver's context, kernels, fragmentation) is not in the sum: it lives in the part of
the card that `Budget.share` leaves free. Example:

    shape = architectures()["qwen3-14b"]
    load = Load(weights="bf16", kv="bf16", compute="bf16", context=4096, sequences=16, step_tokens=4096)
    footprint(shape, load).total / GIB                           # 38.0 GiB
    sequences_that_fit(shape, load, budget=int(63.7 * GIB))      # 57

- Weights: matrices of the layers in the type asked for, the rest (embedding, output matrix, norms) in 16 bits, as
  AWQ, GPTQ, FP8 and LLM.int8() checkpoints keep them. int4 has a 16-bit scale and a 4-bit zero for each group of
  128 weights (Lin et al. 2024, AWQ; Frantar et al. 2023, GPTQ). Scales of fp8 and int8, one a row, are not counted.
- KV cache: 2 × layers × KV heads × head size for each token (Shazeer 2019; Ainslie et al. 2023). Layers that look at
  a window only (Gemma, Phi-3) are counted in full: an upper bound, which engines with one cache for all layers reach.
- Activations: the widest moment of one layer over the tokens of one step: residual, normed input, and the gate, up
  and product of the feed-forward part (or queries, keys, values and the output of attention, where that is wider);
  and the logits of one token of each sequence in fp32 with a second copy for sampling. Attention in tiles (flash
  attention, Dao et al. 2022, or torch's memory-efficient kernel) holds no square of the context.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from bakeoff.engines.architecture import Architecture

Dtype = Literal["fp32", "bf16", "fp16", "fp8", "int8", "int4"]
GIB = 1 << 30
GROUP = 128  # weights that share a scale and a zero in int4
BITS: dict[str, float] = {"fp32": 32, "bf16": 16, "fp16": 16, "fp8": 8, "int8": 8, "int4": 4 + (16 + 4) / GROUP}
CONTEXT_STEP = 256  # contexts are proposed in steps of so many tokens
LOGIT_BYTES = 8  # fp32, twice


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of an engine. `context` is tokens of one sequence, prompt and reply; `step_tokens` those that
    are computed at once. `weights` and `kv` are stored in these types, `compute` is the type of activations."""

    weights: Dtype
    kv: Dtype
    compute: Dtype
    context: int
    sequences: int
    step_tokens: int


@dataclass(frozen=True, slots=True)
class Budget:
    """Memory of a device in bytes, and the share of it (0 to 1) that may be filled."""

    memory: int
    share: float

    @property
    def bytes(self) -> int:
        return int(self.memory * self.share)


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes, part by part."""

    matrices: int
    kept: int
    kv: int
    step: int
    logits: int

    @property
    def weights(self) -> int:
        return self.matrices + self.kept

    @property
    def activations(self) -> int:
        return self.step + self.logits

    @property
    def total(self) -> int:
        return self.weights + self.kv + self.activations


def footprint(shape: Architecture, load: Load) -> Footprint:
    """Bytes of a load. Raises ValueError for counts below 1."""
    for name in ("context", "sequences", "step_tokens"):
        if getattr(load, name) < 1:
            raise ValueError(f"{name} is {getattr(load, name)}, and has to be at least 1")
    return Footprint(
        matrices=_bytes(shape.matrices, load.weights),
        kept=_bytes(shape.kept, load.compute),
        kv=kv_bytes(shape, load.kv) * load.context * load.sequences,
        step=_bytes(step_values(shape) * load.step_tokens, load.compute),
        logits=shape.vocabulary * LOGIT_BYTES * load.sequences,
    )


def kv_bytes(shape: Architecture, dtype: Dtype) -> int:
    """Bytes of one token in the KV cache, over all layers."""
    return _bytes(2 * shape.layers * shape.kv_heads * shape.head_dim, dtype)


def step_values(shape: Architecture) -> int:
    """Values that one token of a step holds where a layer is widest."""
    feed_forward = 2 * shape.hidden + shape.mlp_matrices * shape.intermediate
    attention = 2 * shape.hidden + 2 * (shape.heads + shape.kv_heads) * shape.head_dim
    return max(feed_forward, attention)


def sequences_that_fit(shape: Architecture, load: Load, budget: int) -> int:
    """The most sequences at the load's context within `budget` bytes; 0 where not even one fits."""
    one = footprint(shape, replace(load, sequences=1))
    each = one.kv + one.logits
    return max(0, (budget - (one.total - each)) // each)


def context_that_fits(shape: Architecture, load: Load, budget: int) -> int:
    """The longest context, in steps of 256 tokens, at the load's sequences within `budget` bytes.

    At most the positions that the model was made for; 0 where not even one step fits.
    """
    least = footprint(shape, replace(load, context=1))
    room = (budget - (least.total - least.kv)) // least.kv
    return max(0, min(room, shape.positions) // CONTEXT_STEP * CONTEXT_STEP)


def _bytes(values: int, dtype: Dtype) -> int:
    return int(-(-values * BITS[dtype] // 8))
