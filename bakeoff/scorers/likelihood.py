"""Choose the continuation that a model finds likeliest: accuracy by sum, characters, bytes, tokens.

The metrics are those of lm-evaluation-harness (https://github.com/EleutherAI/lm-evaluation-harness,
MIT): `acc` compares sums of log-probabilities, `acc_norm` sums per character of the choice,
`acc_bytes` per UTF-8 byte, `acc_tokens` per token, `mc2` the probability that all right choices
have among all (TruthfulQA, https://github.com/sylinrl/TruthfulQA, Apache-2.0). They are different
metrics: the score is the one named in the profile, the others are in its parts. `confidence` among the
parts is the probability that the model gave to the choice that counts, out of all choices: what a
reliability diagram needs. Of equal ones the first counts. Printed example: " C" at -0.2 beats " A" at
-1.9, so the answer is C.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import orjson

from bakeoff.core.prompts import among
from bakeoff.core.types import Json, Sample, Score

Metric = Literal["acc", "acc_norm", "acc_bytes", "acc_tokens", "mc2"]
_TOLD = 8  # choices in the reason


class Likelihood:
    def __init__(self, metric: Metric = "acc", among: str = "", delimiter: str = " ") -> None:
        """`among`: that of the prompt. `delimiter` parts a choice from its context and has no length."""
        self._metric = metric
        self.continuous = metric == "mc2"
        self._among = among
        self._delimiter = delimiter

    def score(self, sample: Sample, extracted: str) -> Score:
        """`extracted`: JSON of [continuation, log-probability, number of tokens] for each choice."""
        sample = among(sample, self._among)
        found: list[tuple[str, float | None, int]] = orjson.loads(extracted)
        sums = [logprob for _, logprob, _ in found if logprob is not None]
        if len(sums) != len(sample.choices) or not sums:
            raise ValueError(f"{len(sums)} log-probabilities for {len(sample.choices)} choices")
        texts = [text.removeprefix(self._delimiter) for text, _, _ in found]
        chosen = {
            "acc": _best(sums),
            "acc_norm": _best(_each(sums, [len(text) for text in texts])),
            "acc_bytes": _best(_each(sums, [len(text.encode()) for text in texts])),
            "acc_tokens": _best(_each(sums, [count for _, _, count in found])),
        }
        right = _right(sample)
        if self._metric == "mc2":  # over another list of choices than the accuracies: each goes without the other
            parts = {"mc2": _share(sums, right)}
        else:
            parts = {name: float(place in right) for name, place in chosen.items()}
            parts["confidence"] = _share(sums, {chosen[self._metric]})
        label = sample.labels[chosen.get(self._metric, chosen["acc"])]
        told = ", ".join(f"{name} {s:.2f}" for name, s in list(zip(sample.labels, sums, strict=True))[:_TOLD])
        more = f" and {len(sums) - _TOLD} more" if len(sums) > _TOLD else ""
        return Score(parts[self._metric], told + more, parts, continuous=self.continuous, chosen=label)


def _right(sample: Sample) -> set[int]:
    """The places of the right choices: one, unless `meta["right"]` lists several."""
    listed: Json = sample.meta.get("right")
    if isinstance(listed, list):
        return {place for place in listed if isinstance(place, int)}
    return {sample.labels.index(str(sample.target))}


def _each(sums: Sequence[float], lengths: Sequence[int]) -> list[float]:
    """Sums per unit of length; a choice without length is never the best, as a division by zero makes it."""
    return [value / length if length else -math.inf for value, length in zip(sums, lengths, strict=True)]


def _best(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def _share(sums: Sequence[float], right: set[int]) -> float:
    """The share of the right ones. The largest is taken out first, so that long texts do not all vanish."""
    most = max(sums)
    masses = [math.exp(value - most) for value in sums]
    return math.fsum(mass for place, mass in enumerate(masses) if place in right) / math.fsum(masses)
