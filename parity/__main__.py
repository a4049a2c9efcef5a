"""Compare with the references on the data in BAKEOFF_DATA: `make parity`, or `python -m parity [MODULE…]`.

Prints a table (Markdown) of agreement per benchmark and profile, then each difference, then what was not compared
because a reference is not on this machine (`_scripts` says which ones no package index has). `--write` also writes
the golden fixtures that CI checks, `--record` keeps the figures that docs/parity.md is printed from. Exit code 1
when a profile agrees on less than 99.9 %.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import orjson

import parity
from parity._scripts import NotHere
from parity.agreement import Agreement
from parity.record import record

ENOUGH = 0.999
NOT_COMPARED = ("__main__", "agreement", "record")
# A progress bar for each data set would hide what is told.
QUIET = {"TQDM_DISABLE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}


def modules() -> list[str]:
    """The names of the modules that compare something."""
    found = [module.name for module in pkgutil.iter_modules(parity.__path__)]
    return sorted(name for name in found if name not in NOT_COMPARED and not name.startswith("_"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m parity", description=__doc__)
    parser.add_argument("modules", nargs="*", help=f"of: {', '.join(modules())}")
    parser.add_argument("--write", action="store_true", help="write the golden fixtures too")
    parser.add_argument("--record", action="store_true", help="keep the figures for docs/parity.md")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    folder = os.environ.get("BAKEOFF_DATA")
    if not folder or not Path(folder).is_dir():
        parser.error("BAKEOFF_DATA names no folder of benchmark data")
    data = Path(folder).resolve()
    if chosen.one:
        sys.stdout.buffer.write(b"\n" + orjson.dumps(compare_one(chosen.modules[0], data, chosen.write)))
        return 0
    found: list[Agreement] = []
    left: list[str] = []
    for name in chosen.modules or modules():
        rows, missing = _in_a_process(name, chosen.write)
        found += rows
        left += [f"{name}: {missing}"] if missing else []
        if chosen.record and rows:
            record(name, rows, data)
    print_table(found)
    for line in left:
        print(f"\nnot compared, {line}")
    return 0 if all(enough(row) for row in found) else 1


def _in_a_process(name: str, write: bool) -> tuple[list[Agreement], str]:
    """One module in a process of its own: what one replaces in lm-eval, the next one must not meet."""
    print(f"{name} …", file=sys.stderr, flush=True)
    more = ["--write"] if write else []
    command = [sys.executable, "-m", "parity", "--one", *more, name]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, **QUIET}).stdout
    told = orjson.loads(said.splitlines()[-1])
    return [Agreement(**row) for row in told["rows"]], told["missing"]


def compare_one(name: str, data: Path, write: bool) -> dict[str, object]:
    module = importlib.import_module(f"parity.{name}")
    try:
        found: list[Agreement] = module.compare(data)
        if write and hasattr(module, "write"):
            module.write(data)
    except NotHere as reason:
        return {"rows": [], "missing": str(reason)}
    return {"rows": found, "missing": ""}


def enough(row: Agreement) -> bool:
    return row.samples > 0 and min(row.prompts, row.scores) >= ENOUGH * row.samples


def print_table(found: list[Agreement]) -> None:
    print("| benchmark | profile | reference | samples | prompts equal | scores equal |")
    print("| --- | --- | --- | ---: | ---: | ---: |")
    for row in found:
        shares = [f"{part:,} ({100 * part / row.samples:.2f} %)" if row.samples else "–" for part in _parts(row)]
        profile = f"{row.profile} ({row.note})" if row.note else row.profile
        print(f"| {' | '.join([row.benchmark, profile, row.reference, f'{row.samples:,}', *shares])} |")
    for row in found:
        for difference in row.differences:
            print(f"\n{row.benchmark}, {row.profile}: {difference}")


def _parts(row: Agreement) -> tuple[int, int]:
    return row.prompts, row.scores


if __name__ == "__main__":
    sys.exit(main())
