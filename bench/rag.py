"""What retrieval costs beside the engine: wall time and CPU of questions answered with passages, 64 in flight.

    python -m bench rag

The base has made-up documents; each question is embedded by MiniLM on the CPU, found by both indices and fused. The
engine is a stub that takes a second, about what a served model needs for a page of context. How long the embedder
alone takes for the same questions stands beside it, since nothing is answered sooner than its question is embedded.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench.retrieval import WORDS
from bench.stub import stub_server
from tests.conftest import write_gsm8k

QUESTIONS = 1000
DOCUMENTS = 300
IN_FLIGHT = 64
LATENCY = 1.0
ROUNDS = 3
METHOD = "rag_hybrid:kb=bench"


def base(folder: Path, env: Mapping[str, str]) -> None:
    """Make the knowledge base in the home that `env` names."""
    dice = random.Random(7)
    rows = [{"id": f"d{n}", "text": " ".join(dice.choices(WORDS, k=60)) + f" {n}."} for n in range(DOCUMENTS)]
    source = folder / "documents.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = [sys.executable, "-m", "bakeoff", "kb", "add", "bench", str(source)]
    subprocess.run(command, env=env, check=True, capture_output=True)


def embedding(folder: Path) -> float:
    """Seconds of CPU that the embedder takes for the questions, a few at a time as they come."""
    from bakeoff.retrieval.minilm import MiniLm

    rows = (folder / "gsm8k/test.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(row)["question"] for row in rows]
    embedder = MiniLm()
    embedder.embed(questions[:1])
    started = time.process_time()
    for place in range(0, len(questions), 8):
        embedder.embed(questions[place : place + 8])
    return time.process_time() - started


def rag(folder: Path) -> None:
    """Print the wall time beside the ideal, and the CPU for each question."""
    from bench.__main__ import ENVIRONMENT, Usage, measure, say

    data = folder / "data-rag"
    write_gsm8k(data, QUESTIONS)
    home = {"BAKEOFF_DATA": str(data), "BAKEOFF_HOME": tempfile.mkdtemp(dir=folder, prefix="home-")}
    base(folder, {**ENVIRONMENT, **home})

    def run(url: str, questions: int) -> Usage:
        kept = tempfile.mkdtemp(dir=folder, prefix="store-")
        args = ["run", "--models", "openai_compatible/stub", "--base-url", f"{url}/v1", "--benchmarks", "gsm8k"]
        args += ["--methods", METHOD, "--limit", str(questions), "--concurrency", str(IN_FLIGHT)]
        command = [sys.executable, "-m", "bench.usage", "bakeoff", *args, "--seed", "7", "--name", "bench", "--json"]
        return measure(command, {**home, "BAKEOFF_STORE": f"sqlite:///{kept}/bakeoff.db"})

    ideal = QUESTIONS * LATENCY / IN_FLIGHT
    with stub_server(LATENCY) as url:
        start = min((run(url, 1) for _ in range(ROUNDS)), key=lambda used: used.wall)
        whole = min((run(url, QUESTIONS) for _ in range(ROUNDS)), key=lambda used: used.wall)
    off = (whole.wall - start.wall + LATENCY) / ideal
    alone = embedding(data)
    more = f"{whole.wall / ideal:.2f} × the ideal {ideal:.1f} s, {off:.2f} × with start-up taken off"
    say("rag wall", f"{whole.wall:.2f} s", more)
    each = (whole.cpu - start.cpu) / QUESTIONS * 1000
    say("rag cpu", f"{each:.2f} ms", f"for each question; the embedder alone {alone / QUESTIONS * 1000:.2f} ms")
