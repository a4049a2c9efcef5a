"""Logs with anything in any place: read, or refused with an error of the tree; never a crash, never half a run."""

from __future__ import annotations

import copy
import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bakeoff.app.experiments import Laboratory
from bakeoff.app.importing import import_log
from bakeoff.app.results import Results
from bakeoff.app.settings import Settings
from bakeoff.core.errors import UsageError
from bakeoff.imports import evalplus, inspect, jsonl, lm_eval
from bakeoff.imports.found import Log

LOGS = Path(__file__).parent / "logs"
SEEDS = 60
ODD: list[Any] = [
    *(None, True, 0, -1, 2**70, 0.5, math.nan, math.inf, "", "x", "\ud800\0", "9" * 300),
    *([], [None], [[]], {}, {"a": [1]}, "attachment://none", '[{"role": 1', "1.5"),
]


def mutated(value: Any, draw: random.Random) -> Any:
    """The value with one to three of its parts exchanged for something odd, or gone."""
    whole = copy.deepcopy(value)
    for _ in range(draw.randint(1, 3)):
        at = whole
        while isinstance(at, dict | list) and at:
            key = draw.choice(list(at) if isinstance(at, dict) else range(len(at)))
            inner = at[key]
            if not isinstance(inner, dict | list) or not inner or draw.random() < 0.3:
                if draw.random() < 0.2:
                    del at[key]
                else:
                    at[key] = copy.deepcopy(draw.choice(ODD))
                break
            at = inner
    return whole


def of_lm_eval(folder: Path, draw: random.Random) -> Log:
    source = LOGS / "lm-eval" / draw.choice(["small", "choices"])
    results, samples = next(source.glob("results_*")), next(source.glob("samples_*"))
    lines = [json.loads(line) for line in samples.read_text().splitlines()][:6]
    told = json.loads(results.read_text())
    told["n-samples"] = {}
    which = draw.randrange(len(lines) + 1)
    changed = [mutated(line, draw) if place == which else line for place, line in enumerate(lines)]
    (folder / results.name).write_text(json.dumps(mutated(told, draw) if which == len(lines) else told))
    (folder / samples.name).write_text("".join(json.dumps(line) + "\n" for line in changed))
    return lm_eval.read(folder)


def of_inspect(folder: Path, draw: random.Random) -> Log:
    log = json.loads((LOGS / "inspect" / "log.json").read_text())
    log["samples"] = log["samples"][:3]
    path = folder / "log.json"
    path.write_text(json.dumps(mutated(log, draw)))
    return inspect.read(path)


def of_evalplus(folder: Path, draw: random.Random) -> Log:
    path = folder / "m_eval_results.json"
    path.write_text(json.dumps(mutated(json.loads((LOGS / "evalplus" / "bad_eval_results.json").read_text()), draw)))
    return evalplus.read(path)


def of_jsonl(folder: Path, draw: random.Random) -> Log:
    row = {"id": "a", "prompt": "q", "response": "r", "target": "t", "score": 1, "repeat": 0, "cost": 0.1}
    row |= {"latency": 1, "model": "m", "task": "b", "error": None, "finish_reason": "stop", "input_tokens": 3}
    path = folder / "log.jsonl"
    rows = [mutated(row, draw), {**row, "id": "b"}]
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return jsonl.read(path)


@pytest.mark.parametrize("make", [of_lm_eval, of_inspect, of_evalplus, of_jsonl])
def test_odd_values_are_read_or_refused(make: Callable[[Path, random.Random], Log], tmp_path: Path) -> None:
    laboratory = Laboratory(Settings.load(f"sqlite:///{tmp_path / 'odd.db'}"))
    kept = refused = 0
    for seed in range(SEEDS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        before = len(laboratory.runs.all())
        try:
            done = import_log(laboratory.database, make(folder, random.Random(seed)))
        except UsageError as error:
            assert "\n" not in str(error)
            assert len(laboratory.runs.all()) == before
            refused += 1
            continue
        kept += 1
        results = Results(laboratory.runs, laboratory.trials)
        for cell in results.summary(done.run).cells:
            value = cell.estimate.value
            assert value is None or 0 <= value <= 1
            assert sum(1 for _ in laboratory.trials.trials(cell.cell.id)) == cell.trials
    laboratory.close()
    assert kept > 5 and refused > 5
