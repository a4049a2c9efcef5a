"""What all tests share: no network but loopback, a home of their own, parts that may be missing."""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from bench.stub import stub_server

LOOPBACK = ("127.0.0.1", "::1", "localhost")
REQUIRE_ALL = bool(os.environ.get("BAKEOFF_REQUIRE_ALL"))
REAL_DATA = os.environ.get("BAKEOFF_TEST_DATA")
if REQUIRE_ALL:  # the same examples each time: what CI finds is about the change, and can be had again
    settings.register_profile("required", derandomize=True)
    settings.load_profile("required")


def missing(reason: str) -> None:
    """Skip a test for a part that is not here; where everything is required, fail instead."""
    if REQUIRE_ALL:
        pytest.fail(f"{reason} (BAKEOFF_REQUIRE_ALL is set)")
    pytest.skip(reason)


def require(module: str) -> None:
    """Skip unless a module can be imported."""
    if importlib.util.find_spec(module) is None:
        missing(f"'{module}' is not installed")


def require_vllm() -> None:
    """Skip unless vLLM is installed, even where everything is required.

    It pins another torch and transformers than ours and takes 3.5 GB, so it has an environment of its own, where
    `make test-vllm` runs these tests; no other environment can have it.
    """
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed here: it has an environment of its own (make test-vllm)")


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test reach further than this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in LOOPBACK:
            raise AssertionError(f"a test tried to reach {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A BAKEOFF_HOME of the test's own, and none of the developer's settings."""
    for name in ("BAKEOFF_STORE", "BAKEOFF_DATA", "OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    monkeypatch.setenv("BAKEOFF_HOME", str(folder))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    return folder


@pytest.fixture
def real_data(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of real benchmark files that BAKEOFF_TEST_DATA names, as this test's BAKEOFF_DATA.

    Skipped without it even where everything is required: the files can't be installed.
    """
    if not REAL_DATA:
        pytest.skip("BAKEOFF_TEST_DATA names no folder of benchmark data")
    folder = Path(REAL_DATA).resolve()
    assert folder.is_dir(), f"BAKEOFF_TEST_DATA names '{folder}', which is no folder"
    monkeypatch.setenv("BAKEOFF_DATA", str(folder))
    return folder


@pytest.fixture
def postgres_url() -> str:
    """The URL of a PostgreSQL server, from BAKEOFF_TEST_POSTGRES."""
    require("psycopg")
    url = os.environ.get("BAKEOFF_TEST_POSTGRES")
    if not url:
        missing("BAKEOFF_TEST_POSTGRES names no PostgreSQL server")
    return str(url)


@pytest.fixture
def stub() -> Iterator[str]:
    """An OpenAI-compatible stub without latency and without faults: its address."""
    with stub_server() as address:
        yield address


DataFolder = Callable[[int], Path]


@pytest.fixture
def gsm8k_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """Make a BAKEOFF_DATA with that many gsm8k-like questions; returns the folder."""

    def make(count: int) -> Path:
        folder = tmp_path / "data"
        write_gsm8k(folder, count)
        monkeypatch.setenv("BAKEOFF_DATA", str(folder))
        return folder

    return make


def write_gsm8k(folder: Path, count: int) -> None:
    """Questions like gsm8k's, in its layout: test and train split."""
    place = folder / "gsm8k"
    place.mkdir(parents=True, exist_ok=True)
    for split, rows in (("test", count), ("train", 40)):
        lines = [_gsm8k_row(split, i) for i in range(rows)]
        (place / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _gsm8k_row(split: str, i: int) -> str:
    a, b = 3 + i % 17, 2 + i % 23
    question = (
        f"In {split} case {i}, a baker fills {a} trays with {b} rolls each and keeps one roll back for herself"
        " every morning. The rest she sells at the market. How many rolls does she sell in a day?"
    )
    answer = f"She bakes {a} * {b} = <<{a}*{b}={a * b}>>{a * b} rolls. She sells {a * b - 1}.\\n#### {a * b - 1}"
    return f'{{"question": "{question}", "answer": "{answer}"}}'
