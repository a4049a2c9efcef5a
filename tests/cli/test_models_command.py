"""`bakeoff models` and `bakeoff coverage` as a user types them: tables in 80 columns, JSON, exit codes."""

from __future__ import annotations

import re

import pytest

from bakeoff.engines.architecture import architectures
from bakeoff.engines.catalogue import models
from bakeoff.engines.memory import GIB
from bakeoff.engines.presets import PRESETS, cards
from tests.cli.said import Bakeoff


def widest(text: str) -> int:
    return max(map(len, text.splitlines()))


# ---------------------------------------------------------------- list, show


def test_the_list_has_every_model_with_its_ids_and_size(bakeoff: Bakeoff) -> None:
    out = bakeoff("models list").out
    assert len(out.splitlines()) == 1 + len(models())
    assert widest(out) <= 80
    assert re.search(r"(?m)^qwen2\.5-7b-instruct +qwen2\.5_8b +7\.61B +32,768  Apache-2\.0$", out)
    assert [row["name"] for row in bakeoff("models list --json").json] == list(models())
    assert bakeoff("list models --json").json == bakeoff("models list --json").json


@pytest.mark.parametrize("name", sorted(models()))
def test_every_model_can_be_shown(bakeoff: Bakeoff, name: str) -> None:
    out = bakeoff(f"models show {name}").out
    assert models()[name].id in out
    shape = bakeoff(f"models show {name} --json").json["architecture"]
    if name in architectures():
        assert shape["parameters"] == architectures()[name].parameters
        assert f"{architectures()[name].parameters:,}" in out
    else:
        assert shape is None
        assert "not published" in out


def test_an_alias_shows_the_model_that_it_is(bakeoff: Bakeoff) -> None:
    out = bakeoff("models show qwen_8b").out
    assert "Qwen/Qwen-7B-Chat" in out
    assert "7.72B" in out


# ---------------------------------------------------------------- explain


def test_the_arithmetic_adds_up_as_it_is_printed(bakeoff: Bakeoff) -> None:
    out = bakeoff("models explain qwen3_14b --preset performance --gpu h100").out
    assert widest(out) <= 80
    figures = [float(found) for found in re.findall(r"(?m) ([\d.]+) GiB$", out)]
    *parts, total, room = figures
    assert len(parts) == 5
    assert sum(parts) == pytest.approx(total, abs=0.03)  # as rounded
    assert total <= room
    assert "2 × 40 layers × 8 heads × 128 × 2 B (bf16) = 163,840 B a token" in out
    assert out.splitlines()[-1] == "fits: up to 56 sequences of 4,096 tokens at once"


@pytest.mark.parametrize("card", sorted(cards()))
@pytest.mark.parametrize("preset", PRESETS)
def test_explanations_fit_80_columns(bakeoff: Bakeoff, preset: str, card: str) -> None:
    for model in ("qwen2.5_14b", "gemma-3-1b-it", "mistral-7b-instruct-v0.3"):
        fits = bakeoff(f"models explain {model} --preset {preset} --gpu {card} --memory 900").out
        assert widest(fits) <= 80


def test_what_does_not_fit_ends_with_2_and_says_what_would(bakeoff: Bakeoff) -> None:
    said = bakeoff("models explain qwen3_14b --gpu t4 --dtype fp16", code=2)
    assert said.err == (
        "error[config-invalid]: 'qwen3-14b' does not fit: needs 27.9 GiB of 12.0 GiB for 1 sequence of 2,048"
        " tokens; would fit: --dtype int4, --gpu a100-40\n"
    )
    assert "total" in said.out
    assert "fits" not in said.out


def test_the_json_has_every_number_in_bytes(bakeoff: Bakeoff) -> None:
    found = bakeoff("models explain qwen3_8b --gpu l4 --context 1024 --concurrency 3 --dtype int8 --json").json
    assert (found["model"], found["context"], found["sequences"], found["dtype"]) == ("qwen3-8b", 1024, 3, "int8")
    assert found["total_bytes"] == found["weights_bytes"] + found["kv_bytes"] + found["activation_bytes"]
    assert found["kv_bytes"] == found["kv_bytes_per_token"] * 1024 * 3
    assert found["budget_bytes"] == int(found["memory_bytes"] * 0.8)
    assert found["fits"] is True
    refused = bakeoff("models explain qwen3_8b --gpu gtx1650 --json", code=2)
    assert refused.json["fits"] is False
    assert refused.json["would_fit"] == ["--gpu t4"]
    assert refused.err.count("\n") == 1


def test_the_cpu_has_the_memory_of_this_machine(bakeoff: Bakeoff) -> None:
    found = bakeoff("models explain smollm2-135m --gpu cpu --json").json
    assert found["memory_bytes"] > GIB / 4


@pytest.mark.parametrize(
    ("flags", "slug", "said"),
    [
        ("qwen3_14", "unknown-name", "did you mean 'qwen3_14b'?"),
        ("qwen3_14b --gpu h10", "unknown-name", "unknown GPU 'h10': did you mean 'h100'?"),
        ("qwen3_14b --gpu rtx9999", "unknown-name", "h200, a100-80, h100, a100-40, 3090, 4090, l4, t4, gtx1650, cpu"),
        ("qwen3_14b --preset perform", "unknown-name", "did you mean 'performance'?"),
        ("qwen3_14b --dtype int5", "unknown-name", "unknown dtype 'int5'"),
        ("qwen3_14b --gpu t4 --dtype bf16", "config-invalid", "does not compute in 'bf16' (compute capability 7.5"),
        ("qwen3_14b --gpu cpu --dtype fp8", "config-invalid", "does not compute in 'fp8' (no GPU"),
        ("qwen3_14b --context 0", "config-invalid", "--context 0 is out of range"),
        ("qwen3_14b --context 50000", "config-invalid", "more than the 40,960 positions"),
        ("qwen3_14b --concurrency -4", "config-invalid", "--concurrency -4 is out of range"),
        ("qwen3_14b --concurrency x", "usage", "'x' is not a valid integer"),
        ("qwen3_14b --memory nan", "config-invalid", "--memory nan is out of range"),
        ("qwen3_14b --memory-share 80", "config-invalid", "--memory-share 80 is out of range"),
        ("gpt-4o", "config-invalid", "runs at its vendor"),
        ("fake/a", "config-invalid", "the shape of model 'fake/a' is unknown"),
    ],
)
def test_a_mistake_is_one_line(bakeoff: Bakeoff, flags: str, slug: str, said: str) -> None:
    told = bakeoff(f"models explain {flags}", code=2)
    assert told.err.startswith(f"error[{slug}]: ")
    assert said in told.err
    assert (told.err.count("\n"), told.out) == (1, "")


# ---------------------------------------------------------------- coverage


def test_18_combinations_are_validated_one_line_each(bakeoff: Bakeoff) -> None:
    out = bakeoff("coverage --validate-only").out
    assert widest(out) <= 80
    assert len(re.findall(r"(?m)^pass  qwen", out)) == 18
    assert out.splitlines()[-1] == "18 of 18 pass"
    assert re.search(r"(?m)^pass  qwen2\.5_8b +7\.61B  balanced ", out)


def test_one_that_fails_makes_it_1(bakeoff: Bakeoff) -> None:
    said = bakeoff("coverage --validate-only --gpu gtx1650 --models smollm2-135m,qwen3_14b", code=1)
    assert widest(said.out) <= 80
    assert said.out.splitlines()[-1] == "3 of 6 pass"
    found = bakeoff("coverage --validate-only --gpu gtx1650 -m qwen3_14b,phi-4 --json", code=1).json
    assert [(row["model"], row["ok"]) for row in found] == [("qwen3_14b", False)] * 3 + [("phi-4", False)] * 3
    assert found[0]["memory"]["would_fit"] == ["--gpu t4"]


def test_where_there_is_no_memory_to_count_nothing_passes_or_fails(bakeoff: Bakeoff) -> None:
    asked = "coverage --validate-only --presets balanced --models"
    lines = bakeoff(f"{asked} gpt-4o,fake/a,smollm2-135m").out.splitlines()
    assert [line[:4] for line in lines[2:5]] == ["–   ", "–   ", "pass"]
    assert lines[-1] == "1 of 1 pass, 2 not counted"
    assert [row["stage"] for row in bakeoff(f"{asked} fake/a,smollm2-135m --json").json] == ["not counted", "done"]


def test_real_replies_of_some_and_faults_of_others(bakeoff: Bakeoff) -> None:
    said = bakeoff("coverage -m fake/a,qwen3_8b,fake/b --presets balanced", code=1)
    lines = said.out.splitlines()
    assert [line[:4] for line in lines] == ["pass", "FAIL", "pass", "", "2 of"]
    assert "has no endpoint of its own" in lines[1]
    found = bakeoff("coverage -m fake/a --json").json
    assert [row["preset"] for row in found] == list(PRESETS)
    assert all(row["ok"] and row["stage"] == "done" and row["first_seconds"] >= 0 for row in found)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--models qwen9", "unknown model 'qwen9'"),
        ("--presets fast", "unknown preset 'fast'"),
        ("--gpu z", "unknown GPU 'z'"),
        ("--validate-only --memory-share 0", "--memory-share 0 is out of range"),
        ("--timeout nan", "--timeout nan is out of range"),
        ("--models fake/a,fake/a", "named twice"),
    ],
)
def test_a_mistake_comes_before_the_work(bakeoff: Bakeoff, flags: str, said: str) -> None:
    told = bakeoff(f"coverage {flags}", code=2)
    assert said in told.err
    assert (told.err.count("\n"), told.out) == (1, "")


@pytest.mark.parametrize("command", ["models explain", "coverage"])
def test_the_help_names_every_gpu_and_preset(bakeoff: Bakeoff, command: str) -> None:
    told = " ".join(bakeoff(f"{command} --help").out.split())
    assert ", ".join(cards()) in told and ", ".join(PRESETS) in told
