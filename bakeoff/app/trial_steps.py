"""The steps of trials, with the words of their completions, where there is more to see than one call.

steps_of_all(repository, trials)[0]        # () for a trial of one call that tells no thinking
"""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.core.types import Trial
from bakeoff.reports.traces import StepView, steps_shown
from bakeoff.store.trials import TrialRepository


def steps_of_all(trials: TrialRepository, some: Sequence[Trial]) -> list[tuple[StepView, ...]]:
    """The steps of each trial; none for one that has no trace and whose model said nothing of its thinking."""
    found = trials.find([key for trial in some for key in trial.keys])
    return [
        steps_shown(trial, found)
        if trial.trace or any(found[key].thinking for key in trial.keys if key in found)
        else ()
        for trial in some
    ]
