"""How calibrated a cell is, from the probabilities that its scorer kept of each answer. Pure.

A scorer of log-probabilities keeps `confidence` among the parts of a trial; a cell without has no reliability
diagram. Of a sample that was answered several times the first answer counts: they are of one prompt, and
log-probabilities do not differ between them. Example:

    said = Confidences()
    said.add("sample-1", True, {"confidence": 0.71})
    said.calibration()                          # None where nothing was kept
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bakeoff.core.types import Json
from bakeoff.stats.calibration import Bin, Calibration, calibration

CONFIDENCE = "confidence"
BIN = ("low", "high", "confidence", "right", "right_low", "right_high", "n")


@dataclass(slots=True)
class Confidences:
    """Takes the answers of a cell, the repeats of a sample one after the other, and keeps 9 bytes of each sample."""

    said: array[float] = field(default_factory=lambda: array("d"))
    right: bytearray = field(default_factory=bytearray)
    _sample: str | None = None
    _found: Calibration | None = None

    def add(self, sample: str, right: bool, parts: Mapping[str, float]) -> None:
        found = parts.get(CONFIDENCE)
        if found is None or sample == self._sample or not 0 <= found <= 1:
            return
        self._sample = sample
        self.said.append(found)
        self.right.append(right)

    def calibration(self) -> Calibration | None:
        """Made when it is first asked for, and kept: it takes thousands of resamples. To be asked at the end."""
        if self._found is None and self.said:
            self._found = calibration(self.said, [bool(one) for one in self.right])
        return self._found


def told(name: str, found: Calibration) -> str:
    """`a: Brier 0.190 [0.150, 0.231], ECE 0.071 [0.000, 0.150] (plain 0.112); …`: a line for each cell."""
    lean = "over" if found.confidence > found.share else "under"
    verdict = f"{lean}confident" if found.shown else "no calibration error shown"
    return (
        f"{name}: Brier {_between(found.brier.value, found.brier.low, found.brier.high)},"
        f" ECE {_between(found.ece.value, found.ece.low, found.ece.high)} (plain {found.plain:.3f});"
        f" on the average {100 * found.confidence:.1f} % sure, {100 * found.share:.1f} % right of"
        f" {found.ece.n:,}: {verdict}."
    )


def method_line(found: Sequence[Calibration]) -> str:
    """How Brier score and ECE were made."""
    most = max(len(one.bins) for one in found)
    return (
        f"Calibration: probability of the choice taken, out of all choices; Brier score with its t interval; ECE over"
        f" at most {most} bins of as many samples each, less what chance adds to it (Kumar 2019), with its bootstrap"
        " interval; the plain ECE is biased upward."
    )


def calibration_json(found: Calibration | None) -> Json:
    """The numbers behind a reliability diagram; None where a cell has none."""
    if found is None:
        return None
    bins: list[Json] = [dict(zip(BIN, bin_numbers(one), strict=True)) for one in found.bins]
    return {
        "brier": {"value": found.brier.value, "low": found.brier.low, "high": found.brier.high},
        "ece": {"value": found.ece.value, "low": found.ece.low, "high": found.ece.high, "method": found.ece.method},
        "ece_plain": found.plain,
        "p": found.p,
        "confidence": found.confidence,
        "right": found.share,
        "n": found.ece.n,
        "bins": bins,
    }


def bin_numbers(one: Bin) -> tuple[float | None, ...]:
    """In the order of `BIN`."""
    right = one.right
    return one.low, one.high, one.confidence, right.value, right.low, right.high, right.n


def _between(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or low is None or high is None:
        return "none"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
