"""A full disk and a locked database: a clear error, and nothing lost."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.stub import stub_server
from tests.chaos.commands import asked, experiment, exported, finish, journals, one_line, start
from tests.conftest import DataFolder, missing

pytestmark = pytest.mark.chaos

TRIALS = 12_000
IN_FLIGHT = 32


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        missing("a small file system cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_told_in_a_line_and_the_run_goes_on_when_there_is_room(
    small_disk: Path, gsm8k_folder: DataFolder
) -> None:
    gsm8k_folder(TRIALS)
    env = {"BAKEOFF_HOME": str(small_disk), "TMPDIR": str(small_disk.parent)}
    with stub_server() as url:
        code, _, said = finish(start(*experiment(url, "full", "--concurrency", str(IN_FLIGHT)), env=env))
        assert code == 3, said
        assert one_line(said, "store-full"), said
        before = asked(url)["n"]
        assert 0 < before < TRIALS
        subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
        code, out, said = finish(start("resume", "full", "--json", env=env))
        assert code == 0, said
        assert len(exported("full", env)) == TRIALS
        print(f"\nfull after {before:,} calls; {asked(url)['n']:,} calls in all for {TRIALS:,} trials")
        assert asked(url)["n"] <= TRIALS + IN_FLIGHT
        assert json.loads(out)["cells"][0]["estimate"]["n"] == TRIALS


def test_a_locked_database_leaves_the_answers_in_the_journal(
    home: Path, gsm8k_folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    gsm8k_folder(300)
    url_of_store = f"sqlite:///{home}/bakeoff.db?timeout=2"
    monkeypatch.setenv("BAKEOFF_STORE", url_of_store)
    with stub_server(latency=0.05) as url:
        process = start(*experiment(url, "locked", "--concurrency", "16"))
        while asked(url)["n"] < 20:
            pass
        lock = sqlite3.connect(home / "bakeoff.db", timeout=20, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        code, _, said = finish(process)
        assert code == 3, said
        assert one_line(said, "store-busy"), said
        assert "safe in" in said
        assert journals(home)
        calls = asked(url)["n"]
        lock.execute("ROLLBACK")
        lock.close()
        assert finish(start("resume", "locked", "--json"))[0] == 0
        assert asked(url)["n"] == 300
        print(f"\nlocked after {calls} calls; 300 calls in all for 300 trials")
    assert len(exported("locked")) == 300
