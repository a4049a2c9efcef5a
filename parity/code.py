"""humaneval and mbpp beside lm-eval: its prompts, its filters, and the verdicts of the `code_eval` it calls.

Each task is answered with its reference, with mutants of it, and with wrong programs. lm-eval loads `code_eval`
from the hub; here it is taken from the folder `metrics` that `_scripts` names. It isolates nothing: run this where
that is no matter. Programs that cheat are not compared: they are found wrong here, whatever they are there.
"""

from __future__ import annotations

import ast
import asyncio
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataHome, Row, read_rows
from bakeoff.benchmarks.humaneval import HumanEval
from bakeoff.benchmarks.mbpp import Mbpp
from bakeoff.core import prompts
from bakeoff.core.answers import follow
from bakeoff.core.protocols import Profile
from bakeoff.core.types import Json, Sample, Score
from bakeoff.sandbox.choice import choose
from bakeoff.scorers.code_tests import CodeTests
from parity._scripts import find
from parity.agreement import Agreement, digest, write_golden

_SHOWN = 8
_WORKERS = 4
Fields = dict[str, Any]
KINDS: Mapping[str, type[FileBenchmark]] = {"humaneval": HumanEval, "mbpp": Mbpp}
# Written for the fixtures; no task of a benchmark is quoted.
MADE_UP: Mapping[str, Sequence[Fields]] = {
    "humaneval": (
        {
            "task_id": "Made/0",
            "prompt": 'from typing import List\n\n\ndef evens(xs: List[int]) -> List[int]:\n    """The even ones."""\n',
            "canonical_solution": "    return [x for x in xs if x % 2 == 0]\n",
            "entry_point": "evens",
            "test": "def check(candidate):\n    assert candidate([1, 2]) == [2]\n    assert candidate([]) == []\n",
        },
        {
            "task_id": "Made/1",
            "prompt": 'def shift(s):\n    return s[1:] + s[:1]\n\n\ndef back(s):\n    """Undo shift."""\n',
            "canonical_solution": "    return s[-1:] + s[:-1]\n",
            "entry_point": "back",
            "test": "def check(candidate):\n    for s in ('', 'a', 'abc'):\n        assert candidate(shift(s)) == s\n",
        },
    ),
    "mbpp": (
        {
            "task_id": 11,
            "text": "Write a function to add up numbers.",
            "code": "def total(xs):\r\n  return sum(xs) ",
            "test_setup_code": "",
            "test_list": ["assert total([1, 2]) == 3", "assert total((4,)) == 4", "assert total([]) == 0"],
            "challenge_test_list": [],
        },
        {
            "task_id": 12,
            "text": "Write a function to count the nodes of a list.",
            "code": "class Node:\n  def __init__(self, n):\n    self.n = n\n    self.next = None\n"
            "def count(node):\n  return 1 + count(node.next) if node else 0",
            "test_setup_code": "root = Node(1)\nroot.next = Node(2)",
            "test_list": ["assert count(root) == 2", "assert count(None) == 0", "assert count(Node(3)) == 1"],
            "challenge_test_list": [],
        },
    ),
}
_TASKS = (
    ("humaneval", "lm-eval", "humaneval"),
    ("humaneval", "lm-eval-instruct", "humaneval_instruct"),
    ("mbpp", "lm-eval", "mbpp"),
    ("mbpp", "lm-eval-instruct", "mbpp_instruct"),
)


@dataclass
class Case:
    """One reply to one task: what either side asks and says."""

    row: Fields
    profile: str
    reply: str
    same_prompt: bool
    prompt: str
    ours: float = 0.0
    theirs: float = 0.0
    reason: str = ""


def compare(data: Path) -> list[Agreement]:
    """Prompts and verdicts on the data at hand. Needs lm_eval, and a sandbox."""
    found = []
    for benchmark, profile, task in _TASKS:
        path = DataHome(data, data, offline=True).find(benchmark, KINDS[benchmark].files["test"])
        rows = [fields for row in read_rows(path) if (fields := _fields(row, benchmark)) is not None]
        cases = list(_cases(benchmark, profile, task, rows))
        wrong = [case for case in cases if not case.same_prompt or case.ours != case.theirs]
        told = [
            f"{case.row['task_id']} {case.reply!r:.80}: {case.ours} ({case.reason}), {case.theirs}" for case in wrong
        ]
        prompts_equal = sum(case.same_prompt for case in cases)
        equal = sum(case.ours == case.theirs for case in cases)
        found.append(Agreement(benchmark, profile, len(cases), prompts_equal, equal, tuple(told[:_SHOWN])))
    return found


def write(data: Path) -> None:
    """The fixtures: made-up tasks, what lm-eval asks of them, and what it makes of replies to them."""
    del data
    for benchmark, rows in MADE_UP.items():
        kept = []
        for name, profile, task in _TASKS:
            cases = list(_cases(benchmark, profile, task, rows)) if name == benchmark else []
            right, wrong = [c for c in cases if c.theirs], [c for c in cases if not c.theirs]
            kept += [*right[:5], *wrong[:5]]
        listed = [
            {"row": c.row, "profile": c.profile, "reply": c.reply, "prompt": c.prompt, "score": c.theirs} for c in kept
        ]
        write_golden(benchmark, listed)


def _fields(row: Row, benchmark: str) -> Fields | None:
    """A row of the test split, in the layout of the hub."""
    names = {
        "humaneval": ("task_id", "prompt", "canonical_solution", "entry_point", "test"),
        "mbpp": ("task_id", "text", "code", "test_setup_code", "test_list", "challenge_test_list"),
    }[benchmark]
    fields: Fields = {name: row.get(name) for name in names}
    return fields if benchmark == "humaneval" or 11 <= fields["task_id"] <= 510 else None


def _cases(benchmark: str, profile: str, task_name: str, rows: Sequence[Fields]) -> Iterator[Case]:
    task = _lm_eval_task(task_name, rows)
    rule: Profile = KINDS[benchmark].profiles[profile]
    samples = [_sample(benchmark, row) for row in rows]
    jobs: list[tuple[Case, Sample, Any]] = []
    for place, (sample, row) in enumerate(zip(samples, task.test_docs(), strict=True)):
        asked = task.fewshot_context(row, num_fewshot=task.config.num_fewshot or 0, gen_prefix=task.doc_to_prefix(row))
        assert rule.prompt is not None
        same = prompts.context(rule.prompt, sample, ()) == asked
        other = rows[(place + 7) % len(rows)]
        for reply in replies(rows[place], other, profile):
            jobs.append((Case(rows[place], profile, reply, same, digest(asked)), sample, row))
    theirs = _lm_eval_scores(task, jobs)
    scores = asyncio.run(_ours(rule, [(sample, case.reply) for case, sample, _ in jobs]))
    for (case, _, _), score, verdict in zip(jobs, scores, theirs, strict=True):
        case.ours, case.reason, case.theirs = score.value, score.reason, verdict
        yield case


async def _ours(rule: Profile, replies: Sequence[tuple[Sample, str]]) -> list[Score]:
    scorer = CodeTests(choose("auto"), **rule.options)  # type: ignore[arg-type]
    found = [(sample, follow(reply, rule.find).value) for sample, reply in replies]
    return list(await asyncio.gather(*(scorer.score(sample, text) for sample, text in found)))


def _sample(benchmark: str, row: Fields) -> Sample:
    home = DataHome(None, Path("nowhere"), offline=True)
    fields: dict[str, Json] = dict(row)
    return KINDS[benchmark](home).sample(Row(fields, Path("made.jsonl"), 1))


def replies(row: Fields, other: Fields, profile: str) -> list[str]:
    """Right, mutated and wrong replies to one task, in the form that a profile's prompt asks for."""
    whole = "prompt" in row
    gold: str = row["canonical_solution"] if whole else row["code"]
    bodies = [gold, *mutants(row, whole), "    return None\n" if whole else "x = 1", "    return ((\n"]
    bodies.append(other["canonical_solution"] if whole else other["code"])
    if profile == "lm-eval":
        return bodies
    fenced = [f"{'' if whole else chr(10)}{body}\n```\nThis works." for body in bodies]
    return [*fenced, gold, f"{gold}\n```", f"Of course:\n```python\n{row['prompt'] if whole else ''}{gold}\n```"]


def mutants(row: Fields, whole: bool) -> list[str]:
    """The reference with one operator or constant changed, twice, by a draw of the task's own."""
    text = row["prompt"] + row["canonical_solution"] if whole else row["code"]
    found = []
    for seed in range(2):
        tree = ast.parse(text)
        draw = random.Random(f"{row['task_id']} {seed}")
        targets = [node for node in ast.walk(tree) if isinstance(node, ast.Compare | ast.BinOp) or _number(node)]
        if not targets:
            continue
        node = draw.choice(targets)
        if isinstance(node, ast.Compare):
            node.ops[0] = draw.choice([ast.Lt(), ast.GtE(), ast.NotEq(), ast.Eq()])
        elif isinstance(node, ast.BinOp):
            node.op = draw.choice([ast.Add(), ast.Sub(), ast.Mult()])
        elif isinstance(node, ast.Constant):
            node.value = int(str(node.value)) + draw.choice([-1, 1])
        changed = ast.unparse(tree)
        found.append(f"    pass\n\n{changed}\n" if whole else changed)
    return found


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


_load: list[Any] = []


def _lm_eval_task(name: str, rows: Sequence[Fields]) -> Any:
    import datasets
    import evaluate

    if not _load:
        _load.append(evaluate.load)
    path = str(find("metrics") / "code_eval" / "code_eval.py")
    evaluate.load = lambda _, *args, **named: _load[0](path, *args, **named)
    os.environ["HF_ALLOW_CODE_EVAL"] = "1"
    import lm_eval.tasks
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks._yaml_loader import load_yaml

    config = load_yaml(Path(lm_eval.tasks.__file__).parent / name.partition("_")[0] / f"{name}.yaml")
    documents = datasets.Dataset.from_list(list(rows))
    config["custom_dataset"] = lambda **_: {"test": documents}
    return ConfigurableTask(config=config)


def _filtered(task: Any, row: Any, reply: str) -> str:
    """The program that lm-eval's filters make of a reply."""
    found: Any = [[reply]]
    for step in (step for ensemble in task._filters for step in ensemble.filters):
        found = list((step if hasattr(step, "apply") else step()).apply(found, [row]))
    return str(found[0][0] if isinstance(found[0], list) else found[0])


def _lm_eval_scores(task: Any, jobs: Sequence[tuple[Case, Sample, Any]]) -> list[float]:
    """The verdicts of the metric that lm-eval calls, with its time limit, all in one call of it."""
    import evaluate

    programs = [[_filtered(task, row, case.reply)] for case, _, row in jobs]
    tests = [task.doc_to_target(row) for _, _, row in jobs]
    _, results = evaluate.load("code_eval").compute(
        references=tests, predictions=programs, k=[1], num_workers=_WORKERS, timeout=3.0
    )
    return [float(results[place][0][1]["passed"]) for place in range(len(jobs))]
