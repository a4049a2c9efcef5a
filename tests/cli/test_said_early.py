"""Told in time: flags that do nothing, a store that is made by a typing error, what a run waits for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bakeoff.app.experiments import Progress
from bakeoff.cli.main import main
from bakeoff.cli.screen import pause_line, progress_lines
from bakeoff.cli.spec_flags import split_list
from bakeoff.runner.calls import Counts

RUN = ("run", "-m", "fake/a", "-b", "question_answering", "-n", "2")


def said(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as done:
        main(args)
    err = capsys.readouterr().err
    assert (done.value.code or 0) == code, err
    return err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--base-url", "http://127.0.0.1:1/v1"), ("--base-url is", "'fake/a' runs in this process", "leave")),
        (("--judge", "fake/j", "--judge-base-url", "http://127.0.0.1:1/v1"), ("--judge-base-url", "'fake/j' runs")),
        (("--stop", ""), ("'stop' is empty", "--stop TEXT")),
    ],
)
def test_flags_that_would_do_nothing(
    flags: tuple[str, ...], words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    err = said(capsys, *RUN, *flags, code=2)
    assert err.startswith("error[config-invalid]") and err.count("\n") == 1
    assert all(word in err for word in words), err
    assert "127.0.0.1" not in err  # an address may hold a password


def test_an_address_is_for_those_models_that_are_asked_at_one(capsys: pytest.CaptureFixture[str], stub: str) -> None:
    said(capsys, *RUN, "-m", "openai_compatible/x", "--base-url", f"{stub}/v1", "-q")
    assert "unknown model" in said(capsys, *RUN, "-m", "nobody", "--base-url", f"{stub}/v1", code=2)


@pytest.mark.parametrize(
    ("value", "models"),
    [
        ("fake/a,fake/b", ["fake/a", "fake/b"]),
        ("fake/a, ,fake/b,", ["fake/a", "fake/b"]),
        ("llama_cpp//models/a,b.gguf", ["llama_cpp//models/a,b.gguf"]),
        ("fake/a,llama_cpp//m/x, y,z.gguf,fake/b", ["fake/a", "llama_cpp//m/x, y,z.gguf", "fake/b"]),
        ("llama_cpp//m/a.gguf,llama_cpp//m/b.gguf", ["llama_cpp//m/a.gguf", "llama_cpp//m/b.gguf"]),
        ("llama_cpp//m/a.gguf,qwen", ["llama_cpp//m/a.gguf", "qwen"]),
    ],
)
def test_a_comma_in_the_path_of_a_model(value: str, models: list[str]) -> None:
    assert split_list((value,)) == models


def test_a_path_that_exists_is_one(tmp_path: Path) -> None:
    path = tmp_path / "a,fake" / "b,c.bin"
    path.parent.mkdir()
    path.write_text("")
    assert split_list((f"llama_cpp/{path}", "fake/a,fake/b")) == [f"llama_cpp/{path}", "fake/a", "fake/b"]
    assert split_list((str(path),)) == [str(path)]
    assert split_list(("a" * 5000 + ",b", "a\0,b")) == ["a" * 5000, "b", "a\0", "b"]


def test_a_store_in_a_new_folder_is_told_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    store = ("--store", f"sqlite:///{tmp_path / 'typo' / 'runs.db'}")
    err = said(capsys, "show", "nothing", *store, code=2)
    assert err.splitlines()[0] == f"made a new store, and its folder '{tmp_path / 'typo'}', which was not there"
    assert "made a new store" not in said(capsys, *RUN, *store)
    beside = ("--store", f"sqlite:///{tmp_path / 'typo' / 'other.db'}")
    assert "made a new store" not in said(capsys, *RUN, *beside)


def test_the_store_of_the_home_and_a_quiet_run_tell_of_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "made a new store" not in said(capsys, *RUN)
    assert said(capsys, *RUN, "-q", "--store", f"sqlite:///{tmp_path / 'new' / 'runs.db'}") == ""


@pytest.fixture
def slow_down() -> Iterator[str]:
    """An endpoint that asks the first two calls to wait a second."""
    seen: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            seen.append(1)
            message = {"role": "assistant", "content": "x"}
            reply = {"choices": [{"message": message, "finish_reason": "stop"}]} if len(seen) > 2 else {"error": "slow"}
            content = json.dumps(reply).encode()
            self.send_response(200 if len(seen) > 2 else 429)
            self.send_header("retry-after", "1")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("quiet", [False, True])
def test_a_run_says_what_it_waits_for(capsys: pytest.CaptureFixture[str], slow_down: str, quiet: bool) -> None:
    asked = ("-m", "openai_compatible/x", "--base-url", f"http://{slow_down}/v1", *(["-q"] if quiet else []))
    err = said(capsys, "run", "-b", "question_answering", "-n", "2", *asked)
    line = f"waiting 1 s: {slow_down} asked for it (Retry-After)"
    assert err.splitlines().count(line) == (0 if quiet else 1)  # and not one for each call that is told to wait


def test_the_progress_says_it_too() -> None:
    counts = Counts(paused_until=112.0, paused_by="api.x\x1b[31m")
    progress = Progress(10, 0, [], counts, {}, started=90.0)
    shown = pause_line(progress, 100.2)
    assert shown is not None and shown.startswith("waiting 12 s: api.x") and "\x1b" not in shown
    assert shown in progress_lines(progress, 100.2)
    assert pause_line(progress, 111.8) is None and pause_line(progress, 112.5) is None
    assert len(progress_lines(progress, 112.5)) == 2
