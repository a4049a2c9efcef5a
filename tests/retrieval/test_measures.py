"""Retrieval measures beside trec_eval's (golden values of pytrec_eval), and what has no value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bakeoff.retrieval.measures import ndcg, of_documents, recall, reciprocal_rank

GOLDEN = json.loads((Path(__file__).parent / "golden_measures.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_they_are_those_of_trec_eval(case: dict[str, object]) -> None:
    ranking, gains = case["ranking"], case["gains"]
    assert isinstance(ranking, list) and isinstance(gains, dict)
    assert recall(ranking, gains, 5) == pytest.approx(case["recall@5"], abs=1e-12)
    assert reciprocal_rank(ranking, gains) == pytest.approx(case["mrr"], abs=1e-12)
    assert ndcg(ranking, gains, 10) == pytest.approx(case["ndcg@10"], abs=1e-12)


def test_a_document_stands_where_its_best_chunk_does() -> None:
    assert of_documents(["a", "b", "a", "c", "b"]) == ["a", "b", "c"]


def test_without_anything_relevant_there_is_no_recall() -> None:
    with pytest.raises(ValueError, match="leave it out"):
        recall(["a"], {"a": 0.0}, 5)
