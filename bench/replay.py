"""What an early stop would have saved on answers that are already there: recorded runs, replayed in random orders.

Every pair of models in a recording is run again in many random orders, in batches of 32, with the product's own
e-process and terminal test; the answers of all items are the truth that an early stop should find. A recording
of three or more models is raced, too. Read from the folder that BAKEOFF_DATA names:

    gsm8k/example_model_solutions.jsonl.gz      four models of Cobbe et al. 2021
    routellm/gsm8k, routellm/mmlu               two models of Ong et al. 2024; MMLU's subjects in one
    router_arena/cached_results                 two models, items graded 0 or 1
    llmrouter/train.json.gz                     nine models on 14 tasks, items graded 0 or 1

`BAKEOFF_DATA=… python -m bench replay`; about two minutes.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bakeoff.stats.contest import Contest, Rule
from bakeoff.stats.sequential import EProcess, Side, terminal

Right = NDArray[np.bool_]
BATCH = 32
ORDERS = 1000
RACES = 100
SEED = 20261121


@dataclass(frozen=True)
class Recording:
    """Which items each model got right; the same items in the same order for all."""

    name: str
    right: Mapping[str, Right]

    @property
    def n(self) -> int:
        return len(next(iter(self.right.values())))


@dataclass(frozen=True)
class Replay:
    """How a pair's runs ended, over all orders: shares, and the mean number of items asked."""

    recording: str
    a: str
    b: str
    n: int
    delta: float
    items: float
    early: float
    late: float
    wrong: float

    @property
    def saved(self) -> float:
        return 1 - self.items / self.n


def recordings(folder: Path) -> Iterator[Recording]:
    """Those that the folder holds."""
    for read in (_gsm8k, _routellm_gsm8k, _routellm_mmlu, _router_arena, _llmrouter):
        try:
            yield read(folder)
        except FileNotFoundError:
            continue


def _recording(name: str, rows: Sequence[Mapping[str, bool]]) -> Recording:
    return Recording(name, {model: np.array([row[model] for row in rows]) for model in rows[0]})


def _gsm8k(folder: Path) -> Recording:
    with gzip.open(folder / "gsm8k" / "example_model_solutions.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    models = [name for name, value in rows[0].items() if isinstance(value, dict)]
    return _recording("gsm8k", [{model: row[model]["is_correct"] for model in models} for row in rows])


def _responses(paths: Iterable[Path]) -> list[dict[str, bool]]:
    rows: list[dict[str, bool]] = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                rows.append({name.split("/")[-1]: value == "True" for name, value in row.items() if _graded(name)})
    return rows


def _graded(column: str) -> bool:
    return column != "prompt" and not column.endswith("_response")


def _routellm_gsm8k(folder: Path) -> Recording:
    return _recording("routellm gsm8k", _responses([folder / "routellm" / "gsm8k" / "gsm8k_responses.csv"]))


def _routellm_mmlu(folder: Path) -> Recording:
    paths = sorted((folder / "routellm" / "mmlu" / "responses").glob("*.csv"))
    if not paths:
        raise FileNotFoundError(folder)
    return _recording("routellm mmlu", _responses(paths))


def _router_arena(folder: Path) -> Recording:
    scores: dict[str, dict[str, float]] = {}
    for model in ("claude-3-haiku-20240307", "gemini-2.0-flash-001"):
        path = folder / "router_arena" / "cached_results" / f"{model}.jsonl.gz"
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                scores.setdefault(row["global_index"], {})[model] = row["evaluation_result"]["score"]
    return _recording("router_arena", _binary([row for row in scores.values() if len(row) == 2]))


def _llmrouter(folder: Path) -> Recording:
    with gzip.open(folder / "llmrouter" / "train.json.gz", "rt", encoding="utf-8") as file:
        return _recording("llmrouter", _binary([row["scores"] for row in json.load(file)]))


def _binary(rows: Iterable[Mapping[str, float]]) -> list[dict[str, bool]]:
    """The items on which every model was graded 0 or 1."""
    return [{name: score == 1 for name, score in row.items()} for row in rows if set(row.values()) <= {0, 1}]


def replay(recording: Recording, a: str, b: str, orders: int = ORDERS, batch: int = BATCH, seed: int = SEED) -> Replay:
    """Run the pair again in that many random orders."""
    rng = np.random.default_rng(seed)
    differences = recording.right[b].astype(np.int8) - recording.right[a].astype(np.int8)
    better = "b" if differences.sum() > 0 else "a"
    ends = [_end(rng.permutation(differences), batch) for _ in range(orders)]
    delta = float(differences.mean())
    shown = [(side, early) for _, side, early in ends if side]
    return Replay(
        recording.name,
        a,
        b,
        recording.n,
        delta,
        items=sum(n for n, *_ in ends) / orders,
        early=sum(early for _, early in shown) / orders,
        late=sum(not early for _, early in shown) / orders,
        wrong=sum(side != better or delta == 0 for side, _ in shown) / orders,
    )


def _end(differences: NDArray[np.int8], batch: int) -> tuple[int, Side | None, bool]:
    """One run: items asked, who is better, whether it stopped early."""
    process = EProcess()
    for at in range(0, len(differences), batch):
        part = differences[at : at + batch]
        only_a, only_b = int((part < 0).sum()), int((part > 0).sum())
        if process.add(only_a, only_b, len(part) - only_a - only_b):
            return process.n, process.decided, True
    return process.n, terminal(len(differences)).decide(process.m, process.s), False


@dataclass(frozen=True)
class Raced:
    """A race over all orders: the mean share of all answers asked for, survivors, how often the best stayed."""

    answers: float
    left: float
    best: float


def race(recording: Recording, races: int = RACES, batch: int = BATCH, seed: int = SEED) -> Raced:
    """Race all models of a recording in that many random orders."""
    rng = np.random.default_rng(seed)
    table = np.stack(list(recording.right.values()), axis=1).astype(float)
    best = set(np.flatnonzero(table.mean(0) == table.mean(0).max()).tolist())
    answers, left, kept = 0, 0, 0
    for _ in range(races):
        run = Contest(table.shape[1], Rule())
        rows = [tuple(row) for row in table[rng.permutation(len(table))].tolist()]
        for at in range(0, len(rows), batch):
            answers += len(rows[at : at + batch]) * len(run.alive)
            run.look(rows[at : at + batch])
            if run.decided:
                break
        survivors = run.alive if run.decided else run.left_at_end()
        left += len(survivors)
        kept += bool(best & survivors)
    return Raced(answers / races / table.size, left / races, kept / races)


def replays(folder: Path) -> None:
    """Print a table of all pairs and races. The folder is not read: BAKEOFF_DATA names the recordings."""
    del folder
    place = os.environ.get("BAKEOFF_DATA")
    found = list(recordings(Path(place))) if place else []
    if not found:
        print("replay           nothing to replay: BAKEOFF_DATA names no folder with recordings", flush=True)
        return
    print(f"{'recording':<15} {'a → b':<64} {'n':>6} {'b - a':>6} {'items':>6} {'saved':>6}", end="")
    print(f" {'early':>6} {'at end':>6} {'none':>6} {'wrong':>6}")
    for recording in found:
        for a, b in combinations(recording.right, 2):
            print(_line(replay(recording, a, b)), flush=True)
    for recording in found:
        if len(recording.right) > 2:
            raced = race(recording)
            print(f"race of {len(recording.right)}, {recording.name}: {raced.answers:.1%} of all answers,", end=" ")
            print(f"{raced.left:.2f} left, best kept {raced.best:.1%} of {RACES} orders", flush=True)


def _line(run: Replay) -> str:
    pair = f"{run.a} → {run.b}"
    shares = " ".join(f"{share:>6.1%}" for share in (run.early, run.late, 1 - run.early - run.late, run.wrong))
    return (
        f"{run.recording:<15} {pair:<64} {run.n:>6,} {100 * run.delta:>+6.1f} {run.items:>6.0f} {run.saved:>6.1%}"
        f" {shares}"
    )
