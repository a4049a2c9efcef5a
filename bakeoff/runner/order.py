"""In which order the owed trials of a lane are asked, where the engine gains by another than that of the draw.

An engine with a prefix cache is asked prompts that begin alike one after the other; one in this process is asked
long prompts first, so that memory that is too short shows at once and a batch is padded little. Only trials within
a window of the draw change places: what is stored of a run that was interrupted is a random sample but for the
last window. Prompts and content keys are the same in every order (law 3). Example:

    ordering = ordering_of(engine.limits, workers=4)
    for owed in arranged(trials, prompt_text, ordering): …
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from bakeoff.core.protocols import EngineLimits, Method, Task
from bakeoff.core.types import Sample
from bakeoff.runner.prefixes import groups

LONG_FIRST_WINDOW = 64
PREFIX_WINDOW = 256
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ordering:
    """`window` trials change places among each other; `width`: prefixes that are held at once, each by a slot.

    `width` 0: all calls share one cache, so that a group is asked as a whole.
    """

    window: int
    by_prefix: bool = False
    width: int = 0


def ordering_of(limits: EngineLimits, workers: int) -> Ordering | None:
    """How an engine is best asked; None: in the order of the draw."""
    if limits.prefix_cache == "slot":
        return Ordering(max(PREFIX_WINDOW, 8 * workers), True, limits.slots or workers)
    if limits.prefix_cache == "shared":
        return Ordering(max(PREFIX_WINDOW, 8 * workers), True)
    if limits.in_process:
        return Ordering(max(LONG_FIRST_WINDOW, 4 * workers))
    return None


def arranged(trials: Iterable[_T], text: Callable[[_T], str], ordering: Ordering) -> Iterator[_T]:
    """The same trials, window by window in the order that suits the engine."""
    source = iter(trials)
    while window := list(islice(source, ordering.window)):
        texts = [text(trial) for trial in window]
        places = (
            side_by_side(groups(texts), ordering.width)
            if ordering.by_prefix
            else sorted(range(len(texts)), key=lambda place: -len(texts[place]))
        )
        yield from (window[place] for place in places)


def side_by_side(found: Sequence[Sequence[int]], width: int) -> Iterator[int]:
    """The groups `width` at a time, in turns, so that each slot reads one group's beginning and keeps it."""
    waiting = deque(deque(group) for group in found)
    open_: deque[deque[int]] = deque()
    while waiting or open_:
        while waiting and len(open_) < max(1, width):
            open_.append(waiting.popleft())
        group = open_.popleft()
        yield group.popleft()
        if group and width > 1:
            open_.append(group)
        elif group:
            open_.appendleft(group)


def prompt_text(method: Method, sample: Sample, task: Task) -> str:
    """The first prompt of a trial as one text; empty where it cannot be made, which the trial itself will tell."""
    try:
        messages = method.prompt(sample, task)
    except Exception:  # whatever it is, it is raised again, and recorded, when the trial is asked
        return ""
    return "\0".join(f"{message.role}\0{message.content}" for message in messages)
