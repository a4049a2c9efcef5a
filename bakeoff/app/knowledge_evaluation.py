"""How well a knowledge base is searched: each way over the same questions with known documents, and compared.

Questions are JSON lines: {"query": "…", "documents": ["id", …]}, or a mapping of ids to gains. Ids are those that
the corpus gave its documents, else their titles. Example:

    found = evaluate("wiki", read_questions(path), (Looking("dense"), Looking("hybrid")), settings)
    found.ways[1].measures["recall@5"]      # an Estimate
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from bakeoff.app.knowledge import Looking, open_base, open_finder
from bakeoff.app.settings import Settings
from bakeoff.core.errors import ConfigInvalid, DataInvalid
from bakeoff.core.retrieval import Passage
from bakeoff.core.types import Estimate
from bakeoff.retrieval.base import KnowledgeBase
from bakeoff.retrieval.measures import Gains, ndcg, of_documents, recall, reciprocal_rank
from bakeoff.retrieval.search import POOL
from bakeoff.stats.intervals import mean
from bakeoff.stats.multiple import holm
from bakeoff.stats.paired import PairedMean, compare_means

DEPTH = 2 * POOL  # chunks that are looked at: what a hybrid search brings at most


@dataclass(frozen=True, slots=True)
class Question:
    query: str
    gains: Gains


@dataclass(slots=True)
class Way:
    """One way of searching: its values by measure and question, what they come to, and the time of a query."""

    label: str
    values: dict[str, list[float]] = field(default_factory=dict)
    measures: dict[str, Estimate] = field(default_factory=dict)
    p50_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Contrast:
    """What the last way is beside another one, on the same questions; `p` is Holm's for all contrasts."""

    label: str
    beside: str
    measure: str
    found: PairedMean
    p: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    base: str
    identity: str
    questions: int
    unknown: int  # documents that questions name and the base lacks
    ways: Sequence[Way]
    contrasts: Sequence[Contrast]


def read_questions(path: Path) -> list[Question]:
    """Raises ConfigInvalid, DataInvalid."""
    if not path.is_file():
        raise ConfigInvalid(f"no file '{path}'", "name JSON lines with query and documents")
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.strip():
            found.append(_question(line, f"'{path}' line {number:,}"))
    if not found:
        raise DataInvalid(f"'{path}' holds no questions", 'write lines like {"query": "…", "documents": ["id"]}')
    return found


def _question(line: str, where: str) -> Question:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise DataInvalid(f"{where} is no JSON ({error})", "correct that line") from None
    told = row.get("documents") if isinstance(row, dict) else None
    query = (row.get("query") or row.get("question")) if isinstance(row, dict) else None
    if not isinstance(query, str) or not isinstance(told, list | dict) or not told:
        raise DataInvalid(f"{where} lacks query or documents", 'write {"query": "…", "documents": ["id"]}')
    gains = told if isinstance(told, dict) else dict.fromkeys(told, 1.0)
    if not all(isinstance(gain, int | float) for gain in gains.values()) or not any(v > 0 for v in gains.values()):
        raise DataInvalid(f"{where} has gains that are no numbers above 0", 'write {"id": 1}')
    return Question(query, {str(name): float(gain) for name, gain in gains.items()})


def evaluate(
    name: str, questions: Sequence[Question], lookings: Sequence[Looking], settings: Settings, k: int = 5
) -> Evaluation:
    """Search every question in every way. Raises UsageError, RetrievalFailed."""
    base = open_base(name, settings)
    unknown = len({one for question in questions for one in question.gains} - _documents(base))
    ways = [_searched(name, questions, looking, settings, k) for looking in lookings]
    contrasts = _contrasts(ways, f"recall@{k}")
    return Evaluation(name, base.manifest.identity, len(questions), unknown, ways, contrasts)


def _documents(base: KnowledgeBase) -> set[str]:
    return {name for chunk in base.chunks() for name in (chunk.document, chunk.title)}


def _searched(name: str, questions: Sequence[Question], looking: Looking, settings: Settings, k: int) -> Way:
    finder = open_finder(name, settings, looking)
    way = Way(label_of(looking), {f"recall@{k}": [], "mrr": [], "ndcg@10": []})
    seconds = []
    for question in questions:
        began = time.perf_counter()
        found = finder.find(question.query, DEPTH)
        seconds.append(time.perf_counter() - began)
        ranking = of_documents([_name(passage, question.gains) for passage in found])
        way.values[f"recall@{k}"].append(recall(ranking, question.gains, k))
        way.values["mrr"].append(reciprocal_rank(ranking, question.gains))
        way.values["ndcg@10"].append(ndcg(ranking, question.gains, 10))
    way.measures = {measure: mean(values, 0) for measure, values in way.values.items()}
    way.p50_ms = statistics.median(seconds) * 1000
    return way


def _name(passage: Passage, gains: Gains) -> str:
    """The document of a passage as the questions call it: by its id, or by its title."""
    document = str(passage.meta.get("document"))
    return passage.title if document not in gains and passage.title in gains else document


def label_of(looking: Looking) -> str:
    return f"{looking.way} reranked" if looking.reranker else looking.way


def _contrasts(ways: Sequence[Way], measure: str) -> list[Contrast]:
    """The last way beside each of the others."""
    if len(ways) < 2:
        return []
    last = ways[-1]
    found = [compare_means(way.values[measure], last.values[measure]) for way in ways[:-1]]
    corrected = holm([one.p for one in found])
    return [
        Contrast(last.label, way.label, measure, one, p)
        for way, one, p in zip(ways[:-1], found, corrected, strict=True)
    ]
