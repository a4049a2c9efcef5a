"""A model of the library in memory: loaded, asked for a forward pass, let go for certain.

Sequences of different lengths are put into one batch with padding on the left, so that the last
tokens of all stand in one column: the next token of each, and the continuations to be scored, are
there. Positions count from the first real token. Example:

    network = load(place, settings, used)
    logits = network.forward([[1, 2, 3], [7]], keep=1).logits    # 2 × 1 × vocabulary

Sources: https://huggingface.co/docs/transformers/llm_tutorial (left padding) and
https://docs.pytorch.org/docs/stable/notes/cuda.html#memory-management.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Sequence
from typing import Any

from bakeoff.core.errors import EndpointWrong, EngineError
from bakeoff.engines._release import give_back
from bakeoff.engines._transformers_files import Place, fetch
from bakeoff.engines._transformers_settings import DTYPES, TransformersSettings, Used

_SHORT = ("can't allocate memory", "out of memory", "cannot allocate memory", "cublas_status_alloc_failed")


class Network:
    """A model, and what its forward pass takes: not all take positions, or give the last logits alone."""

    def __init__(self, model: Any, device: str) -> None:
        self.model = model
        self.device = device
        self._takes = frozenset(inspect.signature(model.forward).parameters)

    def forward(self, sequences: Sequence[Sequence[int]], keep: int, cached: bool = False) -> Step:
        """The logits of the last `keep` tokens of each sequence; with `cached` so that tokens can follow."""
        torch = importlib.import_module("torch")
        width = max(map(len, sequences))
        tokens = torch.zeros(len(sequences), width, dtype=torch.long)
        mask = torch.zeros(len(sequences), width, dtype=torch.long)
        for row, sequence in enumerate(sequences):
            tokens[row, width - len(sequence) :] = torch.tensor(sequence, dtype=torch.long)
            mask[row, width - len(sequence) :] = 1
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        return self._ask(tokens, mask, positions, None, keep, cached)

    def follow(self, step: Step, tokens: Sequence[int], rows: Sequence[int]) -> Step:
        """One more token for each of the `rows` of the last step that go on; the others are dropped."""
        torch = importlib.import_module("torch")
        mask, cache = step.mask, step.cache
        if len(rows) < mask.shape[0]:
            kept = torch.tensor(rows, dtype=torch.long)
            mask = mask[kept]
            cache.batch_select_indices(kept)
        mask = torch.cat([mask, torch.ones(len(rows), 1, dtype=torch.long)], dim=1)
        positions = (mask.sum(-1, keepdim=True) - 1).clamp(min=0)
        return self._ask(torch.tensor(tokens, dtype=torch.long)[:, None], mask, positions, cache, 1, True)

    def _ask(self, tokens: Any, mask: Any, positions: Any, cache: Any, keep: int, cached: bool) -> Step:
        device = self.model.device
        given = {"input_ids": tokens.to(device), "attention_mask": mask.to(device), "use_cache": cached}
        if "position_ids" in self._takes:
            given["position_ids"] = positions.to(device)
        if "logits_to_keep" in self._takes:
            given["logits_to_keep"] = keep
        if cache is not None:
            given["past_key_values"] = cache
        said = self.model(**given)
        return Step(said.logits[:, -keep:], mask, said.past_key_values if cached else None)

    def to_cpu(self) -> None:
        """Move to this machine's memory. What has no place there raises as it does in torch."""
        torch = importlib.import_module("torch")
        half = self.model.dtype == torch.float16  # for which a CPU has no arithmetic of its own
        self.model = self.model.to("cpu", dtype=torch.float32) if half else self.model.to("cpu")
        self.device = "cpu"


class Step:
    """What a forward pass left: logits, and the mask and cache that the next one goes on from."""

    __slots__ = ("cache", "logits", "mask")

    def __init__(self, logits: Any, mask: Any, cache: Any) -> None:
        self.logits = logits
        self.mask = mask
        self.cache = cache


def load(place: Place, settings: TransformersSettings, used: Used) -> Network:
    """The model, ready to be asked. Raises EndpointWrong, DataMissing; out of memory as torch has it."""
    torch = importlib.import_module("torch")
    library = importlib.import_module("transformers")
    library.logging.set_verbosity_error()
    library.logging.disable_progress_bar()
    if used.device == "cpu":
        torch.set_num_threads(settings.threads)
    try:
        model = _dummy(place, settings, used) if settings.dummy else _weights(place, settings, used)
    except EngineError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        hint = (
            "try --model-args attention=eager" if "attention" in said else "its files are damaged or of an unknown kind"
        )
        raise EndpointWrong(f"Transformers cannot load '{place.name}' ({said:.200})", hint) from None
    return Network(model.eval(), used.device)


def _weights(place: Place, settings: TransformersSettings, used: Used) -> Any:
    library = importlib.import_module("transformers")
    torch = importlib.import_module("torch")
    folder = fetch(place.hub, place.revision, ("*.json", "*.safetensors")) if place.hub else place.folder
    options: dict[str, Any] = {"device_map": "auto"} if used.device == "split" else {}
    if used.quantization:
        options = {
            "device_map": "auto" if used.device == "split" else {"": used.device},
            "quantization_config": _quantization(used),
        }
    model = library.AutoModelForCausalLM.from_pretrained(
        str(folder),
        dtype=getattr(torch, DTYPES[used.dtype]),
        attn_implementation=settings.attention,
        use_safetensors=True,
        trust_remote_code=False,
        **options,
    )
    return model if options else model.to(used.device)


def _quantization(used: Used) -> Any:
    """The library's words for bits. 4 bits are NF4, scales squeezed too (Dettmers et al. 2023, QLoRA)."""
    library = importlib.import_module("transformers")
    torch = importlib.import_module("torch")
    if used.quantization == "fp8":
        return library.FineGrainedFP8Config()
    if used.quantization == "int8":
        return library.BitsAndBytesConfig(load_in_8bit=True)
    return library.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, DTYPES[used.dtype]),
    )


def _dummy(place: Place, settings: TransformersSettings, used: Used) -> Any:
    """The architecture with random weights, made where they are to lie."""
    library = importlib.import_module("transformers")
    torch = importlib.import_module("torch")
    config = library.AutoConfig.from_pretrained(str(place.folder), trust_remote_code=False)
    device = "cuda:0" if used.device == "split" else used.device
    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.manual_seed(0)
        return library.AutoModelForCausalLM.from_config(
            config, dtype=getattr(torch, DTYPES[used.dtype]), attn_implementation=settings.attention
        )


def ends_of(network: Network) -> frozenset[int]:
    """Tokens that end a reply, as the model's own generation settings say."""
    found = getattr(network.model.generation_config, "eos_token_id", None)
    return frozenset(found if isinstance(found, list) else () if found is None else (found,))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or Python could not have the memory they asked for, on whatever device."""
    if isinstance(error, MemoryError):
        return True
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(short in str(error).lower() for short in _SHORT)


def release() -> None:
    """Give back what is held and not used: Python's cycles, torch's cache, the C library's heap."""
    give_back()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
