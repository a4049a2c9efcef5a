"""`bakeoff profile`: what it prints, writes and refuses. No test looks at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bakeoff.cli.main import main
from tests.conftest import require

FEW = ("--batches", "1,2", "--repeats", "2")


def profile(*arguments: str) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(["profile", *arguments])
    return int(ended.value.code or 0)


def test_the_table_fits_80_columns_and_says_what_to_take(capsys: pytest.CaptureFixture[str]) -> None:
    assert profile("fake/a", *FEW, "--model-args", "slots=2,decode_s=0.001") == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "fake/a (balanced) · 128 + 32 tokens"
    assert any(line.startswith(("take 1:", "take 2:")) for line in lines)
    assert err.startswith("plan: up to 13 calls, 1,664 + 288 tokens, $0\n")
    assert "128 + 32 tokens, 2: " in err


def test_every_figure_as_json_and_in_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require("matplotlib")
    folder = tmp_path / "found"
    ways = ("--benchmark", "question_answering", "--methods", "naive,cot")
    assert profile("fake/a", *FEW, *ways, "--model-args", "latency=0.001", "--json", "-o", str(folder)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((folder / "profile.json").read_text())
    assert [curve["workload"] for curve in found["curves"]] == [
        "naive on question_answering",
        "cot on question_answering",
    ]
    assert found["grows"] == "concurrency" and found["accuracy"] is None and found["memory_of"] is None
    point = found["curves"][0]["points"][1]
    assert (point["batch"], point["repeats"], point["calls"]) == (2, 2, 4)
    assert point["output_tokens_per_s"]["n"] == 2 and point["first_token_s"]["p50"] is None
    assert {path.name for path in folder.iterdir()} == {"profile.json", "profile.svg", "profile.png"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fake/a", "--batches", "0"), "--batches 0 is out of range"),
        (("fake/a", "--batches", "two"), "--batches 'two' is no whole number"),
        (("fake/a", "--repeats", "0"), "--repeats 0 is out of range"),
        (("fake/a", "--growth", "2"), "--growth 2 is out of range"),
        (("fake/a", "--max-latency", "nan"), "--max-latency nan is out of range"),
        (("fake/a", "--memory-share", "0"), "--memory-share 0 is out of range"),
        (("fake/a", "--memory", "-1"), "--memory -1 is out of range"),
        (("fake/a", "--output-tokens", "0"), "--output-tokens 0 is out of range"),
        (("fake/a", "--prompt-tokens", "40000"), "40000 + 32 tokens are more than the 32,768 that 'a' holds"),
        (("fake/a", "--methods", "cot"), "--methods needs a benchmark to word"),
        (("fake/a", "-b", "question_answering", "--prompt-tokens", "5"), "name two kinds of prompts"),
        (("fake/a", "--dummy-weights"), "engine 'fake' has no random weights"),
        (("fake/a", "--preset", "fast"), "'fast'"),
        (("nobody/a",), "'nobody'"),
        (
            ("openai_compatible/m", "--base-url", "https://models.example.org/v1"),
            "this would make up to 68 calls, 8,704 + 1,920 tokens, cost unknown: agree with --yes",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_line(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert profile(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error[") and words in err
    assert len(err.splitlines()) == 1


def test_an_endpoint_is_asked_with_more_calls_at_once(stub: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = ("openai_compatible/m", "--base-url", f"{stub}/v1", "--no-stream")  # the stub does not stream
    assert profile(*told, *FEW, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    point = found["curves"][0]["points"][1]
    assert found["grows"] == "concurrency" and (point["batch"], point["calls"]) == (2, 4)
    assert point["first_token_s"]["p50"] is None and point["memory_peak_bytes"] is None
    assert point["requests_per_s"]["value"] > 0
