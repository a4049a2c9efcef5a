"""Campaigns killed in every gate and at every write, starved of memory, and with a model that crashes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench.stub import stub_server
from tests.chaos.commands import ROOT, asked, finish, start
from tests.conftest import DataFolder, require
from tests.engines.tiny_model import make_tiny

pytestmark = pytest.mark.chaos

PLACES = int(os.environ.get("BAKEOFF_CHAOS_PLACES", "8"))  # writes to be killed at, before and after
SAMPLES = 12
IN_FLIGHT = 4
SPEC = """
name: night
models:
  - {{model: openai_compatible/knows-40, base_url: {url}/v1}}
  - {{model: openai_compatible/knows-80, base_url: {url}/v1}}
benchmarks: [gsm8k]
limit: {samples}
concurrency: {flight}
criteria: {{tokens_per_second: 1}}
scaling: {{sizes: {{openai_compatible/knows-40: 8, openai_compatible/knows-80: 14}}}}
formats: [md, html, json]
"""


def killed(folder: Path, when: str, number: int) -> tuple[int, str]:
    """Run the campaign until it dies; its exit code and what it said."""
    command = [sys.executable, "-m", "tests.chaos.campaigns", when, str(number), "campaign", "night.yaml"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "BAKEOFF_HOME": str(folder / "home")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stderr


def write_spec(folder: Path, url: str) -> None:
    folder.mkdir()
    (folder / "night.yaml").write_text(SPEC.format(url=url, samples=SAMPLES, flight=IN_FLIGHT), encoding="utf-8")


def files(folder: Path) -> dict[str, Any]:
    """The names of all that a campaign wrote, and what its documents say but for what a clock says."""
    root = folder / "campaign-night"
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    summary = _read(root / "comprehensive_summary.json")
    matrix = _read(root / "performance_matrix.json")
    insights = _read(root / "scaling_insights.json")
    return {
        "names": names,
        "criteria": [(one["criterion"], one["verdict"]) for one in summary["criteria"]],
        "checks": [
            (gate["status"], check["criterion"], check["subject"], check["verdict"])
            for gate in summary["gates"]
            for check in gate["checks"]
            if check["criterion"] != "store"  # whose subject is its path
        ],
        "scores": [
            (model["model"], model["run"]["run"], cell["estimate"], cell["outcomes"], cell["signature"])
            for model in summary["models"]
            for cell in model["run"]["cells"]
        ],
        "matrix": [
            (row["model"], row["ok"], {name: cell["estimate"] for name, cell in row["benchmarks"].items()})
            for row in matrix["rows"]
        ],
        "sizes": [
            (pair["difference"], pair["p"]) for scope in insights["comparison"]["scopes"] for pair in scope["pairs"]
        ],
    }


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_killed_at_every_write_it_ends_with_the_same_files_and_asks_nothing_twice(
    tmp_path: Path, gsm8k_folder: DataFolder
) -> None:
    gsm8k_folder(SAMPLES)
    with stub_server() as url:
        write_spec(tmp_path / "whole", url)
        code, said = killed(tmp_path / "whole", "never", 0)
        assert code == 0, said
        calls = asked(url)["n"]
        assert calls == 2 * (3 + SAMPLES)
        writes = [line.split(" ", 2) for line in said.splitlines() if line.startswith("writes ")]
        expected = files(tmp_path / "whole")
        assert killed(tmp_path / "whole", "never", 0)[0] == 0
        assert asked(url)["n"] == calls, "a finished campaign asks nothing"
        gates = set()
        chosen = {int(number): target for _, number, target in writes[:: max(1, len(writes) // PLACES)]}
        chosen |= {int(number): target for _, number, target in writes if target.endswith("evaluation.json")}
        for number, target in sorted(chosen.items()):
            for when in ("before", "after"):
                folder = tmp_path / f"{when}-{number}"
                write_spec(folder, url)
                before = asked(url)["n"]
                assert killed(folder, when, number)[0] == -9, target
                state = folder / "campaign-night" / "state.json"
                running = json.loads(state.read_text(encoding="utf-8"))["gates"] if state.exists() else []
                gates |= {gate["gate"] for gate in running if gate["status"] == "running"}
                code, said = killed(folder, "never", 0)
                assert code == 0, said
                # a reply of a probe that was on its way to the disk is asked for again: it is the one in flight
                assert 0 <= asked(url)["n"] - before - calls <= 1, (when, number, target)
                assert files(folder) == expected, (when, number, target)
    print(f"\n{len(writes)} writes, killed in gates {sorted(gates)}")
    assert gates == {1, 2, 3, 4, 5}


def test_killed_while_it_asks_only_what_was_in_flight_is_asked_again(tmp_path: Path, gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(SAMPLES)
    lost = []
    with stub_server(latency=0.15) as url:
        for place in (2, 9, 17, 26):
            folder = tmp_path / f"at-{place}"
            write_spec(folder, url)
            before = asked(url)["n"]
            env = {"BAKEOFF_HOME": str(folder / "home")}
            process = start("campaign", str(folder / "night.yaml"), env=env)
            while asked(url)["n"] - before < place and process.poll() is None:
                time.sleep(0.002)
            process.kill()
            process.communicate()
            code, _, said = finish(start("campaign", str(folder / "night.yaml"), env=env))
            assert code == 0, said
            lost.append(asked(url)["n"] - before - 2 * (3 + SAMPLES))
    print(f"\nasked again after a kill: {lost} ({IN_FLIGHT} in flight)")
    assert all(0 <= one <= IN_FLIGHT for one in lost)


TINY = """
name: night
models: [transformers/tiny, transformers/damaged, fake/a]
benchmarks: [question_answering]
limit: 4
timeout: 120
sampling: {max_tokens: 8}
criteria: {tokens_per_second: 0.01}
formats: [md]
"""


def tiny_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    make_tiny(folder / "tiny", hidden=256)
    make_tiny(folder / "damaged")
    weights = folder / "damaged" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    (folder / "night.yaml").write_text(TINY, encoding="utf-8")
    return folder


def test_a_damaged_model_is_isolated_and_told(tmp_path: Path, home: Path) -> None:
    require("torch")
    folder = tiny_folder(tmp_path)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "bakeoff", "campaign", "night.yaml", "--json"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stderr
    checks = [check for gate in json.loads(done.stdout)["gates"] for check in gate["checks"]]
    evaluated = {check["subject"]: check for check in checks if check["criterion"] == "evaluated"}
    assert [evaluated[name]["verdict"] for name in ("transformers/tiny", "fake/a")] == ["pass", "pass"], done.stderr
    assert evaluated["transformers/damaged"]["verdict"] == "fail"
    assert "model.safetensors" in evaluated["transformers/damaged"]["why"]
    back = next(c for c in checks if c["criterion"] == "combination" and c["subject"].startswith("transformers/tiny"))
    assert back["verdict"] == "pass" and "before" in back["why"], back


@pytest.mark.skipif(sys.platform != "linux", reason="the cap is Linux's")
def test_a_model_without_memory_is_isolated_and_told(tmp_path: Path, home: Path) -> None:
    """A cap on the address space of everything: the model cannot be loaded, and the others go on."""
    require("torch")
    folder = tiny_folder(tmp_path)
    text = TINY.replace("transformers/damaged, ", "").replace("transformers/tiny", "transformers/large")
    (folder / "night.yaml").write_text(text, encoding="utf-8")
    make_tiny(folder / "large", hidden=2048, layers=4)
    size = (folder / "large" / "model.safetensors").stat().st_size
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    cap = f"""
import resource, sys, threading
threading.stack_size(1 << 20)
import torch, transformers                       # what the libraries take is no part of the cap
from bakeoff.app import probing
vm = [int(l.split()[1]) * 1024 for l in open("/proc/self/status") if l.startswith("VmSize:")][0]
resource.setrlimit(resource.RLIMIT_AS, (vm + {size // 2}, resource.RLIM_INFINITY))
from bakeoff.core.specs import ModelSpec
from bakeoff.app.settings import Settings
*_, cell = probing.probe_one(ModelSpec(model="transformers/large"), "balanced", 60, Settings.load())
print(cell.ok, cell.stage, cell.said)
*_, cell = probing.probe_one(ModelSpec(model="fake/a"), "balanced", 60, Settings.load())
print(cell.ok, cell.stage)
"""
    done = subprocess.run(
        [sys.executable, "-c", cap], cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("False load") and "memory" in first, first
    assert second == "True done"
