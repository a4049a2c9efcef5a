"""The catalogue: every row says where it comes from, and what is not known is left out."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest

from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.core.protocols import EngineConfig
from bakeoff.engines import ENGINES, _transformers_settings, _vllm_settings
from bakeoff.engines.anthropic import Anthropic
from bakeoff.engines.catalogue import CAPABILITIES, entry, find, known_names, models, preset
from bakeoff.engines.llama_cpp import checked

ROW: dict[str, Any] = {
    "family": "Qwen",
    "engine": "openai_compatible",
    "id": "Qwen/Qwen3-8B",
    "source": "https://huggingface.co/Qwen/Qwen3-8B",
    "licence": "Apache-2.0",
}
PRICE: dict[str, Any] = {"input_price": 1.0, "output_price": 2, "price_date": "2026-11-21", "price_source": "https://x"}


def test_the_families_of_the_project_are_there() -> None:
    families = {found.family for found in models().values()}
    assert families == {"SmolLM", "Qwen", "Llama", "Phi", "Mistral", "Gemma", "GPT", "Claude"}
    assert models()["qwen3-8b"].size_b == 8.2
    assert models()["gpt-4o"].size_b is None


@pytest.mark.parametrize("name", sorted(models()))
def test_every_row_names_engine_source_and_licence(name: str) -> None:
    found = models()[name]
    ENGINES.check(found.engine)
    assert found.source.startswith("https://")
    assert found.licence
    assert found.context_length
    assert found.capabilities
    assert found.capabilities[0] in ("chat", "completion")
    assert CAPABILITIES.issuperset(found.capabilities)


@pytest.mark.parametrize("name", sorted(models()))
def test_dates_and_revisions_have_their_form(name: str) -> None:
    found = models()[name]
    if found.revision is not None:
        assert re.fullmatch(r"[0-9a-f]{40}", found.revision)
    for date in (found.price_date, found.retires):
        assert date is None or datetime.date.fromisoformat(date)


@pytest.mark.parametrize("name", [name for name, found in models().items() if found.licence == "proprietary"])
def test_a_paid_model_has_a_price_with_its_source_an_address_and_a_key(name: str) -> None:
    found = models()[name]
    assert found.input_price is not None
    assert found.output_price is not None
    assert found.price_date is not None
    assert (found.price_source or "").startswith("https://")
    assert found.base_url is not None
    assert found.api_key_env in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")


@pytest.mark.parametrize("name", [name for name, found in models().items() if found.licence != "proprietary"])
def test_an_open_model_has_a_size_no_price_and_no_address(name: str) -> None:
    found = models()[name]
    assert found.size_b is not None
    assert (found.input_price, found.base_url, found.api_key_env) == (None, None, None)


def test_the_embedded_model_runs_in_process() -> None:
    found = models()["smollm2-135m"]
    assert (found.engine, found.id, found.context_length) == ("llama_cpp", "smollm2-135m", 8192)


@pytest.mark.parametrize("name", [name for name, found in models().items() if found.engine == "anthropic"])
def test_the_engine_takes_the_settings_that_a_claude_model_needs(name: str) -> None:
    found = models()[name]
    assert Anthropic(EngineConfig(name=found.id, settings=found.args)).identity.name == found.id
    assert ("send_sampling" in found.args) == (name != "claude-haiku-4-5")


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("asked", "name", "repository", "size"),
    [
        ("qwen3_8b", "qwen3-8b", "Qwen/Qwen3-8B", 8.2),
        ("qwen3_14b", "qwen3-14b", "Qwen/Qwen3-14B", 14.8),
        ("qwen2.5_8b", "qwen2.5-7b-instruct", "Qwen/Qwen2.5-7B-Instruct", 7.61),
        ("qwen2.5_14b", "qwen2.5-14b-instruct", "Qwen/Qwen2.5-14B-Instruct", 14.7),
        ("qwen_8b", "qwen-7b-chat", "Qwen/Qwen-7B-Chat", 7.72),
        ("qwen_14b", "qwen-14b-chat", "Qwen/Qwen-14B-Chat", 14.2),
    ],
)
def test_the_six_ids_lead_to_a_model_with_its_own_name_and_size(
    asked: str, name: str, repository: str, size: float
) -> None:
    for written in (asked, asked.replace("_", "-"), name, name.replace("-", "_")):
        assert find(written) == (name, models()[name]), written
    assert (models()[name].id, models()[name].size_b) == (repository, size)
    assert asked in models()[name].aliases


def test_every_known_name_leads_somewhere_and_an_unknown_one_nowhere() -> None:
    names = known_names()
    assert len({name.replace("_", "-") for name in names}) >= len(models())
    assert all(find(name) is not None for name in names)
    assert find("qwen4_8b") is None
    assert find("") is None


# ---------------------------------------------------------------- what a row may hold


def test_a_row_without_a_price_has_an_unknown_one() -> None:
    assert entry("m", ROW).input_price is None
    assert entry("m", {**ROW, **PRICE}).output_price == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**ROW, "colour": "red"}, "unknown field 'colour'"),
        ({**ROW, "size_b": "8"}, "'8' in 'size_b'"),
        ({**ROW, "size_b": True}, "True in 'size_b'"),
        ({**ROW, "input_price": -1.0}, "-1.0 in 'input_price'"),
        ({**ROW, "family": ""}, "'' in 'family'"),
        ({**ROW, "capabilities": ["chat", "juggling"]}, "'capabilities'"),
        ({**ROW, "capabilities": "chat"}, "'capabilities'"),
        ({**ROW, "args": {"x": [1]}}, "'args'"),
        ({**ROW, "aliases": "qwen3_8b"}, "'aliases'"),
        ({**ROW, "aliases": [""]}, "'aliases'"),
        ({name: value for name, value in ROW.items() if name != "licence"}, "lacks 'licence'"),
        ({**ROW, "input_price": 1.0}, "half a price"),
        ({**ROW, "input_price": 1.0, "output_price": 2.0}, "half a price"),
    ],
)
def test_a_row_that_is_wrong_is_refused(row: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigInvalid, match="catalogue entry 'm'") as found:
        entry("m", row)
    assert said in str(found.value)


# ---------------------------------------------------------------- presets


@pytest.mark.parametrize("name", ["memory_optimized", "balanced", "performance"])
def test_the_llama_presets_are_settings_of_the_engine(name: str) -> None:
    checked(EngineConfig(name="smollm2-135m", settings=preset("llama_cpp", name)))
    for engine in ("fake", "openai_compatible", "anthropic", "somebody-elses"):
        assert preset(engine, name) == {}


@pytest.mark.parametrize(("name", "batch"), [("memory_optimized", 1), ("balanced", 8), ("performance", 32)])
def test_the_transformers_presets_are_settings_of_the_engine(name: str, batch: int) -> None:
    given = EngineConfig(name="any", settings=preset("transformers", name))
    assert _transformers_settings.checked(given).batch == batch


@pytest.mark.parametrize("name", ["memory_optimized", "balanced", "performance"])
def test_the_vllm_presets_are_settings_of_the_engine_and_fill_at_most_80_per_cent(name: str) -> None:
    found = _vllm_settings.checked(EngineConfig(name="any", settings=preset("vllm", name)))
    assert found.preset == name and found.handed["gpu_memory_utilization"] == 0.8


def test_the_presets_trade_memory_for_speed() -> None:
    small, middle, large = (preset("llama_cpp", name) for name in ("memory_optimized", "balanced", "performance"))
    assert (small["slots"], middle["slots"], large["slots"]) == (1, 4, 8)
    assert (small["kv_type"], middle["kv_type"], large["kv_type"]) == ("q8_0", "f16", "f16")


def test_an_unknown_preset_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'balanced'"):
        preset("llama_cpp", "balance")


def test_a_preset_cannot_be_changed_by_who_reads_it() -> None:
    with pytest.raises(TypeError):
        preset("llama_cpp", "balanced")["slots"] = 99  # type: ignore[index]  # that it is refused is the test
