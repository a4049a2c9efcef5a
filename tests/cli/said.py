"""What a command of Bakeoff said: its streams, and the JSON in the first."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Said:
    """Both streams of one command."""

    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def one(self) -> Any:
        """The one thing in a list of JSON."""
        (found,) = self.json
        return found


Bakeoff = Callable[..., Said]
