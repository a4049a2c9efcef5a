"""Draw samples once and keep them under a name."""

from __future__ import annotations

from bakeoff.app import wiring
from bakeoff.app.experiments import Laboratory
from bakeoff.core.records import SampleSet
from bakeoff.runner.draw import Draw


def save_set(laboratory: Laboratory, name: str, benchmark: str, limit: int, seed: int) -> SampleSet:
    """Save `limit` samples of a benchmark. Raises UnknownName, DataMissing, ConfigInvalid."""
    asked = wiring.build_benchmark(benchmark, laboratory.settings)
    draw = Draw.of(asked.samples(asked.default_split), benchmark, seed, limit)
    try:
        chosen = SampleSet(name, benchmark, draw.digest, tuple(sample.id for sample in draw))
    finally:
        draw.close()
    laboratory.runs.save_samples(chosen)
    return chosen
