"""Numbers compared as numbers: exact, whatever they are written like."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.numbers import number
from bakeoff.scorers.numeric import Numeric
from tests.scorers.samples import target

LIGHT = settings(deadline=None, database=None, max_examples=60)


def right(wanted: str, found: str) -> bool:
    score = Numeric().score(target(wanted), found)
    assert score.reason
    assert score.value in (0.0, 1.0)
    return score.value == 1.0


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("18", "18"),
        ("18", "$18.00"),
        ("18", "18."),
        ("18", "36/2"),
        ("1234", "$1,234.00"),
        ("70000", "70,000"),
        ("1000", "1\u202f000"),
        ("1000", "1_000"),
        ("-5", "−5"),
        ("-5", "-$5"),
        ("-5", "$-5"),
        ("5", "+5"),
        ("50", "50%"),
        ("100000", "1e5"),
        ("0.01", "1E-2"),
        ("0.5", "1/2"),
        ("0.5", ".5"),
        ("1/2", "0.5"),
        ("2.5", "2 1/2"),
        ("-2.5", "-2 1/2"),
        ("0.9", "4.5/5"),
        ("0.333333", "0.3333331"),
        ("18", "18kg"),
        ("18", "18 eggs"),
        ("18", "18 km/h"),
        ("18", "€ 18"),
        ("18", "18 €"),
        ("18", "18."),
        ("1000", "1 000"),
        ("1000", "1'000"),
        ("1000.5", "1.000,50"),
        ("1000.5", "1 000,50"),
        ("1000000", "1.000.000"),
        ("100000", "1,00,000"),
        ("12.5", "12,5"),
        ("1", "1.000"),
        ("18", r"\boxed{18}"),
        ("18", r"\boxed{18 \text{ eggs}}"),
        ("0.5", r"\frac{1}{2}"),
        ("-0.75", r"-\dfrac{3}{4}"),
        ("137.5", r"137 \frac{1}{2}"),
        ("1.8", r"1\frac45"),
        ("10080", r"10,\!080"),
        ("1000", r"1{,}000"),
        ("32348", r"\$32,\!348"),
        ("50", r"50\%"),
        ("90", r"90^\circ"),
        ("90", r"90^{\circ}"),
        ("18", "$18$"),
        ("18", r"\(18\)"),
        ("18.90", r"\$18.90"),
        ("123456789012345678901234567890", "123,456,789,012,345,678,901,234,567,890"),
    ],
)
def test_equal(wanted: str, found: str) -> None:
    assert right(wanted, found)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("262500", "262501"),  # D7: five significant digits are not enough
        ("1000000", "1000049"),
        ("711", "11"),
        ("18", "18.0001"),
        ("18", "-18"),
        ("18", "1800%"),
        ("0.333333", "0.33334"),
        ("123456789012345678901234567890", "123456789012345678901234567891"),
        ("18", "eighteen"),
        ("18", ""),
        ("18", "1e999999999"),
        ("18", "18/0"),
        ("10.5", "21/2/1"),
        ("12", "1 2"),
        ("1", "1 000"),
        ("125", "12,5"),
        ("123", "1,23"),
        ("18", "18 of 20"),
        ("18", "18 19"),
        ("1000000", "1.000,000"),
        ("4", "- -4"),
        ("2", "x^2"),
    ],
)
def test_not_equal(wanted: str, found: str) -> None:
    assert not right(wanted, found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "$",
        "nan",
        "inf",
        "-inf",
        "e5",
        "1e5e5",
        "1e100",
        "--5",
        "5-",
        "0x10",
        "3/",
        "/3",
        "1/2/3",
        "½",
        "1,000,00,",
        "1..5",
        "1.2.3",
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert number(text) is None


def test_a_target_that_is_no_number_is_the_benchmarks_fault() -> None:
    with pytest.raises(ValueError, match="'many' is no number"):
        Numeric().score(target("many"), "18")


@pytest.mark.parametrize(
    "text",
    [
        "9" * 1_000_000,
        "1e" + "9" * 1000,
        "1/" * 100_000,
        " " * 1_000_000,
        "9" * 61,
        "1 " * 99,
        "1," * 99,
        "1 " + "a " * 98 + "1",
        "\\boxed{" * 25,
    ],
)
def test_what_is_long_is_none_and_takes_no_time(text: str) -> None:
    start = time.process_time()
    assert number(text) is None
    assert time.process_time() - start < 0.5


@LIGHT
@given(st.integers(-(10**40), 10**40))
def test_any_integer_in_any_dress(value: int) -> None:
    for written in (str(value), f"{value:,}", f"{value}.0", f"{value}.", f"${value:,}.00", f" {value} "):
        assert number(written) == value
    assert not right(str(value), str(value + 1))


@LIGHT
@given(st.fractions(max_denominator=1000))
def test_any_fraction(value: Fraction) -> None:
    assert number(f"{value.numerator}/{value.denominator}") == value


@LIGHT
@given(st.text(max_size=80))
def test_any_text_is_a_number_or_none(text: str) -> None:
    found = number(text)
    assert found is None or isinstance(found, Fraction)
