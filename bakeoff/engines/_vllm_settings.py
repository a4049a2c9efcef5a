"""The settings of engine 'vllm', checked, and what they come to on this machine.

Words that all engines share are ours (`context`, `batch`, `dtype`, …); what only vLLM has keeps vLLM's name and is
handed on. vLLM's names for ours are understood, too. Nothing here imports vLLM or touches a GPU. Example:

    settings = checked(EngineConfig(name="models/qwen", args={"dtype": "bf16", "tensor_parallel_size": 2}))
    settings.handed["tensor_parallel_size"]      # 2

Source: https://docs.vllm.ai/en/stable/configuration/engine_args.html.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import EngineConfig

Value = bool | int | float | str

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}  # ours, and vLLM's
SYNONYMS = {"max_model_len": "context", "max_num_seqs": "batch", "max_num_batched_tokens": "step_tokens"}
GUIDES = ("json_schema", "regex", "grammar", "choice")

# name: default, least, most. 0 and "" leave it to vLLM.
_COUNTS: dict[str, tuple[int, int, int]] = {
    "context": (0, 0, 1 << 24),
    "batch": (32, 1, 1 << 16),
    "step_tokens": (0, 0, 1 << 24),
    "threads": (0, 0, 1024),
    "tensor_parallel_size": (1, 1, 1024),
    "pipeline_parallel_size": (1, 1, 1024),
    "data_parallel_size": (1, 1, 1024),
    "block_size": (0, 0, 1024),
    "seed": (0, 0, 1 << 31),
}
_PARTS: dict[str, tuple[float, float, float]] = {
    "gpu_memory_utilization": (0.8, 0.01, 1.0),
    "kv_gib": (0.0, 0.0, 1e6),
    "cpu_offload_gb": (0.0, 0.0, 1e6),
}
_SWITCHES: dict[str, bool] = {
    "dummy": False,
    "enforce_eager": False,
    "enable_prefix_caching": True,
    "enable_chunked_prefill": True,
}
_TEXTS: dict[str, str] = {
    "preset": "",
    "revision": "",
    "quantization": "",
    "kv_cache_dtype": "",
    "attention_backend": "",
    "speculative_config": "",
    **dict.fromkeys(GUIDES, ""),
}
KNOWN = ("dtype", *_COUNTS, *_PARTS, *_SWITCHES, *_TEXTS)
# Handed to vLLM under the same name where they are not left to it.
HANDED = (
    "tensor_parallel_size",
    "pipeline_parallel_size",
    "data_parallel_size",
    "block_size",
    "gpu_memory_utilization",
    "cpu_offload_gb",
    "enforce_eager",
    "enable_prefix_caching",
    "enable_chunked_prefill",
    "quantization",
    "kv_cache_dtype",
    "attention_backend",
)
# How much at once and where, and not what: they are no part of a model's identity.
CAPACITY = frozenset({"data_parallel_size", "gpu_memory_utilization", "cpu_offload_gb", "enable_chunked_prefill"})


@dataclass(frozen=True, slots=True)
class VllmSettings:
    """How a model is loaded and asked.

    `batch` sequences at once, `step_tokens` computed at once (0: vLLM's own number), `context` tokens of one
    sequence (0: what the model was made for), `kv_gib` GiB of KV cache (0: what `gpu_memory_utilization` leaves,
    on a CPU 1). `guide`: what every reply has to be, by kind. `handed`: vLLM's own arguments. `named`: the settings
    that somebody named, and which therefore win over a preset of the device.
    """

    dtype: str
    context: int
    batch: int
    step_tokens: int
    threads: int
    kv_gib: float
    revision: str
    dummy: bool
    preset: str
    guide: tuple[str, str]
    speculative: str
    handed: Mapping[str, Value]
    named: frozenset[str]


def checked(config: EngineConfig) -> VllmSettings:
    """The settings with their defaults. Raises ConfigInvalid."""
    given = {SYNONYMS.get(name, name): value for name, value in {**config.settings, **config.args}.items()}
    for name in given:
        if name not in KNOWN:
            raise ConfigInvalid(f"engine 'vllm' has no setting '{name}'", _nearest(name))
    values = {name: _value(name, given) for name in KNOWN}
    guides = [(kind, str(values[kind])) for kind in GUIDES if values[kind]]
    if len(guides) > 1:
        raise ConfigInvalid(
            f"replies cannot follow '{guides[0][0]}' and '{guides[1][0]}' at once", "leave one of them out"
        )
    _check_json("json_schema", values["json_schema"])
    _check_json("speculative_config", values["speculative_config"])
    return VllmSettings(
        dtype=_one_of(given),
        context=int(values["context"]),
        batch=int(values["batch"]),
        step_tokens=int(values["step_tokens"]),
        threads=int(values["threads"]) or cores(),
        kv_gib=float(values["kv_gib"]),
        revision=str(values["revision"] or config.revision),
        dummy=bool(values["dummy"]),
        preset=str(values["preset"]),
        guide=guides[0] if guides else ("", ""),
        speculative=str(values["speculative_config"]),
        handed={name: values[name] for name in HANDED if _says(name, values[name], name in given)},
        named=frozenset(given),
    )


def _says(name: str, value: Value, given: bool) -> bool:
    """Whether a setting says more than that vLLM may do as it likes."""
    if isinstance(value, bool):
        return value or given
    return bool(value) and not (name.endswith("_parallel_size") and value == 1)


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, [*KNOWN, *SYNONYMS], n=1, cutoff=0.5)
    known = f"known: {', '.join(KNOWN)}"
    return f"did you mean '{near[0]}'? {known}" if near else known


def _value(name: str, given: Mapping[str, Value]) -> Value:
    if name in _COUNTS:
        default, low, high = _COUNTS[name]
        value = given.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _refused(name, value, f"give a whole number from {low} to {high}")
        return value
    if name in _PARTS:
        part, least, most = _PARTS[name]
        value = given.get(name, part)
        if isinstance(value, bool | str) or not least <= value <= most:
            raise _refused(name, value, f"give a number from {least:g} to {most:g}")
        return float(value)
    if name in _SWITCHES:
        value = given.get(name, _SWITCHES[name])
        if not isinstance(value, bool):
            raise _refused(name, value, "write true or false")
        return value
    value = given.get(name, _TEXTS.get(name, "auto"))
    if not isinstance(value, str):
        raise _refused(name, value, "give a text")
    return value


def _one_of(given: Mapping[str, Value]) -> str:
    value = given.get("dtype", "auto")
    if value != "auto" and value not in DTYPES:
        raise _refused("dtype", value, f"known: auto, {', '.join(DTYPES)}")
    return str(value)


def _check_json(name: str, text: Value) -> None:
    if not text:
        return
    try:
        found = json.loads(str(text))
    except ValueError as error:
        raise ConfigInvalid(f"setting '{name}' is no JSON ({error})", "give it as one JSON object") from None
    if not isinstance(found, dict):
        raise ConfigInvalid(f"setting '{name}' is no JSON object", "write it as {…}")


def _refused(name: str, value: object, hint: str) -> ConfigInvalid:
    return ConfigInvalid(f"setting '{name}' cannot be {value!r}", hint)


def cores() -> int:
    """All cores this process may use but one: threads wait for each other after every layer."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable - 1)
