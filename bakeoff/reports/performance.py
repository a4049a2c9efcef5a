"""How fast the calls behind a cell were, and what they took: from what each call brought. Pure.

Of the calls that this run made, those of other runs apart. A time is that of one call, so a quantile's interval
takes calls as independent; calls that share a batch are less so, and a rate's interval comes from 20 equal parts of
the time instead. Rates are over the time in which a call was under way: pauses and other work do not count.
Example:

    tally = CallTally(run.created_at)
    for call in calls: tally.add(call)
    tally.performance(cached=0).output_per_s          # Estimate in tokens/s
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import overload

from bakeoff.core.records import CallTimes
from bakeoff.core.timing import STEP_S, steps
from bakeoff.core.types import Estimate
from bakeoff.core.usage import Usage
from bakeoff.reports.busy import Busy, Span
from bakeoff.reports.metrics import ratio
from bakeoff.reports.prefix_saving import saved
from bakeoff.stats.intervals import proportion

SHARES = (0.5, 0.95, 0.99)
ALIKE = 0.1  # a stream whose pieces are as many as its tokens, within so much


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The median and two tails of seconds."""

    p50: Estimate
    p95: Estimate
    p99: Estimate


@dataclass(frozen=True, slots=True)
class Performance:
    """One cell. Times in seconds, rates per second; None or no value: not known.

    `calls` stand behind the trials, `made` were made in this run. `first_token` and `between_tokens` (the mean of
    each call) need an engine that streams; `gaps` are all single waits between tokens, pooled, so they have no
    interval. `busy_s` is the time in which at least one call was under way, `in_flight` how many on average.
    """

    calls: int
    made: int
    first_token: Quantiles | None = None
    between_tokens: Quantiles | None = None
    gaps: Quantiles | None = None
    whole: Quantiles | None = None
    output_per_s: Estimate | None = None
    prompt_per_s: Estimate | None = None
    requests_per_s: Estimate | None = None
    busy_s: float = 0.0
    in_flight: float | None = None
    response_hits: Estimate | None = None
    prefix_hits: Estimate | None = None
    prefix_saved_s: Estimate | None = None
    machine: Machine | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What the lane of a cell took over all executions. `cells` were asked together, so the figures are of all.

    `energy_per_1000` is joules for 1,000 output tokens of those cells, where energy and tokens are known for all.
    """

    usages: tuple[Usage, ...]
    cells: int
    output_tokens: int | None = None

    @property
    def host_peak(self) -> int | None:
        return max((usage.host_peak for usage in self.usages if usage.host_peak is not None), default=None)

    @property
    def device_peak(self) -> int | None:
        """The most memory that one GPU held."""
        peaks = [gpu.memory_peak for usage in self.usages for gpu in usage.devices]
        return max((peak for peak in peaks if peak is not None), default=None)

    @property
    def energy_j(self) -> float | None:
        """Of all GPUs over all executions; None where one of them does not tell."""
        told = [gpu.energy_j for usage in self.usages for gpu in usage.devices]
        known = [energy for energy in told if energy is not None]
        return math.fsum(known) if known and len(known) == len(told) else None

    @property
    def energy_per_1000(self) -> float | None:
        return 1000 * self.energy_j / self.output_tokens if self.energy_j is not None and self.output_tokens else None


@dataclass(slots=True)
class CallTally:
    """Takes the calls of a cell one at a time, and keeps a few numbers of each that was made since `since`."""

    since: float = 0.0
    calls: int = 0
    _ends: array[float] = field(default_factory=lambda: array("d"))
    _rows: array[float] = field(default_factory=lambda: array("d"))
    _gaps: dict[int, int] = field(default_factory=dict)
    _prefix: list[tuple[float, float]] = field(default_factory=list)
    _reading: list[tuple[float, float, float]] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def add(self, call: CallTimes) -> None:
        self.calls += 1
        mark = hash((call.finished_at, call.latency_s))  # one call that answered two trials comes twice
        if call.finished_at < self.since or mark in self._seen:
            return
        self._seen.add(mark)
        self._ends.append(call.finished_at)
        first = math.nan if call.first_token_s is None else min(call.first_token_s, call.latency_s)
        known = [math.nan if count is None else count for count in (call.prompt_tokens, call.output_tokens)]
        self._rows.extend((call.latency_s, first, *known))
        if call.gaps and abs(len(call.gaps) + 1 - (call.output_tokens or 0)) <= ALIKE * (call.output_tokens or 0):
            for step in steps(call.gaps):
                self._gaps[step] = self._gaps.get(step, 0) + 1
        if call.cached_tokens is not None and call.prompt_tokens:
            cached = min(call.cached_tokens, call.prompt_tokens)
            self._prefix.append((cached, call.prompt_tokens))
            if call.first_token_s is not None:
                self._reading.append((first, call.prompt_tokens, cached))

    @property
    def made(self) -> int:
        return len(self._ends)

    @property
    def output_tokens(self) -> int | None:
        """Of the calls that were made; None where one is not counted."""
        counts = self._rows[3::4]
        return None if not counts or any(map(math.isnan, counts)) else int(math.fsum(counts))

    def tokens_within(self, usages: Sequence[Usage]) -> int | None:
        """Output tokens of the calls that ended while the machine was read; None where one is not counted."""
        counts = [
            tokens
            for end, tokens in zip(self._ends, self._rows[3::4], strict=True)
            if any(usage.began_at <= end <= usage.ended_at for usage in usages)
        ]
        return None if any(map(math.isnan, counts)) else int(math.fsum(counts))

    def performance(self, cached: int) -> Performance:
        """What all of it comes to; `cached` of the calls were answered from the store."""
        hits = proportion(min(cached, self.calls), self.calls, 0) if self.calls else None
        if not self.made:
            return Performance(self.calls, 0, response_hits=hits)
        spans = Spans(self._ends, self._rows)
        busy = Busy.of(spans)
        return Performance(
            calls=self.calls,
            made=self.made,
            first_token=_quantiles([span.first for span in spans if span.first is not None]),
            between_tokens=_quantiles([pace for span in spans if (pace := _pace(span)) is not None]),
            gaps=_pooled(self._gaps),
            whole=_quantiles(self._rows[0::4]),
            output_per_s=busy.output_rate() if self.output_tokens is not None else None,
            prompt_per_s=busy.prompt_rate() if not any(map(math.isnan, self._rows[2::4])) else None,
            requests_per_s=busy.request_rate(),
            busy_s=busy.seconds,
            in_flight=busy.in_flight,
            response_hits=hits,
            prefix_hits=ratio(self._prefix) if self._prefix else None,
            prefix_saved_s=saved(self._reading) if any(cached for cached, _ in self._prefix) else None,
        )


class Spans(Sequence[Span]):
    """The calls of a tally as spans, each made when it is asked for: a million of them take no memory."""

    def __init__(self, ends: Sequence[float], rows: Sequence[float]) -> None:
        self._ends = ends
        self._rows = rows

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, place: int) -> Span: ...
    @overload
    def __getitem__(self, place: slice) -> list[Span]: ...
    def __getitem__(self, place: int | slice) -> Span | list[Span]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        end = self._ends[place]
        seconds, first, prompt, output = self._rows[4 * place : 4 * place + 4]
        return Span(end - seconds, seconds, _known(first), _known(prompt), _known(output))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _pace(span: Span) -> float | None:
    """Seconds for each token after the first, of one call."""
    if span.first is None or span.output is None or span.output < 2:
        return None
    return (span.seconds - span.first) / (span.output - 1)


def _quantiles(values: Sequence[float]) -> Quantiles | None:
    if not values:
        return None
    from bakeoff.stats.spreads import tail

    return Quantiles(*(tail(values, share) for share in SHARES))


def _pooled(counts: dict[int, int]) -> Quantiles | None:
    """Quantiles of single waits, without an interval: waits of one call are alike."""
    total = sum(counts.values())
    if not total:
        return None
    found: list[Estimate] = []
    seen, wanted = 0, [math.ceil(share * total) for share in SHARES]
    for step in sorted(counts):
        seen += counts[step]
        while len(found) < len(wanted) and wanted[len(found)] <= seen:
            found.append(Estimate(step * STEP_S, None, None, total, 0, "pooled"))
    return Quantiles(*found)
