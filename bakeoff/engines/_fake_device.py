"""The device that the fake engine pretends to have: slots, a queue, a speed and a prefix cache. Pure.

Times are of the device, not of the event loop: a call that was waiting when a slot became free began at that
moment, whenever the loop noticed. So what the device stood idle is what its callers left it without work. Example:

    device = Device(slots=2, token_s=0.01, prompt_token_s=0.001, cached=True)
    device.serve(now=0.0, prompt="…", output_tokens=20)      # Service(start=0.0, first=0.15, end=0.34, cached_tokens=0)
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from dataclasses import dataclass, field

from bakeoff.core.prompts import shared_beginning

CHARACTERS = 4  # of a token


@dataclass(frozen=True, slots=True)
class Service:
    """When a call is taken up, tells its first token and ends, by the clock it was handed in with."""

    start: float
    first: float
    end: float
    cached_tokens: int


@dataclass(slots=True)
class Device:
    """`slots` calls at once; seconds for each token told and for each token of a prompt that is read."""

    slots: int
    token_s: float
    prompt_token_s: float
    cached: bool
    idle_s: float = 0.0  # slots times seconds in which there was nothing to do, from the first call on
    busy_s: float = 0.0
    _free: list[float] = field(default_factory=list)
    _prompts: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def serve(self, now: float, prompt: str, output_tokens: int) -> Service:
        """Take a call that comes in at `now`; calls are served in the order they came."""
        if not self._free:
            self._free = [now] * self.slots
        free = heapq.heappop(self._free)
        start = max(now, free)
        self.idle_s += start - free
        hit = self._hit(prompt) // CHARACTERS
        told = len(prompt) // CHARACTERS + 1
        first = start + (told - hit) * self.prompt_token_s + self.token_s
        end = first + max(0, output_tokens - 1) * self.token_s
        self.busy_s += end - start
        heapq.heappush(self._free, end)
        return Service(start, first, end, hit)

    def _hit(self, prompt: str) -> int:
        """Characters of the prompt that one of the last prompts, a slot each, began with."""
        if not self.cached:
            return 0
        best = max(self._prompts, key=lambda kept: shared_beginning(kept, prompt), default="")
        found = shared_beginning(best, prompt)
        if found > len(prompt) // 2:  # the slot that held it goes on with it
            del self._prompts[best]
        self._prompts[prompt] = None
        while len(self._prompts) > self.slots:
            self._prompts.popitem(last=False)
        return min(found, len(prompt) - 1) if prompt else 0

    @property
    def idle_share(self) -> float | None:
        """The share of its slots' time in which it had nothing to do; None when it was never asked."""
        whole = self.idle_s + self.busy_s
        return self.idle_s / whole if whole else None
