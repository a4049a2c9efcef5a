"""Ctrl-C and SIGTERM: what is under way is finished and kept, and the way to go on is said."""

from __future__ import annotations

import signal
import time

import pytest

from bench.stub import stub_server
from tests.chaos.commands import asked, experiment, exported, finish, start
from tests.conftest import DataFolder

pytestmark = pytest.mark.chaos

TRIALS = 400


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_keeps_what_was_under_way(number: signal.Signals, gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(TRIALS)
    with stub_server(latency=0.1) as url:
        process = start(*experiment(url, "stopped", "--concurrency", "16"))
        while asked(url)["n"] < 40:
            time.sleep(0.01)
        process.send_signal(number)
        code, _, said = finish(process)
        assert code == 130
        assert "Traceback" not in said
        assert "trials kept" in said
        assert "resume with: bakeoff resume stopped" in said
        calls = asked(url)["n"]
        assert len(exported("stopped")) == calls
        assert finish(start("resume", "stopped", "--json"))[0] == 0
        assert asked(url)["n"] == TRIALS
    assert len(exported("stopped")) == TRIALS


def test_the_second_interrupt_ends_at_once_and_loses_no_answer(gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(TRIALS)
    with stub_server(latency=3.0) as url:
        process = start(*experiment(url, "twice", "--concurrency", "8"))
        while asked(url)["n"] < 8:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        code, _, said = finish(process)
        assert time.monotonic() - started < 2.5
    assert code == 130
    assert "Traceback" not in said
