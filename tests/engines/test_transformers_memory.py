"""Memory of engine 'transformers', each in a process of its own: a real cap survived, and all given back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import require
from tests.engines.tiny_model import make_tiny

COMMON = """
import asyncio, json, resource, sys, time
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Message, Request, Sampling
from bakeoff.engines.transformers import Transformers

def status(field):
    for line in open("/proc/self/status", encoding="ascii"):
        if line.startswith(field):
            return int(line.split()[1]) * 1024

def ask(text, most=4):
    return Request((Message("user", text),), Sampling(max_tokens=most))

def engine(folder, **args):
    return Transformers(EngineConfig(name=folder, args={"device": "cpu", "threads": 1, **args}, timeout=120))
"""

CAPPED = """
async def main(folder):
    one = engine(folder, batch=16, gather_ms=500, attention="eager")
    texts = [f"{number} " + "x" * 400 for number in range(16)]
    alone = [(await one.generate(ask(text))).text for text in texts[:3]]
    await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.2) for _ in range(40)))  # threads need room of their own
    resource.setrlimit(resource.RLIMIT_AS, (status("VmSize:") + 64_000_000, resource.RLIM_INFINITY))
    found = await asyncio.gather(*(one.generate(ask(text)) for text in texts))
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await one.close()
    ran = json.loads(found[-1].raw)["response"]["ran"]
    print(json.dumps({"same": alone == [reply.text for reply in found[:3]], **ran}))

asyncio.run(main(sys.argv[1]))
"""

RELEASED = """
async def main(folder):
    sizes = []
    for _ in range(3):
        one = engine(folder, batch=4)
        before = status("VmRSS:")
        await asyncio.gather(*(one.generate(ask("Hi " * 50, 8)) for _ in range(4)))
        loaded = status("VmRSS:")
        await one.close()
        sizes.append((before, loaded, status("VmRSS:")))
    print(json.dumps(sizes))

asyncio.run(main(sys.argv[1]))
"""


def run(script: str, folder: Path) -> tuple[Any, str]:
    """What the script printed, as JSON, and what it said on stderr."""
    command = [sys.executable, "-c", COMMON + script, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the cap and the count are Linux's")
def test_a_cap_on_memory_makes_batches_smaller_and_changes_no_reply(tmp_path: Path) -> None:
    require("torch")
    require("transformers")
    found, said = run(CAPPED, make_tiny(tmp_path / "tiny"))
    assert found["same"]
    assert found["device"] == "cpu" and 1 <= found["batch"] < 16
    assert "out of memory with 16 at once" in found["fallbacks"][0]
    assert "tiny: out of memory with 16 at once: 8 from here on" in said


@pytest.mark.skipif(sys.platform != "linux", reason="the count is Linux's")
def test_closing_gives_the_memory_back(tmp_path: Path) -> None:
    """Two loads are compared, because the first one also loads torch, which stays."""
    require("torch")
    require("transformers")
    folder = make_tiny(tmp_path / "larger", hidden=1024, layers=4)
    weights = (folder / "model.safetensors").stat().st_size
    assert weights > 80_000_000
    (_, _, _), *later = run(RELEASED, folder)[0]
    for before, loaded, after in later:
        assert loaded - before > 0.8 * weights
        assert abs(after - before) < 0.05 * before
