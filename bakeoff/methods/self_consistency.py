"""Self-consistency: several replies reason by themselves, and the answer most of them reach counts (Wang et al. 2023).

Paper https://arxiv.org/abs/2203.11171. Spec: `self_consistency:votes=5`; with a number in front the replies are
shown so many worked examples (`self_consistency:3,votes=10`), without one they are asked as by `cot`:

    Question: …

    Think step by step. Then give the final answer on a line of its own, like this:
    Answer: <number>

- Votes are drawn at `temperature`; 0 stands for the experiment's own where that is above 0, else for 0.7.
- The answer of a reply is found as grading finds it; "18" and "$18.00" are one candidate. A reply without an
  answer, one that was cut before it or refused, has no vote. Where none has one, the trial ends as the first did.
- A tie goes to the candidate that was named first, in the order of the votes.
- `weighted=true` weighs each vote by the likelihood of its reply, normalised by length: exp of the mean
  log-probability of its tokens. Where the engine gives none, all weigh the same, and the trace says so.
- `vote_share` is the winner's part of all replies (their weight), those without an answer counted in.
- A call that fails makes the trial an error, after the others have ended: an answer by fewer votes would be another
  method's. The others are in the store, so a resume asks for the missing one alone.
- Votes are calls of their own: no repeat of the sample shares them, and the first 5 of 10 are those of 5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bakeoff.core.answers import answer_in, kind_of
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import asked_again, derive_seed
from bakeoff.core.options import Option, Value, settled
from bakeoff.core.protocols import Engine, MethodConfig, Task
from bakeoff.core.types import Answer, Completion, Json, Message, Request, Sample, Sampling
from bakeoff.core.votes import VOTABLE, alike
from bakeoff.methods import _exemplars
from bakeoff.methods._single_call import oracle
from bakeoff.methods._steps import Trail
from bakeoff.methods.cot import ChainOfThought

USUAL_TEMPERATURE = 0.7
EQUALLY = "equally: the engine gave no log-probabilities"


@dataclass(frozen=True, slots=True)
class Vote:
    """What one reply says: the answer, by which rule, what it is counted as; None where it has none."""

    text: str
    value: str | None
    rule: str
    candidate: str | None
    weight: float


@dataclass(frozen=True, slots=True)
class Count:
    """How a vote went: the number of the first reply that stands for the winner, and the winner's share of all."""

    winner: int
    candidate: str | None
    share: float
    weights: Mapping[str, float]


class SelfConsistency:
    name = "self_consistency"
    takes_shots = True
    OPTIONS = {
        "votes": Option(5, "replies that vote", low=2, high=100),
        "temperature": Option(0.0, "of the replies; 0: the experiment's, or 0.7 where that is greedy", low=0, high=5),
        "weighted": Option(False, "weigh votes by the likelihood of their replies"),
    }

    def __init__(self, config: MethodConfig | None = None) -> None:
        config = config or MethodConfig()
        options: Mapping[str, Value] = settled(self.name, self.OPTIONS, config.options)
        self._shots = config.shots
        self._votes = int(options["votes"])
        self._temperature = float(options["temperature"])
        self._weighted = bool(options["weighted"])

    def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
        kind = kind_of(sample, task.profile)
        if kind not in VOTABLE:
            raise ConfigInvalid(
                f"replies to '{task.benchmark.name}' are free texts, of which no two are the same vote",
                "use method cot, or self_refine",
            )
        if self._shots is not None:
            return _exemplars.prompt(sample, task, self._shots)
        return ChainOfThought().prompt(sample, task)

    def reasons(self, task: Task) -> bool:
        return True

    def calls(self, sample: Sample, task: Task) -> int:
        """The most calls that an answer takes."""
        return self._votes

    def limit(self, sample: Sample, task: Task) -> int:
        return self.calls(sample, task) * task.sampling(sample, 0, (), True).max_tokens

    def sampling(self, sample: Sample, task: Task, number: int) -> Sampling:
        """Of the vote whose `Request.repeat` is `number`: at a temperature, with a seed of its own."""
        usual = task.sampling(sample, number, (), True)
        if self._weighted and usual.logprobs is None:
            usual = replace(usual, logprobs=1)
        if usual.temperature > 0 and not self._temperature:
            return usual
        seed = derive_seed(task.seed, "sampling", task.benchmark.name, sample.id, number)
        return replace(usual, temperature=self._temperature or USUAL_TEMPERATURE, seed=seed)

    async def answer(self, sample: Sample, task: Task, engine: Engine, repeat: int) -> Answer:
        messages, known = self.prompt(sample, task), oracle(sample)
        numbers = [asked_again(repeat, vote) for vote in range(self._votes)]
        requests = [Request(messages, self.sampling(sample, task, number), number, known) for number in numbers]
        trail = Trail(engine)
        asked = await trail.ask_all(requests)
        votes = self._read([completion for completion, _ in asked], sample, task)
        for (completion, at), vote in zip(asked, votes, strict=True):
            trail.keep(completion, "vote", at, _details(vote, self._weighted))
        count = tally(votes)
        told: dict[str, Json] = {"share": round(count.share, 6), "weights": _json(count.weights)}
        if self._weighted:
            told["weighed"] = "by likelihood" if _all_known([one for one, _ in asked]) else EQUALLY
        trail.note("status", _said(count, votes), told)
        parts = {"vote_share": count.share, "votes_unparsed": float(sum(vote.value is None for vote in votes))}
        return trail.answer(asked[count.winner][0], votes[count.winner].text, parts=parts)

    def _read(self, completions: Sequence[Completion], sample: Sample, task: Task) -> list[Vote]:
        likely = self._weighted and _all_known(completions)
        return [_vote(one, _likelihood(one) if likely else 1.0, sample, task) for one in completions]


def _vote(completion: Completion, weight: float, sample: Sample, task: Task) -> Vote:
    text = _exemplars.own_part(completion.text)
    found = None
    if completion.finish_reason not in ("refusal", "dummy"):
        found = answer_in(text, sample, task.profile, reasoned=True)
    if found is None or (completion.finish_reason == "length" and not found.firm):
        return Vote(text, None, "", None, weight)
    return Vote(text, found.value, found.rule, alike(found.value, kind_of(sample, task.profile)), weight)


def _all_known(completions: Sequence[Completion]) -> bool:
    return all(one.logprobs for one in completions)


def _likelihood(completion: Completion) -> float:
    """exp of the mean log-probability of the tokens."""
    values = [token.logprob for token in completion.logprobs]
    return math.exp(math.fsum(values) / len(values))


def tally(votes: Sequence[Vote]) -> Count:
    """Count the votes; a tie goes to the candidate that was named first."""
    weights: dict[str, float] = {}
    for vote in votes:
        if vote.candidate is not None:
            weights[vote.candidate] = weights.get(vote.candidate, 0.0) + vote.weight
    if not weights:
        return Count(0, None, 0.0, {})
    best = max(weights, key=weights.__getitem__)  # the first of several: they stand in the order of the votes
    first = next(number for number, vote in enumerate(votes) if vote.candidate == best)
    return Count(first, best, weights[best] / math.fsum(vote.weight for vote in votes), weights)


def _details(vote: Vote, weighted: bool) -> dict[str, Json]:
    told: dict[str, Json] = {"answer": vote.value}
    if vote.rule:
        told["rule"] = vote.rule
    return told | ({"weight": round(vote.weight, 6)} if weighted else {})


def _said(count: Count, votes: Sequence[Vote]) -> str:
    if count.candidate is None:
        return f"no vote: none of {len(votes)} replies has an answer"
    for_it = sum(vote.candidate == count.candidate for vote in votes)
    return f"'{votes[count.winner].value}' by {for_it} of {len(votes)} votes"


def _json(weights: Mapping[str, float]) -> dict[str, Json]:
    return {candidate: round(weight, 6) for candidate, weight in weights.items()}
