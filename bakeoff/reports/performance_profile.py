"""A latency-throughput curve over batch or concurrency, and the batch to take by a stated rule. Pure.

Every figure of a point is the mean over its repeats with Student's t between them: calls of one batch end together
and are not independent. Example:

    advise(curve, growth=0.1, max_latency=2.0).sentence
    # "take 8: beyond it throughput grows by less than 10 % for each doubling"
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from bakeoff.core.types import Estimate, Json


@dataclass(frozen=True, slots=True)
class Point:
    """One batch (calls at once), measured `repeats` times after a warm-up that does not count.

    Seconds, tokens per second, bytes; None: not known. `memory` is the peak from loading to the end: of the GPUs
    where there are any, else of this process. Tokens are means of a call.
    """

    batch: int
    repeats: int
    calls: int
    requests_per_s: Estimate
    call_p50: Estimate
    call_p95: Estimate
    output_per_s: Estimate | None = None
    prompt_per_s: Estimate | None = None
    first_p50: Estimate | None = None
    token_p50: Estimate | None = None
    prompt_tokens: float | None = None
    output_tokens: float | None = None
    memory: int | None = None
    energy_per_1000: float | None = None

    @property
    def throughput(self) -> Estimate:
        """Output tokens a second where they are counted, else requests."""
        return self.requests_per_s if self.output_per_s is None else self.output_per_s


@dataclass(frozen=True, slots=True)
class Tried:
    """One step of the search for the largest batch: `ended` "fits", "over the bound", "out of memory", …"""

    batch: int
    ended: str
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """The points of one workload, in the order of batch; `stopped`: why there is none beyond the last.

    `largest` is the most that fits, found by `tried`; None where it was not looked for, or everything tried fits.
    """

    workload: str
    points: Sequence[Point] = ()
    stopped: str = ""
    largest: int | None = None
    tried: Sequence[Tried] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One model under one preset, over workloads. `dummy`: random weights, so nothing is said of quality."""

    model: str
    preset: str
    grows: str  # "batch" of an engine in this process, or "concurrency" of one that is fixed
    curves: Sequence[Curve]
    dummy: bool = False
    memory_of: str = ""  # "device", "host"; empty: not read
    memory_bound: int | None = None
    interrupted: bool = False
    identity: str = ""
    notes: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Advice:
    """The batch to take, and the sentence that says by which rule; None where nothing was measured or fits."""

    batch: int | None
    sentence: str
    knee: int | None = None


def growth(before: Point, after: Point) -> float | None:
    """By which share throughput grows for each doubling between two points."""
    one, other = before.throughput.value, after.throughput.value
    doublings = math.log2(after.batch / before.batch)
    if not one or not other or doublings <= 0:
        return None
    return float((other / one) ** (1 / doublings)) - 1


def knee(points: Sequence[Point], least: float) -> int | None:
    """The smallest batch beyond which no point brings `least` more for each doubling; None where the last does.

    All points beyond are asked, not the next alone: one that was disturbed must not end the climb.
    """
    for place, before in enumerate(points[:-1]):
        found = [growth(before, after) for after in points[place + 1 :]]
        if all(one is not None and one < least for one in found):
            return before.batch
    return None


def advise(curve: Curve, least: float, max_latency: float | None = None) -> Advice:
    """The smallest batch at the knee, or the largest within a latency bound (p95 of a call) where that is less."""
    points = list(curve.points)
    if not points:
        return Advice(None, f"nothing was measured: {curve.stopped or 'no batch'}")
    bend = knee(points, least)
    inside = [one for one in points if max_latency is None or _seconds(one.call_p95) <= max_latency]
    if not inside:
        first = _seconds(points[0].call_p95)
        return Advice(
            None, f"no batch keeps 95 % of calls within {max_latency:g} s: {points[0].batch} takes {first:.3g} s", bend
        )
    most = bend if bend is not None else points[-1].batch
    allowed = [one.batch for one in inside if one.batch <= most]
    if not allowed:
        allowed = [inside[0].batch]
    batch = allowed[-1]
    if batch < most:
        return Advice(batch, f"take {batch}: the largest whose calls end within {max_latency:g} s (p95)", bend)
    if bend is not None:
        return Advice(
            batch, f"take {batch}: beyond it throughput grows by less than {100 * least:g} % for each doubling", bend
        )
    why = f", and {curve.stopped}" if curve.stopped else ""
    return Advice(batch, f"take {batch}: throughput still grows at the largest batch measured{why}", bend)


def overlap(curve: Curve, batch: int) -> bool | None:
    """Whether the next point's throughput was not shown to differ from this one's: their intervals overlap.

    None where either has no interval, as after one repeat.
    """
    points = [one for one in curve.points if one.batch >= batch][:2]
    if len(points) < 2:
        return False
    (a, b) = (one.throughput for one in points)
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return None
    return a.low <= b.high and b.low <= a.high


def heat(curves: Sequence[Curve]) -> tuple[list[int], list[tuple[str, list[int | None]]]]:
    """Batches, and for each workload the peak memory at each of them in bytes; None: not measured or not known."""
    batches = sorted({point.batch for curve in curves for point in curve.points})
    rows = []
    for curve in curves:
        found = {point.batch: point.memory for point in curve.points}
        rows.append((curve.workload, [found.get(batch) for batch in batches]))
    return batches, rows


def _seconds(found: Estimate) -> float:
    return math.inf if found.value is None else found.value


def profile_json(found: Profile, least: float, max_latency: float | None) -> dict[str, Json]:
    """The contract for scripts; fields are only ever added."""
    return {
        "model": found.model,
        "preset": found.preset,
        "identity": found.identity or None,
        "grows": found.grows,
        "dummy_weights": found.dummy,
        "accuracy": None,
        "memory_of": found.memory_of or None,
        "memory_bound_bytes": found.memory_bound,
        "interrupted": found.interrupted,
        "notes": [*found.notes],
        "rule": {"growth": least, "max_latency_s": max_latency},
        "curves": [_curve_json(curve, least, max_latency) for curve in found.curves],
    }


def _curve_json(curve: Curve, least: float, max_latency: float | None) -> Json:
    advice = advise(curve, least, max_latency)
    return {
        "workload": curve.workload,
        "points": [_point_json(point) for point in curve.points],
        "stopped": curve.stopped or None,
        "largest": curve.largest,
        "tried": [{"batch": one.batch, "ended": one.ended, "memory_bytes": one.memory} for one in curve.tried],
        "advice": {"batch": advice.batch, "sentence": advice.sentence, "knee": advice.knee},
    }


def _point_json(point: Point) -> Json:
    return {
        "batch": point.batch,
        "repeats": point.repeats,
        "calls": point.calls,
        "output_tokens_per_s": _json(point.output_per_s),
        "prompt_tokens_per_s": _json(point.prompt_per_s),
        "requests_per_s": _json(point.requests_per_s),
        "call_s": {"p50": _json(point.call_p50), "p95": _json(point.call_p95)},
        "first_token_s": {"p50": _json(point.first_p50)},
        "between_tokens_s": {"p50": _json(point.token_p50)},
        "prompt_tokens": point.prompt_tokens,
        "output_tokens": point.output_tokens,
        "memory_peak_bytes": point.memory,
        "energy_j_per_1000_output_tokens": point.energy_per_1000,
    }


def _json(found: Estimate | None) -> Json:
    if found is None:
        return None
    fields = ("value", "low", "high", "n", "method")
    return {name: getattr(found, name) for name in fields}
