"""The entries that finished campaigns left in BAKEOFF_HOME: for `bakeoff campaign list` and the page of all runs.

[entry["campaign"] for entry in entries(settings.home)]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from bakeoff.app.campaign_report import CAMPAIGNS


def entries(home: Path) -> list[dict[str, Any]]:
    """The entries, the newest first, one of each campaign and folder; a file that is none is passed over."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for path in sorted((home / CAMPAIGNS).glob("*.json")):
        try:
            entry = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            continue
        if isinstance(entry, dict) and {"campaign", "verdict", "folder"} <= entry.keys():
            whose = entry["campaign"], entry["folder"]
            if path.stem != entry["campaign"] or whose not in found:  # of the name alone: from before folders counted
                found[whose] = entry
    return sorted(found.values(), key=lambda entry: -float(entry.get("created_at") or 0))
