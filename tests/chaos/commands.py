"""Run the command line in processes of its own, to be killed, starved and interrupted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def start(*args: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Begin a command, in whatever folder the test is; its output is piped."""
    command = [sys.executable, "-m", "bakeoff", *args]
    whole = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    return subprocess.Popen(command, env=whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes], timeout: float = 120) -> tuple[int, str, str]:
    """Its exit code and what it said."""
    out, said = process.communicate(timeout=timeout)
    return process.returncode, out.decode(), said.decode()


def experiment(url: str, name: str, *more: str) -> list[str]:
    args = ["run", "--models", "openai_compatible/stub", "--base-url", f"{url}/v1", "--benchmarks", "gsm8k"]
    return [*args, "--seed", "7", "--name", name, "--json", *more]


def asked(url: str, path: str = "stats") -> Any:
    """What the stub saw."""
    with urllib.request.urlopen(f"{url}/{path}") as reply:
        return json.load(reply)


def exported(name: str, env: dict[str, str] | None = None) -> list[dict[str, Any]]:
    code, out, said = finish(start("export", name, env=env))
    assert code == 0, said
    return [json.loads(line) for line in out.splitlines()]


def shown(name: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    code, out, said = finish(start("show", name, "--json", env=env))
    assert code == 0, said
    found: dict[str, Any] = json.loads(out)
    return found


def one_line(said: str, code: str) -> bool:
    """Whether an error is told in one line, with its code and without a trace."""
    errors = [line for line in said.splitlines() if line.startswith("error[")]
    return len(errors) == 1 and errors[0].startswith(f"error[{code}]") and "Traceback" not in said


def journals(home: Path) -> list[Path]:
    return sorted(home.glob("journals/*/*.journal"))
