"""The functions of the calculator, each within bounds. Pure.

Numbers are whole or fractions while they can be, so that 10.1 - 10 is 0.1; a root, a logarithm, an angle is a float.

FUNCTIONS["sqrt"](16)      # 4, whole as its square is
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

Number = int | Fraction | float
LARGEST = 10**300
_MOST_DIGITS = 300
_MOST_BITS = 4000  # of numerator and denominator of what is reckoned with exactly
_MOST_FACTORIAL = 170
_MOST_CHOSEN = 1000


class Refused(Exception):
    """An expression that has no value here; the message says why."""


def exact(value: Number) -> Number:
    """The value in its simplest type: whole where it is; a float where it takes too many digits to be exact."""
    if not isinstance(value, Fraction):
        return value
    if value.denominator == 1:
        return value.numerator
    return value if _bits(value) <= _MOST_BITS else float(value)


def size(value: Number) -> Number:
    """Without its sign."""
    return value if value >= 0 else -value


def quotient(value: Number, other: Number) -> Number:
    """value / other, exact where both are."""
    if isinstance(value, float) or isinstance(other, float):
        return value / other
    return Fraction(value) / Fraction(other)


def _bits(value: int | Fraction) -> int:
    return max(abs(value.numerator).bit_length(), value.denominator.bit_length())


def power(base: Number, exponent: Number) -> Number:
    """base ** exponent, where the result can be written down. Raises Refused."""
    if base == 0 and exponent < 0:
        raise Refused("division by zero")
    if base < 0 and int(exponent) != exponent:
        raise Refused("a negative number has no such power among the real numbers")
    if size(base) > 1 and exponent > 0 and exponent * math.log10(size(base)) > _MOST_DIGITS:
        raise Refused("a power is larger than 1e300")
    if isinstance(exponent, float) and exponent.is_integer() and abs(exponent) < 2**53:
        exponent = int(exponent)
    if isinstance(base, float) or isinstance(exponent, float | Fraction):
        return math.pow(base, exponent)
    if exponent < 0 or isinstance(base, Fraction):
        many = _bits(base) * abs(exponent) > _MOST_BITS
        return math.pow(base, exponent) if many else Fraction(base) ** exponent
    found: int = base**exponent
    return found


def _whole(value: Number) -> int:
    if int(value) != value:
        raise Refused(f"{float(value):g} is no whole number")
    return int(value)


def _factorial(value: Number) -> int:
    n = _whole(value)
    if not 0 <= n <= _MOST_FACTORIAL:
        raise Refused(f"a factorial is taken of 0 to {_MOST_FACTORIAL}")
    return math.factorial(n)


def _sqrt(value: Number) -> Number:
    if value < 0:
        raise Refused("a negative number has no real root")
    if isinstance(value, float):
        return math.sqrt(value)
    above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if above**2 == value.numerator and below**2 == value.denominator:
        return Fraction(above, below)
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
    if isinstance(value, float):
        return round(value, digits) if digits else round(value)
    return round(Fraction(value), digits)


def _mod(value: Number, other: Number) -> Number:
    """With the sign of the first, as in C; the sign % is Python's."""
    if other == 0:
        raise Refused("division by zero")
    if isinstance(value, float) or isinstance(other, float):
        return math.fmod(value, other)
    rest = size(value) % size(other)
    return -rest if value < 0 else rest


def _chosen(count: Callable[[int, int], int]) -> Callable[[Number, Number], int]:
    def bounded(n: Number, k: Number) -> int:
        whole, part = _whole(n), _whole(k)
        if not 0 <= part <= whole <= _MOST_CHOSEN:
            raise Refused(f"whole numbers with 0 ≤ k ≤ n ≤ {_MOST_CHOSEN} are expected")
        return count(whole, part)

    return bounded


FUNCTIONS: dict[str, Callable[..., Number]] = {
    "sqrt": _sqrt,
    "abs": size,
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
    "mod": _mod,
}
CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau}
_MANY = (1, 50)
ARITY = {
    **dict.fromkeys(("sum", "gcd", "lcm"), _MANY),
    **dict.fromkeys(("min", "max"), (2, 50)),
    **dict.fromkeys(("comb", "perm", "pow", "mod"), (2, 2)),
    **dict.fromkeys(("round", "log"), (1, 2)),
}
