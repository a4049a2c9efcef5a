"""A plan for a terminal of 80 columns, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from bakeoff.core.types import Json
from bakeoff.reports.charts import inert
from bakeoff.reports.designs import Ask, DesignPlan
from bakeoff.reports.plan import Cost, Plan, percent, points
from bakeoff.reports.terminal import NARROW, cost_text, print_wrapped, seconds_text
from bakeoff.stats.stopping import Stopping

if TYPE_CHECKING:
    from rich.console import Console

SELDOM = 0.1  # of runs that stop early: then there is nothing to say of when


def print_plan(plan: Plan, console: Console) -> None:
    """What is asked, what it rests on, the designs, what stopping early saves, the cost, what to beware of."""
    for line in _head(plan):
        print_wrapped(line, console)
    head, rows = _designs(plan)
    _print_rows(head, rows, console)
    _print_rows(*_chances(plan), console)
    beneath = (*_notes(plan), *_cost(plan), *plan.remarks)
    if beneath:
        console.print()
    for line in beneath:
        print_wrapped(line, console)


def _head(plan: Plan) -> list[str]:
    ask, known = plan.ask, plan.discordance
    items = "" if plan.items is None else f"{plan.items:,} item{'' if plan.items == 1 else 's'}"
    lines = [" · ".join(part for part in (plan.benchmark or "", items) if part)]
    alpha = f"alpha {ask.alpha:g}"
    if ask.comparisons > 1:
        alpha += f" over {ask.comparisons:,} comparisons, so {ask.level:.2g} for the first of them (Holm)"
    wanted = f"a difference of {points(ask.effect)}" if ask.effect is not None else "what can be shown"
    lines.append(f"{wanted}, power {percent(ask.power)}, {alpha}")
    share = known.at(ask.effect or 0.0)
    interval = ""
    if known.estimate is not None and known.estimate.low is not None and known.estimate.high is not None:
        interval = f" [{100 * known.estimate.low:.1f}, {100 * known.estimate.high:.1f}]"
    lines.append(f"discordance {percent(share)}{interval}: {known.told}")
    return [line for line in lines if line]


def _designs(plan: Plan) -> tuple[list[str], list[list[str]]]:
    """A column is left out where nothing is in it."""
    n, cost = plan.items, plan.cost
    columns: list[tuple[str, list[str]]] = [
        ("design", [design.design for design in plan.designs]),
        (f"items for {percent(plan.ask.power)}", [_items(design) for design in plan.designs]),
        ("cost", [_dollars(design, cost) for design in plan.designs]),
        (f"power with {n:,}" if n else "", [percent(d.power) if d.power is not None else "" for d in plan.designs]),
        (f"{n:,} show" if n else "", [points(d.shows) if d.shows is not None else "" for d in plan.designs]),
    ]
    kept = [(head, cells) for head, cells in columns if any(cells)]
    rows = [list(row) for row in zip(*(cells for _, cells in kept), strict=True)]
    return [head for head, _ in kept], [row for row in rows if any(row[1:])]


def _items(design: DesignPlan) -> str:
    if design.items is None:
        return ""
    most = "up to " if design.design == "sequential" else ""
    times = design.answers // design.items if design.answers and design.items else 1
    return f"{most}{design.items:,}{f' × {times}' if times > 1 else ''}"


def _dollars(design: DesignPlan, cost: Cost | None) -> str:
    if cost is None or design.answers is None:
        return ""
    usd = cost.of(design.answers)
    return "" if usd is None else f"{'≤ ' if cost.bound and usd else ''}{cost_text(usd)}"


def _chances(plan: Plan) -> tuple[list[str], list[list[str]]]:
    early = all(chance.stopping is not None for chance in plan.chances)
    rows = []
    for chance in plan.chances:
        stop = chance.stopping
        told = [f"{stop.mean:,.0f}", percent(stop.saved, 0)] if early and stop is not None else []
        rows.append([points(chance.effect), percent(chance.power), *told])
    return ["a difference of", "is shown in", *(["stops after", "saved"] if early else [])], rows


def _print_rows(head: list[str], rows: list[list[str]], console: Console) -> None:
    if not rows:
        return
    if console.width < NARROW:
        for row in rows:
            told = [f"{name} {cell}" for name, cell in zip(head[1:], row[1:], strict=True) if cell]
            print_wrapped(f"{row[0]}: {', '.join(told)}", console)
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, name in enumerate(head):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print()
    console.print(table)


def _notes(plan: Plan) -> list[str]:
    """A line for each design that needs one."""
    found = []
    for design in plan.designs:
        if design.reason is not None:
            found.append(f"{design.design}: {inert(design.reason)}")
        elif design.design == "sequential":
            found += [_stopping(plan.stopping, plan.cost)] if plan.stopping is not None else []
        elif design.design != "paired":
            found.append(f"{design.design}: {_meant(design, plan.ask)}")
    return found


def _stopping(found: Stopping, cost: Cost | None) -> str:
    if found.early < SELDOM:
        return (
            f"sequential: batches of {found.batch}, {found.horizon:,} items; {percent(found.early)} of runs stop early;"
            f" power {percent(found.power)} ({found.draws:,} simulated runs)"
        )
    usd = None if cost is None else cost.of(found.mean)
    price = f", {'≤ ' if cost is not None and cost.bound else ''}{cost_text(usd)}" if usd else ""
    return (
        f"sequential: batches of {found.batch}, at most {found.horizon:,} items; stops after {found.mean:,.0f} on"
        f" average{price} ({percent(found.saved, 0)} saved), half of the runs by {found.median:,}, 90 % by"
        f" {found.q90:,}; power {percent(found.power)} ({found.draws:,} simulated runs)"
    )


def _meant(design: DesignPlan, ask: Ask) -> str:
    said = {
        "unpaired": "other items for each model, so many for each",
        "clustered": f"{ask.cluster_size or 1:g} items a cluster that correlate by {ask.icc:g}",
        "repeats": f"{ask.repeats} answers to each item, if {percent(ask.item_share, 0)} of the variance is the"
        " item's own and stays (--item-share); one answer to more items is cheaper",
        "crossed": f"every item under {ask.prompts} prompts; {_over(ask)}",
        "non-inferiority": f"not worse by {points(ask.margin)}, one-sided, when there is no difference in truth",
        "equivalence": f"within {points(ask.margin)} either way, when there is no difference in truth",
    }
    return said[design.design]


def _over(ask: Ask) -> str:
    if ask.prompt_sd == 0:
        return "a claim about these prompts alone (--prompt-sd for one over prompts)"
    return f"a claim over prompts, from one to the next of which the difference varies by {points(ask.prompt_sd)}"


def _cost(plan: Plan) -> list[str]:
    cost = plan.cost
    if cost is None:
        return []
    at_most = "at most " if cost.bound else "about "
    money = "cost unknown" if cost.usd is None else f"{at_most if cost.usd else ''}{cost_text(cost.usd)}"
    time = "time unknown" if cost.seconds is None else f"about {seconds_text(cost.seconds)}"
    tokens = f"about {cost.prompt_tokens:,} prompt tokens, {at_most}{cost.output_tokens:,} output tokens"
    return [f"all {cost.items:,} items once: {cost.calls:,} calls, {tokens} ({cost.rests_on}), {money}, {time}"]


def plan_json(plan: Plan) -> dict[str, Json]:
    """All of a plan: differences and powers as shares, money in US dollars, time in seconds."""
    known = asdict(plan.discordance)
    known["share"] = plan.discordance.at(plan.ask.effect or 0.0)
    return {
        "benchmark": plan.benchmark,
        "items": plan.items,
        "ask": {**asdict(plan.ask), "designs": list(plan.ask.chosen()), "alpha_each": plan.ask.level},
        "discordance": known,
        "designs": [asdict(design) for design in plan.designs],
        "sequential": _stopping_json(plan.stopping),
        "chances": [
            {"effect": one.effect, "power": one.power, "sequential": _stopping_json(one.stopping)}
            for one in plan.chances
        ],
        "cost": None if plan.cost is None else asdict(plan.cost),
        "remarks": list(plan.remarks),
    }


def _stopping_json(found: Stopping | None) -> dict[str, Json] | None:
    return None if found is None else {**asdict(found), "saved": found.saved}
