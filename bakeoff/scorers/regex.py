"""Right when a pattern matches the reply: one pattern for all samples, or each sample's targets.

With the `regex` library (https://github.com/mrabarnett/mrab-regex, Apache-2.0), because Python's own cannot
be stopped: a match that takes longer than `seconds` is a fault of the pattern, not a wrong answer.
Licence: ours. Printed example: the pattern "(?i)\\bpar[iy]s\\b" is right for "It is Paris." and, with
`whole`, for "Paris" alone.
"""

from __future__ import annotations

from typing import Any

from bakeoff.core.errors import ConfigInvalid, MissingExtra, ScorerFailed
from bakeoff.core.types import Sample, Score

_MAX_CHARS = 100_000


class Regex:
    continuous = False

    def __init__(
        self, pattern: str | None = None, whole: bool = False, ignore_case: bool = False, seconds: float = 0.25
    ) -> None:
        """Raises MissingExtra, and ConfigInvalid for what is no pattern or no time."""
        try:
            import regex
        except ImportError:
            raise MissingExtra("the scorer 'regex'", "metrics") from None
        if not 0 < seconds <= 10:
            raise ConfigInvalid(f"'{seconds}' seconds for a match: 0 to 10 are allowed", "take 0.25")
        self._library = regex
        self._whole, self._seconds = whole, seconds
        self._flags = regex.IGNORECASE if ignore_case else 0
        self._given = None if pattern is None else self._compiled(pattern)

    def score(self, sample: Sample, extracted: str) -> Score:
        text = extracted[:_MAX_CHARS]
        for pattern in self._patterns(sample):
            match = pattern.fullmatch if self._whole else pattern.search
            try:
                hit = match(text, timeout=self._seconds)
            except TimeoutError:
                told = f"'{pattern.pattern:.60}' took longer than {self._seconds} s on {len(text)} characters"
                raise ScorerFailed(told) from None
            if hit is not None:
                return Score(1.0, f"'{pattern.pattern:.60}' matches '{hit[0]:.60}'")
        return Score(0.0, "no pattern matches")

    def _patterns(self, sample: Sample) -> list[Any]:
        if self._given is not None:
            return [self._given]
        targets = sample.target if isinstance(sample.target, list) else [sample.target]
        return [self._compiled(str(target)) for target in targets]

    def _compiled(self, pattern: str) -> Any:
        try:
            return self._library.compile(pattern, self._flags)
        except (self._library.error, RecursionError, OverflowError) as error:
            raise ConfigInvalid(f"'{pattern:.60}' is no pattern ({error})", "correct it") from None
