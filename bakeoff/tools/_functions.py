"""The functions of the calculator, each within bounds. Pure.

FUNCTIONS["sqrt"](16)      # 4, whole as its square is
"""

from __future__ import annotations

import math
from collections.abc import Callable

Number = int | float
LARGEST = 10**300
_MOST_DIGITS = 300
_MOST_FACTORIAL = 170
_MOST_CHOSEN = 1000


class Refused(Exception):
    """An expression that has no value here; the message says why."""


def power(base: Number, exponent: Number) -> Number:
    """base ** exponent, where the result can be written down. Raises Refused."""
    if base == 0 and exponent < 0:
        raise Refused("division by zero")
    if base < 0 and isinstance(exponent, float) and not exponent.is_integer():
        raise Refused("a negative number has no such power among the real numbers")
    if abs(base) > 1 and exponent > 0 and exponent * math.log10(abs(base)) > _MOST_DIGITS:
        raise Refused("a power is larger than 1e300")
    if isinstance(exponent, float) and exponent.is_integer() and abs(exponent) < 2**53:
        exponent = int(exponent)
    if isinstance(exponent, int) and abs(exponent) > 10**6 and isinstance(base, float):
        return math.pow(base, exponent)
    found: Number = base**exponent
    return found


def _whole(value: Number) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise Refused(f"{value:g} is no whole number")
    return int(value)


def _factorial(value: Number) -> int:
    n = _whole(value)
    if not 0 <= n <= _MOST_FACTORIAL:
        raise Refused(f"a factorial is taken of 0 to {_MOST_FACTORIAL}")
    return math.factorial(n)


def _sqrt(value: Number) -> Number:
    if value < 0:
        raise Refused("a negative number has no real root")
    if isinstance(value, int) and math.isqrt(value) ** 2 == value:
        return math.isqrt(value)
    return math.sqrt(value)


def _log(value: Number, base: Number | None = None) -> float:
    if value <= 0 or (base is not None and (base <= 0 or base == 1)):
        raise Refused("a logarithm is taken of a number above 0")
    return math.log(value) if base is None else math.log(value) / math.log(base)


def _log10(value: Number) -> float:
    if value <= 0:
        raise Refused("a logarithm is taken of a number above 0")
    return math.log10(value)


def _round(value: Number, places: Number = 0) -> Number:
    digits = _whole(places)
    if abs(digits) > _MOST_DIGITS:
        raise Refused(f"a number is rounded to at most {_MOST_DIGITS} places")
    return round(value, digits) if digits else round(value)


def _chosen(count: Callable[[int, int], int]) -> Callable[[Number, Number], int]:
    def bounded(n: Number, k: Number) -> int:
        whole, part = _whole(n), _whole(k)
        if not 0 <= part <= whole <= _MOST_CHOSEN:
            raise Refused(f"whole numbers with 0 ≤ k ≤ n ≤ {_MOST_CHOSEN} are expected")
        return count(whole, part)

    return bounded


FUNCTIONS: dict[str, Callable[..., Number]] = {
    "sqrt": _sqrt,
    "abs": abs,
    "round": _round,
    "floor": math.floor,
    "ceil": math.ceil,
    "min": min,
    "max": max,
    "sum": lambda *values: sum(values),
    "log": _log,
    "ln": _log,
    "log10": _log10,
    "log2": lambda value: _log(value, 2),
    "exp": math.exp,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "degrees": math.degrees,
    "radians": math.radians,
    "factorial": _factorial,
    "gcd": lambda *values: math.gcd(*map(_whole, values)),
    "lcm": lambda *values: math.lcm(*map(_whole, values)),
    "comb": _chosen(math.comb),
    "perm": _chosen(math.perm),
    "pow": power,
    "mod": math.fmod,
}
CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau}
_MANY = (1, 50)
ARITY = {
    **dict.fromkeys(("sum", "gcd", "lcm"), _MANY),
    **dict.fromkeys(("min", "max"), (2, 50)),
    **dict.fromkeys(("comb", "perm", "pow", "mod"), (2, 2)),
    **dict.fromkeys(("round", "log"), (1, 2)),
}
