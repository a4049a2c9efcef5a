"""What a campaign keeps in its folder: the state of its gates, what coverage found, which run is whose.

Each file is written whole or not at all, so a process may be killed at any moment; answers themselves are in the
store. One process at a time works in a folder. Example:

    with CampaignFolder.open(Path("campaign-night")) as folder:
        folder.save_state(state)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from bakeoff.app.coverage_cell import Cell, Reply, cell_of
from bakeoff.app.writing import check_folder, write_whole
from bakeoff.core.campaign import CampaignState, Check, Gate
from bakeoff.core.errors import ConfigInvalid, RunLocked
from bakeoff.core.types import Json
from bakeoff.runner.locks import try_lock

FORMAT = 1
STATE, COVERAGE, EVALUATION = "state.json", "coverage.json", "evaluation.json"


@dataclass(slots=True)
class Tried:
    """What coverage knows of a combination: the replies so far, and the cell once it has ended."""

    replies: tuple[Reply, ...] = ()
    cell: Cell | None = None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What became of a model in the evaluation: its run, and why it is not whole, where it is not."""

    run: str | None
    presets: tuple[str, ...] = ()
    status: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class CampaignFolder:
    """The folder of one campaign."""

    path: Path

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[CampaignFolder]:
        """Make the folder where it is not, and hold it. Raises ConfigInvalid, RunLocked."""
        check_folder(path)
        lock = try_lock(path / "lock")
        if lock is None:
            raise RunLocked(f"campaign '{path}' is being executed by another process", "wait for it, or end it")
        try:
            yield cls(path)
        finally:
            os.close(lock)

    def state(self) -> CampaignState | None:
        """The state as last kept; None before the first. Raises ConfigInvalid for a file that is none of ours."""
        found = self._read(STATE)
        if found is None:
            return None
        gates = tuple(_gate(fields) for fields in found["gates"])
        return CampaignState(found["campaign"], found["spec_hash"], gates)

    def save_state(self, state: CampaignState, spec: Mapping[str, Json]) -> None:
        gates: list[Json] = [gate_json(gate) for gate in state.gates]
        self._write(STATE, {"campaign": state.name, "spec_hash": state.spec_hash, "gates": gates, "spec": {**spec}})

    def coverage(self) -> dict[str, Tried]:
        """For each combination, by its key, what is known."""
        found = (self._read(COVERAGE) or {}).get("tried", {})
        return {
            key: Tried(
                tuple(Reply(**reply) for reply in one["replies"]), None if one["cell"] is None else cell_of(one["cell"])
            )
            for key, one in found.items()
        }

    def save_coverage(self, tried: Mapping[str, Tried]) -> None:
        fields: dict[str, Json] = {
            key: {
                "replies": [{**asdict(reply)} for reply in one.replies],
                "cell": None if one.cell is None else one.cell.json(),
            }
            for key, one in tried.items()
        }
        self._write(COVERAGE, {"tried": fields})

    def evaluation(self) -> dict[str, Evaluated]:
        """For each model, by its name, its run."""
        found = (self._read(EVALUATION) or {}).get("models", {})
        return {name: Evaluated(**{**one, "presets": tuple(one["presets"])}) for name, one in found.items()}

    def save_evaluation(self, evaluated: Mapping[str, Evaluated]) -> None:
        fields: dict[str, Json] = {
            name: {"run": one.run, "presets": [*one.presets], "status": one.status, "why": one.why}
            for name, one in evaluated.items()
        }
        self._write(EVALUATION, {"models": fields})

    def write(self, name: str, content: bytes) -> Path:
        write_whole(self.path / name, [content])
        return self.path / name

    def _write(self, name: str, fields: Mapping[str, Json]) -> None:
        self.write(name, as_json({"format": FORMAT, **fields}))

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self.path / name
        try:
            found = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, orjson.JSONDecodeError) as error:
            raise ConfigInvalid(f"'{path}' cannot be read ({error})", "move it away, and run the campaign") from None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ConfigInvalid(f"'{path}' is of another version", "move it away, and run the campaign")
        return found


def as_json(fields: Mapping[str, Json]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_INDENT_2) + b"\n"


def gate_json(gate: Gate) -> dict[str, Json]:
    """One gate as JSON: fields are only ever added."""
    return {
        "gate": gate.number,
        "name": gate.name,
        "status": gate.status,
        "seconds": round(gate.seconds, 3),
        "checks": [{**asdict(check)} for check in gate.checks],
    }


def _gate(fields: Mapping[str, Any]) -> Gate:
    checks = tuple(Check(**check) for check in fields["checks"])
    return Gate(fields["gate"], fields["status"], checks, fields["seconds"])
