"""The time in which calls were under way, and the rates over it. Pure.

Calls overlap and there are pauses between them: the stretches in which at least one was under way are laid end to
end, and cut into 20 equal parts, whose rates tell how steady the whole is. A reply's tokens are spread evenly from
its first token to its end, a prompt's from the beginning of the call to the first token. Example:

    busy = Busy.of([Span(begin=0.0, seconds=2.0, first=0.5, prompt=100, output=31)])
    busy.output_rate()                # 15.5 tokens/s
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bakeoff.core.types import Estimate
from bakeoff.stats.blocks import MOST_BLOCKS, rate

LEAST_CALLS = 10  # that an interval needs


@dataclass(frozen=True, slots=True)
class Span:
    """One call: when it began, how long it took, when its first token came, tokens of prompt and reply."""

    begin: float
    seconds: float
    first: float | None = None
    prompt: float | None = None
    output: float | None = None

    @property
    def end(self) -> float:
        return self.begin + self.seconds


@dataclass(frozen=True, slots=True)
class Busy:
    """Calls and the stretches of time they fill: `starts`, and how much busy time lies before each of them."""

    spans: Sequence[Span]
    starts: Sequence[float]
    before: Sequence[float]
    seconds: float

    @classmethod
    def of(cls, spans: Sequence[Span]) -> Busy:
        starts: list[float] = []
        before: list[float] = []
        busy, end = 0.0, -math.inf
        for place in sorted(range(len(spans)), key=lambda place: spans[place].begin):  # spans may be made on the fly
            span = spans[place]
            if span.begin > end:
                starts.append(span.begin)
                before.append(busy)
                end = span.begin
            busy += max(0.0, span.end - end)
            end = max(end, span.end)
        return cls(spans, starts, before, busy)

    @property
    def in_flight(self) -> float | None:
        """Calls under way at a time, on average."""
        return math.fsum(span.seconds for span in self.spans) / self.seconds if self.seconds > 0 else None

    def output_rate(self) -> Estimate | None:
        return self._rate((span.begin + (span.first or 0.0), span.end, span.output or 0.0) for span in self.spans)

    def prompt_rate(self) -> Estimate | None:
        return self._rate((span.begin, span.begin + (span.first or 0.0), span.prompt or 0.0) for span in self.spans)

    def request_rate(self) -> Estimate | None:
        return self._rate((span.begin, span.end, 1.0) for span in self.spans)

    def _rate(self, parts: Iterable[tuple[float, float, float]]) -> Estimate | None:
        """Amounts over time, each spread evenly from its begin to its end."""
        if self.seconds <= 0:
            return None
        length, total = self.seconds / MOST_BLOCKS, 0.0
        blocks = [0.0] * MOST_BLOCKS
        for begin, end, amount in parts:
            total += amount
            for block, share in _shares(self._place(begin), self._place(end), length):
                blocks[block] += amount * share
        n = len(self.spans)
        return rate(total / self.seconds, [amount / length for amount in blocks] if n >= LEAST_CALLS else (), n)

    def _place(self, moment: float) -> float:
        """How much busy time lies before a moment."""
        i = max(0, bisect_right(self.starts, moment) - 1)
        return min(self.seconds, self.before[i] + max(0.0, moment - self.starts[i]))


def _shares(begin: float, end: float, length: float) -> Iterator[tuple[int, float]]:
    """The blocks that a stretch lies in, each with its share of the stretch."""
    first, last = (min(MOST_BLOCKS - 1, int(moment / length)) for moment in (begin, end))
    if first == last or end <= begin:
        yield first, 1.0
        return
    for block in range(first, last + 1):
        inside = min(end, (block + 1) * length) - max(begin, block * length)
        yield block, max(0.0, inside) / (end - begin)
