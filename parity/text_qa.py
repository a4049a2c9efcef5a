"""triviaqa and drop beside lm-eval; squad, hotpotqa, triviaqa and drop beside their official scripts.

lm-eval's own task code runs on the same rows: its prompts, its filters, its `process_results`. Each row is
answered in several ways by a function of the row alone: the gold answer, altered ones, wrong ones, nothing, too
much. Where BAKEOFF_RULES names a folder
with the published scripts (`_scripts` lists them), these are executed as well.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataHome
from bakeoff.core import prompts
from bakeoff.core.answers import follow
from bakeoff.core.protocols import Profile
from bakeoff.core.types import Json, Sample, Score
from bakeoff.scorers import SCORERS
from parity import _beside, _official
from parity._scripts import NotHere
from parity.agreement import Agreement, digest, write_golden

_SHOWN = 5
_CLOSE = 1e-9
Row = dict[str, Any]
# Written for the fixtures; no item of a benchmark is quoted.
MADE_UP: Mapping[str, Sequence[Row]] = {
    "triviaqa": (
        {"question": "Which city has the Atomium", "aliases": ["Brussels", "Bruxelles", "City of Brussels"]},
        {"question": "Who wrote 'The Sea, the Sea'?", "aliases": ["Iris Murdoch", "Dame Iris Murdoch", "Murdoch, I."]},
        {"question": " What is 2.5 + 2? ", "aliases": ["4.5", "four and a half"]},
    ),
    "drop": (
        {"passage": "Ann ran 12.5 km.", "question": "How many km?", "answers": [{"number": "12.5"}]},
        {
            "passage": "Ann beat Bo and Cy.",
            "question": "Whom?",
            "answers": [{"spans": ["Bo", "Cy"]}, {"spans": ["Bo"]}],
        },
        {
            "passage": "It fell on 3 May 1808.",
            "question": "When?",
            "answers": [{"date": {"day": "3", "month": "May", "year": "1808"}}, {"spans": ["the 3 May"]}],
        },
        {"passage": "A 38-yard kick.", "question": "How long?", "answers": [{"spans": ["38-yard"]}, {"number": "38"}]},
    ),
}


def compare(data: Path) -> list[Agreement]:
    """Prompts and scores of every profile that follows a reference. Needs lm_eval."""
    home = DataHome(data, data / "cache", offline=True)
    trivia = [trivia_row(sample) for sample in _load("triviaqa", home).samples("test")]
    rows = {"triviaqa": trivia, "drop": drop_rows(home)}
    found = [tally.agreement() for name in rows for tally in _beside_lm_eval(name, rows[name])]
    try:
        found += [_tallied(*case) for case in _official.cases(home, answers_to)]
    except NotHere as missing:
        print(f"text_qa, the official scripts: {missing}", file=sys.stderr)
    return found


def write(data: Path) -> None:
    """The fixtures: made-up rows, what lm-eval asks of them, and what it gives replies to them."""
    for name, rows in MADE_UP.items():
        laid_out = [_LAYOUTS[name](row) for row in rows]
        cases = [case for tally in _beside_lm_eval(name, laid_out) for case in tally.cases]
        random.Random(name).shuffle(cases)
        right, wrong = [case for case in cases if case["score"]], [case for case in cases if not case["score"]]
        write_golden(name, sorted(right[:12] + wrong[:8], key=orjson.dumps))
    with suppress(NotHere):
        write_golden("official_rules", _official.fixtures())


@dataclass
class Tally:
    """One profile beside one reference, reply by reply."""

    benchmark: str
    profile: str
    samples: int = 0
    prompts: int = 0
    scores: int = 0
    differences: list[str] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)

    def note(self, same_prompt: bool, ours: float, theirs: float, told: str) -> None:
        same_score = bool(abs(ours - theirs) < _CLOSE)  # numpy's own truth value cannot be handed on
        self.samples += 1
        self.prompts += same_prompt
        self.scores += same_score
        if not (same_prompt and same_score) and len(self.differences) < _SHOWN:
            self.differences.append(f"{told}: prompt equal {same_prompt}, ours {ours:.4f}, theirs {theirs:.4f}")

    def agreement(self) -> Agreement:
        return Agreement(self.benchmark, self.profile, self.samples, self.prompts, self.scores, tuple(self.differences))


def _tallied(tally: _beside.Tally, graded: Iterator[tuple[float, float, str]]) -> Agreement:
    for ours, theirs, told in graded:
        tally.count(True, bool(abs(ours - theirs) < _CLOSE), f"{told}: ours {ours:.4f}, theirs {theirs:.4f}")
    return tally.agreement()


def answers_to(key: str, golds: Sequence[str], others: Sequence[str]) -> list[str]:
    """Replies to one question, from its accepted answers and those to other questions."""
    draw = random.Random(key)
    gold = draw.choice(golds)
    words = gold.split()
    shuffled = draw.sample(words, len(words))
    cut = words[: draw.randint(0, len(words))]
    place = draw.randrange(len(gold) + 1)
    spelled = gold[:place] + draw.choice(["x", "-", ".", ",", " the ", "'", "_", " "]) + gold[place:]
    return [
        f" {golds[0]}",
        f" It is the {gold.upper()}. So it is.",
        f" {spelled}\n\nQuestion: what else?",
        f"{' '.join(shuffled)} {draw.choice(others)}",
        f" {' '.join(cut)} {' '.join(cut)}",
        f" {draw.choice(others)}",
        "",
        f" {gold}, {draw.choice(golds)} | {draw.choice(others)}",
        f" {draw.choice(['yes', 'No', 'noanswer', '12.50', '-3', '1,000', '$5', 'unanswerable', 'nan', 'The'])}",
        " " + "and then again " * draw.randint(5, 40) + gold,
    ]


def _load(name: str, home: DataHome) -> FileBenchmark:
    found = BENCHMARKS.load(name)(home)
    assert isinstance(found, FileBenchmark)
    return found


def _beside_lm_eval(name: str, rows: Sequence[Row]) -> list[Tally]:
    task = _lm_eval_task(name, rows)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name / "validation.jsonl"
        file.parent.mkdir()
        file.write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
        benchmark = _load(name, DataHome(Path(folder), Path(folder), offline=True))
        samples = list(benchmark.samples("test"))
    task.build_all_requests()
    instances = sorted(task.instances, key=lambda instance: int(instance.doc_id))
    assert len(instances) == len(samples)
    metrics = {"lm-eval": "exact_match"} if name == "triviaqa" else {"lm-eval": "f1", "lm-eval-em": "em"}
    tallies = {profile: Tally(name, profile) for profile in metrics}
    golds = [_golds(sample) for sample in samples]
    for place, (instance, sample) in enumerate(zip(instances, samples, strict=True)):
        others = golds[(place + 1) % len(golds)]
        for reply in answers_to(sample.id, golds[place], others):
            theirs = _lm_eval_scores(task, instance, reply)
            for profile, metric in metrics.items():
                _note(
                    tallies[profile],
                    benchmark.profile(profile),
                    (sample, rows[place]),
                    reply,
                    (instance.args[0], float(theirs[metric])),
                )
    return list(tallies.values())


def _note(tally: Tally, profile: Profile, item: tuple[Sample, Row], reply: str, theirs: tuple[str, float]) -> None:
    sample, row = item
    asked, wanted = theirs
    assert profile.prompt is not None
    prompt = prompts.context(profile.prompt, sample, ())
    ours = grade(profile, sample, reply).value
    tally.note(prompt == asked, ours, wanted, f"sample {sample.id}, reply {reply!r:.60}")
    tally.cases.append({"profile": profile.name, "row": row, "prompt": digest(asked), "reply": reply, "score": wanted})


def grade(profile: Profile, sample: Sample, reply: str) -> Score:
    """As the runner does where a profile prescribes how the answer is found."""
    score = SCORERS.load(profile.scorer)(**profile.options).score(sample, follow(reply, profile.find).value)
    assert isinstance(score, Score)
    return score


def _golds(sample: Sample) -> list[str]:
    """Accepted answers as replies: the spans of one are put behind each other."""
    target: Json = sample.target
    listed = target if isinstance(target, list) else [target]
    return [" and ".join(str(span) for span in one) if isinstance(one, list) else str(one) for one in listed]


def _lm_eval_task(name: str, rows: Sequence[Row]) -> Any:
    import datasets
    import lm_eval.tasks
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks._yaml_loader import load_yaml

    config = load_yaml(Path(lm_eval.tasks.__file__).parent / name / "default.yaml")
    documents = datasets.Dataset.from_list(list(rows))
    config["custom_dataset"] = lambda **_: {"train": documents, "validation": documents}
    return ConfigurableTask(config=config)


def _lm_eval_scores(task: Any, instance: Any, reply: str) -> Mapping[str, float]:
    """What lm-eval gives a reply that its server cut at the task's stops."""
    for stop in instance.args[1]["until"]:
        reply = reply.split(stop, 1)[0]
    instance.resps, instance.filtered_resps = [reply], {}
    for filters in task._filters:
        filters.apply([instance])
    (filtered,) = instance.filtered_resps.values()
    scores: Mapping[str, float] = task.process_results(instance.doc, [filtered])
    return scores


def trivia_row(sample: Sample) -> Row:
    return _trivia_layout({"question": sample.fields["question"], "aliases": sample.meta["aliases"]})


def _trivia_layout(row: Row) -> Row:
    """A row in the layout of the hub."""
    return {"question": row["question"], "answer": {"value": row["aliases"][0], "aliases": row["aliases"]}}


def drop_rows(home: DataHome) -> list[Row]:
    """The rows of DROP at hand, and rows in its layout made from those of SQuAD, which are more."""
    drop = [(s.id, s.fields, _target_lists(s)) for s in _load("drop", home).samples("test")]
    squad = list(_load("squad", home).samples("test"))
    spans = [_golds(sample)[0] for sample in squad]
    for place, sample in enumerate(squad):
        near = spans[place - 3 : place]
        drop.append(
            (sample.id, {**sample.fields, "passage": sample.fields["context"]}, [[spans[place]], near or ["7"]])
        )
    return [
        drop_layout(
            {
                "query_id": name,
                "passage": fields["passage"],
                "question": fields["question"],
                "answers": [{"spans": answer} for answer in answers],
            }
        )
        for name, fields, answers in drop
    ]


def _target_lists(sample: Sample) -> list[list[str]]:
    target: Json = sample.target
    return [[str(span) for span in one] for one in target if isinstance(one, list)] if isinstance(target, list) else []


def drop_layout(row: Row) -> Row:
    """A row in the layout of the hub: the first answer, and lists for each field of the others."""
    full = [
        {"number": "", "date": {"day": "", "month": "", "year": ""}, "spans": [], **answer} for answer in row["answers"]
    ]
    fields = ("number", "date", "spans")
    first = {name: full[0][name] for name in fields} | {"worker_id": "", "hit_id": ""}
    others = {name: [answer[name] for answer in full[1:]] for name in fields}
    identity = row.get("query_id") or digest(row["passage"])[:8]
    return {
        "section_id": "s",
        "query_id": identity,
        "passage": row["passage"],
        "question": row["question"],
        "answer": first,
        "validated_answers": others,
    }


_LAYOUTS: Mapping[str, Callable[[Row], Row]] = {"triviaqa": _trivia_layout, "drop": drop_layout}
