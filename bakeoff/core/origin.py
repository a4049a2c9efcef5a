"""Which cells were made elsewhere, by what, and the signature that says so.

An imported cell's identity names no engine of Bakeoff's, so its content keys are never those of a call that
this store paid for. Example:

    origin(cell)        # Origin("lm-eval 0.4.13", "results_….json", "15b8ae00…"), or None for one of our own
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.records import CellRecord
from bakeoff.core.signature import escaped
from bakeoff.core.types import Json, ModelIdentity, Trial

IMPORTED_FAULT = "imported"  # the code of an error that another tool logged
_ENGINE = "import:"
_KIND = "imported"
_SHOWN = 12  # hex digits of a hash in a signature


@dataclass(frozen=True, slots=True)
class Origin:
    """The tool with its version, the file's name, and the SHA-256 of what was read."""

    tool: str
    file: str
    sha256: str


def identity(origin: Origin, model: str) -> ModelIdentity:
    """The identity of a model whose replies were read from a log."""
    return ModelIdentity(_ENGINE + origin.tool, model, endpoint=origin.file, settings=origin.sha256)


def origin(cell: CellRecord) -> Origin | None:
    """Where an imported cell comes from; None for a cell that was run here."""
    of = cell.identity
    if not of.engine.startswith(_ENGINE):
        return None
    return Origin(of.engine.removeprefix(_ENGINE), of.endpoint, of.settings)


def imported_recipe(origin: Origin, fields: Mapping[str, str], digest: str) -> str:
    """The first part of the signature: `gsm8k@1f2e3d4c|imported:lm-eval 0.4.13|file:…|sha256:…|model:a`.

    `fields`: benchmark, model, method and profile, in this order.
    """
    benchmark, *rest = fields.items()
    parts = {"imported": origin.tool, "file": origin.file, "sha256": origin.sha256[:_SHOWN], **dict(rest)}
    return "|".join([f"{escaped(benchmark[1])}@{digest[:8]}", *(f"{k}:{escaped(v)}" for k, v in parts.items() if v)])


def refuse_imported(run: str, cells: Sequence[CellRecord]) -> None:
    """Raise ConfigInvalid where a run was imported: there is nobody here to ask what it still owes."""
    found = next((one for cell in cells if (one := origin(cell)) is not None), None)
    if found is not None:
        raise ConfigInvalid(
            f"run '{run}' was imported from {found.tool} ('{found.file}'), so it cannot be gone on with here",
            "go on with it there and import the new log, or start a run of your own under another --name",
        )


def mark(asked: str, keys: Sequence[str]) -> Mapping[str, Json]:
    """The step in an imported trial's trace: a digest of what was asked, and its content keys elsewhere."""
    return {"kind": _KIND, "asked": asked, **({"content_keys": list(keys)} if keys else {})}


def asked_of(trial: Trial) -> str:
    """The digest of what an imported trial was asked; empty where it is not known, as of our own trials."""
    return asked_in(trial.trace)


def asked_in(trace: Sequence[Mapping[str, Json]]) -> str:
    """The same, of a trial's trace alone."""
    return str(next((step.get("asked") or "" for step in trace if step.get("kind") == _KIND), ""))


def keys_of(trial: Trial) -> list[str]:
    """The content keys of a trial in hex: those of the store that it was exported from, else our own."""
    for step in trial.trace:
        foreign = step.get("content_keys") if step.get("kind") == _KIND else None
        if isinstance(foreign, list):
            return [str(key) for key in foreign]
    return [key.hex() for key in trial.keys]
