"""Retrieval on real passages, and its speed: makes a corpus with questions of BAKEOFF_DATA, and measures indices.

    python -m bench.retrieval corpus OUT       # corpus.jsonl, questions.jsonl, answers.jsonl
    python -m bench.retrieval speed 20000      # exact search, BM25, hybrid, Qdrant in a folder: p50 and memory
    python -m bench.retrieval exact 200000     # exact search alone
    python -m bench.retrieval ingest 300       # chunks a second, of texts that fill the window

The corpus has the paragraphs of SQuAD (XQuAD's English part), of HotpotQA's distractor sample, of RGB and the
evidence of TriviaQA; questions name the paragraphs that they were written for (HotpotQA's two supporting ones; RGB's
positive passages). The figures go to docs/LOG.md by hand.
"""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from bakeoff.retrieval.dense import ExactIndex, best
from bakeoff.retrieval.fusion import fuse
from bakeoff.retrieval.lexical import Bm25
from bakeoff.retrieval.minilm import MiniLm

DIMENSIONS = 384
QUERIES = 50
Row = dict[str, Any]
Matrix = NDArray[np.float32]
WORDS = ("ship", "port", "sail", "harbour", "wind", "tide", "cargo", "crew")


def corpus(out: Path) -> None:
    data = Path(os.environ["BAKEOFF_DATA"])
    documents: dict[str, Row] = {}
    questions: list[Row] = []
    for source in (_squad, _hotpot, _rgb):
        for document, question in source(data):
            if document is not None:
                documents.setdefault(document["id"], document)
            if question is not None:
                questions.append(question)
    documents |= {document["id"]: document for document in _trivia(data)}
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "corpus.jsonl", list(documents.values()))
    _write(out / "questions.jsonl", questions)
    _write(out / "answers.jsonl", [row for row in questions if row["set"] != "rgb"])
    told = {name: sum(row["set"] == name for row in questions) for name in ("squad", "hotpot", "rgb")}
    print(f"{len(documents):,} documents; questions: {told}")


Pairs = Iterator[tuple[Row | None, Row | None]]


def _squad(data: Path) -> Pairs:
    for article in json.loads((data / "squad_xquad/xquad.en.json").read_text(encoding="utf-8"))["data"]:
        for place, paragraph in enumerate(article["paragraphs"]):
            name = f"squad-{article['title']}-{place}"
            yield {"id": name, "title": article["title"].replace("_", " "), "text": paragraph["context"]}, None
            for asked in paragraph["qas"]:
                yield None, _question("squad", asked["question"], [name], asked["answers"][0]["text"])


def _hotpot(data: Path) -> Pairs:
    for line in (data / "hotpotqa/hotpot-qa-distractor-sample.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for title, sentences in zip(row["context"]["title"], row["context"]["sentences"], strict=True):
            yield {"id": f"hotpot-{title}", "title": title, "text": "".join(sentences)}, None
        names = sorted({f"hotpot-{title}" for title in row["supporting_facts"]["title"]})
        yield None, _question("hotpot", row["question"], names, row["answer"])


def _rgb(data: Path) -> Pairs:
    for line in (data / "rgb/en_fact.json").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for kind in ("positive", "negative"):
            for place, text in enumerate(row[kind]):
                yield {"id": f"rgb-{row['id']}-{kind}-{place}", "title": "", "text": text}, None
        names = [f"rgb-{row['id']}-positive-{place}" for place in range(len(row["positive"]))]
        if names:
            yield None, _question("rgb", row["query"], names, str(row["answer"]))


def _trivia(data: Path) -> Iterator[Row]:
    folder = data / "rc_samples/triviaqa/evidence"
    for path in sorted(folder.rglob("*.txt")):
        yield {"id": f"trivia-{path.stem}", "title": path.stem, "text": path.read_text(encoding="utf-8")}


def _question(name: str, query: str, documents: Sequence[str], answer: str) -> Row:
    return {"set": name, "query": query.strip(), "documents": list(documents), "answer": answer}


def _write(path: Path, rows: Sequence[Row]) -> None:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))


def _vectors(path: Path, chunks: int) -> Matrix:
    """Write random vectors of length 1; queries that are near some of them."""
    draw = np.random.default_rng(7)
    vectors = draw.standard_normal((chunks, DIMENSIONS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.save(path / "vectors.npy", vectors)
    near = vectors[draw.integers(0, chunks, QUERIES)] + draw.normal(0, 0.05, (QUERIES, DIMENSIONS))
    return np.asarray(near, np.float32)


def exact(chunks: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asked = _vectors(Path(folder), chunks)
        index = ExactIndex.open(Path(folder) / "vectors.npy")
        print(f"{chunks:,} chunks")
        _timed("exact", lambda place: index.nearest(asked[place], 10))


def speed(chunks: int) -> None:
    words = [f"word{number}" for number in range(30_000)]
    chance = random.Random(7)
    texts = [" ".join(chance.choices(words, k=120)) for _ in range(chunks)]
    queries = [" ".join(chance.choices(words, k=8)) for _ in range(QUERIES)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        asked = _vectors(path, chunks)
        began = time.perf_counter()
        Bm25.build(texts, path / "bm25")
        print(f"{chunks:,} chunks · BM25 indexed in {time.perf_counter() - began:.1f} s")
        del texts
        dense, lexical = ExactIndex.open(path / "vectors.npy"), Bm25.open(path / "bm25")

        def hybrid(place: int) -> None:
            halves = [dense.nearest(asked[place], 10), lexical.nearest(queries[place], 10)]
            fuse([[row for row, _ in half] for half in halves])

        _timed("exact", lambda place: dense.nearest(asked[place], 10))
        _timed("bm25", lambda place: lexical.nearest(queries[place], 10))
        _timed("hybrid (without embedding the query)", hybrid)
        _in_memory(np.load(path / "vectors.npy"), asked)
        if chunks <= 20_000:
            _qdrant(path, asked)
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def _in_memory(whole: Matrix, asked: Matrix) -> None:
    _timed("numpy alone, in memory", lambda place: best(whole @ asked[place], 10))


def _qdrant(path: Path, asked: Matrix) -> None:
    from bakeoff.retrieval.qdrant import Qdrant

    began = time.perf_counter()
    index = Qdrant(str(path / "qdrant"), collection="bench")
    index.upload("bench", np.load(path / "vectors.npy"), lambda done, of: None)
    print(f"  Qdrant in a folder: filled in {time.perf_counter() - began:.1f} s")
    _timed("Qdrant in a folder", lambda place: index.nearest(asked[place], 10))
    index.close()


def _timed(label: str, ask: Callable[[int], object]) -> None:
    ask(0)
    seconds, used = [], []
    for place in range(QUERIES):
        began, cpu = time.perf_counter(), time.process_time()
        ask(place)
        seconds.append(time.perf_counter() - began)
        used.append(time.process_time() - cpu)
    wall, processor = (statistics.median(values) * 1000 for values in (seconds, used))
    print(f"  {label}: p50 {wall:.2f} ms by the clock, {processor:.2f} ms of CPU; most {max(seconds) * 1000:.2f} ms")


def ingest(count: int) -> None:
    embedder = MiniLm()
    chance = random.Random(7)
    texts = [" ".join(chance.choices(WORDS, k=250)) for _ in range(count)]
    embedder.embed(texts[:1])
    began, cpu = time.perf_counter(), time.process_time()
    embedder.embed(texts)
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    print(f"{count} chunks of 250 tokens: {count / wall:.1f}/s by the clock, {count / used:.1f} per CPU second")


def main(args: Sequence[str]) -> None:
    match args:
        case ["corpus", out]:
            corpus(Path(out))
        case ["speed", count]:
            speed(int(count))
        case ["exact", count]:
            exact(int(count))
        case ["ingest", count]:
            ingest(int(count))
        case _:
            print(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
