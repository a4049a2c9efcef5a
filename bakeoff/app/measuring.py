"""Engines under an optimisation, and the turns in which they are measured.

Each optimisation is an engine of its own: settings of its own, keys of its own. Turns are short and rotate, so that a
machine that slows down or is used by others meanwhile slows all alike. Example:

    engine = build_measured(ModelSpec(model="smollm2-135m"), "balanced", 300.0, settings, "batched:8", 1)
    turns(["sequential", "batched:8"], passes=2, seed=0)      # [["sequential", "batched:8"], ["batched:8", …]]

"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from bakeoff.app import wiring
from bakeoff.app.settings import Settings
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import order_key
from bakeoff.core.protocols import Engine
from bakeoff.core.specs import ExperimentSpec, ModelSpec
from bakeoff.engines._optimised import FromStore, Optimised
from bakeoff.engines.optimisations import RESPONSE_CACHE, YARDSTICK, Asked, Setting, asked, canonical

SAMPLES_OF_A_CALL = 2  # in one turn, for each call in flight: fewer never fill a batch


def spelt(spec: ExperimentSpec) -> ExperimentSpec:
    """The spec with each optimisation written in the one way, once. Raises UnknownName, ConfigInvalid."""
    if not spec.optimisations:
        return spec
    labels = tuple(dict.fromkeys(canonical(label) for label in spec.optimisations))
    if RESPONSE_CACHE in labels and YARDSTICK not in labels:
        raise ConfigInvalid(
            f"'{RESPONSE_CACHE}' answers with what '{YARDSTICK}' was answered, and that is not among them",
            f"add {YARDSTICK}",
        )
    return spec.model_copy(update={"optimisations": labels})


def build_measured(
    model: ModelSpec, preset: str, timeout: float, settings: Settings, label: str, measurement: int
) -> Engine:
    """The engine of a model under an optimisation. Raises UnknownName, MissingKey, ConfigInvalid."""
    found = asked(label, wiring.resolve_model(model.model).engine)
    measured = f"{label}#{measurement}"
    if found.from_store:
        return FromStore(build_measured(model, preset, timeout, settings, YARDSTICK, measurement), measured)
    args = {**model.args, **_settings(found, model.args)}
    return Optimised(
        wiring.build_engine(model.model_copy(update={"args": args}), preset, timeout, settings), measured, found
    )


def _settings(found: Asked, given: Mapping[str, Setting]) -> dict[str, Setting]:
    """What the optimisation sets. Of a text that it turns on (which model guesses) the user's own is taken."""
    return {
        name: given[name] if isinstance(value, str) and value and given.get(name) else value
        for name, value in found.settings.items()
    }


def parts(samples: int, passes: int, in_flight: int) -> list[range]:
    """The places of a draw cut into turns, nearly equal; fewer turns where they would not fill the calls in flight."""
    count = max(1, min(passes, samples // (SAMPLES_OF_A_CALL * in_flight)))
    edges = [round(samples * i / count) for i in range(count + 1)]
    return [range(first, last) for first, last in pairwise(edges)]


def turns(labels: Sequence[str], passes: int, seed: int) -> list[list[str]]:
    """Who is asked when, for each pass: an order drawn by seed, begun one further each time.

    Replies from the store come last: they are those that the yardstick was given in the same pass.
    """
    asked_ones = [label for label in labels if label != RESPONSE_CACHE]
    drawn = sorted(asked_ones, key=lambda label: order_key(seed, "turns", label))
    last = [RESPONSE_CACHE] if RESPONSE_CACHE in labels else []
    return [[*drawn[i % len(drawn) :], *drawn[: i % len(drawn)], *last] for i in range(passes)] if drawn else []
