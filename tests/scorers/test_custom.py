"""A scorer from the user's file: raising, hanging, dying and chattering cost their trial and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.core.errors import ConfigInvalid, ScorerFailed
from bakeoff.core.types import Score
from bakeoff.scorers import _custom
from bakeoff.scorers._custom import Custom
from tests.scorers.samples import target

FILE = """
import os, subprocess, sys, time
from bakeoff.core.types import Score

class Mine:
    def __init__(self, word="thank"):
        self.word = word

    def score(self, sample, extracted):
        print("chatter on standard output {}")
        if extracted == "raise":
            raise RuntimeError("no idea")
        if extracted == "exit":
            sys.exit(0)
        if extracted == "die":
            os._exit(0)
        if extracted == "hang":
            child = subprocess.Popen(["sleep", "60"])
            open(sample.meta["note"], "w").write(str(child.pid))
            while True:
                pass
        if extracted == "text":
            return "very good"
        if extracted == "nan":
            return float("nan")
        if extracted == "full":
            return Score(0.25, "a quarter of " + sample.target, {"quarters": 1.0}, continuous=True)
        return self.word in extracted

class Later:
    async def score(self, sample, extracted):
        return 1.0

class Nothing:
    pass
"""
Make = Callable[..., Custom]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    path = tmp_path / "mine.py"
    path.write_text(FILE)

    def built(name: str = "Mine", **options: object) -> Custom:
        return Custom(f"{path}:{name}", options)

    return built


def ask(scorer: Custom, extracted: str) -> Score:
    return asyncio.run(scorer.score(target("it"), extracted))


def test_scores(make: Make) -> None:
    scorer = make()
    assert ask(scorer, "thank you").value == 1.0
    assert ask(scorer, "no").value == 0.0
    assert ask(scorer, "full") == Score(0.25, "a quarter of it", {"quarters": 1.0}, continuous=True)
    assert ask(make(word="please"), "yes please").value == 1.0
    assert ask(make("Later"), "x").value == 1.0


@pytest.mark.parametrize(
    ("said", "why"),
    [("raise", "RuntimeError: no idea"), ("exit", "SystemExit"), ("die", "process ended"), ("text", "gave str")],
)
def test_what_fails_is_the_trials_fault_and_the_next_one_is_graded(make: Make, said: str, why: str) -> None:
    scorer = make()
    with pytest.raises(ScorerFailed, match=why):
        ask(scorer, said)
    assert ask(scorer, "thank you").value == 1.0


def test_a_scorer_that_hangs_is_killed_with_what_it_started(make: Make, tmp_path: Path) -> None:
    scorer = make(seconds=0.5)
    note = tmp_path / "pid"
    sample = target("it")
    sample = type(sample)("s", "?", "it", "", meta={"note": str(note)})
    started = time.monotonic()
    with pytest.raises(ScorerFailed, match=r"longer than 0.5 s"):
        asyncio.run(scorer.score(sample, "hang"))
    assert time.monotonic() - started < 5
    assert _gone(int(note.read_text()))
    assert ask(make(seconds=20), "thank you").value == 1.0


def _gone(pid: int, tries: int = 50) -> bool:
    """Dead, or a corpse that nobody has taken away yet."""
    for _ in range(tries):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


def test_what_cannot_be_loaded_is_told_at_once(make: Make, tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="no class 'Other'"):
        make("Other")
    with pytest.raises(ConfigInvalid, match="no method score"):
        make("Nothing")
    with pytest.raises(ConfigInvalid, match="unexpected keyword argument 'loud'"):
        make(loud=True)
    with pytest.raises(ConfigInvalid, match="no file"):
        Custom(f"{tmp_path}/nowhere.py:Mine", {})


def test_not_a_number_is_no_score(make: Make) -> None:
    with pytest.raises(ScorerFailed, match="gave no score"):
        ask(make(), "nan")


def _there(path: Path) -> bool:
    """Whether a file comes to be, with something in it."""
    for _ in range(1200):
        if path.exists() and path.stat().st_size:
            return True
        time.sleep(0.05)
    return False


def test_an_answer_that_nobody_waits_for_any_more_is_ended(make: Make, tmp_path: Path) -> None:
    scorer, note = make(seconds=90), tmp_path / "pid"
    sample = type(target("it"))("s", "?", "it", "", meta={"note": str(note)})

    async def interrupted() -> None:
        task = asyncio.create_task(scorer.score(sample, "hang"))
        assert await asyncio.to_thread(_there, note)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(interrupted())
    assert _gone(int(note.read_text()), tries=600)
    scorer._threads.shutdown(wait=True)  # what the end of the program waits for


LATE = """
import pathlib, time
told = pathlib.Path(__file__).with_name("told")
until = time.monotonic() + 50
while not told.exists():
    if time.monotonic() > until:
        raise TimeoutError("nothing was told")
    time.sleep(0.02)

class Late:
    def score(self, sample, extracted):
        return True
"""


def test_a_file_that_takes_long_to_load_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "late.py").write_text(LATE)
    monkeypatch.setattr(_custom, "TOLD_SECONDS", 0.0)
    monkeypatch.setattr(_custom, "_tell_loading", lambda name: (tmp_path / "told").write_text(name))
    assert ask(Custom(f"{tmp_path}/late.py:Late", {}), "x").value == 1.0
    assert (tmp_path / "told").read_text() == "late.py"


def test_the_process_ends_without_a_word_when_its_parent_is_gone(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import pathlib, time\npathlib.Path(__file__).with_name('begun').write_text('yes')\ntime.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "bakeoff.scorers._custom_host"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    opening = {"path": str(tmp_path / "slow.py"), "class": "Slow", "options": {}}
    try:
        process.stdin.write(json.dumps(opening).encode() + b"\n")
        process.stdin.flush()
        assert _there(tmp_path / "begun")
        process.stdout.close()
        process.stdin.close()
        process.wait(60)
        assert process.stderr.read() == b""
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
