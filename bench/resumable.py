"""Make a store that holds a run with many finished trials, without calling anything."""

from __future__ import annotations

import os
from itertools import islice

from bakeoff.app.experiments import Laboratory
from bakeoff.app.settings import Settings
from bakeoff.core.hashing import exchange, identity_digest
from bakeoff.core.specs import parse_spec
from bakeoff.core.types import Completion, Outcome, Trial

_GROUP = 5000


def fill_store(env: dict[str, str], base_url: str, finished: int) -> None:
    """Store run "bench" with the first `finished` trials of its draw answered."""
    os.environ.update(env)
    laboratory = Laboratory(Settings.load())
    model = {"model": "openai_compatible/stub", "base_url": base_url}
    spec = parse_spec({"name": "bench", "models": [model], "benchmarks": "gsm8k", "seed": 7, "concurrency": 64})
    prepared = laboratory.prepare(spec)
    _, cells = laboratory.open_run(prepared)
    cell, digest = cells[0], identity_digest(cells[0].identity)
    samples = islice(prepared.cells[0].benchmark.draw, finished)
    number = 0
    while group := list(islice(samples, _GROUP)):
        completions, trials = [], []
        for sample in group:
            number += 1
            key = number.to_bytes(16, "big")
            raw = exchange(b"{}", b"{}")
            completions.append(Completion(key, "The answer is 1.", model=digest, raw=raw))
            trials.append(Trial(cell.id, sample.id, 0, Outcome.INCORRECT, value=0.0, keys=(key,)))
        laboratory.trials.write(completions, trials)
    prepared.close()
    laboratory.close()
