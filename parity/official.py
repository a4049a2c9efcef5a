"""gsm8k, math500, mmlu and mt_bench beside the programs of their authors, which are executed.

mmlu's program asks for log-probabilities: a hash of prompt and letter stands for them, as in `multiple_choice`.
mt_bench's sends a conversation to a judge model: the judgments published with its data stand for it, and altered
ones. Needs the scripts that `_scripts` names. Example:

    BAKEOFF_DATA=… BAKEOFF_RULES=… python -m parity official
"""

from __future__ import annotations

import asyncio
import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from types import SimpleNamespace
from typing import Any

import orjson

from bakeoff.core import prompts, turns
from bakeoff.core.protocols import EngineLimits
from bakeoff.core.types import Completion, ModelIdentity, Request, Sample
from bakeoff.scorers.judge import Judge
from bakeoff.scorers.judge_pairwise import JudgePairwise
from bakeoff.scorers.likelihood import Likelihood
from parity._beside import CLOSE, Row, Tally, benchmark, graded
from parity._scripts import functions, script, stubs
from parity.agreement import Agreement
from parity.maths import formula_replies, number_replies
from parity.multiple_choice import logprob, scored, tied

SINGLE, PAIR = ("single-v1", "single-math-v1"), ("pair-v2", "pair-math-v1")
Due = list[str]  # what the judge says of each request
_VERDICTS = ("[[A]]", "[[B]]", "Both. [[C]]", "[[B]] and not [[A]]", "I say [[A]].")


def compare(data: Path) -> list[Agreement]:
    tallies = [_gsm8k(data), _math500(data), _mmlu(data), *_mt_bench(data)]
    return [tally.agreement() for tally in tallies]


def _gsm8k(data: Path) -> Tally:
    dataset = SimpleNamespace(data=SimpleNamespace(Dataset=object))
    with stubs({"torch": {"utils": dataset}}):
        theirs = script("gsm8k_dataset.py")
    ours = benchmark("gsm8k", data)
    profile = ours.profile("official")
    tally = Tally("gsm8k", "official", "grade-school-math at 3101c7d, dataset.py", "it prescribes no prompt")
    for sample in ours.samples("test"):
        for reply in number_replies(str(sample.target), sample.fields["answer"]):
            wanted = float(theirs.is_correct(reply, {"answer": sample.fields["answer"]}))
            tally.count(True, graded(profile, sample, reply) == wanted, f"{sample.id}, {reply!r:.80}: {wanted}")
    return tally


def _math500(data: Path) -> Tally:
    equivalent = script("math_equivalence.py").is_equiv
    (boxed,) = functions("math_util.py", "last_boxed_only_string")
    (unboxed,) = functions("math_eval_gpt.py", "remove_boxed")
    ours = benchmark("math500", data)
    profile, samples = ours.profile("official"), list(ours.samples("test"))
    tally = Tally("math500", "official", "hendrycks/math at 985bdc1", "it prescribes no prompt")
    for place, sample in enumerate(samples):
        target = str(sample.target)
        listed = formula_replies(target, str(samples[place - 1].target))
        boxes = [rf"So \boxed{{{reply.strip().strip('$')}}}." for reply in listed]
        for reply in (*boxes, rf"\boxed{{7}} or \fbox{{{target}}}", rf"\boxed{{{target}", sample.worked or "", *listed):
            found = boxed(reply)
            wanted = float(found is not None and equivalent(unboxed(found), target))
            tally.count(True, graded(profile, sample, reply) == wanted, f"{sample.id}, {reply!r:.80}: {wanted}")
    return tally


def _mmlu(data: Path) -> Tally:
    import pandas

    asked: list[str] = []

    def create(prompt: str, **_: object) -> Row:
        asked.append(prompt)
        values = {f" {letter}": logprob(prompt, f" {letter}", tied(len(asked) - 1)) for letter in "ABCD"}
        return {"choices": [{"logprobs": {"top_logprobs": [values]}}]}

    with stubs({"openai": {"Completion": SimpleNamespace(create=create)}, "crop": {"crop": lambda text: text}}):
        theirs = script("mmlu_evaluate.py")
    theirs.print = lambda *_: None
    ours = benchmark("mmlu", data)
    profile = ours.profile("official")
    scorer, prompt = Likelihood(**profile.options), profile.prompt  # type: ignore[arg-type]
    assert prompt is not None
    tally = Tally("mmlu", "official", "hendrycks/test at 4450500, evaluate.py")
    samples = ours.samples("test")
    for path in sorted((data / "mmlu/test").glob("*.csv")):
        subject = path.name.removesuffix("_test.csv")
        dev, test = (
            pandas.DataFrame(_table(data / f"mmlu/{split}/{subject}_{split}.csv")) for split in ("dev", "test")
        )
        asked.clear()
        right, _, _ = theirs.eval(SimpleNamespace(ntrain=5), subject, "none", dev, test)
        for place, wanted in enumerate(right):
            sample = next(samples)
            pairs = prompts.continuations(prompt, sample, ours.examples(prompt, sample, 5))
            same = pairs == tuple((asked[place], f" {letter}") for letter in "ABCD")
            values = [logprob(*pair, tied(place)) for pair in pairs]
            score = scorer.score(sample, scored(pairs, values)).value
            tally.count(same, score == float(wanted), f"{subject} {place}: prompt equal {same}, {score}, {wanted}")
    return tally


def _table(path: Path) -> list[list[str]]:
    """In the authors' layout: no header, and letters for answers."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    return [[*row[:5], "ABCD"[int(row[5])]] for row in rows]


class _Told:
    """Stands for a judge: says what is due, one request after the other, and keeps the prompts."""

    identity = ModelIdentity("none", "judge")
    limits = EngineLimits()

    def __init__(self, due: Sequence[str]) -> None:
        self._due = list(due)
        self.asked: list[tuple[str, str]] = []

    async def generate(self, request: Request) -> Completion:
        by_role = {message.role: message.content for message in request.messages}
        self.asked.append((str(by_role.get("system", "")), str(by_role["user"])))
        return Completion(b"", self._due[len(self.asked) - 1])

    async def close(self) -> None:
        return None


class _FastChat:
    """Its judging, with a conversation that keeps what is said in it."""

    def __init__(self, data: Path) -> None:
        self.asked: list[tuple[str, str]] = []
        adapter = {
            "get_conversation_template": lambda _: self,
            "OPENAI_MODEL_LIST": ["judge"],
            "ANTHROPIC_MODEL_LIST": [],
        }
        names = ("openai", "anthropic", "fastchat", "fastchat.model")
        with stubs({**{name: {} for name in names}, "fastchat.model.model_adapter": adapter}):
            self._module = script("llm_judge_common.py")
        self._templates = self._module.load_judge_prompts(str(data / "mt_bench/judge_prompts.jsonl"))
        self.roles = ("user", "assistant")
        self._system = ""

    def set_system_message(self, text: str) -> None:
        self._system = text

    def append_message(self, role: str, text: str | None) -> None:
        if role == "user" and text is not None:
            self._said = text

    def judged(self, what: str, judgment: str, args: Sequence[Row], reference: Row | None, turn: int) -> Any:
        """A rating or a winner, of `run_judge_single` or `run_judge_pair`."""

        def complete(*_: object, **__: object) -> str:
            self.asked.append((self._system, self._said))
            return judgment

        self._module.chat_completion_openai = complete
        name = {"single": SINGLE, "pair": PAIR}[what][reference is not None] + ("-multi-turn" if turn else "")
        judge = self._module.Judge("judge", self._templates[name])
        found = getattr(self._module, f"run_judge_{what}")(*args, judge, reference, multi_turn=bool(turn))
        return found[0]

    def needs_reference(self, question: Row) -> bool:
        return question["category"] in self._module.NEED_REF_CATS


def _mt_bench(data: Path) -> list[Tally]:
    folder = data / "mt_bench"
    judged = _by_question(folder / "routellm/gpt-4_single.jsonl.gz")
    answers = {row["question_id"]: row for row in _lines(folder / "routellm/unify.jsonl")}
    others = {row["question_id"]: row for row in _lines(folder / "routellm/martian.jsonl")}
    references = {row["question_id"]: row for row in _lines(folder / "mt_bench/reference_answer/gpt-4.jsonl")}
    fastchat = _FastChat(data)
    where = "FastChat at 0e6d3e4b, llm_judge/common.py"
    single, pair = Tally("mt_bench", "official", where), Tally("mt_bench", "official-pairwise", where)
    single.note = "the prompts are those to the judge; published and altered judgments stand for it"
    pair.note = "the prompts are those to the judge; made-up verdicts stand for it"
    questions = {row["question_id"]: row for row in _lines(folder / "mt_bench/question.jsonl")}
    for sample in benchmark("mt_bench", data).samples("test"):
        number = int(sample.id)
        question, mine = questions[number], answers[number]
        reference = references.get(number) if fastchat.needs_reference(question) else None
        for due in _judgments(judged[number]):
            _rated(single, fastchat, sample, (question, mine), reference, due)
        for place in range(len(_VERDICTS)):
            due = [_VERDICTS[(place + step * (place + 1)) % len(_VERDICTS)] for step in range(4)]
            _compared(pair, fastchat, sample, (question, mine, others[number]), reference, due)
    return [single, pair]


def _lines(path: Path) -> list[Row]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [orjson.loads(line) for line in content.split(b"\n") if line]


def _by_question(path: Path) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in _lines(path):
        found.setdefault(row["question_id"], []).append(row["judgment"])
    return found


def _judgments(published: Sequence[str]) -> Iterator[list[str]]:
    """What a judge says of two turns: as published, and with its rating put otherwise or left out."""
    first, second = published[0], published[-1]
    yield from ([one, second] for one in published)
    yield [first.replace("[[", "[").replace("]]", "]"), second]
    yield [first.replace("[[", "").replace("]]", ""), second]
    yield [f"{first} Or rather [[3.5]].", f"[[2]] {second}"]
    yield ["As [1] says, it is good: 9/10.", "Rating: 7"]


def _rated(
    tally: Tally, theirs: _FastChat, sample: Sample, rows: Sequence[Row], right: Row | None, due: list[str]
) -> None:
    theirs.asked.clear()
    ratings = [theirs.judged("single", due[turn], rows, right, turn) for turn in (0, 1)]
    given = [rating for rating in ratings if rating != -1]
    told = _Told(due)
    judge = Judge([told], prompts="sample", pick="first", partial=True)
    score = asyncio.run(judge.score(sample, turns.join(rows[1]["choices"][0]["turns"])))
    equal = score.unparsed == (not given)
    equal = equal and (not given or abs(score.value - fmean(given) / 10) < CLOSE)
    tally.count(told.asked == theirs.asked, equal, f"{sample.id}: {score.reason}, {ratings}")


def _compared(
    tally: Tally, theirs: _FastChat, sample: Sample, rows: Sequence[Row], right: Row | None, due: list[str]
) -> None:
    question, mine, other = rows
    theirs.asked.clear()
    results = []
    for turn in (0, 1):
        first = theirs.judged("pair", due[2 * turn], (question, mine, other), right, turn)
        second = theirs.judged("pair", due[2 * turn + 1], (question, other, mine), right, turn)
        agreed = {("A", "B"): 1.0, ("B", "A"): 0.0}
        results.append(agreed.get((first, second), 0.5))
    told = _Told(due)
    judge = JudgePairwise([told], prompts="sample", pick="first")
    score = asyncio.run(judge.score(sample, turns.join(mine["choices"][0]["turns"])))
    equal = abs(score.value - fmean(results)) < CLOSE
    tally.count(told.asked == theirs.asked, equal, f"{sample.id}: {score.reason}, {results}")
