"""Whether a model fits, and what would: each remedy that is named does make it fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.app import fitting
from bakeoff.app.fitting import Question, explain, host_memory
from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.engines.architecture import architectures
from bakeoff.engines.memory import GIB
from bakeoff.engines.presets import PRESETS, Asked, cards

CARDS = [name for name, card in cards().items() if card.memory is not None]


def _with(question: Question, remedy: str) -> Question:
    flag, value = remedy.split(" ")
    if flag == "--gpu":
        return replace(question, gpu=value)
    if flag == "--dtype":
        return replace(question, asked=replace(question.asked, dtype=value))
    field = {"--context": "context", "--concurrency": "concurrency"}[flag]
    changed: dict[str, int] = {field: int(value)}
    return replace(question, asked=replace(question.asked, **changed))  # type: ignore[arg-type]


@given(
    st.sampled_from(sorted(architectures())),
    st.builds(
        Question,
        preset=st.sampled_from(PRESETS),
        gpu=st.sampled_from(CARDS),
        asked=st.builds(
            Asked,
            context=st.none() | st.integers(1, 2048),
            concurrency=st.none() | st.integers(1, 4000),
            dtype=st.sampled_from((None, "fp32", "fp16", "int8")),
        ),
        share=st.sampled_from((0.5, 0.8, 1.0)),
    ),
)
def test_each_remedy_alone_makes_it_fit(model: str, question: Question) -> None:
    found = explain(model, question)
    assert not (found.resolved.fits and found.remedies)
    for remedy in found.remedies:
        assert explain(model, _with(question, remedy)).resolved.fits, remedy


def test_a_load_that_is_too_much_names_every_way_out() -> None:
    found = explain("qwen3_8b", Question(gpu="l4", asked=Asked(8192, 32, "bf16")))
    assert found.remedies == ("--context 512", "--concurrency 2", "--gpu h100")
    wide = explain("qwen3_8b", Question(gpu="l4", asked=Asked(8192, 4, "bf16")))
    assert wide.remedies == ("--context 4608", "--concurrency 2", "--dtype fp8", "--gpu a100-40")
    assert "does not fit: needs" in wide.verdict
    assert "4 sequences of 8,192 tokens; would fit: --context 4608, --concurrency 2" in wide.verdict


def test_what_fits_nowhere_says_so() -> None:
    found = explain("qwen_14b", Question(gpu="h200", asked=Asked(1024, 1_000_000, "int4")))
    assert found.remedies == (f"--concurrency {found.resolved.most}",)
    narrow = explain("qwen_14b", Question(gpu="h200", share=0.01))
    assert narrow.remedies == ()
    assert narrow.verdict.endswith("no device of the list holds it")


def test_a_model_is_found_by_any_of_its_names() -> None:
    names = ("qwen2.5_8b", "qwen2.5-7b-instruct", "openai_compatible/Qwen/Qwen2.5-7B-Instruct")
    found = [explain(name, Question()) for name in names]
    assert {one.name for one in found} == {"qwen2.5-7b-instruct"}
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("model", "said"), [("gpt-4o", "runs at its vendor"), ("claude-opus-5-5", "at its vendor"), ("fake/a", "unknown")]
)
def test_what_has_no_published_shape_is_not_guessed(model: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        explain(model, Question())


def test_unknown_names() -> None:
    with pytest.raises(UnknownName, match="did you mean 'qwen3_14b'"):
        explain("qwen3_14", Question())


@pytest.mark.parametrize(
    "question",
    [
        Question(share=0),
        Question(share=1.01),
        Question(share=float("nan")),
        Question(memory_gib=0),
        Question(memory_gib=-1),
        Question(memory_gib=float("inf")),
        Question(memory_gib=float("nan")),
    ],
)
def test_a_share_or_a_memory_that_means_nothing_is_refused(question: Question) -> None:
    with pytest.raises(ConfigInvalid, match="is out of range"):
        explain("phi-2", question)


def test_memory_that_is_given_takes_the_place_of_the_card_s() -> None:
    found = explain("phi-2", Question(gpu="cpu", memory_gib=16))
    assert found.resolved.budget.bytes == int(16 * GIB * 0.8)
    assert "--gpu" not in " ".join(explain("phi-2", Question(memory_gib=1)).remedies)


def test_notes_say_what_else_is_worth_knowing() -> None:
    said = " ".join(explain("phi-2", Question("memory_optimized", "t4")).notes)
    assert "int4 weights are not the published ones" in said
    assert "flash attention" in said
    assert "longer than the 2,048 tokens" in " ".join(explain("phi-2", Question(gpu="h100")).notes)
    assert "quantised file" in " ".join(explain("smollm2-135m", Question()).notes)
    assert explain("qwen3-8b", Question()).notes == ()


def test_the_memory_of_the_machine_or_of_the_control_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(fitting, "_CGROUP", limit)
    machine = host_memory()
    assert machine > 0
    for written, expected in (("max\n", machine), ("1048576\n", 1 << 20), (str(machine * 2), machine)):
        limit.write_text(written, encoding="ascii")
        assert host_memory() == expected
