"""Multiple choice beside lm-evaluation-harness 0.4.13: its own tasks on the same rows, sample by sample.

No model takes part. A continuation's log-probability is a hash of context and continuation, the same for
both sides, so prompts and metrics are compared on every row; every fifth row is full of ties. Example:

    python -m parity multiple_choice
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataHome
from bakeoff.core import prompts
from bakeoff.core.protocols import Prompt
from bakeoff.core.types import Sample
from bakeoff.scorers.likelihood import Likelihood
from parity._multiple_choice_rows import made_up_piqa, rows_of
from parity.agreement import Agreement, digest, write_golden

Row = dict[str, Any]
KEPT = 20  # samples in a fixture
CLOSE = 1e-9


@dataclass(frozen=True)
class Case:
    """One profile beside one metric of one lm-eval task."""

    benchmark: str
    profile: str
    task: str
    metric: str = "acc"
    split: str = "validation"
    shots: int = 0


def _both(benchmark: str, task: str, split: str = "validation", shots: int = 5) -> list[Case]:
    """acc and acc_norm without examples, and acc with examples."""
    return [
        Case(benchmark, "lm-eval", task, split=split),
        Case(benchmark, "lm-eval-norm", task, "acc_norm", split),
        Case(benchmark, "lm-eval", task, split=split, shots=shots),
    ]


CASES = [
    *_both("arc_challenge", "arc_challenge", "test", 25),
    *_both("arc_easy", "arc_easy"),
    Case("boolq", "lm-eval", "boolq"),
    Case("boolq", "lm-eval", "boolq", shots=5),
    Case("commonsenseqa", "lm-eval", "commonsense_qa"),
    Case("commonsenseqa", "lm-eval", "commonsense_qa", shots=5),
    *_both("hellaswag", "hellaswag", shots=10),
    Case("mmlu", "lm-eval", "mmlu_{subject}", split="test"),
    Case("mmlu", "lm-eval", "mmlu_{subject}", split="test", shots=5),
    *_both("openbookqa", "openbookqa", "test"),
    *_both("piqa", "piqa"),
    Case("sst2", "lm-eval", "sst2"),
    Case("sst2", "lm-eval", "sst2", shots=5),
    Case("truthfulqa", "lm-eval-mc1", "truthfulqa_mc1"),
    Case("truthfulqa", "lm-eval-mc2", "truthfulqa_mc2"),
    Case("winogrande", "lm-eval", "winogrande"),
    Case("winogrande", "lm-eval", "winogrande", shots=5),
]


@dataclass
class Tally:
    """What one case comes to."""

    samples: int = 0
    prompts: int = 0
    scores: int = 0
    kinds: dict[str, list[str]] = field(default_factory=dict)

    def count(self, sample: Sample, prompt: bool, score: bool) -> None:
        self.samples += 1
        self.prompts += prompt
        self.scores += score
        for kind, equal in (("another prompt", prompt), ("another score", score)):
            if not equal:
                self.kinds.setdefault(kind, []).append(sample.id)


def logprob(before: str, after: str, tied: bool) -> float:
    """What stands for a model: longer texts are less likely, as they are for one."""
    number = int.from_bytes(sha256(f"{before}\0{after}".encode()).digest()[:6], "big")
    return -float(1 + number % 2) if tied else -round((number % 1_000_003) / 1_000_003 * (1 + 0.4 * len(after)), 4)


def tied(place: int) -> bool:
    return place % 5 == 4


def compare(data: Path) -> list[Agreement]:
    return [_agreement(case, _tally(case, data)) for case in CASES]


def write(data: Path) -> None:
    """The golden fixtures: hashes of prompts, log-probabilities and lm-eval's metrics; none of the texts."""
    for name in sorted({case.benchmark for case in CASES if case.benchmark != "piqa"}):
        kept = []
        for case in CASES:
            if case.benchmark == name:
                found = _pairs(case, data)
                step = max(1, len(found) // KEPT)
                items = [_kept(case, place, *found[place]) for place in range(0, len(found), step)][:KEPT]
                kept.append({"profile": case.profile, "split": case.split, "shots": case.shots, "items": items})
        write_golden(name, {"reference": "lm_eval 0.4.13", "cases": kept})


def _kept(case: Case, place: int, sample: Sample, asked: Sequence[tuple[str, str]], task: Any, doc: Row) -> Row:
    values = [logprob(*pair, tied(place)) for pair in asked]
    return {
        "id": sample.id,
        "position": place,
        "prompt": digest("\0".join(before for before, _ in asked)),
        "continuations": digest("\0".join(after for _, after in asked)),
        "logprobs": values,
        "score": _metric(case, task, doc, values),
    }


def _agreement(case: Case, tally: Tally) -> Agreement:
    differences = [f"{kind}: {len(ids)} samples, e.g. {', '.join(ids[:3])}" for kind, ids in tally.kinds.items()]
    notes = [f"{case.shots} examples"] if case.shots else []
    if case.benchmark == "piqa":
        notes.append("rows made up: its data is not in the folder")
    note = "; ".join(notes)
    counts = (tally.samples, tally.prompts, tally.scores)
    return Agreement(case.benchmark, case.profile, *counts, tuple(differences), note=note)


def _tally(case: Case, data: Path) -> Tally:
    tally = Tally()
    ours = _benchmark(case, data)
    profile = ours.profile(case.profile)
    scorer = Likelihood(**profile.options)  # type: ignore[arg-type]
    for place, (sample, asked, task, doc) in enumerate(_pairs(case, data)):
        prompt = profile.prompt or Prompt("")
        examples = ours.examples(prompt, sample, case.shots) if case.shots else ()
        pairs = prompts.continuations(prompt, sample, examples)
        wanted = _metric(case, task, doc, [logprob(*pair, tied(place)) for pair in asked])
        found = scorer.score(sample, scored(pairs, [logprob(*pair, tied(place)) for pair in pairs])).value
        tally.count(sample, pairs == tuple(asked), math.isclose(found, wanted, abs_tol=CLOSE))
    return tally


def scored(pairs: Sequence[tuple[str, str]], values: Sequence[float]) -> str:
    """What the scorer is given of a completion."""
    return orjson.dumps([(after, value, 1) for (_, after), value in zip(pairs, values, strict=True)]).decode()


def _metric(case: Case, task: Any, doc: Row, values: Sequence[float]) -> float:
    found = task.process_results(doc, [(value, False) for value in values])
    return float(found[case.metric])


def _benchmark(case: Case, data: Path) -> FileBenchmark:
    made = made_up_piqa() if case.benchmark == "piqa" else None
    ours = BENCHMARKS.load(case.benchmark)(DataHome(made or data, Path("no-cache"), offline=True))
    assert isinstance(ours, FileBenchmark)
    if case.shots and case.benchmark != "mmlu":
        # The train split is not in the folder: the second half of the rows stands for it, on both sides.
        samples = list(ours.samples(case.split))
        ours.__dict__["_all_examples"] = tuple(samples[len(samples) // 2 :])
    return ours


def _pairs(case: Case, data: Path) -> list[tuple[Sample, list[tuple[str, str]], Any, Row]]:
    """Each of our samples with what lm-eval asks for the row in its place: (context, continuation) pairs."""
    key = (case.benchmark, case.task, case.split, case.shots, data)
    if key not in _asked:
        _asked[key] = list(_ask(case, data))
    return _asked[key]


def _ask(case: Case, data: Path) -> Iterator[tuple[Sample, list[tuple[str, str]], Any, Row]]:
    ours = _benchmark(case, data)
    samples = iter(ours.samples(case.split))
    for subject, rows, examples in rows_of(case.benchmark, data):
        half = len(rows) // 2 if case.shots and case.benchmark != "mmlu" else len(rows)
        task = _task(case.task.format(subject=subject), rows[:half], examples or rows[half:] or rows)
        for doc in task.eval_docs:
            context = task.fewshot_context(doc, num_fewshot=case.shots)
            asked = task.construct_requests(doc=doc, ctx=context, metadata=(case.task, 0, 1))
            yield next(samples), [request.args[:2] for request in asked], task, doc


_manager: list[Any] = []
_asked: dict[tuple[object, ...], list[tuple[Sample, list[tuple[str, str]], Any, Row]]] = {}


def _task(name: str, rows: Sequence[Row], examples: Sequence[Row]) -> Any:
    """lm-eval's task of that name, which finds these rows where it would have downloaded some."""
    from datasets import Dataset, DatasetDict
    from lm_eval import utils
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks import TaskManager

    splits = {"train": examples, "dev": examples, "validation": rows, "test": rows}
    held = DatasetDict({split: Dataset.from_list(list(content)) for split, content in splits.items()})

    def download(self: Any, *args: object, **options: object) -> None:
        self.dataset = held

    ConfigurableTask.download = download
    if not _manager:
        _manager.append(TaskManager())
        # It compiles a template for each text that it makes: that is nearly all of the time this takes.
        utils.env.from_string = cache(utils.env.from_string)
    task = _manager[0].load_task_or_group(name)[name]
    task.set_fewshot_seed(1234)
    return task
