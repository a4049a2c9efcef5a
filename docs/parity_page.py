"""The page parity.md: every benchmark and profile, what it was compared with, and how often the two agree.

Part of docs/generate.py. The figures are those that `python -m parity --record` kept in parity/results.json; what
was not compared has its reason in parity/reasons.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._base import FileBenchmark, Suite
from bakeoff.core.protocols import Profile
from docs.benchmark_pages import ours, table
from parity.agreement import Agreement
from parity.record import kept

ROOT = Path(__file__).resolve().parents[1]
HEAD = ["benchmark", "rows here", "profile", "compared with", "samples", "prompts equal", "scores equal"]


def parity_page() -> str:
    words = tomllib.loads((ROOT / "parity" / "reasons.toml").read_text(encoding="utf-8"))
    items = tomllib.loads((ROOT / "docs" / "generate.toml").read_text(encoding="utf-8"))["items"]
    results = kept()
    found = [Agreement(**row) for _, rows in sorted(results["modules"].items()) for row in rows]
    lines: list[list[str]] = []
    for name in ours(BENCHMARKS):
        benchmark = BENCHMARKS.load(name)
        loaded = results["rows"].get(name, {})
        head = _loaded(benchmark, loaded, items.get(name))
        for place, line in enumerate(_lines(benchmark, found, words["not_compared"])):
            lines.append([f"[{name}](benchmarks/{name}.md)" if not place else "", head if not place else "", *line])
    told = [f"- {row.benchmark}, {row.profile}: {one}" for row in found for one in row.differences]
    parts = ["# Agreement with the references", words["intro"], table(HEAD, lines)]
    parts += ["## Differences, and what was put in a reference's place", words["differences"], "\n".join(told)]
    return "\n\n".join(parts)


def _loaded(benchmark: type[FileBenchmark], loaded: dict[str, int], published: int | None) -> str:
    """How many rows there are of each split, and of how many in the default one."""
    if issubclass(benchmark, Suite):
        return "shipped"
    if not loaded:
        return "none"
    told = [f"{split} {count:,}" for split, count in loaded.items()]
    main = loaded.get(benchmark.default_split)
    return ", ".join(told) + (f" (of {published:,})" if published and main not in (None, published) else "")


def _lines(benchmark: type[FileBenchmark], found: Sequence[Agreement], reasons: dict[str, str]) -> list[list[str]]:
    lines: list[list[str]] = []
    compared = {name for row in found if row.benchmark == benchmark.name for name in row.profile.split(", ")}
    for name, profile in benchmark.profiles.items():
        rows = [row for row in found if row.benchmark == benchmark.name and name in row.profile.split(", ")]
        lines += [[f"`{name}`", *_figures(row)] for row in rows]
        if not rows:
            lines.append([f"`{name}`", _reason(benchmark, profile, compared, reasons), "–", "–", "–"])
    return lines


def _figures(row: Agreement) -> list[str]:
    shares = [f"{part:,} ({100 * part / row.samples:.2f} %)" for part in (row.prompts, row.scores)]
    if "scores alone" in row.note or "no prompt" in row.note:
        shares[0] = "–"
    if "prompts alone" in row.note:
        shares[1] = "–"
    return [f"{row.reference}; {row.note}" if row.note else row.reference, f"{row.samples:,}", *shares]


def _reason(benchmark: type[FileBenchmark], profile: Profile, compared: set[str], reasons: dict[str, str]) -> str:
    """Why a profile was compared with nothing. Stops the generator where nobody said it."""
    rule = (profile.prompt, profile.find, profile.scorer, profile.options, profile.ask)
    for name, other in benchmark.profiles.items():
        if name in compared and rule == (other.prompt, other.find, other.scorer, other.options, other.ask):
            return f"the same prompt and rule as `{name}`"
    if issubclass(benchmark, Suite):
        return reasons["suite"]
    for key in (f"{benchmark.name}/{profile.name}", f"*/{profile.name}"):
        if key in reasons:
            return reasons[key]
    raise SystemExit(
        f"docs/generate.py: parity/reasons.toml does not say why '{benchmark.name}/{profile.name}' is not compared"
    )
