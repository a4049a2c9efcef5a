"""Made-up trials of two or more models, and the study that is made of them."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.core.records import CellRecord
from bakeoff.core.types import ModelIdentity, Outcome, Price, Trial
from bakeoff.reports.compare import compare
from bakeoff.reports.scaling.items import shared
from bakeoff.reports.scaling.model import Ask, Contestant, Measured, Study
from bakeoff.reports.scaling.study import study

Rows = Sequence[Trial]
SWE_BENCH = (274, 25, 79, 122)  # gpt-5-mini and sonnet-4.5 on 500 items: both, only the first, only the second, neither


def cell(model: str, benchmark: str) -> CellRecord:
    identity = ModelIdentity("fake", model)
    return CellRecord(1, 0, model, "balanced", benchmark, "naive", "bakeoff", identity, "r", "d", 10, "")


def trial(  # what a trial of a scaling study has; a score of None is a fault of the machinery
    number: int,
    score: float | None,
    usd: float | None = None,
    seconds: float = 0.0,
    tokens: int | None = None,
    repeat: int = 0,
) -> Trial:
    outcome = Outcome.ERROR
    if score is not None:
        outcome = {1.0: Outcome.CORRECT, 0.0: Outcome.INCORRECT}.get(score, Outcome.SCORED)
    return Trial(
        0,
        f"s{number:05}",
        repeat,
        outcome,
        score,
        "t",
        cost=usd,
        latency_s=seconds,
        output_tokens=tokens,
        prompt_tokens=None if tokens is None else 10,
    )


def rows(
    scores: Sequence[float | None],
    usd: Sequence[float] | float | None = None,
    seconds: Sequence[float] | float = 0.0,
    tokens: int | None = None,
) -> list[Trial]:
    """A trial for each score; costs and times for each, or one for all."""
    costs = usd if isinstance(usd, Sequence) else [usd] * len(scores)
    times = seconds if isinstance(seconds, Sequence) else [seconds] * len(scores)
    return [trial(i, s, costs[i], times[i], tokens) for i, s in enumerate(scores)]


def answers(counts: tuple[int, int, int, int]) -> tuple[list[float], list[float]]:
    """The scores of A and B on as many items."""
    pairs = zip(((1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)), counts, strict=True)
    both = [pair for pair, count in pairs for _ in range(count)]
    return [a for a, _ in both], [b for _, b in both]


def measured(
    benchmark: str,
    names: Sequence[str],
    trials: Sequence[Rows],
    looked: str = "",
    prices: Sequence[Price | None] | None = None,
    choices: int | None = None,
) -> Measured:
    paid = prices or [None] * len(names)
    found = [
        compare(
            (names[0], names[i]), (cell(names[0], benchmark), cell(names[i], benchmark)), (trials[0], trials[i]), looked
        )
        for i in range(1, len(names))
    ]
    return Measured(
        benchmark,
        shared(trials, paid),
        found,
        [shared([trials[0], trials[i]], [paid[0], paid[i]]) for i in range(1, len(names))],
        tuple(f"night:{i}" for i in range(len(names))),
        "naive · balanced · bakeoff",
        tuple(len(of) for of in trials),
        choices,
        looked,
    )


def sized(*models: tuple[str, float | None]) -> list[Contestant]:
    return [Contestant(name, size, "given" if size else "", 2.0, "assumed", "F") for name, size in models]


def of_two(a: Rows, b: Rows, ask: Ask | None = None, sizes: tuple[float, float] = (8, 14), looked: str = "") -> Study:
    """'small' and 'large' on one benchmark."""
    found = measured("bench", ("small", "large"), (a, b), looked)
    return study(sized(("small", sizes[0]), ("large", sizes[1])), [found], ask or Ask(), ["night"])
