"""What is told of a run beside its scores: why trials failed, which namesake is which, what is not known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.said import Bakeoff
from tests.cli.test_bad_input import page

QA = ("-b", "question_answering")


# ---------------------------------------------------------------- errors


def test_why_trials_failed_is_told_wherever_they_are_counted(bakeoff: Bakeoff, tmp_path: Path) -> None:
    faulty = ("run", "-m", "fake/a", *QA, "--model-args", "fault_rate=0.5", "--retries", "0", "--name", "faulty")
    said = bakeoff(*faulty, "--output-dir", tmp_path, code=1)
    found = bakeoff("show", "faulty", "--json").json["cells"][0]
    errors = found["errors"]
    assert sum(error["count"] for error in errors) == found["outcomes"]["error"] > 5
    assert [error["count"] for error in errors] == sorted((error["count"] for error in errors), reverse=True)
    assert {error["code"] for error in errors} <= {"rate-limited", "unavailable", "bad-response"}
    for error in errors:
        them = "it" if error["count"] == 1 else "them"
        line = (
            f"{error['count']} × error[{error['code']}]: {error['message']};"
            f" try {them} again with: bakeoff resume faulty"
        )
        assert line in said.out.splitlines() and line in bakeoff("show", "faulty").out.splitlines()
        written = (tmp_path / "report.md").read_text(encoding="utf-8")
        assert "## Errors" in written and f"{error['count']} × error" in written
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["cells"][0]["errors"] == errors
    bakeoff("resume", "faulty", "--retries", "3", "--quiet")
    assert bakeoff("show", "faulty", "--json").json["cells"][0]["errors"] == []
    assert "error[" not in bakeoff("show", "faulty").out


# ---------------------------------------------------------------- namesakes


@pytest.fixture
def namesakes(tmp_path: Path) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(
        "models:\n  - {model: fake/a, args: {accuracy: 0.9}}\n  - {model: fake/a, args: {accuracy: 0.1}}\n"
        "  - fake/b\nbenchmarks: question_answering\nlimit: 10\nname: namesakes\n"
    )
    return path


def test_models_of_one_name_are_told_apart_by_what_differs(bakeoff: Bakeoff, namesakes: Path, tmp_path: Path) -> None:
    planned = bakeoff("run", namesakes, "--dry-run").out
    assert "# fake/a accuracy=0.9 · balanced" in planned and "# fake/a accuracy=0.1 · balanced" in planned
    said = bakeoff("run", namesakes, "--output-dir", tmp_path / "report").out
    assert "accuracy=0.9" in said and "accuracy=0.1" in said
    assert "'fake/a accuracy=0.1' and 'fake/a accuracy=0.9'" in said or "higher than 'fake/a accuracy=0.1'" in said
    cells = bakeoff("show", "namesakes", "--json").json["cells"]
    assert [cell["label"] for cell in cells] == [
        "fake/a accuracy=0.9 · question_answering · naive",
        "fake/a accuracy=0.1 · question_answering · naive",
        "fake/b · question_answering · naive",
    ]
    assert [cell["model"] for cell in cells] == ["fake/a", "fake/a", "fake/b"]
    for name in ("report.md", "report.html"):
        text = (tmp_path / "report" / name).read_text(encoding="utf-8").replace("\\", "")
        assert "fake/a accuracy=0.9" in text and "fake/a accuracy=0.1" in text
    found = bakeoff("compare", "namesakes:accuracy=0.9", "namesakes:accuracy=0.1", "--json").json
    assert (found["a"]["name"], found["b"]["name"]) == ("fake/a accuracy=0.9", "fake/a accuracy=0.1")


def test_one_benchmark_under_two_profiles_or_splits_is_two(bakeoff: Bakeoff, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(
        "models: fake/a\nbenchmarks: [question_answering, {benchmark: question_answering, split: shots}]\n"
        "methods: [naive, cot]\nlimit: 4\nname: splits\n"
    )
    bakeoff("run", path)
    labels = [cell["label"] for cell in bakeoff("show", "splits", "--json").json["cells"]]
    assert labels[0] == "fake/a · question_answering · naive" and "split=shots" in labels[2] and len(set(labels)) == 4


# ---------------------------------------------------------------- tokens


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [(None, (None, None)), ([1], (None, None)), ({"prompt_tokens": 9, "completion_tokens": 0}, (18, 0))],
)
def test_tokens_that_nobody_counted_are_unknown_and_not_0(
    bakeoff: Bakeoff, tmp_path: Path, usage: object, tokens: tuple[int | None, int | None]
) -> None:
    reply = {"choices": [{"message": {"content": "Answer: x"}, "finish_reason": "stop"}], "usage": usage}
    with page(200, "application/json", json.dumps(reply).encode()) as url:
        flags = ("-m", "openai_compatible/x", "--base-url", url, *QA, "-n", "2", "--output-dir", tmp_path, "--json")
        cell = bakeoff("run", *flags).json["cells"][0]
    assert (cell["prompt_tokens"], cell["output_tokens"]) == tokens
    assert (cell["tokens_per_s"] is None) == (tokens[0] is None)
    row = (tmp_path / "report.md").read_text(encoding="utf-8").split("openai\\_compatible/x")[1]
    assert (row.split("\n")[0].split("|")[-3].strip() == "–") == (tokens[0] is None)


# ---------------------------------------------------------------- widths


@pytest.mark.parametrize("columns", ["40", "60", "80", "120"])
def test_columns_are_obeyed_and_nothing_is_filled_up(
    bakeoff: Bakeoff, namesakes: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    said = [bakeoff("run", namesakes).out, bakeoff("compare", "namesakes:0", "namesakes:1").out]
    lines = [line for text in said for line in text.splitlines() if not line.startswith("question_answering@")]
    assert max(map(len, lines)) <= int(columns)
    assert not [line for line in lines if line.endswith(" ")]
    assert not [line for line in lines if line.startswith("%") or line.endswith(" 95")]
    words = " ".join(" ".join(lines).split())
    assert "accuracy=0.9" in words and "100.0 % [72.2, 100.0]" in words and "$0" in words


@pytest.mark.parametrize("columns", ["", "wide", "0", "-5"])
def test_without_columns_a_pipe_is_100_wide(
    bakeoff: Bakeoff, namesakes: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = bakeoff("run", namesakes).out.splitlines()
    assert 80 < max(len(line) for line in lines if not line.startswith("question_answering@")) <= 100
