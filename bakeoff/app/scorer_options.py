"""What a scorer may be given with `--scorer-args`: the names and kinds that its class (or what makes it) takes.

check_options("regex", Regex, {"patern": "a+"})     # ConfigInvalid: it has no option 'patern': did you mean 'pattern'?
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Literal, get_args, get_origin, get_type_hints

from bakeoff.core.errors import ConfigInvalid

# What is handed to a scorer, and is no option of it.
HANDED = frozenset({"judges", "runner", "embedder", "entailment"})


def check_options(
    name: str, maker: Callable[..., object], given: Mapping[str, object], further: Collection[str] = ()
) -> None:
    """Raise ConfigInvalid, one line, for a name or a value that `maker` does not take; `further` names it does."""
    taken = inspect.signature(maker).parameters
    if any(one.kind is one.VAR_KEYWORD for one in taken.values()):
        return
    known = [one for one in (*taken, *further) if one not in HANDED]
    hints = _hints(maker)
    for key, value in given.items():
        if key in HANDED:
            continue
        if key not in known:
            raise ConfigInvalid(f"scorer '{name}' has no option '{key}'", _nearest(key, known))
        problem = _problem(hints.get(key), value)
        if problem:
            raise ConfigInvalid(
                f"option '{key}' of scorer '{name}' cannot be {value!r:.80}: {problem}", "correct it, or leave it out"
            )


def _hints(maker: Callable[..., object]) -> dict[str, object]:
    try:
        return get_type_hints(getattr(maker, "__init__") if isinstance(maker, type) else maker)  # noqa: B009
    except NameError:  # of types that are imported for the checker alone
        return {}


def _problem(hint: object, value: object) -> str:
    if hint is bool and not isinstance(value, bool):
        return "true or false is expected"
    if get_origin(hint) is Literal and value not in get_args(hint):
        return f"one of {', '.join(map(str, get_args(hint)))} is expected"
    return ""


def _nearest(key: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {', '.join(known)}" if known else "it takes none: leave --scorer-args out"
