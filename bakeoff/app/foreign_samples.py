"""Which sample of a benchmark an imported trial answered, so that its reply can be graded here.

Another tool numbers samples its own way. A sample counts as the same one when its id is equal or names its
place in the source, counted from 0 or 1, and its question stands in the prompt that was logged. Example:

    matched(laboratory, run, cell, draw)        # {"7": 312}: sample id in the log → place in the draw
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from bakeoff.app.experiments import Laboratory
from bakeoff.app.lint import plain
from bakeoff.app.results import prompt_of
from bakeoff.core.errors import ConfigInvalid, UnknownName, UsageError
from bakeoff.core.origin import origin
from bakeoff.core.records import CellRecord, RunRecord
from bakeoff.core.types import Trial
from bakeoff.runner.draw import Draw

_AT_ONCE = 200
_LAST_NUMBER = re.compile(r"(\d{1,9})\D*$")


def matched(laboratory: Laboratory, run: RunRecord, cell: CellRecord, draw: Draw) -> dict[str, int]:
    """Sample id → place in the draw, of every trial with a reply.

    Raises ConfigInvalid when the log has no texts, or when one of its samples is none of the benchmark's.
    """
    by_id: dict[str, int] = {}
    by_position: dict[int, int] = {}
    for place, sample in enumerate(draw):
        by_id[sample.id], by_position[sample.position] = place, place
    found: dict[str, int] = {}
    answered = strangers = 0
    for trial, prompt in _prompts(laboratory, cell):
        answered += 1
        number = _LAST_NUMBER.search(trial.sample_id)
        at = int(number[1]) if number else -1
        places = (by_id.get(trial.sample_id), by_position.get(at), by_position.get(at - 1))
        fitting = [one for one in places if one is not None and plain(draw[one].question) in prompt]
        if fitting:
            found[trial.sample_id] = fitting[0]
        else:
            strangers += 1
    if not answered:
        raise ConfigInvalid(f"cell {cell.position} of '{run.name}' has no replies to grade", "import a log with texts")
    if strangers:
        raise ConfigInvalid(
            f"{strangers:,} of {answered:,} prompts of cell {cell.position} of '{run.name}' hold no question of"
            f" '{cell.benchmark}' under their number",
            "import a log with prompts, and with --benchmark the benchmark that was asked",
        )
    return found


def told_of_import(error: UsageError, run: RunRecord, cell: CellRecord) -> UsageError:
    """What to do where the benchmark that a log names is none of ours; any other error as it is."""
    if (
        not isinstance(error, UnknownName)
        or origin(cell) is None
        or f"benchmark '{cell.benchmark}'" not in error.message
    ):
        return error
    return ConfigInvalid(
        f"'{cell.benchmark}', which run '{run.name}' was imported with, is no benchmark here",
        "import the log again and say which one was asked: --benchmark NAME",
    )


def _prompts(laboratory: Laboratory, cell: CellRecord) -> Iterator[tuple[Trial, str]]:
    """The trials that have a reply, each with its prompt, streamed."""
    streamed = (trial for trial in laboratory.trials.graded(cell.id) if trial.keys)
    while group := list(islice(streamed, _AT_ONCE)):
        raw = laboratory.trials.raw([trial.keys[-1] for trial in group])
        for trial in group:
            yield trial, plain(prompt_of(raw[trial.keys[-1]])) if trial.keys[-1] in raw else ""
