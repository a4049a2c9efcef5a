"""Equal texts, after the changes that a profile names: case, punctuation, what a pattern matches.

With the options of lm-evaluation-harness's `exact_match`
(https://github.com/EleutherAI/lm-evaluation-harness, MIT): patterns are taken away from both sides
first, then case, punctuation and digits. A list of targets is met by any of them; ours adds that a
side may be stripped. Printed example: "$1,234." equals "1234" where `ignore` is [",", "\\$", "\\.$"].
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

from bakeoff.core.types import Json, Sample, Score

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_DIGITS = str.maketrans("", "", string.digits)


class Exact:
    continuous = False

    def __init__(
        self,
        ignore: Sequence[str] = (),
        ignore_case: bool = False,
        ignore_punctuation: bool = False,
        ignore_numbers: bool = False,
        strip: bool = False,
        target: str | None = None,
    ) -> None:
        """`target` names what to compare with in place of the sample's target: in its `meta`, or a field."""
        self._ignored = [re.compile(pattern) for pattern in ignore]
        self._case, self._punctuation, self._numbers = ignore_case, ignore_punctuation, ignore_numbers
        self._strip = strip
        self._target = target

    def score(self, sample: Sample, extracted: str) -> Score:
        wanted: Json = sample.target
        if self._target is not None:
            wanted = sample.meta[self._target] if self._target in sample.meta else sample.fields[self._target]
        accepted = [str(one) for one in wanted] if isinstance(wanted, list) else [str(wanted)]
        found = self.plain(extracted)
        right = next((one for one in accepted if self.plain(one) == found), None)
        if right is not None:
            return Score(1.0, f"equals '{right:.60}'")
        more = f" or {len(accepted) - 1} others" if len(accepted) > 1 else ""
        return Score(0.0, f"'{extracted:.40}' is not '{accepted[0]:.40}'{more}")

    def plain(self, text: str) -> str:
        """The text as it is compared."""
        for pattern in self._ignored:
            text = pattern.sub("", text)
        if self._case:
            text = text.lower()
        if self._punctuation:
            text = text.translate(_PUNCTUATION)
        if self._numbers:
            text = text.translate(_DIGITS)
        return text.strip() if self._strip else text
