"""The same spec gives the same prompts and the same content keys, however it is executed (law 3)."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.cli.main import main
from tests.conftest import DataFolder

METHODS = "naive,cot,few_shot:3"
QUESTIONS = 60
Row = tuple[str, str]
Asked = dict[tuple[str, str, int], Row]  # (method, sample, repeat) → prompt, content key


@pytest.fixture
def ask(
    stub: str, tmp_path: Path, gsm8k_folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Asked]:
    """Run the spec in a store of its own; what was asked, from the export."""
    gsm8k_folder(QUESTIONS)

    def run(name: str, *flags: str, again: tuple[str, ...] | None = None) -> Asked:
        store = f"sqlite:///{tmp_path}/{name}.db"
        args = ["run", "--models", "openai_compatible/stub", "--base-url", f"{stub}/v1", "--benchmarks", "gsm8k"]
        args += ["--methods", METHODS, "--seed", "7", "--repeats", "2", "--name", name, "--store", store, "--quiet"]
        _call([*args, *flags])
        if again is not None:
            _call(["resume", name, "--store", store, "--quiet", *again])
        capsys.readouterr()
        _call(["export", name, "--store", store])
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return {(r["method"], r["sample_id"], r["repeat"]): (r["prompt"], r["content_key"]) for r in rows}

    return run


def _call(args: list[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(args)
    assert done.value.code == 0, args


def test_workers_limits_and_resumes_change_neither_prompt_nor_key(ask: Callable[..., Asked]) -> None:
    alone = ask("alone", "--concurrency", "1")
    assert len(alone) == QUESTIONS * 3 * 2
    assert len({prompt for prompt, _ in alone.values()}) == QUESTIONS * 3, "a repeat asks the same prompt"
    assert len({key for _, key in alone.values()}) == len(alone), "and is a call of its own"
    assert ask("four", "--concurrency", "4") == alone
    assert ask("many", "--concurrency", "64") == alone
    halved = ask("halved", "--concurrency", "8", "--budget-calls", "150", again=("--concurrency", "64"))
    assert halved == alone
    limited = ask("limited", "--concurrency", "16", "--limit", "20")
    assert len(limited) == 20 * 3 * 2
    assert limited.items() <= alone.items()
    assert ask("less", "--limit", "10").items() <= limited.items()


def test_the_endpoint_sees_the_same_bytes(ask: Callable[..., Asked], stub: str) -> None:
    drawn = ("--temperature", "0.7")  # so that sampling seeds are sent too
    alone = ask("alone", "--concurrency", "1", *drawn)
    assert ask("many", "--concurrency", "64", *drawn) == alone
    assert ask("halved", "--concurrency", "17", "--budget-calls", "100", *drawn, again=("-c", "3")) == alone
    with urllib.request.urlopen(f"{stub}/stats") as reply:
        seen = json.load(reply)
    assert (seen["n"], seen["distinct"]) == (3 * len(alone), len(alone))
    other = ask("other", "--limit", "20", "--seed", "8", *drawn)
    assert not set(other.values()) & set(alone.values()), "another seed, other calls"


def test_few_shot_shows_each_sample_examples_of_its_own(ask: Callable[..., Asked]) -> None:
    prompts = {place: prompt for place, (prompt, _) in ask("shots").items() if place[0] == "few_shot:3"}
    shown = {prompt.rpartition("\n\nQuestion:")[0] for prompt in prompts.values()}
    assert len(shown) > QUESTIONS / 2
    assert all("train case" in prompt and prompt.count("Question:") == 4 for prompt in prompts.values())
