"""Defects seen in other harnesses, D1 to D17 of docs/grading.md, as runs of ours that do not have them.

Of D5, D6, D7 and D13: test_defects_maths.py. D9: tests/stats/test_corpus.py. D11: tests/scorers/test_truthful.py.
D15: tests/sandbox/test_cheats.py.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataHome
from bakeoff.benchmarks.drop import Drop
from bakeoff.benchmarks.humaneval import HumanEval
from bakeoff.cli.main import main
from bakeoff.cli.spec_flags import parse_args
from bakeoff.core.answers import extract
from bakeoff.core.errors import UsageError
from bakeoff.core.protocols import Benchmark, MethodConfig
from bakeoff.methods.few_shot import FewShot
from bakeoff.sandbox.fork_server import ForkServer
from bakeoff.scorers.code_calls import same
from bakeoff.scorers.code_tests import CodeTests
from bakeoff.scorers.drop import Drop as DropScorer
from tests.conftest import DataFolder, missing
from tests.methods.test_prompts import text as asked_text

QUESTIONS = 40
RUN = ("run", "--quiet", "--json", "--benchmarks", "gsm8k")
Call = Callable[..., Any]


@pytest.fixture
def call(gsm8k_folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command with --json; what it prints, line by line where it prints several."""
    gsm8k_folder(QUESTIONS)

    def run(*args: str, code: int = 0) -> Any:
        with pytest.raises(SystemExit) as ended:
            main(args)
        out, err = capsys.readouterr()
        assert ended.value.code == code, err
        lines = [json.loads(line) for line in out.splitlines()]
        return lines if args[0] == "export" else lines[0]

    return run


def prompts(call: Call, name: str, *flags: str) -> dict[str, str]:
    call(*RUN, "--models", "fake/a", "--name", name, *flags)
    return {trial["sample_id"]: trial["prompt"] for trial in call("export", name)}


@pytest.mark.parametrize("asks", [("--methods", "few_shot:3"), ("--profile", "lm-eval")])
def test_d1_examples_depend_neither_on_workers_nor_on_limits(call: Call, asks: tuple[str, ...]) -> None:
    alone = prompts(call, "alone", *asks, "--concurrency", "1")
    assert len(set(alone.values())) == len(alone) == QUESTIONS
    assert prompts(call, "many", *asks, "--concurrency", "64") == alone
    few = prompts(call, "few", *asks, "--limit", "7", "--concurrency", "8")
    assert len(few) == 7 and few.items() <= alone.items()


def test_d2_no_model_is_given_the_answers_of_another(call: Call) -> None:
    first = call(*RUN, "--models", "fake/a")
    assert (first["calls"], first["cached"]) == (QUESTIONS, 0)
    other = call(*RUN, "--models", "fake/b", "--name", "other")
    assert (other["calls"], other["cached"]) == (QUESTIONS, 0)
    again = call(*RUN, "--models", "fake/a", "--name", "again")
    assert (again["calls"], again["cached"]) == (0, QUESTIONS)


@pytest.mark.parametrize(
    "changed",
    [
        ("--seed", "1"),  # other examples
        ("--methods", "few_shot:2"),
        ("--methods", "cot"),
        ("--profile", "lm-eval", "--methods", "naive"),
        ("--max-tokens", "7"),
        ("--temperature", "0.5"),
        ("--stop", "."),
    ],
    ids=" ".join,
)
def test_d3_another_prompt_or_sampling_is_another_call(call: Call, changed: tuple[str, ...]) -> None:
    base = (*RUN, "--models", "fake/a")
    call(*base, "--methods", "few_shot:3")
    fields = changed if "--methods" in changed else ("--methods", "few_shot:3", *changed)
    found = call(*base, *fields, "--name", "changed")
    assert (found["calls"], found["cached"]) == (QUESTIONS, 0)


def test_d4_examples_show_answers_and_decimals_stay_whole(tmp_path: Path) -> None:
    def passage(number: str) -> dict[str, object]:
        answer = {"number": number, "date": {"day": "", "month": "", "year": ""}, "spans": []}
        asked = {"query_id": number, "question": f"How many, {number}?", "answer": answer, "validated_answers": []}
        return {"p": {"passage": f"There were {number}.", "qa_pairs": [asked]}}

    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "drop_dataset_dev.json").write_text(json.dumps(passage("12.5")), encoding="utf-8")
    (folder / "drop_dataset_train.json").write_text(json.dumps(passage("7.25")), encoding="utf-8")
    benchmark = Drop(DataHome(tmp_path, tmp_path, offline=True))
    sample = next(benchmark.samples("test"))
    shown = asked_text(FewShot(MethodConfig(1)), sample, cast(Benchmark, benchmark))
    assert "How many, 7.25?\nAnswer: 7.25\n\n" in shown
    assert "spans" not in shown
    found = extract("Answer: 12.5.", "text", reasoned=False)
    assert found is not None and DropScorer(lenient=True).score(sample, found.value).value == 1.0
    wrong = extract("Answer: 12.", "text", reasoned=False)
    assert wrong is not None and DropScorer(lenient=True).score(sample, wrong.value).value == 0.0


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ForkServer]:
    runner = ForkServer()
    try:
        runner.check()
    except UsageError as error:
        missing(str(error))
    yield runner
    runner.close()


TRIPLE = {
    "task_id": "t/1",
    "prompt": 'def triple(numbers):\n    """Each number, three times as large."""\n',
    "entry_point": "triple",
    "canonical_solution": "    return [3 * n for n in numbers]\n",
    "test": "def check(candidate):\n    assert candidate([1, 2]) == [3, 6]\n",
}


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("def triple(numbers):\n    return 'banana'", False),
        ("def triple(numbers):\n    return numbers", False),
        (
            "from typing import List\n\ndef triple(ns: List[int]) -> List[int]:\n    return [3 * n for n in ns]",
            True,
        ),
        ("import os\ndef triple(numbers):\n    os._exit(0)", False),  # D15
        ("class Any:\n    def __eq__(self, o): return True\ndef triple(numbers): return Any()", False),  # D15
    ],
    ids=["banana", "nothing", "import", "exit", "equal to all"],
)
def test_d8_the_tests_are_run_and_imports_work(sandbox: ForkServer, tmp_path: Path, code: str, right: bool) -> None:
    (tmp_path / "humaneval").mkdir()
    (tmp_path / "humaneval" / "HumanEval.jsonl").write_text(json.dumps(TRIPLE) + "\n", encoding="utf-8")
    benchmark = HumanEval(DataHome(tmp_path, tmp_path, offline=True))
    sample = next(benchmark.samples("test"))
    for name in ("bakeoff", "official"):
        scorer = CodeTests(sandbox, **{**benchmark.profiles[name].options, "program": "reply"})  # type: ignore[arg-type]
        assert (asyncio.run(scorer.score(sample, code)).value == 1.0) is right, name


@pytest.mark.parametrize("name", BENCHMARKS.names())
def test_d10_examples_are_of_another_split_than_what_is_asked(name: str) -> None:
    benchmark: type[FileBenchmark] = BENCHMARKS.load(name)
    for split in (benchmark.shots_split, benchmark.drawn_split):
        assert split is None or (split in benchmark.files and split != benchmark.default_split)


def test_d10_no_prompt_shows_what_it_asks(call: Call) -> None:
    for sample_id, prompt in prompts(call, "shots", "--methods", "few_shot:5").items():
        *shown, asked = prompt.split("Question: ")[1:]
        assert len(shown) == 5, sample_id
        assert all("In train case" in question for question in shown)
        assert "In test case" in asked


def test_d12_what_was_answered_is_kept_before_all_is(call: Call) -> None:
    run = (*RUN, "--models", "fake/a", "--name", "part")
    call(*run, "--budget-calls", "13", "--concurrency", "4")
    assert sum(trial["outcome"] in ("correct", "incorrect") for trial in call("export", "part")) == 13
    rest = call("resume", "part", "--quiet", "--json", "--budget-calls", "1000")
    assert rest["calls"] == QUESTIONS - 13


def test_d14_limits_are_numbers_and_no_tolerance_grows() -> None:
    assert parse_args("seconds=5") == {"seconds": 5}
    assert same(0.1 + 0.2, 0.3)
    assert not same(1.0, 1.0 + 1e-6)
    assert not same(1, 1.0 + 1e-6)


def test_d14_code_is_found_in_linear_time() -> None:
    broken = "```python\ndef f(x):\n" + "    y = ((x\n" * 9_000
    started = time.perf_counter()
    extract(broken, "code", reasoned=False)
    assert time.perf_counter() - started < 1


def test_d16_and_d17_a_call_that_fails_is_an_error_and_ends_nothing(call: Call) -> None:
    run = (*RUN, "--models", "fake/a", "--name", "shaky", "--model-args", "accuracy=0.7,fault_rate=0.3")
    shaky = call(*run, "--retries", "0", code=1)
    (cell,) = shaky["cells"]
    outcomes = cell["outcomes"]
    failed = outcomes["error"]
    assert 3 < failed < QUESTIONS / 2
    assert outcomes["correct"] + outcomes["incorrect"] == QUESTIONS - failed, "the others were answered (D17)"
    assert cell["estimate"]["n"] == QUESTIONS - failed and cell["estimate"]["n_missing"] == failed
    for trial in call("export", "shaky"):
        if trial["outcome"] == "error":
            assert trial["error_code"] and trial["score"] is None and trial["extracted"] is None
        elif trial["outcome"] == "incorrect":
            assert trial["answer"], "nothing empty is wrong (D16)"
    mended = call("resume", "shaky", "--quiet", "--json", "--retries", "5")
    assert mended["calls"] == failed
    assert mended["cells"][0]["outcomes"]["error"] == 0
