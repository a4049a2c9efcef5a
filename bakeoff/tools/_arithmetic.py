"""Arithmetic as people and models write it, worked out within limits. Pure; nothing of it is run as a program.

A parser of its own: `eval` runs programs, numexpr evaluates through it and hangs at 9**9**9**9, and Python's own
parser warns and recurses as it likes. Length, nesting and magnitude are limited before anything is computed. Example:

    work_out("15% of 1,200 + sqrt(16)")      # "184"
    work_out("0.1 + 0.2"), work_out("10 % -3"), work_out("5% + 3%")      # "0.3", "-2", "0.08"
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

from bakeoff.tools._functions import ARITY, CONSTANTS, FUNCTIONS, LARGEST, Number, Refused, exact, power, quotient, size

MAX_LENGTH = 500
MAX_DEPTH = 40
_DIGITS = 15  # significant ones that a double holds for certain
_EXACT_DIGITS = 30  # of a fraction that ends, such as 1234569125567.891
_PLAIN = (Decimal("1e-9"), Decimal("1e15"))  # sizes that are written without an exponent
_TOKEN = re.compile(
    r"\s*(?:(?P<thousands>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4}(?![0-9]))?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<sign>\*\*|//|[-+*/%^!(),]))"
)
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "$": " ", "[": "(", "]": ")"})
_END = ("end", "")
Token = tuple[str, str]


def work_out(expression: str) -> str:
    """The value in decimal. Raises Refused, which says what is wrong."""
    if len(expression) > MAX_LENGTH:
        raise Refused(f"the expression has {len(expression):,} characters, and {MAX_LENGTH} are allowed")
    text = expression.translate(_SIGNS).strip().removesuffix("?").rstrip().removesuffix("=").replace("math.", "")
    if not text.strip():
        raise Refused("the expression is empty")
    try:
        value = _Parser(_tokens(text)).whole()
    except OverflowError:
        raise Refused("a value is too large") from None
    except ValueError as error:
        raise Refused(f"a value is outside of what a function takes ({error})") from None
    return written(value)


def written(value: Number) -> str:
    """All digits of a whole number and of a fraction that ends soon; else 15 significant ones."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int):
        return str(value)
    shown = Decimal(f"{value:.{_DIGITS}g}") if isinstance(value, float) else _decimal(value)
    if shown == 0 or _PLAIN[0] <= abs(shown) < _PLAIN[1]:
        plain = f"{shown:f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    return f"{shown.normalize():g}"


def _decimal(value: Fraction) -> Decimal:
    """To the last digit where there is one."""
    above, below = Decimal(value.numerator), Decimal(value.denominator)
    found = Context(prec=_EXACT_DIGITS).divide(above, below)
    return found if Fraction(found) == value else Context(prec=_DIGITS).divide(above, below)


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    calls: list[bool] = []  # for each open bracket: whether it holds arguments, where a comma parts numbers
    at = 0
    while at < len(text):
        if text[at:].isspace():
            break
        hit = _TOKEN.match(text, at)
        if hit is None:
            raise Refused(f"'{text[at:].strip()[:20]}' is no arithmetic; numbers, + - * / ** % ( ) and functions are")
        kind, body, end = str(hit.lastgroup), hit[str(hit.lastgroup)], hit.end()
        if kind == "thousands":
            if any(calls):
                body = body.partition(",")[0]
                end = hit.start("thousands") + len(body)
            kind, body = "number", body.replace(",", "")
        if body == "(":
            calls.append(bool(found) and found[-1][0] == "name")
        elif body == ")" and calls:
            calls.pop()
        if body in ("+", "-") and not text[end : end + 1].isspace():
            kind = "attached"  # to what follows, as the sign of a number is
        found.append((kind, "**" if body == "^" else body))
        at = end
    return found


@dataclass(slots=True)
class _Parser:
    """Recursive descent that computes as it reads. A sign binds less than a power: -2**2 is -4."""

    tokens: Sequence[Token]
    at: int = 0
    depth: int = 0

    def whole(self) -> Number:
        value = self._sum()
        if self._next != _END:
            raise Refused(f"'{self._next[1][:20]}' is not expected there")
        return value

    @property
    def _next(self) -> Token:
        return self._at(self.at)

    def _take(self, *signs: str) -> str:
        kind, body = self._next
        if kind == "end" or body not in signs:
            return ""
        self.at += 1
        return body

    def _sum(self) -> Number:
        value = self._product()
        while sign := self._take("+", "-"):
            other = self._product()
            value = within(value + other if sign == "+" else value - other)
        return value

    def _product(self) -> Number:
        value = self._signed()
        while sign := self._take("*", "/", "//", "%", "x", "X", "of"):
            value = within(_multiplied(value, sign, self._signed()))
        return value

    def _signed(self) -> Number:
        negative = False
        while sign := self._take("-", "+"):
            negative ^= sign == "-"
        value = self._power()
        return -value if negative else value

    def _power(self) -> Number:
        base = self._postfix()
        if not self._take("**"):
            return base
        self._deeper()
        raised = within(power(base, self._signed()))
        self.depth -= 1
        return raised

    def _postfix(self) -> Number:
        value = self._atom()
        while True:
            if self._take("!"):
                value = within(FUNCTIONS["factorial"](value))
            elif self._next[1] == "%" and not self._begins_operand(self.at + 1):
                self.at += 1
                value = within(quotient(value, 100))
            else:
                return value

    def _begins_operand(self, at: int) -> bool:
        """Whether a number, a name or a bracket stands there: then % is the remainder, else per cent.

        With a sign right before it, too; but 5%+3% is a sum of percentages, and so is 5% + 3 with its space.
        """
        kind, body = self._at(at)
        if kind == "attached":
            percent = self._at(at + 2)[1] == "%" and not self._begins_operand(at + 3)
            return self._at(at + 1)[0] != "attached" and self._begins_operand(at + 1) and not percent
        return kind == "number" or (kind == "name" and body not in ("of", "x", "X")) or body == "("

    def _at(self, at: int) -> Token:
        return self.tokens[at] if at < len(self.tokens) else _END

    def _atom(self) -> Number:
        kind, body = self._next
        self.at += 1
        if kind == "number":
            return within(_literal(body))
        if kind == "name":
            return self._named(body)
        if body != "(":
            raise Refused(f"a number is expected instead of '{body}'" if body else "the expression ends too early")
        self._deeper()
        value = self._sum()
        self._close()
        return value

    def _named(self, name: str) -> Number:
        if name.lower() in CONSTANTS:
            return CONSTANTS[name.lower()]
        function = FUNCTIONS.get(name.lower())
        if function is None:
            raise Refused(f"'{name[:20]}' is not known; functions: {', '.join(FUNCTIONS)}; constants: pi, e")
        if not self._take("("):
            raise Refused(f"'{name}' needs its arguments in brackets")
        self._deeper()
        values = [self._sum()]
        while self._take(","):
            values.append(self._sum())
        self._close()
        least, most = ARITY.get(name.lower(), (1, 1))
        if not least <= len(values) <= most:
            raise Refused(f"'{name}' takes {least if least == most else f'{least} to {most}'} numbers")
        return within(function(*values))

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused(f"it is nested deeper than {MAX_DEPTH}")

    def _close(self) -> None:
        if not self._take(")"):
            raise Refused("a bracket is not closed")
        self.depth -= 1


def _multiplied(value: Number, sign: str, other: Number) -> Number:
    if sign in ("*", "x", "X", "of"):
        return value * other
    if other == 0:
        raise Refused("division by zero")
    if sign == "/":
        return quotient(value, other)
    return value // other if sign == "//" else value % other


def _literal(body: str) -> Number:
    """Exact as it is written; what is too large for a double is not made at all."""
    if body.isdigit():
        return int(body)
    return Fraction(body) if math.isfinite(float(body)) else math.inf


def within(value: Number) -> Number:
    """The value in its simplest type, where it is a finite number of a size that is allowed. Raises Refused."""
    value = exact(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused("the result is not a finite number")
    if size(value) > LARGEST:
        raise Refused("a value is larger than 1e300")
    return value
