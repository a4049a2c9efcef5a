"""Which model to take: stated rules, each of which fires only on intervals that support it. Pure.

`RULES` states them. For each pair in each scope the first one that holds is said, with the numbers it rests on
and what would change it. No rule depends on which model is named first. "Costs less" is in dollars where both
were charged for, else in seconds of answering. Example:

    recommend(study)[0].sentence     # "Take 'b': …"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bakeoff.reports.compare import ALPHA
from bakeoff.reports.scaling.model import Ask, Axis, Pair, Quantity, Recommendation, Scope, Study, quantity, sign
from bakeoff.reports.scaling.words import dollars
from bakeoff.stats.power import mean_mde, mean_n

RULES = {
    "R1": "Take the better one: its score is shown to be higher, and it is shown to cost less, or exactly the same.",
    "R2": "Take the better one: its score is shown to be higher, and the whole interval of the price of one more"
    " solved item is at most what that is worth (--worth).",
    "R3": "Take the cheaper one: the other's score is shown to be higher, and the whole interval of the price of one"
    " more solved item is above what that is worth (--worth).",
    "R4": "It depends on the price: a score is shown to be higher, and whether that is worth its cost is not decided"
    " by the numbers.",
    "R5": "Take the cheaper one: it is shown to cost less, and the whole interval of the difference says that it is"
    " not worse by the margin or more (--margin).",
    "R6": "Either will do: the whole interval of the difference lies within the margin (--margin), and neither is"
    " shown to cost less.",
    "R7": "Lean to the cheaper one: it is shown to cost less, no difference in score is shown, and no margin was"
    " given (--margin) to say how much may be missed.",
    "R8": "Cannot tell: no rule above is supported; so many more items would be needed.",
    "R9": "Choose for each benchmark: one model is shown to be better in one, and the other in another.",
    "R10": "Leave a model out: another is shown to score higher at a cost that is shown to be lower, or the other way"
    " round with the rest exactly alike (Pareto, intervals widened for the number of pairs).",
}
MUCH = 0.1  # of the samples without a grade: the rest may not be like them
_WORDS = {"usd": ("dollars", "costs less"), "seconds": ("seconds", "answers faster")}
Kind = Literal["take", "lean", "either", "depends", "cannot_tell"]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a pair is weighed in: 1 when B costs less, -1 when A does; `same` when they cost exactly alike."""

    axis: Axis | None
    cheaper: int
    same: bool
    numbers: tuple[Quantity, ...]


def recommend(study: Study) -> list[Recommendation]:
    """First what is said of the whole, then of each benchmark."""
    scopes = [study.whole, *(study.scopes if study.pooled else ())]
    found = [one for scope in scopes[:1] for one in _of_scope(scope, study.ask)]
    found += _split(study)
    found += _left_out(study)
    return found + [one for scope in scopes[1:] for one in _of_scope(scope, study.ask)]


def _of_scope(scope: Scope, ask: Ask) -> list[Recommendation]:
    return [_of_pair(scope, pair, ask) for pair in scope.pairs]


def spent(pair: Pair) -> Spent:
    """Dollars where both were charged for, else seconds; nothing where an interval would not hold."""
    axes: tuple[Axis, ...] = ("usd", "seconds")
    for axis in axes:
        apart = pair.quantity(f"{axis}_difference")
        if apart.estimate.value is not None:
            bounds = (apart.estimate.low, apart.estimate.high)
            return Spent(axis, -sign(apart.estimate), bounds == (0.0, 0.0), (apart,))
    return Spent(None, 0, False, ())


def _of_pair(scope: Scope, pair: Pair, ask: Ask) -> Recommendation:
    cost = spent(pair)
    if pair.difference.value is None:
        return _said(
            scope, pair, "R8", "cannot_tell", None, f"Cannot tell {_two(pair)}: no item was graded for both.", (), _MORE
        )
    if pair.better:
        return _better(scope, pair, ask, cost)
    return _not_shown(scope, pair, ask, cost)


_MORE = "answers that can be graded"


def _better(scope: Scope, pair: Pair, ask: Ask, cost: Spent) -> Recommendation:
    """One of the two is shown to score higher."""
    winner, loser = (pair.b, pair.a) if pair.better > 0 else (pair.a, pair.b)
    gain = _points(pair)
    if cost.axis is not None and (cost.cheaper == pair.better or cost.same):
        less = "costs the same" if cost.same else _WORDS[cost.axis][1]
        told = f"Take '{winner}' rather than '{loser}': it scores higher ({gain}) and {less}."
        change = f"a use for which '{loser}' is better, or {'prices' if cost.axis == 'usd' else 'speeds'} that change"
        return _said(scope, pair, "R1", "take", winner, told, cost.numbers, change)
    price = pair.quantity("icer")
    low, high = price.estimate.low, price.estimate.high
    if low is None or high is None:
        return _unpriced(scope, pair, cost, winner)
    interval = f"{dollars(price.estimate.value)} [{dollars(low)}, {dollars(high)}] for one more solved item"
    if ask.worth is not None and high <= ask.worth:
        told = f"Take '{winner}' rather than '{loser}': it scores higher ({gain}) at {interval}, not more than"
        told += f" {dollars(ask.worth)}."
        return _said(scope, pair, "R2", "take", winner, told, (price,), f"a worth below {dollars(high)}")
    if ask.worth is not None and low > ask.worth:
        told = f"Take '{loser}': '{winner}' scores higher ({gain}) at {interval}, more than {dollars(ask.worth)}."
        return _said(scope, pair, "R3", "take", loser, told, (price,), f"a worth above {dollars(low)}")
    told = f"It depends: '{winner}' scores higher than '{loser}' ({gain}) at {interval}."
    if ask.worth is not None:
        told += f" {dollars(ask.worth)} lies within."
    change = f"'{winner}' from a worth of {dollars(high)} on, '{loser}' below {dollars(low)} (--worth)"
    return _said(scope, pair, "R4", "depends", None, told, (price,), change)


def _unpriced(scope: Scope, pair: Pair, cost: Spent, winner: str) -> Recommendation:
    """The better one is not shown to cost less, and there is no price of what it adds."""
    if pair.looked:
        why = "its price has no interval that holds, for the run was looked at while it went on"
    elif cost.axis == "seconds" and cost.cheaper:
        why = f"it is slower, and its price is not known ({pair.quantity('usd_difference').gap})"
    elif cost.axis is None:
        why = "what either costs is not known"
    else:
        why = "what it costs more or less is not shown"
    loser = pair.a if winner == pair.b else pair.b
    told = f"It depends: '{winner}' scores higher than '{loser}' ({_points(pair)}); {why}."
    change = "prices (--price NAME=IN/OUT) and what a solved item is worth (--worth)"
    return _said(scope, pair, "R4", "depends", None, told, cost.numbers, change)


def _not_shown(scope: Scope, pair: Pair, ask: Ask, cost: Spent) -> Recommendation:
    """No difference in score is shown."""
    cheap = None if not cost.cheaper else pair.b if cost.cheaper > 0 else pair.a
    dear = pair.a if cheap == pair.b else pair.b
    now, less = _standing_now(pair), _WORDS[cost.axis][1] if cost.axis else ""
    if cheap is not None and _not_worse(pair, cost.cheaper, ask):
        told = f"Take '{cheap}' rather than '{dear}': it {less} and is not worse by {_margin(ask)} or more ({now})."
        return _said(scope, pair, "R5", "take", cheap, told, cost.numbers, "a smaller margin, or another cost")
    if cheap is None and _not_worse(pair, 1, ask) and _not_worse(pair, -1, ask):
        told = f"Either {_two(pair, 'or')}: within {_margin(ask)} of each other ({now}), and no lower cost is shown."
        return _said(scope, pair, "R6", "either", None, told, cost.numbers, "a smaller margin, or a known cost")
    if cheap is not None and ask.margin is None and not pair.looked:
        missed = _most_missed(pair, cost.cheaper)
        told = f"Lean to '{cheap}' rather than '{dear}': it {less}, and no difference is shown ({now}). {missed}"
        return _said(scope, pair, "R7", "lean", cheap, told.strip(), cost.numbers, more_items(pair, ask))
    if ask.margin is not None:
        rest = f"and a difference of {_margin(ask)} is not ruled out."
    else:
        rest = "nor a lower cost." if cost.axis else "and what either costs is not known."
    told = f"Cannot tell {_two(pair)}: no difference is shown ({now}), {rest}"
    return _said(scope, pair, "R8", "cannot_tell", None, told, cost.numbers, more_items(pair, ask))


def _not_worse(pair: Pair, side: int, ask: Ask) -> bool:
    """Whether the interval rules out that B (side 1) or A (side -1) is worse by the margin or more."""
    low, high = pair.difference.low, pair.difference.high
    if ask.margin is None or low is None or high is None:
        return False
    return (low if side > 0 else -high) > -ask.margin


def _most_missed(pair: Pair, cheaper: int) -> str:
    low, high = pair.difference.low, pair.difference.high
    worst = None if low is None or high is None else (-low if cheaper > 0 else high)
    return "" if worst is None or worst <= 0 else f"It may miss up to {100 * worst:.1f} points."


def more_items(pair: Pair, ask: Ask) -> str:
    """How many more items it takes at a power of 80 %, or which difference so many can show."""
    n, variance = pair.difference.n, pair.variance
    if not variance or pair.difference.value is None:
        return "items on which the two do not answer alike"
    level = ALPHA / max(1, pair.family)
    wanted = ask.margin if ask.margin is not None else abs(pair.difference.value)
    least = mean_mde(n, variance, alpha=level)
    if least > 1:  # scores lie between 0 and 1; nor do so few items say how far apart the answers lie
        return f"more items: {n:,} {'is' if n == 1 else 'are'} too few for any difference, at a power of 80 %"
    can_show = f"{n:,} items show a difference of {100 * least:.1f} points or more"
    if wanted < 1e-9:
        return can_show
    needed = mean_n(wanted, variance, alpha=level)
    what = f"a margin of {_margin(ask)}" if ask.margin is not None else "a difference as large as the one seen"
    more = max(1, round(needed - n + 0.5))
    if needed <= n:
        return f"{can_show}; chance has a part in any run"
    return f"about {more:,} more items for {what}; {can_show}"


# What takes more than one pair


def _split(study: Study) -> list[Recommendation]:
    """R9, for each other model."""
    found = []
    for place, pair in enumerate(study.whole.pairs):
        ahead = {side: [s for s in study.scopes if s.pairs[place].better == side] for side in (1, -1)}
        if not (ahead[1] and ahead[-1]):
            continue
        sides = sorted(((1, pair.b), (-1, pair.a)), key=lambda one: one[1])
        told = ", ".join(f"'{name}' is better in {_scopes(ahead[side])}" for side, name in sides)
        numbers = tuple(_difference(s.pairs[place], s.name) for side, _ in sides for s in ahead[side])
        change = "one kind of question alone: then the model that is better at it"
        found.append(
            Recommendation(
                "R9",
                "depends",
                study.whole.name,
                (pair.a, pair.b),
                None,
                f"Choose for each benchmark: {told}.",
                numbers,
                change,
            )
        )
    return found


def _scopes(scopes: Sequence[Scope]) -> str:
    return ", ".join(f"'{scope.name}'" for scope in scopes)


def _left_out(study: Study) -> list[Recommendation]:
    """R10, where there are more than two: of two R1 says it."""
    if len(study.contestants) < 3:
        return []
    front = next((front for front in study.whole.fronts if not front.gap), None)
    if front is None:
        return []
    unit = _WORDS[front.axis][0]
    return [
        Recommendation(
            "R10",
            "take",
            study.whole.name,
            (loser, winner),
            winner,
            f"Leave '{loser}' out: '{winner}' beats it in score and {unit}, or in one of them with the other alike.",
            tuple(_standing(study.whole, name, front.axis) for name in (loser, winner)),
            f"other {unit}",
        )
        for loser, winner in front.dominated
    ]


def _standing(scope: Scope, model: str, axis: Axis) -> Quantity:
    standing = next(one for one in scope.standings if one.model == model)
    return standing.quantity("usd_per_item" if axis == "usd" else "per_item_s")


def _said(
    scope: Scope,
    pair: Pair,
    rule: str,
    kind: Kind,
    take: str | None,
    sentence: str,
    numbers: Sequence[Quantity],
    change: str,
) -> Recommendation:
    rests_on = (_difference(pair, scope.name), *numbers)
    asked, missing = pair.difference.n + pair.difference.n_missing, pair.difference.n_missing
    if pair.difference.n and missing > MUCH * asked:
        sentence += f" Mind that {missing:,} of {asked:,} samples were not graded for both."
    return Recommendation(rule, kind, scope.name, (pair.a, pair.b), take, sentence, rests_on, change)


def _difference(pair: Pair, scope: str) -> Quantity:
    return quantity("difference", f"'{pair.b}' minus '{pair.a}', {scope}", "points", pair.difference)


def _two(pair: Pair, word: str = "from") -> str:
    first, second = sorted((pair.a, pair.b))
    return f"'{first}' {word} '{second}'"


def _points(pair: Pair) -> str:
    """The difference from the side of the one that is ahead, so that naming them the other way changes nothing."""
    one = pair.difference
    value = one.value or 0.0
    if one.low is None or one.high is None:
        return f"{100 * abs(value):.1f} points, no interval"
    low, high = (one.low, one.high) if _ahead(pair) == pair.b else (-one.high, -one.low)
    return f"{100 * abs(value):.1f} points [{100 * low:.1f}, {100 * high:.1f}]"


def _ahead(pair: Pair) -> str:
    """The one whose score is higher as it stands; of equals the first by name."""
    value = pair.difference.value or 0.0
    return min(pair.a, pair.b) if value == 0 else pair.b if value > 0 else pair.a


def _standing_now(pair: Pair) -> str:
    return f"'{_ahead(pair)}' ahead by {_points(pair)}" if pair.difference.value else _points(pair)


def _margin(ask: Ask) -> str:
    points = "no margin" if ask.margin is None else f"{100 * ask.margin:g} points"
    return "1 point" if points == "1 points" else points
