"""The memory of a scaling study: counted from the shape of a model that the catalogue knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bakeoff.app.scaling import counted_gb
from bakeoff.engines.architecture import architectures
from tests.cli.said import Bakeoff


@pytest.mark.parametrize("name", ["qwen3-8b", "openai_compatible/Qwen/Qwen3-8B"])
def test_weights_in_16_bits_are_two_bytes_for_each_published_parameter(name: str) -> None:
    assert counted_gb(name) == pytest.approx(2 * architectures()["qwen3-8b"].published_parameters / 1e9)


def test_a_model_of_unknown_shape_is_not_guessed() -> None:
    assert counted_gb("fake/small") is None


def test_what_is_given_goes_before_what_is_counted(bakeoff: Bakeoff, tmp_path: Path) -> None:
    for model, right in (("qwen3-8b", 12), ("qwen3-14b", 16)):
        rows = [{"sample_id": str(i), "target": "x", "answer": "x", "score": float(i < right)} for i in range(20)]
        (tmp_path / f"{model}.jsonl").write_text("\n".join(map(json.dumps, rows)))
        bakeoff("import", "jsonl", f"{model}.jsonl", "--model", model, "--benchmark", "b", "--name", model, "-q")
    found = bakeoff("scaling qwen3-8b qwen3-14b --json").json
    sizes = {one["model"]: one for one in found["comparison"]["models"]}
    assert [one["weight_bytes_from"] for one in sizes.values()] == ["shape", "shape"]
    assert sizes["qwen3-14b"]["weights_gb"] == pytest.approx(counted_gb("qwen3-14b"))
    assert "counted from the shape" in bakeoff("scaling qwen3-8b qwen3-14b").out.replace("\n", " ")
    given = bakeoff("scaling qwen3-8b qwen3-14b --weight-bytes qwen3-8b=1 --json").out
    assert '"weight_bytes_from":"given"' in given.replace(" ", "")
