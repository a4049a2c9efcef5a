"""Compare a label out of a closed list with the right one, whatever its case. Licence: ours.

Printed example: `Label().score(sample, "Negative").value == 1.0` for target "negative".
"""

from __future__ import annotations

from bakeoff.core.types import Sample, Score


class Label:
    continuous = False

    def score(self, sample: Sample, extracted: str) -> Score:
        right = extracted.lower() == str(sample.target).lower()
        return Score(float(right), f"{extracted} {'=' if right else '≠'} {sample.target}")
