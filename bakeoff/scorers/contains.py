"""Right when the reply contains an accepted answer (or all of them), whatever its case.

As the `contains` metric of lm-evaluation-harness's squad_completion
(https://github.com/EleutherAI/lm-evaluation-harness, MIT); ours adds whole words, and all in place of
any. Printed example: "It was built in Paris." is right for "paris"; with `words`, "Parisian" is not.
"""

from __future__ import annotations

import re

from bakeoff.core.types import Sample, Score

_MAX_CHARS = 100_000


class Contains:
    continuous = False

    def __init__(self, words: bool = False, every: bool = False, ignore_case: bool = True) -> None:
        self._words, self._every = words, every
        self._flags = re.IGNORECASE if ignore_case else re.NOFLAG

    def score(self, sample: Sample, extracted: str) -> Score:
        targets = sample.target if isinstance(sample.target, list) else [sample.target]
        accepted = [str(target) for target in targets if str(target).strip()]
        if not accepted:
            raise ValueError(f"sample '{sample.id}' has no text to look for")
        text = extracted[:_MAX_CHARS]
        named = [target for target in accepted if re.search(self._pattern(target), text, self._flags)]
        right = len(named) == len(accepted) if self._every else bool(named)
        parts = {"named": float(len(named)), "wanted": float(len(accepted))}
        reason = f"contains '{named[0]:.60}'" if named else f"contains none of {len(accepted)}"
        if self._every:
            reason = f"contains {len(named)} of {len(accepted)}"
        return Score(float(right), reason, parts)

    def _pattern(self, target: str) -> str:
        literal = re.escape(target)
        return rf"(?<!\w){literal}(?!\w)" if self._words else literal
