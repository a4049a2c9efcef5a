"""What a comparison with a reference comes to: how many samples were asked and graded alike.

Each module of this folder has `compare(data) -> list[Agreement]`; `python -m parity` runs them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import orjson

GOLDEN = Path(__file__).parent.parent / "tests" / "parity" / "golden"


@dataclass(frozen=True)
class Agreement:
    """One profile of one benchmark: `prompts` and `scores` count the samples that were equal.

    `profile` may be several names with ", " between them. `differences` says of each kind of difference what it
    is, and which samples show it; `note` what was compared where that is not the whole of a profile.
    """

    benchmark: str
    profile: str
    samples: int
    prompts: int
    scores: int
    differences: Sequence[str] = field(default_factory=tuple)
    reference: str = "lm-eval 0.4.13"
    note: str = ""


def digest(text: str) -> str:
    """What a golden fixture holds in place of a prompt, which is somebody else's text."""
    return sha256(text.encode()).hexdigest()


def write_golden(name: str, fixture: object) -> None:
    """Keep a fixture for CI, where the reference is not installed."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    path = GOLDEN / f"{name}.json"
    path.write_bytes(orjson.dumps(fixture, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
