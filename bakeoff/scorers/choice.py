"""Compare the letter of a choice with the right one. Licence: ours.

Printed example: `Choice().score(sample, "C").value == 1.0` for target "C".
"""

from __future__ import annotations

from bakeoff.core.types import Sample, Score


class Choice:
    continuous = False

    def score(self, sample: Sample, extracted: str) -> Score:
        right = extracted == sample.target
        return Score(float(right), f"{extracted} {'=' if right else '≠'} {sample.target}")
