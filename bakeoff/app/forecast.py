"""What a run would cost before it costs anything: calls, tokens, money, time.

Prompts are counted at four characters a token from a sample of the real prompts. Output tokens and
latency are those of earlier runs of the same benchmark and method where there are any, best by the
same model; else the output is bounded by the token limit and the time is not known. An unknown price stays unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from bakeoff.app.callers import Judge
from bakeoff.app.planning import Prepared, PreparedCell
from bakeoff.app.wiring import JUDGED
from bakeoff.core.records import noted
from bakeoff.core.types import Json
from bakeoff.store.runs import RunRepository

SAMPLED_PROMPTS = 50
CHARS_PER_TOKEN = 4
INSTRUCTION_TOKENS = 300
JUDGE_TOKENS = 2048  # the most that a verdict may take


def forecast(prepared: Prepared, runs: RunRepository) -> dict[str, Json]:
    """Expected calls, tokens, cost in US dollars and seconds, in all and for each cell."""
    records = noted([cell.record for cell in prepared.cells], prepared.spec)
    cells = [
        {**_cell(cell, prepared.spec.concurrency, runs, prepared.judges), "variant": record.variant}
        for cell, record in zip(prepared.cells, records, strict=True)
    ]
    costs = [cell["cost_usd"] for cell in cells]
    seconds = [cell["seconds"] for cell in cells]
    listed: list[Json] = [*cells]
    return {
        "cells": listed,
        "calls": sum(_int(cell["calls"]) for cell in cells),
        "prompt_tokens": sum(_int(cell["prompt_tokens"]) for cell in cells),
        "output_tokens": sum(_int(cell["output_tokens"]) for cell in cells),
        "output_is_bound": any(cell["output_is_bound"] for cell in cells),
        "cost_usd": None if None in costs else sum(_float(cost) for cost in costs),
        "seconds": None if None in seconds else sum(_float(value) for value in seconds),
    }


@dataclass(frozen=True, slots=True)
class _Judged:
    """What judging a cell may cost at most."""

    calls: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = 0.0


def _turns(cell: PreparedCell) -> int:
    """Calls that one answer takes."""
    if cell.benchmark.profile.ask != "turns":
        return 1
    listed = cell.benchmark.draw[0].meta.get("turns")
    return len(listed) if isinstance(listed, list) else 1


def _calls(cell: PreparedCell) -> int:
    """The most calls that one answer takes; a method of several says so (`calls`)."""
    counted = getattr(cell.method, "calls", None)
    if counted is None:
        return _turns(cell)
    return int(counted(cell.benchmark.draw[0], cell.benchmark.task))


def _thinking(cell: PreparedCell) -> int:
    """The tokens that a call may think, on top of those of its answer."""
    return _int(cell.model.asked.args.get("thinking_budget")) if cell.model.asked else 0


def _judged(cell: PreparedCell, judges: Sequence[Judge], turns: int, shown: float) -> _Judged:
    """`shown`: tokens of one question and its answer, which every judge reads beside its instructions."""
    orders = JUDGED.get(cell.benchmark.profile.scorer, 0)
    each = cell.record.planned * turns * orders
    prompt, output = round(each * (shown * orders + INSTRUCTION_TOKENS)), each * JUDGE_TOKENS
    prices = [judge.limits.price for judge in judges] if orders else []
    known = [price.cost(prompt, output) for price in prices if price is not None]
    usd = sum(known) if len(known) == len(prices) else None
    return _Judged(each * len(prices), prompt * len(prices), output * len(prices), usd)


def _cell(cell: PreparedCell, concurrency: int, runs: RunRepository, judges: Sequence[Judge]) -> dict[str, Json]:
    record, benchmark = cell.record, cell.benchmark
    prompts = [
        sum(len(message.content) for message in cell.method.prompt(sample, benchmark.task))
        for sample in islice(benchmark.draw, SAMPLED_PROMPTS)
    ]
    calls, turns = _calls(cell), _turns(cell)
    each = calls if calls > turns else 1  # later prompts of an agent are no shorter than its first
    prompt_tokens = round(sum(prompts) / len(prompts) / CHARS_PER_TOKEN * record.planned * each)
    own = runs.usual_tokens(record.benchmark, record.method, record.model)
    usual = own or runs.usual_tokens(record.benchmark, record.method)
    most = cell.method.limit(benchmark.draw[0], benchmark.task) + calls * _thinking(cell)
    output_tokens = round((usual[0] if usual else most) * record.planned)
    judged = _judged(cell, judges, turns, (prompt_tokens + output_tokens) / record.planned)
    price = cell.model.engine.limits.price
    cost = price.cost(prompt_tokens, output_tokens) if price else None
    in_flight = min(concurrency, cell.model.engine.limits.max_concurrency or concurrency)
    return {
        "model": record.model,
        "preset": record.preset,
        "benchmark": record.benchmark,
        "method": record.method,
        "calls": record.planned * calls + judged.calls,
        "prompt_tokens": prompt_tokens + judged.prompt_tokens,
        "output_tokens": output_tokens + judged.output_tokens,
        "output_is_bound": usual is None or judged.calls > 0,
        "output_from": "model" if own else "benchmark" if usual else "limit",
        "cost_usd": None if cost is None or judged.usd is None else cost + judged.usd,
        "seconds": usual[1] * record.planned / in_flight if usual else None,
    }


def _int(value: Json) -> int:
    return value if isinstance(value, int) else 0


def _float(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
