"""gsm8k, math500 and bbh beside lm-evaluation-harness 0.4.13, reply by reply, on the same rows.

lm-eval's own task code asks and grades: its five drawn examples from gsm8k's train split, its 27 bbh tasks, its
hendrycks_math500. No model takes part: each row is answered in a dozen ways by a function of the row alone (the
worked answer, altered ones, other rows' ones, replies that run on, nothing), and on gsm8k by four real models.
A prompt is equal when its text, its stops and its limit of tokens are. Example:

    BAKEOFF_DATA=… python -m parity maths
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bakeoff.benchmarks._files import DataHome
from bakeoff.benchmarks.bbh import TASKS, Bbh
from bakeoff.benchmarks.gsm8k import Gsm8k
from bakeoff.benchmarks.math500 import Math500
from bakeoff.core import prompts
from bakeoff.core.answers import follow
from bakeoff.core.protocols import Profile
from bakeoff.core.types import Sample, Score
from bakeoff.scorers import SCORERS
from parity.agreement import Agreement, digest, write_golden

Row = dict[str, Any]
KEPT = 20  # replies in a fixture
SHOWN = 5


@dataclass
class Tally:
    """One profile beside one filter of lm-eval's."""

    benchmark: str
    profile: Profile
    filter: str
    samples: int = 0
    prompts: int = 0
    scores: int = 0
    differences: list[str] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)

    def agreement(self) -> Agreement:
        told = self.differences[:SHOWN]
        return Agreement(self.benchmark, self.profile.name, self.samples, self.prompts, self.scores, told)


def compare(data: Path) -> list[Agreement]:
    return [tally.agreement() for tally in _tallies(data)]


def write(data: Path) -> None:
    """The fixtures: ids of rows, hashes of prompts, our own replies to them, and what lm-eval gives those."""
    found: dict[str, list[Row]] = {}
    for tally in _tallies(data):
        right, wrong = ([case for case in tally.kept if case["score"] == score] for score in (1.0, 0.0))
        share = KEPT // 4 if tally.benchmark == "gsm8k" else KEPT // 2
        draw = random.Random(tally.benchmark)
        chosen = [case for cases in (right, wrong) for case in draw.sample(cases, min(share, len(cases)))]
        found.setdefault(tally.benchmark, []).extend(chosen)
    for name, cases in found.items():
        write_golden(name, {"reference": "lm_eval 0.4.13", "cases": cases})


def _tallies(data: Path) -> list[Tally]:
    home = DataHome(data, data / "cache", offline=True)
    return [*_gsm8k(home, data), _math500(home), _bbh(home)]


def _gsm8k(home: DataHome, data: Path) -> list[Tally]:
    ours = Gsm8k(home)
    samples = list(ours.samples("test"))
    train = [dict(sample.fields) for sample in ours.samples("train")]
    task = _task("gsm8k", [dict(sample.fields) for sample in samples], train)
    tallies = [
        Tally("gsm8k", ours.profile("lm-eval"), "strict-match"),
        Tally("gsm8k", ours.profile("lm-eval-flexible"), "flexible-extract"),
    ]
    models = _model_replies(data)
    for sample, instance in zip(samples, _instances(task), strict=True):
        made = number_replies(str(sample.target), sample.fields["answer"])
        for tally in tallies:
            prompt = tally.profile.prompt
            assert prompt is not None
            asked = prompts.context(prompt, sample, ours.examples(prompt, sample, prompt.shots))
            _compare(tally, sample, asked, task, instance, made, models.get(sample.fields["question"], ()))
    return tallies


def _math500(home: DataHome) -> Tally:
    ours = Math500(home)
    samples = list(ours.samples("test"))
    rows = [
        {"problem": s.fields["problem"], "solution": s.worked or "", "answer": str(s.target), "subject": "", "level": 1}
        for s in samples
    ]
    task = _task("hendrycks_math500", rows, rows)
    tally = Tally("math500", ours.profile("lm-eval"), "none")
    prompt = tally.profile.prompt
    assert prompt is not None
    for place, (sample, instance) in enumerate(zip(samples, _instances(task), strict=True)):
        other = str(samples[place - 1].target)
        made = formula_replies(str(sample.target), other)
        _compare(tally, sample, prompts.context(prompt, sample, ()), task, instance, made, (sample.worked or "",))
    return tally


def _bbh(home: DataHome) -> Tally:
    ours = Bbh(home)
    tally = Tally("bbh", ours.profile("lm-eval"), "get-answer")
    prompt = tally.profile.prompt
    assert prompt is not None
    groups: dict[str, list[Sample]] = {name: [] for name in TASKS}
    for sample in ours.samples("test"):
        groups[str(sample.meta["task"])].append(sample)
    for name, samples in groups.items():
        rows = [{"input": sample.fields["input"], "target": str(sample.target)} for sample in samples]
        task = _task(f"bbh_cot_fewshot_{name}", rows, rows)
        for place, (sample, instance) in enumerate(zip(samples, _instances(task), strict=True)):
            made = _closing_replies(str(sample.target), str(samples[place - 1].target))
            asked = prompts.context(prompt, sample, ours.examples(prompt, sample, prompt.shots))
            _compare(tally, sample, asked, task, instance, made, ())
    return tally


def number_replies(target: str, worked: str) -> list[str]:
    near = str(int(target) + 1) if target.lstrip("-").isdigit() else "7"
    grouped = f"{int(target):,}" if target.lstrip("-").isdigit() else target
    return [
        f" {worked[worked.rfind('####') :]}",
        f" So.\n#### {grouped}.\n\nQuestion: And now?\nAnswer: #### 9",
        f" #### {near}\n#### {target}",
        f" The answer is ${target}.00",
        f" {target}. So it is done...",
        f" {target} (i.e. 9*2)",
        f" #### ${target}",
        f" #### -{target}",
        f" It is {grouped} eggs</s> or 3",
        f" ####{target}",
        " #### .,",
        "",
    ]


def formula_replies(target: str, other: str) -> list[str]:
    return [
        f" ${target}$.",
        f" {target}",
        f" Well, $x$ is ${target}$",
        rf" \boxed{{{target}}}",
        f" $k = {target}$",
        f" ${target} $\n\nProblem: What is $7$?",
        f" ${target.replace('frac', 'dfrac').replace('(', chr(92) + 'left(').replace(')', chr(92) + 'right)')}$",
        f" ${target.replace('{', '').replace('}', '')}$",
        f" ${target}\\text{{ cm}}\\%$",
        f" ${target}/2$",
        f" ${other}$",
        "$.5$",
        "",
    ]


def _closing_replies(target: str, other: str) -> list[str]:
    return [
        f"Hm. So the answer is {target}.",
        f"So the answer is {target}",
        f"So the answer is {target}. Quite so.",
        f"So the answer is {target}.\n\nQ: the answer is {other}.",
        f"A Question: the answer is {target}.",
        f"the answer is {other}. No, the answer is {target}.",
        f"the answer is {other}.\nthe answer is {target}.",
        f"So The Answer Is {target}.",
        f"the answer is  {target} .",
        f"the answer is {target.lower()}.</s>.",
        f"{target}",
        "the answer is ",
        "",
    ]


def _model_replies(data: Path) -> Mapping[str, Sequence[str]]:
    """What four models answered, published with the data; their last line reads "A: 18"."""
    path = data / "gsm8k/example_model_solutions.jsonl.gz"
    if not path.is_file():
        return {}
    with gzip.open(path) as lines:
        rows = [orjson.loads(line) for line in lines]
    return {
        row["question"]: [v["solution"].replace("\nA: ", "\n#### ") for v in row.values() if isinstance(v, dict)]
        for row in rows
    }


def _compare(
    tally: Tally, sample: Sample, asked: str, task: Any, instance: Any, made: Sequence[str], found: Sequence[str]
) -> None:
    """Every reply graded by both; those in `made` are ours and may be kept in a fixture."""
    prompt = tally.profile.prompt
    assert prompt is not None
    settings = instance.args[1]
    same = asked == instance.args[0] and list(prompt.stop) == settings["until"]
    same = same and prompt.max_tokens == settings.get("max_gen_toks", 256)
    for place, reply in enumerate((*made, *found)):
        wanted = _theirs(task, instance, reply, tally.filter)
        ours = graded(tally.profile, sample, reply)
        tally.samples += 1
        tally.prompts += same
        tally.scores += ours == wanted
        if not same or ours != wanted:
            tally.differences.append(f"{sample.id}: {reply!r:.80}: prompt equal {same}, ours {ours}, theirs {wanted}")
        if place < len(made):
            case = {"id": sample.id, "profile": tally.profile.name, "target": str(sample.target)}
            tally.kept.append({**case, "prompt": digest(instance.args[0]), "reply": reply, "score": wanted})


def graded(profile: Profile, sample: Sample, reply: str) -> float:
    """As the runner does, from a server that stops where the profile says."""
    assert profile.prompt is not None
    for stop in profile.prompt.stop:
        reply = reply.split(stop, 1)[0]
    score = SCORERS.load(profile.scorer)(**profile.options).score(sample, follow(reply, profile.find).value)
    assert isinstance(score, Score)
    return score.value


def _theirs(task: Any, instance: Any, reply: str, named: str) -> float:
    for stop in instance.args[1]["until"]:
        reply = reply.split(stop, 1)[0]
    instance.resps, instance.filtered_resps = [reply], {}
    for filters in task._filters:
        filters.apply([instance])
    return float(task.process_results(instance.doc, [instance.filtered_resps[named]])["exact_match"])


def _instances(task: Any) -> Iterator[Any]:
    """What lm-eval asks, in the order of the rows."""
    task.build_all_requests(rank=0, world_size=1)
    return iter(sorted(task.instances, key=lambda instance: int(instance.doc_id)))


_manager: list[Any] = []


def _task(name: str, rows: Sequence[Row], train: Sequence[Row]) -> Any:
    """lm-eval's task of that name, which finds these rows where it would have downloaded some."""
    from datasets import Dataset, DatasetDict
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks import TaskManager

    held = DatasetDict({"train": Dataset.from_list(list(train)), "test": Dataset.from_list(list(rows))})

    def download(self: Any, *args: object, **options: object) -> None:
        self.dataset = held

    ConfigurableTask.download = download
    if not _manager:
        _manager.append(TaskManager())
    task = _manager[0].load_task_or_group(name)[name]
    task.set_fewshot_seed(1234)
    return task
