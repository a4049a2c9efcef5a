"""Where a model of engines 'transformers' and 'vllm' lies, and by what it is told from another.

A folder is named by what is in it: the small files whole, and of each tensor its beginning, middle
and end, so that gigabytes are read in no time and a fine-tune never passes for its base. A model of
the hub is taken at a commit, because branches move. Weights are read as safetensors only: other
formats run code when they are opened. Example:

    place = find(EngineConfig(name="models/qwen"), revision="", dummy=False)
    place.revision      # "3f0c…", 16 hex digits

Source: https://huggingface.co/docs/safetensors/index (format: 8 bytes of length, JSON header, tensors).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from bakeoff.core.errors import ConfigInvalid, DataInvalid, DataMissing, MissingExtra
from bakeoff.core.hashing import text_digest

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SMALL = ("*.json", "*.jinja", "*.model", "merges.txt", "vocab.txt")
_VOCABULARY = (
    "tokenizer*.json",
    "vocab*",
    "merges.txt",
    "tekken.json",
    "*.model",
    "*.spm",
    "*.tiktoken",
    "*.tokenizer",
)
_PIECE = 4096
_HEADER_MOST = 100_000_000  # as the reference reader


@dataclass(frozen=True, slots=True)
class Place:
    """A model's files: all in `folder`, but for the weights where `hub` says that they are still to be fetched."""

    name: str
    folder: Path
    revision: str
    config: dict[str, Any] = field(repr=False)
    template: str = field(repr=False, default="")
    hub: str = ""

    @property
    def stored(self) -> str:
        """The dtype of the weights, as torch names it."""
        text = self._text()
        return str(text.get("dtype") or text.get("torch_dtype") or self.config.get("torch_dtype") or "float32")

    @property
    def context(self) -> int | None:
        """The tokens that the model was made for, where it says so."""
        text = self._text()
        found = text.get("max_position_embeddings") or text.get("n_positions") or text.get("n_ctx")
        return found if isinstance(found, int) and found > 0 else None

    def _text(self) -> dict[str, Any]:
        inner = self.config.get("text_config")  # of a model that reads more than text
        return inner if isinstance(inner, dict) else self.config


def find(name: str, revision: str, dummy: bool, engine: str = "transformers") -> Place:
    """A model by the path of its folder, or by its name on the hub at a commit.

    Raises ConfigInvalid, DataMissing, DataInvalid.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _local(folder, dummy)
    if name.endswith(".gguf"):
        raise ConfigInvalid(f"engine '{engine}' reads no GGUF file ('{name}')", "name it as llama_cpp/<path>")
    if not _HUB_NAME.fullmatch(name):
        raise DataMissing(f"there is no folder '{name}'", f"name it {engine}/<folder> or {engine}/org/name")
    if not _COMMIT.fullmatch(revision):
        said = f"not '{revision}'" if revision else "and none is given"
        raise ConfigInvalid(
            f"model '{name}' of the hub needs a commit as its revision, {said}",
            "add --model-args revision=<40 hex digits, from the model's page under 'Files'>; or name a folder",
        )
    folder = fetch(name, revision, _SMALL)
    return Place(name, folder, revision, _config(folder), _template(folder), hub=name)


def fetch(name: str, revision: str, patterns: tuple[str, ...]) -> Path:
    """The folder of a model of the hub, with these files in it. Raises DataMissing, MissingExtra."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.utils import GatedRepoError, disable_progress_bars
    except ImportError:
        raise MissingExtra("the client of the hub", "hub") from None
    disable_progress_bars()
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(patterns)))
    except GatedRepoError:
        raise DataMissing(
            f"model '{name}' is given only to those who accepted its licence",
            f"accept it on https://huggingface.co/{name}, then: export HF_TOKEN=…",
        ) from None
    except Exception as error:  # of its library, of HTTP, of the disk
        raise DataMissing(
            f"model '{name}' at {revision[:12]} is not here and cannot be fetched ({type(error).__name__})",
            "check name, revision and network (HF_HUB_OFFLINE forbids it), or name a folder",
        ) from None


def _local(folder: Path, dummy: bool) -> Place:
    config = _config(folder)
    weights = sorted(folder.glob("*.safetensors"))
    if not weights and not dummy:
        raise DataMissing(
            f"folder '{folder}' has no weights (*.safetensors)",
            "fetch them, or measure speed without them: --model-args dummy=true",
        )
    if not dummy and not _has_tokenizer(folder):
        raise DataMissing(f"folder '{folder}' has no tokenizer (tokenizer.json)", "fetch the model's other files")
    hasher = blake2b(digest_size=8)
    for path in sorted({found for pattern in _SMALL for found in folder.glob(pattern)}):
        hasher.update(path.name.encode() + path.read_bytes())
    for path in () if dummy else weights:
        for piece in _pieces(path):
            hasher.update(piece)
    return Place(folder.resolve().name, folder, hasher.hexdigest(), config, _template(folder))


def _has_tokenizer(folder: Path) -> bool:
    """Whether there is a file of any tokenizer that the library reads; its settings alone are none."""
    found = {path.name for pattern in _VOCABULARY for path in folder.glob(pattern)}
    return bool(found - {"tokenizer_config.json"})


def _pieces(path: Path) -> Iterator[bytes]:
    """The header of a safetensors file, and of each tensor its first, middle and last bytes. Raises DataInvalid."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if not 0 < size < _HEADER_MOST:
                raise ValueError("no header")
            header = file.read(size)
            yield header
            for name, tensor in orjson.loads(header).items():
                if name == "__metadata__":
                    continue
                begin, end = tensor["data_offsets"]
                last = max(begin, end - _PIECE)
                for offset in sorted({begin, (begin + last) // 2, last}):
                    file.seek(8 + size + offset)
                    piece = file.read(min(_PIECE, end - offset))
                    if len(piece) < min(_PIECE, end - offset):
                        raise ValueError(f"it ends within '{name}'")
                    yield piece
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataInvalid(f"weights '{path}' cannot be read ({error})", "fetch the file again") from None


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        found = orjson.loads(path.read_bytes())
    except OSError:
        raise DataMissing(
            f"folder '{folder}' holds no model (there is no config.json)", "name another folder"
        ) from None
    except orjson.JSONDecodeError as error:
        raise DataInvalid(f"'{path}' is no JSON ({error})", "fetch the file again") from None
    if not isinstance(found, dict) or not found.get("model_type"):
        raise DataInvalid(f"'{path}' names no 'model_type'", "it has to be a model's config.json")
    if "auto_map" in found:
        kind = f"model type '{found['model_type']}'"
        raise ConfigInvalid(f"{kind} in '{folder.name}' brings code of its own, which is not run", "take another model")
    return found


def _template(folder: Path) -> str:
    """The chat template of the tokenizer; empty where it has none."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    try:
        found = orjson.loads((folder / "tokenizer_config.json").read_bytes()).get("chat_template")
    except (OSError, ValueError, AttributeError):
        return ""
    if isinstance(found, list):  # several, by name
        named = {one.get("name"): one.get("template") for one in found if isinstance(one, dict)}
        found = named.get("default")
    return found if isinstance(found, str) else ""


def template_name(place: Place) -> str:
    """What stands for the template in an identity."""
    return f"chat:{text_digest(place.template)}"
