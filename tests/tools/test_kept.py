"""What tools said, kept in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from bakeoff.core.errors import SystemFault
from bakeoff.core.tools import ToolResult
from bakeoff.tools._kept import Kept

KEY = "ab" * 16


def test_what_is_kept_is_found_by_another(tmp_path: Path) -> None:
    assert Kept(tmp_path).find(KEY) is None
    Kept(tmp_path).keep(KEY, ToolResult("é\n45", False, 0.5))
    assert Kept(tmp_path).find(KEY) == ToolResult("é\n45", False, 0.5)
    assert [one.name for one in tmp_path.rglob("*.json*")] == [f"{KEY}.json"]


@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b'{"text": 1, "success": true, "seconds": 1}', b"null", b"\xff"])
def test_a_file_that_cannot_be_read_counts_as_none(tmp_path: Path, torn: bytes) -> None:
    kept = Kept(tmp_path)
    kept.keep(KEY, ToolResult("x"))
    (tmp_path / "ab" / f"{KEY}.json").write_bytes(torn)
    assert kept.find(KEY) is None
    kept.keep(KEY, ToolResult("y"))
    assert kept.find(KEY) == ToolResult("y")


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "tools").write_text("a file", encoding="utf-8")
    with pytest.raises(SystemFault, match="cannot be kept"):
        Kept(tmp_path / "tools").keep(KEY, ToolResult("x"))
