"""The settings of a method's own: what it takes, of which kind, within which bounds.

A method's class says them in `OPTIONS`; `app.wiring` refuses what is not among them, and fills in the rest. Example:

    OPTIONS = {"votes": Option(5, "replies that vote", low=2, high=100)}
    settled("self_consistency", OPTIONS, {"votes": 7})     # {"votes": 7}
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass

from bakeoff.core.errors import ConfigInvalid

Value = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: its default says its kind; `low` and `high` are allowed themselves, so are `choices` alone.

    Where the default is a float, a whole number will do. `filled`: an empty text is none of its values.
    """

    default: Value
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    filled: bool = False

    def problem(self, value: Value) -> str:
        """What is wrong with a value, as the end of a sentence; empty when it is fine."""
        if isinstance(self.default, bool):
            return "" if isinstance(value, bool) else "true or false is expected"
        if isinstance(self.default, str):
            return self._problem_of_text(value)
        whole = isinstance(self.default, int)
        kind = "a whole number" if whole else "a number"
        fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not fits or (whole and not isinstance(value, int)) or not self._within(value):
            return f"{kind}{self.bounds()} is expected"
        return ""

    def _problem_of_text(self, value: Value) -> str:
        if not isinstance(value, str):
            return "a text is expected"
        if self.filled and not value.strip():
            return "it is empty, and a text is expected"
        if self.choices and value not in self.choices:
            return f"one of {', '.join(self.choices)} is expected"
        return ""

    def _within(self, value: Value) -> bool:
        number = float(value)
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)

    def bounds(self) -> str:
        """` from 2 to 100`, with a blank before; empty where there are none."""
        if self.low is not None and self.high is not None:
            return f" from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f" of {self.low:g} or more"
        return "" if self.high is None else f" of {self.high:g} or less"


Options = Mapping[str, Option]


def settled(method: str, known: Options, given: Mapping[str, Value]) -> dict[str, Value]:
    """All options of a method, with the defaults of those that are not given. Raises ConfigInvalid, one line."""
    for name, value in given.items():
        if name not in known:
            raise ConfigInvalid(f"method '{method}' has no option '{name}'", _nearest(method, name, known))
        problem = known[name].problem(value)
        if problem:
            raise ConfigInvalid(
                f"option '{name}' of method '{method}' cannot be {value!r}: {problem}",
                f"write it like {method}:{name}={_shown(known[name].default)}",
            )
    return {name: given.get(name, option.default) for name, option in known.items()}


def _nearest(method: str, name: str, known: Options) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {', '.join(known)}" if known else f"it takes none: write '{method}'"


def _shown(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
