"""No module of stats loads numpy, scipy, pandas or statsmodels before a number is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import bakeoff.stats

HEAVY = ("numpy", "scipy", "pandas", "statsmodels", "krippendorff", "matplotlib")
MODULES = sorted(path.stem for path in Path(bakeoff.stats.__file__).parent.glob("*.py") if path.stem != "__init__")


def test_imports_are_light() -> None:
    """One process for all, each module named that is the first to load one."""
    program = (
        "import importlib, sys\n"
        f"for name in ['', *{MODULES!r}]:\n"
        "    importlib.import_module('bakeoff.stats' + ('.' + name if name else ''))\n"
        f"    heavy = [part for part in {HEAVY!r} if part in sys.modules]\n"
        "    assert not heavy, f'bakeoff.stats.{name} loads {heavy}'\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "intervals" in MODULES and len(MODULES) > 8
