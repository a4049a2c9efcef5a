"""Before a run: how many items an effect takes, what so many items can show, and how surely.

Each design is asked three ways: the number from the effect (`*_n`), the power from both (`*_power`), the
smallest effect from the number (`*_mde`). Sources: Connor 1987 (https://doi.org/10.2307/2531961) for pairs of
right and wrong; Fleiss 1981 for two groups; Miller 2024 (https://arxiv.org/abs/2411.00640) for means of
several answers an item; Student's t by the non-central t of scipy; Kish 1965 for clusters. An effect is a
difference of shares, 0.05 for 5 points; `psi` is the discordance, the share of items on which just one of
the two is right. What no number of items could show is a ValueError with the reason. Example:

    psi = discordance(0.42, 0.58, phi=0.3)      # 0.3666
    paired_n(0.16, psi)                         # 110.02, so 111 items for a power of 80 %
    mde(1319, 0.35)                             # 0.0456: what a run of 1,319 items can show
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

POWER = 0.8
ALPHA = 0.05
PHI = 0.4  # between 0.31 and 0.46 for models of one family on GSM8K, 0.56 to 0.66 on SWE-bench Verified
_NORMAL = NormalDist()


def discordance(accuracy_a: float, accuracy_b: float, phi: float = PHI) -> float:
    """The share of items on which just one is right, from two accuracies and their correlation phi.

    Raises ValueError where no two models can have these three numbers.
    """
    for accuracy in (accuracy_a, accuracy_b):
        _check("an accuracy", accuracy, 0.0, 1.0)
    _check("a correlation", phi, -1.0, 1.0)
    spread = math.sqrt(accuracy_a * (1 - accuracy_a) * accuracy_b * (1 - accuracy_b))
    both = accuracy_a * accuracy_b + phi * spread
    least, most = max(0.0, accuracy_a + accuracy_b - 1), min(accuracy_a, accuracy_b)
    if not least - 1e-12 <= both <= most + 1e-12:
        raise ValueError(f"accuracies of {accuracy_a:g} and {accuracy_b:g} cannot have a correlation of {phi:g}")
    return max(0.0, accuracy_a + accuracy_b - 2 * both)


# Pairs of right and wrong


def paired_n(delta: float, psi: float, power: float = POWER, alpha: float = ALPHA) -> float:
    """Items for McNemar's test, two-sided (Connor). Raises ValueError when psi < |delta|: no table has that."""
    delta = _effect(delta)
    _check_pair(delta, psi)
    z_alpha, z_power = _z(alpha / 2, power)
    return (z_alpha * math.sqrt(psi) + z_power * math.sqrt(psi - delta * delta)) ** 2 / (delta * delta)


def paired_power(n: float, delta: float, psi: float, alpha: float = ALPHA) -> float:
    """The chance that n items show a difference of `delta`."""
    delta = _effect(delta)
    _check_pair(delta, psi)
    _check_n(n)
    z_alpha = _NORMAL.inv_cdf(1 - _level(alpha) / 2)
    spread = math.sqrt(psi - delta * delta)
    distance = delta * math.sqrt(n) - z_alpha * math.sqrt(psi)
    return _NORMAL.cdf(distance / spread) if spread > 0 else float(distance >= 0)


def mde(n: float, psi: float, power: float = POWER, alpha: float = ALPHA) -> float:
    """The smallest difference that n paired items show with this power: `paired_n` turned round.

    Close to (z_alpha/2 + z_power) sqrt(psi / n). Raises ValueError when even psi, all discordant items won
    by one model, would not be shown so surely.
    """
    _check_n(n)
    _check("a discordance", psi, 0.0, 1.0)
    z_alpha, z_power = _z(alpha / 2, power)
    # d sqrt(n) - z_alpha sqrt(psi) = z_power sqrt(psi - d²), squared and solved for d
    square, middle = n + z_power * z_power, z_alpha * math.sqrt(psi * n)
    root = middle * middle - square * psi * (z_alpha * z_alpha - z_power * z_power)
    found = (middle + math.copysign(math.sqrt(max(0.0, root)), z_power)) / square
    if psi == 0 or found > psi:
        raise ValueError(
            f"{_items(n)} cannot show any difference with a power of {100 * power:g} % when"
            f" {100 * psi:.3g} % of the pairs differ: ask more items"
        )
    return found


# Two groups of different items


def unpaired_n(accuracy_a: float, accuracy_b: float, power: float = POWER, alpha: float = ALPHA) -> float:
    """Items in each of two groups for the test of two proportions, two-sided (Fleiss)."""
    _effect(accuracy_b - accuracy_a)
    pooled, apart = _group_spreads(accuracy_a, accuracy_b)
    z_alpha, z_power = _z(alpha / 2, power)
    return (z_alpha * pooled + z_power * apart) ** 2 / (accuracy_b - accuracy_a) ** 2


def unpaired_power(n: float, accuracy_a: float, accuracy_b: float, alpha: float = ALPHA) -> float:
    """The chance that two groups of n items each show the difference."""
    _effect(accuracy_b - accuracy_a)
    _check_n(n)
    pooled, apart = _group_spreads(accuracy_a, accuracy_b)
    distance = abs(accuracy_b - accuracy_a) * math.sqrt(n) - _NORMAL.inv_cdf(1 - _level(alpha) / 2) * pooled
    return _NORMAL.cdf(distance / apart) if apart > 0 else float(distance >= 0)


def unpaired_mde(n: float, accuracy: float, power: float = POWER, alpha: float = ALPHA) -> float:
    """The smallest rise over `accuracy` that two groups of n items each show. Raises ValueError if none can be."""
    _check_n(n)
    _check("an accuracy", accuracy, 0.0, 1.0)
    _z(alpha / 2, power)
    if accuracy >= 1 or unpaired_power(n, accuracy, 1.0, alpha) < power:
        raise ValueError(
            f"{_items(n)} cannot show any rise over {100 * accuracy:.3g} %"
            f" with a power of {100 * power:g} %: ask more items"
        )
    return _smallest(lambda d: unpaired_power(n, accuracy, accuracy + d, alpha) >= power, 1e-9, 1 - accuracy)


def _group_spreads(accuracy_a: float, accuracy_b: float) -> tuple[float, float]:
    """The standard deviation of a difference of two items, when the groups are alike and when they are not."""
    for accuracy in (accuracy_a, accuracy_b):
        _check("an accuracy", accuracy, 0.0, 1.0)
    mid = (accuracy_a + accuracy_b) / 2
    apart = accuracy_a * (1 - accuracy_a) + accuracy_b * (1 - accuracy_b)
    return math.sqrt(2 * mid * (1 - mid)), math.sqrt(apart)


# Means, several answers an item, clusters


def difference_variance(omega2: float, within_a: float, within_b: float, k_a: float = 1, k_b: float = 1) -> float:
    """The variance of an item's difference: of its expectation, and of k answers around it (Miller)."""
    for variance in (omega2, within_a, within_b):
        _check("a variance", variance, 0.0, math.inf)
    for k in (k_a, k_b):
        _check_n(k)
    return omega2 + within_a / k_a + within_b / k_b


def mean_n(delta: float, variance: float, power: float = POWER, alpha: float = ALPHA) -> float:
    """Items for the difference of paired means, by the normal distribution; `variance` of one difference."""
    delta = _effect(delta, most=math.inf)
    _check("a variance", variance, 0.0, math.inf)
    z_alpha, z_power = _z(alpha / 2, power)
    return (z_alpha + z_power) ** 2 * variance / (delta * delta)


def mean_power(n: float, delta: float, variance: float, alpha: float = ALPHA) -> float:
    """The chance that n items show a difference of means of `delta`."""
    delta = _effect(delta, most=math.inf)
    _check_n(n)
    _check("a variance", variance, 0.0, math.inf)
    z_alpha = _NORMAL.inv_cdf(1 - _level(alpha) / 2)
    return _NORMAL.cdf(delta * math.sqrt(n / variance) - z_alpha) if variance > 0 else 1.0


def mean_mde(n: float, variance: float, power: float = POWER, alpha: float = ALPHA) -> float:
    """The smallest difference of means that n items show with this power."""
    _check_n(n)
    _check("a variance", variance, 0.0, math.inf)
    return sum(_z(alpha / 2, power)) * math.sqrt(variance / n)


def t_n(effect_size: float, power: float = POWER, alpha: float = ALPHA) -> float:
    """Items for the paired t test, exact; `effect_size` is the difference over its standard deviation."""
    size = _effect(effect_size, most=math.inf)
    _z(alpha / 2, power)
    most = 2.0
    while t_power(most, size, alpha) < power:
        most *= 2
    return _smallest(lambda n: t_power(n, size, alpha) >= power, 1 + 1e-6, most)


def t_power(n: float, effect_size: float, alpha: float = ALPHA) -> float:
    """The power of the two-sided paired t test with n items, by the non-central t distribution."""
    size = _effect(effect_size, most=math.inf)
    _level(alpha)
    if not n > 1 or not math.isfinite(n):
        raise ValueError(f"a t test needs more than one item, not {n:g}")
    from scipy.special import nctdtr, stdtrit

    edge, shift = float(stdtrit(n - 1, 1 - alpha / 2)), size * math.sqrt(n)
    if shift - edge > 30:
        return 1.0
    below = float(nctdtr(n - 1, shift, -edge)) if shift < 5 else 0.0
    return 1 - float(nctdtr(n - 1, shift, edge)) + below


def design_effect(cluster_size: float, icc: float) -> float:
    """How many times the items it takes when they come in clusters (Kish): 1 + (size - 1) icc."""
    if not (math.isfinite(cluster_size) and cluster_size >= 1):
        raise ValueError(f"a cluster has at least one item, not {cluster_size:g}")
    _check("an intraclass correlation", icc, 0.0, 1.0)
    return 1 + (cluster_size - 1) * icc


def shared_variance(variance: float, share: float, answers: float) -> float:
    """The variance of an item's difference when it is the mean of several answers, to repeats or to prompts.

    `variance` is that of one answer each, `share` the part of it that belongs to the item and stays.
    """
    _check("a variance", variance, 0.0, math.inf)
    _check("an item's share", share, 0.0, 1.0)
    _check_n(answers)
    return variance * (share + (1 - share) / answers)


def crossed_n(
    delta: float, variance: float, prompt_sd: float, prompts: int, power: float = POWER, alpha: float = ALPHA
) -> float:
    """Items, each asked with every one of `prompts` prompts, for a claim that holds over prompts.

    `variance` of an item's mean difference over the prompts; `prompt_sd` of the difference from prompt to
    prompt, 0 for a claim about these prompts alone. Raises ValueError when the prompts are too few, however
    many items there are.
    """
    delta = _effect(delta, most=math.inf)
    _check("a variance", variance, 0.0, math.inf)
    reach = sum(_crossed_z(prompt_sd, prompts, power, alpha))
    left = (delta / reach) ** 2 - prompt_sd**2 / prompts
    if left <= 0:
        raise ValueError(
            f"{prompts} prompts cannot show a difference of {delta:g} when it varies by {prompt_sd:g} from prompt to"
            " prompt, however many items are asked: take more prompts"
        )
    return variance / left


def crossed_power(
    n: float, delta: float, variance: float, prompt_sd: float, prompts: int, alpha: float = ALPHA
) -> float:
    """The chance that n items under each prompt show a difference of `delta`."""
    delta = _effect(delta, most=math.inf)
    _check("a variance", variance, 0.0, math.inf)
    _check_n(n)
    z_alpha, _ = _crossed_z(prompt_sd, prompts, 0.999, alpha)
    error = math.sqrt(variance / n + prompt_sd**2 / prompts)
    return _NORMAL.cdf(delta / error - z_alpha) if error > 0 else 1.0


def crossed_mde(
    n: float, variance: float, prompt_sd: float, prompts: int, power: float = POWER, alpha: float = ALPHA
) -> float:
    """The smallest difference that n items under each prompt show with this power."""
    _check("a variance", variance, 0.0, math.inf)
    _check_n(n)
    return sum(_crossed_z(prompt_sd, prompts, power, alpha)) * math.sqrt(variance / n + prompt_sd**2 / prompts)


def _crossed_z(prompt_sd: float, prompts: int, power: float, alpha: float) -> tuple[float, float]:
    """As `_z`; over prompts that differ the first is Student's with a degree of freedom less than prompts."""
    _check("a deviation from prompt to prompt", prompt_sd, 0.0, math.inf)
    if prompts < (2 if prompt_sd else 1):
        raise ValueError(f"a claim over prompts takes at least two of them, not {prompts}")
    z_alpha, z_power = _z(alpha / 2, power)
    if prompt_sd == 0:
        return z_alpha, z_power
    from scipy.special import stdtrit

    return float(stdtrit(prompts - 1, 1 - alpha / 2)), z_power


# Not worse than, and as good as


def noninferiority_n(
    margin: float, psi: float, delta: float = 0.0, power: float = POWER, alpha: float = ALPHA
) -> float:
    """Items to show that B is not worse than A by `margin` or more, when in truth B - A is `delta`; one-sided."""
    distance, variance = _distance(margin, psi, delta)
    return sum(_z(alpha, power)) ** 2 * variance / distance**2


def noninferiority_power(n: float, margin: float, psi: float, delta: float = 0.0, alpha: float = ALPHA) -> float:
    """The chance that n items show it."""
    distance, variance = _distance(margin, psi, delta)
    _check_n(n)
    if variance == 0:
        return 1.0
    return _NORMAL.cdf(distance * math.sqrt(n / variance) - _NORMAL.inv_cdf(1 - _level(alpha)))


def noninferiority_margin(
    n: float, psi: float, delta: float = 0.0, power: float = POWER, alpha: float = ALPHA
) -> float:
    """The smallest margin that n items can hold with this power; at most 0 when delta is large enough."""
    _check_n(n)
    _check_pair(abs(delta), psi)
    return sum(_z(alpha, power)) * math.sqrt((psi - delta * delta) / n) - delta


def equivalence_n(margin: float, psi: float, delta: float = 0.0, power: float = POWER, alpha: float = ALPHA) -> float:
    """Items to show that the two differ by less than `margin`: two one-sided tests, each at alpha."""
    _z(alpha, power)
    equivalence_power(1, margin, psi, delta, alpha)  # says what is out of reach
    most = 2.0
    while equivalence_power(most, margin, psi, delta, alpha) < power:
        most *= 2
    return _smallest(lambda n: equivalence_power(n, margin, psi, delta, alpha) >= power, 1e-9, most)


def equivalence_power(n: float, margin: float, psi: float, delta: float = 0.0, alpha: float = ALPHA) -> float:
    """The chance that n items show it."""
    _distance(margin, psi, -abs(delta))
    _check_n(n)
    if psi <= delta * delta:
        return 1.0
    scale, z_alpha = math.sqrt(n / (psi - delta * delta)), _NORMAL.inv_cdf(1 - _level(alpha))
    sides = [_NORMAL.cdf((margin + side * delta) * scale - z_alpha) for side in (-1, 1)]
    return max(0.0, sum(sides) - 1)


def equivalence_margin(n: float, psi: float, power: float = POWER, alpha: float = ALPHA) -> float:
    """The smallest margin within which n items can show two equally good ones to be."""
    _check_n(n)
    _check("a discordance", psi, 0.0, 1.0)
    z_alpha, z_both = _z(alpha, (1 + power) / 2)
    return (z_alpha + z_both) * math.sqrt(psi / n)


# What all of them check


def _z(tail: float, power: float) -> tuple[float, float]:
    _level(tail)
    if not 0 < power < 1:
        raise ValueError(f"a power is between 0 and 1, not {power:g}")
    if power <= tail:
        raise ValueError(f"a power of {power:g} is what chance alone gives: ask for more")
    return _NORMAL.inv_cdf(1 - tail), _NORMAL.inv_cdf(power)


def _level(alpha: float) -> float:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is between 0 and 1, not {alpha:g}")
    return alpha


def _effect(delta: float, most: float = 1.0) -> float:
    """The size of an effect. Raises ValueError when there is none, or more than there can be."""
    if not math.isfinite(delta) or abs(delta) > most:
        raise ValueError(f"a difference of {delta:g} is out of range: a difference of shares is between -1 and 1")
    if delta == 0:
        raise ValueError("no number of items shows a difference of 0: ask for equivalence within a margin")
    return abs(delta)


def _check_pair(delta: float, psi: float) -> None:
    _check("a discordance", psi, 0.0, 1.0)
    if delta > psi:
        raise ValueError(
            f"a difference of {delta:g} is out of reach when only {psi:g} of the pairs differ:"
            " the discordance is at least the difference"
        )


def _distance(margin: float, psi: float, delta: float) -> tuple[float, float]:
    """How far the truth is from the margin, and the variance of one difference."""
    if not (math.isfinite(margin) and 0 < margin <= 1):
        raise ValueError(f"a margin is above 0 and at most 1, not {margin:g}")
    _check("a true difference", delta, -1.0, 1.0)
    _check_pair(abs(delta), psi)
    if delta + margin <= 1e-12:
        raise ValueError(f"a true difference of {delta:g} is not inside of the margin {margin:g}: nothing can show it")
    return delta + margin, psi - delta * delta


def _check(what: str, value: float, least: float, most: float) -> None:
    if not (math.isfinite(value) and least <= value <= most):
        bounds = f"between {least:g} and {most:g}" if math.isfinite(most) else f"at least {least:g}"
        raise ValueError(f"{what} is {bounds}, not {value:g}")


def _check_n(n: float) -> None:
    if not (math.isfinite(n) and n > 0):
        raise ValueError(f"{n:g} items show nothing: there has to be at least one")


def _items(n: float) -> str:
    return f"{n:,.0f} items" if n != 1 else "1 item"


def _smallest(enough: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition that holds at `high` begins to hold, by bisection."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
        if high - low <= 1e-12 * high:
            break
    return high
