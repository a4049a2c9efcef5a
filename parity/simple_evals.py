"""gsm8k, math500 and drop beside simple-evals at ee3b031: its own evaluations, executed from end to end.

Each evaluation is handed our rows in place of its download and a stand-in for a model that notes the prompt and
gives the reply that is due. Its MGSM stands for gsm8k. What its files of DROP look like was read from its code, for
the files cannot be had here; its examples are those that we draw, where it draws in the order in which its threads
ask. Its MATH asks a judge model whether two answers are the same: here the answers that it extracts are
compared. Needs the checkout that `_scripts` names. Example:

    BAKEOFF_DATA=… BAKEOFF_RULES=… python -m parity simple_evals
"""

from __future__ import annotations

import gzip
import importlib
import random
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import orjson

from bakeoff.benchmarks._base import LM_EVAL_SEED
from bakeoff.benchmarks._files import DataHome
from bakeoff.core.answers import follow
from parity._beside import Row, Side, Tally, Theirs, asked, benchmark, compared, keep, lay_out
from parity._scripts import find
from parity.agreement import Agreement
from parity.text_qa import MADE_UP, answers_to, drop_layout, drop_rows

REFERENCE = "simple-evals at ee3b031"
# Written for the fixtures; no item of a benchmark is quoted.
SUMS = (
    {"question": "A shelf has 4 rows of 6 jars. 5 are empty. How many are full?", "answer": "24 - 5.\n#### 19"},
    {"question": "A mill grinds 1,250 sacks a day. How many in 4 days?", "answer": "4 * 1,250.\n#### 5,000"},
)


def compare(data: Path) -> list[Agreement]:
    sums = _lines(data / "gsm8k/test.jsonl")
    told = _model_replies(data)
    tallies = compared(_sums_side(sums), REFERENCE, _sums(sums, [told.get(row["question"], []) for row in sums]))
    tallies.append(_formulas(_lines(data / "math500/test.jsonl")))
    side = _drop_side(drop_rows(DataHome(data, data / "no-cache", offline=True)))
    tallies += compared(side, REFERENCE, _drop(side), "the examples are those that we draw")
    return [tally.agreement() for tally in tallies]


def write(data: Path) -> None:
    del data
    keep("simple_evals_gsm8k", _sums_side(SUMS), REFERENCE, _sums(SUMS, [[]] * len(SUMS)))
    side = _drop_side([drop_layout(row) for row in MADE_UP["drop"]] * 2)
    keep("simple_evals_drop", side, REFERENCE, _drop(side))


def _lines(path: Path) -> list[Row]:
    return [orjson.loads(line) for line in path.read_bytes().split(b"\n") if line]


def _sums_side(rows: Sequence[Row]) -> Side:
    return Side("gsm8k", {"gsm8k/test.jsonl": rows})


def _sums(rows: Sequence[Row], more: Sequence[Sequence[str]]) -> Iterator[Theirs]:
    """MGSM's English part: what it asks and gives."""
    module = _module("mgsm_eval")
    targets = [row["answer"].rpartition("####")[2].strip() for row in rows]
    examples = [{"inputs": row["question"], "targets": t, "lang": "en"} for row, t in zip(rows, targets, strict=True)]
    module.get_lang_examples = lambda _: examples
    evaluation = module.MGSMEval(num_examples_per_lang=len(rows), languages=["en"])
    replies = [[*_closing(target), *own] for target, own in zip(targets, more, strict=True)]
    for place, prompt, reply, result in _run(evaluation, replies):
        yield Theirs("simple-evals", place, prompt, reply, float(result.score))


def _closing(target: str) -> list[str]:
    """Replies to a sum: right, near, wrong and broken, in the form that is asked for and beside it."""
    number = target.replace(",", "")
    near = str(int(number) + 1)
    return [
        f"So.\nAnswer: {target}",
        f"Answer: {int(number):,}.",
        f"Answer: {number}.00",
        f"Answer: {number}.50",
        f"Answer: ${number} each",
        f"Answer: -{number}",
        f"The answer is {number}",
        f"answer: {number}",
        f"Answer: {near}\nAnswer: {number}",
        f"Answer: {number}\nAnswer: {near}",
        f"Answer: {near} apples and {number} pears",
        f"Answer: {number} apples and {near} pears",
        f"Answer: 1.5.{number}",
        f"Answers: {number},",
        f"**Answer:** {number}**",
        f"Answer: {number} (i.e. 9*2)",
        f"Answer: {number[0]},,{number[1:]}",
        f"Answer: 0{number}",
        "Answer: .,",
        "Answer:",
        number,
        "",
    ]


def _model_replies(data: Path) -> dict[str, list[str]]:
    """What four models answered, published with the data; their last line reads "A: 18"."""
    path = data / "gsm8k/example_model_solutions.jsonl.gz"
    rows = [orjson.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()] if path.is_file() else []
    return {
        row["question"]: [v["solution"].replace("\nA: ", "\nAnswer: ") for v in row.values() if isinstance(v, dict)]
        for row in rows
    }


def _formulas(rows: Sequence[Row]) -> Tally:
    """MATH: the prompts, and the answers that go to the judge model."""
    evaluation = object.__new__(_module("math_eval").MathEval)
    evaluation.examples = [{"Question": row["problem"], "Answer": row["answer"]} for row in rows]
    evaluation.equality_checker = None
    extracted: deque[str | None] = deque()

    def note(_: object, wanted: str, found: str | None) -> bool:
        extracted.append(found)
        return False

    _module("math_eval").check_equality = note
    tally = Tally("math500", "simple-evals", REFERENCE, "in place of scores: the answers that go to its judge model")
    replies = [_formula_replies(row["answer"], rows[place - 1]["answer"]) for place, row in enumerate(rows)]
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder), {"math500/test.jsonl": rows})
        ours = benchmark("math500", Path(folder))
        profile, samples = ours.profile("simple-evals"), list(ours.samples("test"))
        for place, prompt, reply, _ in _run(evaluation, replies):
            theirs = (extracted.popleft() or "").strip()
            found = follow(reply, profile.find).value.strip()
            same = asked(ours, profile, samples[place]) == prompt
            tally.count(same, found == theirs, f"{samples[place].id}, {reply!r:.80}: {found!r}, {theirs!r}")
    return tally


def _formula_replies(target: str, other: str) -> list[str]:
    return [
        f"So.\nAnswer: {target}",
        f"Answer: ${target}$.\nThat is it.",
        f"answer :\n{target}",
        f"Answer: {other}\nAnswer: {target}",
        f"**Answer:** {target}",
        f"The answer is {target}.",
        rf"\boxed{{{target}}}",
        "Answer:   \n",
        "Answer:",
        "",
    ]


def _drop_side(rows: Sequence[Row]) -> Side:
    """The first half is asked, the second one is what examples are drawn from."""
    half = len(rows) // 2
    return Side("drop", {"drop/validation.jsonl": rows[:half], "drop/train.jsonl": rows[half:]})


def _drop(side: Side) -> Iterator[Theirs]:
    module = _module("drop_eval")
    evaluation = object.__new__(module.DropEval)
    module.random = SimpleNamespace(Random=_AsWeDraw)
    evaluation.seed, evaluation._train_samples_per_prompt = LM_EVAL_SEED, 3
    evaluation.train_samples = [_passage(row) for row in _rows(side, "drop/train.jsonl")]
    evaluation.test_samples = [_passage(row) for row in _rows(side, "drop/validation.jsonl")]
    golds = [row["ref_text"].split("|") for row in evaluation.test_samples]
    replies = [_lines_of(str(place), gold, golds[place - 1]) for place, gold in enumerate(golds)]
    for place, prompt, reply, result in _run(evaluation, replies):
        # Its F1 is in hundredths, rounded to two places.
        yield Theirs("simple-evals", place, prompt, reply, float(result.metrics["f1_score"]) / 100)
        yield Theirs("simple-evals-fuzzy", place, prompt, reply, float(result.score))


class _AsWeDraw(random.Random):
    """One more than is shown, as lm-eval does for this benchmark."""

    def sample(self, population: Sequence[Any], k: int, **_: object) -> list[Any]:
        return super().sample(population, k + 1)[:k]


def _rows(side: Side, name: str) -> list[Row]:
    return [row for row in side.files[name] if isinstance(row, dict)]


def _lines_of(key: str, golds: Sequence[str], others: Sequence[str]) -> list[str]:
    """Every second reply has the line that is asked for."""
    made = answers_to(key, golds, others)
    return [f"Well.\nAnswer:{reply}\nDone." if place % 2 else reply for place, reply in enumerate(made)]


def _passage(row: Row) -> Row:
    """A row in the layout of its files: the answers of all people, parted by bars."""
    others = row["validated_answers"]
    listed = [row["answer"], *(dict(zip(others, one, strict=True)) for one in zip(*others.values(), strict=True))]
    spans = [_spans(answer) for answer in listed]
    accepted = list(dict.fromkeys(tuple(one) for one in spans))
    return {
        "context": f"Passage: {row['passage']}\nQuestion: {row['question']}\nAnswer:",
        "completion": ", ".join(spans[0]),
        "ref_text": "|".join(span for one in accepted for span in one),
    }


def _spans(answer: Row) -> list[str]:
    date = " ".join(answer["date"][part] for part in ("day", "month", "year")).strip()
    return [answer["number"]] if answer["number"] else answer["spans"] or [date]


def _run(evaluation: Any, replies: Sequence[Sequence[str]]) -> Iterator[tuple[int, str, str, Any]]:
    """The evaluation once for each reply of an item: (place, prompt, reply, its result)."""
    for number in range(max(len(own) for own in replies)):
        due = [own[number] if number < len(own) else "" for own in replies]
        model = _Model(due)
        results = evaluation(model)
        for place, result in enumerate(results):
            if number < len(replies[place]):
                yield place, model.prompts[place], due[place], result


class _Model:
    """Stands for a model: notes what it is asked, and replies what is due."""

    def __init__(self, due: Sequence[str]) -> None:
        self.prompts: list[str] = []
        self._due = due

    def _pack_message(self, content: str, role: str) -> Row:
        return {"role": role, "content": content}

    def __call__(self, messages: list[Row]) -> Any:
        (message,) = messages
        self.prompts.append(message["content"])
        reply = self._due[len(self.prompts) - 1]
        return _module("types").SamplerResponse(reply, messages, {})


@cache
def _module(name: str) -> Any:
    """A module of the checkout, which is no installed package; it asks one item after the other."""
    if "simple_evals" not in sys.modules:
        sys.modules["simple_evals"] = ModuleType("simple_evals")
        sys.modules["simple_evals"].__path__ = [str(find("simple-evals"))]
        common = importlib.import_module("simple_evals.common")
        common.__dict__["map_with_progress"] = lambda ask, items: [ask(item) for item in items]
        common.__dict__["aggregate_results"] = _as_they_are
        # It compiles a page of HTML for each sample: nearly all of the time that this takes.
        common.jinja_env.from_string = cache(common.jinja_env.from_string)
    return importlib.import_module(f"simple_evals.{name}")


def _as_they_are(results: Iterable[Any], **_: object) -> list[Any]:
    return list(results)
