"""Reports over many trials: seconds and peak memory of `bakeoff report`, of comparisons and of a verdict.

The store is filled through the repositories, without a call: two models on one benchmark, every trial with
a score, a time, tokens and what its scorer kept, as a run of choices would leave it.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from bakeoff.app.experiments import Laboratory
from bakeoff.app.settings import Settings
from bakeoff.core.hashing import exchange, identity_digest
from bakeoff.core.records import CellRecord, RunStatus
from bakeoff.core.specs import parse_spec
from bakeoff.core.types import Completion, Outcome, Trial
from tests.conftest import write_gsm8k

TRIALS = 1_000_000
ACCURACIES = (0.6, 0.603)
_GROUP = 5000
_COMMANDS = {
    "report html,md,json,csv": ["report", "plain", "--format", "html,md,json,csv"],
    "decisions": ["decisions", "tested", "--json"],
    "report of an A/B test": ["report", "tested", "--format", "html,md,json,csv"],
}


def report(folder: Path) -> None:
    """Print a line for each command: its wall time and its peak memory."""
    home = folder / "report"
    data = folder / "report-data"
    write_gsm8k(data, TRIALS // 2)
    env = {"BAKEOFF_DATA": str(data), "BAKEOFF_HOME": str(home), "BAKEOFF_STORE": f"sqlite:///{home}/bakeoff.db"}
    subprocess.run([sys.executable, "-m", "bench.report", str(TRIALS)], check=True, env={**os.environ, **env})
    from bench.__main__ import measure, say, self_reporting

    for name, command in _COMMANDS.items():
        out = ["-o", str(folder / "reports")] if command[0] == "report" else []
        used = measure(self_reporting("bakeoff", *command, *out), env)
        say("report", f"{used.wall:.1f} s", f"{name}, {TRIALS:,} trials; peak {used.peak_mb:.0f} MB")


def fill(count: int) -> None:
    """Store run "plain" and A/B test "tested", each of `count` trials in two cells."""
    laboratory = Laboratory(Settings.load())
    models = [{"model": f"fake/{name}", "args": {"accuracy": 0.5}} for name in ("a", "b")]
    spec: dict[str, Any] = {"models": models, "benchmarks": "gsm8k", "seed": 7}
    for name in ("plain", "tested"):
        more = {"decision": {"guards": [{"metric": "latency", "at_most": 1.1}]}} if name == "tested" else {}
        prepared = laboratory.prepare(parse_spec({**spec, **more, "name": name}))
        run, cells = laboratory.open_run(prepared)
        ids = [sample.id for sample in prepared.cells[0].benchmark.draw]
        for cell, accuracy in zip(cells, ACCURACIES, strict=True):
            _fill_cell(laboratory, cell, ids[: count // 2], accuracy)
        laboratory.runs.close_execution(run.id, RunStatus.COMPLETE, 1.0)
        prepared.close()
    laboratory.close()


def _fill_cell(laboratory: Laboratory, cell: CellRecord, ids: list[str], accuracy: float) -> None:
    """Only the first trials get a reply: a page shows no more, and all of them would take long to write."""
    draw = random.Random(cell.position)
    digest, raw = identity_digest(cell.identity), exchange(b'{"messages":[{"content":"q"}]}', b"{}")
    trials: Iterator[Trial] = (_trial(cell, sample, number, draw, accuracy) for number, sample in enumerate(ids))
    while group := list(islice(trials, _GROUP)):
        shown = group if group[0].sample_id == ids[0] else []
        replies = [Completion(trial.keys[0], "The answer is 1.", model=digest, raw=raw) for trial in shown]
        laboratory.trials.write(replies, group)


def _trial(cell: CellRecord, sample: str, number: int, draw: random.Random, accuracy: float) -> Trial:
    right = draw.random() < accuracy
    key = (cell.id * 10_000_000 + number).to_bytes(16, "big")
    trial = Trial(cell.id, sample, 0, Outcome.CORRECT if right else Outcome.INCORRECT, float(right), "1", keys=(key,))
    told: dict[str, Any] = {"prompt_tokens": 100, "output_tokens": 50 + number % 50, "cost": 0.001, "extracted": "1"}
    seconds = draw.lognormvariate(0, 0.5)
    parts = {"acc": float(right), "acc_norm": float(draw.random() < 0.5)}
    return replace(trial, **told, latency_s=seconds, parts=parts)


if __name__ == "__main__":
    fill(int(sys.argv[1]))
