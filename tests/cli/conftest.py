"""Commands as a user types them, in an empty folder: one fixture for all tests of the command line."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from bakeoff.cli.main import main
from tests.cli.said import Bakeoff, Said


@pytest.fixture
def bakeoff(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bakeoff:
    """`bakeoff("show ab --json").json`, or its words one by one; insists on the exit code."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str | Path, code: int = 0) -> Said:
        arguments = shlex.split(str(words[0])) if len(words) == 1 else [str(word) for word in words]
        with pytest.raises(SystemExit) as done:
            main(arguments)
        said = Said(*capsys.readouterr())
        assert (done.value.code or 0) == code, said
        return said

    return call
