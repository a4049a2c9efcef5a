"""What an A/B test saves: two models of known accuracy behind a server, the real runner, the server's own count.

Each pair is compared on 1,319 questions under several seeds, stopped by the rule `difference` and, beside
it, asked in full. Calls are those that the server counted. `python -m bench early`; about five minutes.
"""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.stub import stub_server
from tests.conftest import write_gsm8k

QUESTIONS = 1319
SEEDS = 10
PAIRS = ((42, 58), (45, 55), (47, 53), (49, 51), (50, 50))  # percent right
IN_FLIGHT = 64


@dataclass
class Saved:
    """One pair under all seeds."""

    a: int
    b: int
    calls: int = 0
    looked: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: int = 0

    def line(self) -> str:
        full = 2 * QUESTIONS * SEEDS
        ends = ", ".join(f"{name} {count}" for name, count in self.ends.most_common())
        return (
            f"  {self.a} % against {self.b} %: {self.calls / SEEDS:,.0f} calls of {2 * QUESTIONS:,}"
            f" ({1 - self.calls / full:.0%} saved), decided after {self.looked / SEEDS:,.0f} questions;"
            f" {ends}; wrong {self.wrong} of {SEEDS}"
        )


def early(folder: Path) -> None:
    with stub_server() as address:
        write_gsm8k(folder / "data", QUESTIONS)
        for a, b in PAIRS:
            saved = Saved(a, b)
            for seed in range(SEEDS):
                _one(saved, seed, address, folder)
            print(saved.line(), flush=True)


def _one(saved: Saved, seed: int, address: str, folder: Path) -> None:
    from bakeoff.app.experiments import Laboratory
    from bakeoff.app.settings import Settings
    from bakeoff.app.verdicts import Verdicts
    from bakeoff.core.specs import parse_spec

    home = folder / f"{saved.a}-{saved.b}-{seed}"  # a store of its own, so that no answer comes from an earlier one
    settings = replace(Settings.load(f"sqlite:///{home}.db"), home=home, data=folder / "data")
    names = [f"knows-{share:02d}-{side}{seed}" for share, side in ((saved.a, "a"), (saved.b, "b"))]
    spec = parse_spec(
        {
            "name": "ab",
            "models": [{"model": f"openai_compatible/{name}", "base_url": f"{address}/v1"} for name in names],
            "benchmarks": "gsm8k",
            "seed": seed,
            "concurrency": IN_FLIGHT,
            "decision": {},
        }
    )
    _asked(address, "reset")
    laboratory = Laboratory(settings)
    try:
        prepared = laboratory.prepare(spec)
        try:
            laboratory.execute(prepared, lambda progress, schedule: None)
        finally:
            prepared.close()
        verdict = Verdicts(laboratory.runs, laboratory.trials).of("ab")
    finally:
        laboratory.close()
    assert verdict is not None
    saved.calls += _asked(address, "stats")["n"]
    saved.looked += verdict.asked
    saved.ends[verdict.kind.value] += 1
    better = None if saved.a == saved.b else names[saved.b > saved.a]
    saved.wrong += verdict.winner is not None and (better is None or better not in verdict.winner)


def _asked(address: str, path: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{address}/{path}", timeout=10) as reply:
        found: dict[str, int] = json.load(reply)
    return found
