"""From an answer to a trial: extract, score, and say how it ended.

No fault of the machinery becomes a wrong answer (law 1): errors, refusals, cut replies and replies
without an answer each have an outcome of their own.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

import orjson

from bakeoff.core.answers import answer_in
from bakeoff.core.errors import BakeoffError, EngineError, MethodFailed, ScorerFailed, StoreError, TrialError
from bakeoff.core.protocols import Profile
from bakeoff.core.types import Answer, Extraction, Json, Outcome, Sample, Score, Trial
from bakeoff.runner.limits import BudgetSpent, EngineDead, Halted

# What ends a lane or the run, wherever a call is made: no trial is to blame.
ENDING = (BudgetSpent, EngineDead, Halted, StoreError)
_ROUNDING = 1e-9
ScoreFunction = Callable[[Sample, str], Score | Awaitable[Score]]
# Only looked at when no answer was found, and only at the start: a refusal says so at once.
_REFUSAL = re.compile(
    r"(?i)\A\W*(?:i'?m sorry|sorry|i apologi[sz]e|unfortunately)?\W{0,3}(?:but )?"
    r"(?:i (?:can(?:no|')?t|am (?:not able|unable)|won'?t|will not|must decline)|as an ai\b)"
)


def start_trial(cell: int, sample: Sample, repeat: int) -> Trial:
    target = sample.target if isinstance(sample.target, str) else sample.reference
    return Trial(cell, sample.id, repeat, Outcome.ERROR, target=target)


async def grade(trial: Trial, sample: Sample, answer: Answer, profile: Profile, score: ScoreFunction) -> Trial:
    """Fill in a trial from its answer."""
    _note_completions(trial, answer)
    last = answer.completions[-1] if answer.completions else None
    if last is not None and last.finish_reason == "refusal":
        trial.outcome = Outcome.REFUSED
        return trial
    if last is not None and last.finish_reason == "dummy":  # random weights: no accuracy, rather than a bad one
        trial.outcome, trial.reason = Outcome.UNPARSED, "dummy weights: there is nothing to grade"
        return trial
    found = _find(sample, answer, profile)
    cut = last is not None and last.finish_reason == "length"
    if found is None or (cut and not found.firm):
        trial.outcome = _without_answer(answer.text, cut)
        return trial
    trial.extracted, trial.rule = found.value, found.rule
    await _score(trial, _with_context(sample, answer), found, score)
    return trial


def _with_context(sample: Sample, answer: Answer) -> Sample:
    """The sample with what the model was shown beside it, and its reply as it came, where a method says so.

    Of a reply that reasons first the answer alone is a claim: what it thought on the way is none.
    """
    if not answer.context or not answer.completions:
        return sample
    shown: Json = [[mark, text] for mark, text in answer.context]
    reply = {} if answer.reasoned else {"reply": answer.completions[-1].text}
    return replace(sample, meta={**sample.meta, "passages": shown, **reply})


def _find(sample: Sample, answer: Answer, profile: Profile) -> Extraction | None:
    if profile.ask == "likelihood":
        scored = [(item.token, item.logprob, len(item.top)) for item in answer.completions[-1].logprobs]
        return Extraction(orjson.dumps(scored).decode(), "likelihood")
    return answer_in(answer.text, sample, profile, reasoned=answer.reasoned)


def _without_answer(text: str, cut: bool) -> Outcome:
    if cut:
        return Outcome.TRUNCATED
    return Outcome.REFUSED if _REFUSAL.match(text[:200]) else Outcome.UNPARSED


async def _score(trial: Trial, sample: Sample, found: Extraction, score: ScoreFunction) -> None:
    try:
        result = score(sample, found.value)
        verdict = await result if inspect.isawaitable(result) else result
        # Before those of the answer: the last key is the answer's.
        trial.keys = (*(call.key for call in verdict.calls), *trial.keys)
        if not -_ROUNDING <= verdict.value <= 1 + _ROUNDING:  # nor is it when it is not a number
            raise ScorerFailed(f"the score {verdict.value} is not between 0 and 1")
    except ENDING:
        raise  # a judge's call: not of this trial
    except BakeoffError as error:
        fail(trial, error)
        return
    except Exception as error:
        fail(trial, ScorerFailed(f"{type(error).__name__}: {error}"))
        return
    trial.reason, trial.parts = verdict.reason, {**trial.parts, **verdict.parts, **_spent_on(verdict)}
    if verdict.unparsed:
        trial.outcome = Outcome.UNPARSED
        return
    trial.value = verdict.value
    trial.extracted = trial.extracted if verdict.chosen is None else verdict.chosen
    if verdict.continuous:
        trial.outcome = Outcome.SCORED
    else:
        trial.outcome = Outcome.CORRECT if verdict.value >= 1.0 else Outcome.INCORRECT


def _spent_on(verdict: Score) -> dict[str, float]:
    """What judging cost. Not the trial's own cost: a model is not dearer for being judged."""
    if not verdict.calls:
        return {}
    costs = [call.cost for call in verdict.calls if call.cost is not None]
    known = {"judge_usd": sum(costs)} if len(costs) == len(verdict.calls) else {}
    return {"judge_calls": float(len(verdict.calls)), **known}


def _note_completions(trial: Trial, answer: Answer) -> None:
    completions = answer.completions
    trial.keys = tuple(completion.key for completion in completions)
    trial.trace, trial.parts = answer.trace, answer.parts
    if not completions or answer.text != completions[-1].text:
        trial.answer = answer.text
    prompts = [c.prompt_tokens for c in completions if c.prompt_tokens is not None]
    outputs = [c.output_tokens for c in completions if c.output_tokens is not None]
    costs = [c.cost for c in completions if c.cost is not None]
    trial.prompt_tokens = sum(prompts) if prompts else None
    trial.output_tokens = sum(outputs) if outputs else None
    trial.cost = sum(costs) if len(costs) == len(completions) and costs else None
    trial.latency_s = sum(c.latency_s for c in completions)
    trial.cached = sum(c.cached for c in completions)


def fail(trial: Trial, error: BakeoffError) -> Trial:
    """Record a fault on the trial: who it belongs to, and what it said."""
    trial.outcome = Outcome.ERROR
    trial.error_code = error.code
    trial.error = str(error)[:1000]
    return trial


def method_fault(error: Exception) -> BakeoffError:
    """What a method raised, as an error of the tree."""
    if isinstance(error, EngineError | TrialError):
        return error
    return MethodFailed(f"{type(error).__name__}: {error}")
