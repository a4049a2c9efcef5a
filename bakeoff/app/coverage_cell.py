"""What is known of one model under one preset: how far it came, how fast it was, what memory it took and gave back.

Cell("fake/a", "balanced", True, "done", "first reply after 0.0 s").json()["ok"]      # True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bakeoff.app import wiring
from bakeoff.app.fitting import Explanation
from bakeoff.core.errors import UsageError
from bakeoff.core.types import Json

MIB = 1 << 20
GIVEN_BACK = 0.05  # memory after close may be so much above that before


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of a probe: seconds by our clock, seconds to the first token and tokens where the engine told them."""

    seconds: float
    first_token_s: float | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes, of the process with its children (`host`) and on the GPU (`device`): before, the most, after close.

    `loads`: 2 where the model was loaded once more, because libraries that stay after the first loading are no
    memory of the model; `before` is then that of the second loading.
    """

    host_before: int | None = None
    host_peak: int | None = None
    host_after: int | None = None
    host_total: int | None = None
    device_before: int | None = None
    device_peak: int | None = None
    device_after: int | None = None
    device_total: int | None = None
    loads: int = 1

    @property
    def share(self) -> float | None:
        """The most that was held, of the GPU's memory where there is one, else of this machine's."""
        if self.device_total and self.device_peak is not None:
            return self.device_peak / self.device_total
        return self.host_peak / self.host_total if self.host_total and self.host_peak is not None else None

    @property
    def given_back(self) -> bool | None:
        """Whether what is held after close is what was held before, up to 5 %; None where it was not read."""
        found = [
            settled(before, after)
            for before, after in ((self.host_before, self.host_after), (self.device_before, self.device_after))
            if before is not None and after is not None
        ]
        return all(found) if found else None

    def text(self) -> str:
        """`at most 412 of 24,064 MiB, 96 MiB before and 97 after`."""
        told = []
        for name, before, peak, after, total in (
            ("GPU", self.device_before, self.device_peak, self.device_after, self.device_total),
            ("host", self.host_before, self.host_peak, self.host_after, self.host_total),
        ):
            if before is not None and peak is not None and after is not None:
                of = f" of {total / MIB:,.0f}" if total else ""
                told.append(
                    f"{name} at most {peak / MIB:,.0f}{of} MiB, {before / MIB:,.0f} before, {after / MIB:,.0f} after"
                )
        return "; ".join(told)


def settled(before: int, after: int) -> bool:
    return after <= before + GIVEN_BACK * max(before, MIB)


@dataclass(frozen=True, slots=True)
class Cell:
    """One model under one preset.

    `stage` is how far it came: config, fit, load, generate, clean-up, done; or "not counted" (`app.coverage`).
    `found` is set where memory was counted. Of a probe: `first_seconds` from building the engine to the first
    reply, loading and all; `tokens_per_second` of output over the other replies. None: not known.
    """

    model: str
    preset: str
    ok: bool
    stage: str
    said: str
    found: Explanation | None = None
    first_seconds: float | None = None
    tokens_per_second: float | None = None
    output_tokens: int | None = None
    first_token_s: float | None = None
    memory: Memory | None = None

    @property
    def size_b(self) -> float | None:
        """Billions of parameters, as the catalogue has them; None for a name that nothing is known of."""
        try:
            entry = wiring.resolve_model(self.model).entry
        except UsageError:
            return None
        return entry.size_b if entry is not None else None

    @property
    def answers(self) -> bool:
        """Whether it can be asked questions: also where its memory was not given back."""
        return self.ok or self.stage == "clean-up"

    def json(self) -> dict[str, Json]:
        """All of a probe, as JSON; `cell_of` reads it back."""
        memory: Json = None if self.memory is None else {**asdict(self.memory)}
        return {
            "model": self.model,
            "preset": self.preset,
            "ok": self.ok,
            "stage": self.stage,
            "said": self.said,
            "first_seconds": self.first_seconds,
            "tokens_per_second": self.tokens_per_second,
            "output_tokens": self.output_tokens,
            "first_token_s": self.first_token_s,
            "memory": memory,
        }


def cell_of(fields: Mapping[str, Any]) -> Cell:
    """The cell that `json` wrote."""
    memory = fields.get("memory")
    return Cell(**{**fields, "memory": None if memory is None else Memory(**memory)})
