"""What `--dry-run` prints: the resolved spec as YAML, then what it is expected to cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.core.specs import ExperimentSpec
from bakeoff.core.types import Json
from bakeoff.reports.charts import inert
from bakeoff.reports.terminal import cost_text

if TYPE_CHECKING:
    from rich.console import Console

    from bakeoff.app.contests import PlannedTest


def print_forecast(
    spec: ExperimentSpec, expected: dict[str, Json], console: Console, test: PlannedTest | None = None
) -> None:
    import yaml

    unset = set() if spec.optimisations else {"optimisations", "measurement"}
    fields = spec.model_dump(mode="json", exclude_none=True, exclude=unset)
    text = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)
    console.print(text, markup=False, highlight=False, end="")
    cells = expected["cells"] if isinstance(expected["cells"], list) else []
    for cell in cells:
        if isinstance(cell, dict):
            console.print(_line(cell), markup=False, highlight=False, soft_wrap=True)
    for line in decision_lines(test) if test is not None else ():
        console.print(f"# {inert(line)}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"# in all: {amounts(expected)}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"# hash: {spec.hash()} (nothing was run)", markup=False, highlight=False)


def decision_lines(test: PlannedTest) -> list[str]:
    """What an A/B test compares, by which rule, and whether all of it may not be asked."""
    decision = test.decision
    arms = ", ".join(f"'{arm}'{' (baseline)' if arm == test.baseline else ''}" for arm in test.arms)
    margin = f" with a margin of {100 * decision.margin:g} points" if decision.margin is not None else ""
    how = f"decided by '{decision.rule}'{margin} at alpha {decision.alpha:g}"
    if not decision.early:
        return [f"arms: {arms}", f"{how}: tested once, when all {test.samples:,} samples are asked"]
    often = "once, at the end" if test.looks == 1 else f"after every {decision.batch:,} of {test.samples:,} samples"
    stops = "" if test.looks == 1 else "; it may stop early, so what follows is the most that is asked"
    return [f"arms: {arms}", f"{how}: looked at {often}{stops}"]


def decision_json(test: PlannedTest) -> dict[str, Json]:
    return {
        "arms": list(test.arms),
        "baseline": test.baseline,
        "samples": test.samples,
        "looks": test.looks,
        "may_stop_early": test.decision.early and test.looks > 1,
    }


def _line(cell: dict[str, Json]) -> str:
    return f"# {cell['variant']} · {cell['preset']} · {cell['benchmark']} · {cell['method']}: {amounts(cell)}"


def amounts(cell: dict[str, Json]) -> str:
    """Calls, tokens, money and time in one line."""
    at_most = "at most " if cell["output_is_bound"] else "about "
    cost, seconds = cell["cost_usd"], cell["seconds"]
    money = f"{at_most if cost else ''}{cost_text(cost)}" if isinstance(cost, int | float) else "cost unknown"
    time = f"about {seconds:,.0f} s" if isinstance(seconds, int | float) else "time unknown"
    return (
        f"{cell['calls']:,} calls, about {cell['prompt_tokens']:,} prompt tokens,"
        f" {at_most}{cell['output_tokens']:,} output tokens, {money}, {time}"
    )
