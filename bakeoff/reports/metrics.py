"""Further metrics of a cell, from what its scorers kept of each trial. Pure.

A scorer's parts hold metrics (a mean is their estimate), counts (their ratio is) and sufficient
statistics of a corpus (BLEU and chrF of all texts together are no mean of sentence scores). Example:

    further([("sample-1", {"acc": 1.0, "acc_norm": 0.0}), …])     # {"acc": Estimate, "acc_norm": Estimate}
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bakeoff.core.types import Estimate
from bakeoff.stats import corpus
from bakeoff.stats.intervals import mean_of_sums, proportion, repeated

Parts = Mapping[str, float]
# Of scorer faithfulness: degrees, too.
GROUNDING = (
    *("faithfulness", "hallucination_rate", "context_precision", "context_recall"),
    *("answer_relevance", "citation_precision", "citation_recall"),
)
# Parts that are metrics by themselves, from 0 to 1.
MEANS = (
    *("acc", "acc_norm", "acc_bytes", "acc_tokens", "mc2"),
    *("em", "exact", "f1", "fuzzy", "sp_em", "sp_f1", "joint_em", "joint_f1"),
    *("prompt_strict", "prompt_loose", "pass@1", "function", "arguments"),
    *("rouge1", "rouge2", "rougeL", "rougeLsum", "cosine"),
    *GROUNDING,
    *("agent_answered", "agent_stuck", "agent_max_iterations", "agent_tool_error", "agent_unparsed", "agent_refused"),
)
# Parts that tell of the method and not of the grading: a trial without a grade has them too.
_OF_METHOD = "agent_"
# Beside another score: an answer on which no verdict came is missing in these, and has a score.
_BESIDE = frozenset({"faithfulness", "hallucination_rate"})
# Of these a value is a degree, also where every one happens to be 0 or 1: a mean score and never a share.
DEGREES = frozenset({"mc2", "f1", "sp_f1", "joint_f1", "rouge1", "rouge2", "rougeL", "rougeLsum", "cosine", *GROUNDING})
# Metrics that are one sum over another: every instruction, call or fact counts alike.
RATIOS = {
    "inst_strict": ("followed_strict", "instructions"),
    "inst_loose": ("followed_loose", "instructions"),
    "calls_passed": ("passed", "calls"),
    "tests_passed": ("passed", "tests"),
}
_HUNDRED = 100.0
_MEANS = frozenset(MEANS)
_CORPUS = frozenset({"bleu_length", "chrf_match_1"})
_SUMMED = _CORPUS | {below for _, below in RATIOS.values()}


def further(parts: Iterable[tuple[str, Parts]]) -> dict[str, Estimate]:
    """The estimates that the trials' parts allow, by name; those of a corpus as shares of 1, too.

    `parts` are pairs of sample and parts, the repeats of a sample one after the other: a sample is a
    cluster and counts once.
    """
    metrics = Metrics()
    for sample, one in parts:
        metrics.add(sample, one)
    return metrics.estimates()


@dataclass(slots=True)
class _Mean:
    """Sums over samples of their mean values of one metric."""

    samples: int = 0
    trials: int = 0
    total: float = 0.0
    squares: float = 0.0
    binary: bool = True

    def add(self, values: Sequence[float]) -> None:
        mean = values[0] if len(values) == 1 else math.fsum(values) / len(values)
        self.samples += 1
        self.trials += len(values)
        self.total += mean
        self.squares += mean * mean
        self.binary = self.binary and all(value in (0.0, 1.0) for value in values)

    def estimate(self, missing: int) -> Estimate:
        if not self.binary:
            return mean_of_sums(self.samples, self.total, self.squares, missing)
        if self.trials == self.samples:
            return proportion(int(self.total), self.samples, missing)
        return repeated(self.samples, self.total, self.squares, self.trials, missing)


@dataclass(slots=True)
class _Ratio:
    """Sums over samples of two counts and of their products."""

    samples: int = 0
    above: float = 0.0
    below: float = 0.0
    above2: float = 0.0
    product: float = 0.0
    below2: float = 0.0

    def add(self, above: float, below: float) -> None:
        self.samples += 1
        self.above += above
        self.below += below
        self.above2 += above * above
        self.product += above * below
        self.below2 += below * below

    def estimate(self) -> Estimate:
        """Linearised, each sample a cluster: CR1, with Student's t of n - 1 (Cochran 1977, 6.5)."""
        n = self.samples
        if not self.below:
            return Estimate(None, None, None, 0, 0, "ratio-t95")
        value = self.above / self.below
        if n == 1:
            return Estimate(value, 0.0, 1.0, 1, 0, "ratio-t95")
        from scipy.special import stdtrit

        squares = max(0.0, self.above2 - 2 * value * self.product + value * value * self.below2)
        half = float(stdtrit(n - 1, 0.975)) * math.sqrt(n / (n - 1) * squares) / self.below
        return Estimate(value, max(0.0, value - half), min(1.0, value + half), n, 0, "ratio-t95")


class Metrics:
    """Takes the parts of one trial at a time, and keeps sums; of texts that make a corpus their statistics."""

    def __init__(self) -> None:
        self._means: dict[str, _Mean] = {}
        self._ratios: dict[str, _Ratio] = {}
        self._corpus: list[dict[str, float]] = []
        self._sample: str | None = None
        self._open: list[Parts] = []

    def add(self, sample: str, parts: Parts) -> None:
        if sample != self._sample:
            self._close()
            self._sample = sample
        if parts:
            self._open.append(parts)

    def estimates(self, n: int = 0, missing: int = 0) -> dict[str, Estimate]:
        """Each metric, of a cell with `n` graded samples and `missing` others.

        What was not graded is missing in every metric of the grading; of a ratio and of a corpus nobody can say
        what it would have added to either sum, so these have no outer bounds.
        """
        self._close()
        found = {
            name: mean.estimate(max(0, n + missing - mean.samples) if _alone(name) else missing)
            for name in MEANS
            if self._told(name) and (mean := self._means[name])
        }
        sums = {name: self._ratios[name].estimate() for name in RATIOS if name in self._ratios}
        if any("bleu_length" in one for one in self._corpus):
            sums["corpus_bleu"] = _share(corpus.estimate(corpus.corpus_bleu, self._corpus))
        if any("chrf_match_1" in one for one in self._corpus):
            sums["corpus_chrf"] = _share(corpus.estimate(corpus.corpus_chrf, self._corpus))
        return found | {name: replace(one, n_missing=missing) for name, one in sums.items()}

    def _told(self, name: str) -> bool:
        """Whether there is such a metric; of the ways in which an agent may end, those that happened."""
        mean = self._means.get(name)
        return mean is not None and (mean.total > 0 or name == "agent_answered" or not name.startswith(_OF_METHOD))

    def _close(self) -> None:
        """Take the sample whose parts came last."""
        if not self._open:
            return
        trials, self._open = self._open, []
        for name in _MEANS.intersection(*trials) if len(trials) == 1 else _MEANS:
            if values := [one[name] for one in trials if name in one]:
                self._means.setdefault(name, _Mean(binary=name not in DEGREES)).add(values)
        names = {name for one in trials for name in one}
        if names & _SUMMED:
            summed = corpus.total(trials)
            for name, (above, below) in RATIOS.items():
                if above in summed and below in summed:
                    self._ratios.setdefault(name, _Ratio()).add(summed[above], summed[below])
            if names & _CORPUS:
                self._corpus.append(summed)


def _alone(name: str) -> bool:
    """Whether a metric is missing where it was not measured, and not where the score is missing."""
    return name.startswith(_OF_METHOD) or name in _BESIDE


def of_method(parts: Parts) -> dict[str, float]:
    """What a trial without a grade has to say."""
    return {name: value for name, value in parts.items() if name.startswith(_OF_METHOD)}


def ratio(pairs: Sequence[tuple[float, float]]) -> Estimate:
    """A sum over a sum, each pair a cluster."""
    sums = _Ratio()
    for above, below in pairs:
        sums.add(above, below)
    return sums.estimate()


def _share(estimate: Estimate) -> Estimate:
    """A score from 0 to 100 as one from 0 to 1, as all others are."""
    value, low, high = (None if x is None else x / _HUNDRED for x in (estimate.value, estimate.low, estimate.high))
    return replace(estimate, value=value, low=low, high=high)
