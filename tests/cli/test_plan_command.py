"""`bakeoff plan`: what it rests on is the best there is and said, and a mistake costs one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bakeoff.cli.plan import _share
from tests.cli.said import Bakeoff

QA = ("-b", "question_answering")


def _items(plan: Any) -> dict[str, int]:
    return {design["design"]: design["items"] for design in plan["designs"]}


# ---------------------------------------------------------------- without any run


def test_an_effect_alone(bakeoff: Bakeoff) -> None:
    said = bakeoff("plan", "--effect", "5pt")
    assert "discordance 30.2 %: assumed, from accuracies around 50 %" in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    found = bakeoff("plan", "--effect", "0.05", "--json").one
    assert _items(found) == {"paired": 945, "unpaired": 1569, "sequential": 2023}
    assert (found["benchmark"], found["items"], found["cost"]) == (None, None, None)


def test_a_number_alone(bakeoff: Bakeoff) -> None:
    found = bakeoff("plan", "--limit", "164", "--discordance", "25%", "--json").one
    assert round(100 * found["designs"][0]["shows"], 1) == 10.9
    assert [chance["effect"] for chance in found["chances"]] == [0.02, 0.05, 0.1, 0.16]


def test_at_five_points_on_1319_items_it_says_that_little_is_saved(bakeoff: Bakeoff) -> None:
    said = bakeoff("plan", "--effect", "5pt", "-n", "1319").out
    assert "Stopping early saves little here, 32 % of 1,319 items on average" in " ".join(said.split())
    assert "saves little" not in bakeoff("plan", "--effect", "16pt", "-n", "1319").out


def test_designs_by_name(bakeoff: Bakeoff) -> None:
    found = bakeoff("plan", "--effect", "5pt", "--design", "sequential,paired", "--json").one
    assert list(_items(found)) == ["sequential", "paired"]
    margin = bakeoff("plan", "--margin", "3pt", "--design", "non-inferiority", "--json").one
    assert _items(margin) == {"non-inferiority": 2061}


@pytest.mark.parametrize("text", ["5pt", "5 pts", "5points", "5 %", "5%", "0.05", " .05 "])
def test_ways_to_write_a_difference(text: str) -> None:
    assert _share("--effect", text, 1.0) == pytest.approx(0.05)


# ---------------------------------------------------------------- with stored runs


@pytest.fixture
def stored(bakeoff: Bakeoff) -> Bakeoff:
    bakeoff("run", "-m", "fake/a,fake/b", *QA, "--methods", "naive,cot", "--name", "first", "-q")
    bakeoff("run", "-m", "fake/c,fake/d", *QA, "--name", "second", "-q")
    return bakeoff


def _rests_on(bakeoff: Bakeoff, *args: str) -> Any:
    return bakeoff("plan", "--effect", "2pt", *QA, *args, "--json").one["discordance"]


def test_the_same_models_come_first(stored: Bakeoff) -> None:
    found = _rests_on(stored, "-m", "fake/a,fake/b")
    assert found["source"] == "stored"
    assert found["told"] == "measured on 44 samples: 'fake/a' (naive) against 'fake/b' (naive) in run 'first'"
    compared = json.loads(stored("compare", "first:0", "first:2", "--json").out)
    differ = compared["improved"] + compared["regressed"]
    assert found["share"] == pytest.approx(differ / 44)
    assert found["estimate"]["method"] == "wilson95"


@pytest.mark.parametrize(
    ("args", "run", "other"),
    [
        (("-m", "fake/a,fake/b", "--methods", "few_shot:2"), "first", "; other methods than planned"),
        (("-m", "fake/a", "--methods", "naive,cot"), "first", ""),
        (("-m", "fake/c,fake/z"), "second", "; one of them is not planned"),
        (("-m", "fake/y,fake/z"), "second", "; other models than planned"),
        ((), "second", ""),
    ],
)
def test_else_the_nearest_and_it_says_so(stored: Bakeoff, args: tuple[str, ...], run: str, other: str) -> None:
    told = _rests_on(stored, *args)["told"]
    assert told.endswith(f"in run '{run}'{other}")


def test_what_is_given_comes_before_what_is_stored(stored: Bakeoff) -> None:
    assert _rests_on(stored, "--discordance", "0.2")["source"] == "given"
    assert _rests_on(stored, "--phi", "0.6")["source"] == "assumed"
    assert _rests_on(stored, "--accuracy", "80%")["accuracy"] == 0.8


def test_a_discordance_without_room_for_the_effect_is_not_used(stored: Bakeoff) -> None:
    said = stored("plan", *QA, "-m", "fake/a,fake/b", "--effect", "90pt").out
    assert "leaves no room for such a difference, so it is not used" in " ".join(said.split())


def test_tokens_are_those_of_stored_runs(stored: Bakeoff) -> None:
    known = stored("plan", *QA, "-m", "fake/a,fake/b", "--effect", "5pt", "--json").one["cost"]
    assert (known["bound"], known["items"], known["calls"]) == (False, 44, 88)
    assert known["seconds"] is not None
    assert known["rests_on"] == "as in stored runs of this benchmark by the same models"
    other = stored("plan", *QA, "-m", "fake/a,fake/z", "--effect", "5pt", "--json").one["cost"]
    assert other["rests_on"] == "as in stored runs of this benchmark, some by other models"
    bounded = stored("plan", *QA, "-m", "fake/a,fake/b", "--methods", "few_shot:2", "--effect", "5pt", "--json").one
    assert bounded["cost"]["bound"] is True
    assert stored("plan", *QA, "--effect", "5pt", "--json").one["cost"] is None


def test_a_limit_above_what_there_is(stored: Bakeoff) -> None:
    found = stored("plan", *QA, "-n", "100", "--json").one
    assert found["items"] == 44
    assert "'question_answering' has 44 items, fewer than the 100 asked for." in found["remarks"]


def test_nothing_is_run_or_stored(stored: Bakeoff) -> None:
    before = stored("runs", "--json").out
    stored("plan", *QA, "-m", "fake/a,fake/b", "--effect", "5pt")
    assert stored("runs", "--json").out == before


# ---------------------------------------------------------------- a matrix


def test_each_benchmark_has_a_plan_and_alpha_is_shared(bakeoff: Bakeoff) -> None:
    names = ("-b", "question_answering,text_generation")
    found = json.loads(bakeoff("plan", "-m", "fake/a,fake/b,fake/c", *names, "--effect", "20pt", "--json").out)
    assert [plan["benchmark"] for plan in found] == ["question_answering", "text_generation"]
    assert [plan["ask"]["comparisons"] for plan in found] == [4, 4]
    assert found[0]["ask"]["alpha_each"] == 0.0125


def test_a_spec_file_and_its_decision_rule(bakeoff: Bakeoff, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "models: [fake/a, fake/b]\nbenchmarks: question_answering\nlimit: 40\n"
        "decision: {rule: not_worse, margin: 0.04, alpha: 0.1, batch: 8}\n"
    )
    found = bakeoff("plan", spec, "--effect", "10pt", "--json").one
    assert found["items"] == 40
    assert (found["ask"]["margin"], found["ask"]["alpha"], found["ask"]["batch"]) == (0.04, 0.1, 8)
    assert "non-inferiority" in _items(found)


def test_a_key_is_not_needed_to_plan(bakeoff: Bakeoff) -> None:
    found = bakeoff("plan", *QA, "-m", "openai_compatible/x", "--effect", "10pt", "--json").one
    assert (found["items"], found["cost"]) == (44, None)
    assert any("Not known is the cost: no API key for 'openai_compatible/x'" in said for said in found["remarks"])


def test_data_that_are_not_here(bakeoff: Bakeoff) -> None:
    found = bakeoff("plan", "-b", "gsm8k", "-m", "fake/a,fake/b", "--effect", "10pt", "--json").one
    assert found["items"] is None
    assert any("the number of items and the cost: no data for" in said for said in found["remarks"])


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "neither an effect nor a number of items"),
        (("--effect", "5"), "--effect '5' is no share between 0 and 1: write 5pt or 0.05"),
        (("--effect", "1"), "write 1pt or 0.01"),
        (("--effect", "0"), "write it like 5pt or 0.05"),
        (("--effect", "-5pt"), "write it like 5pt or 0.05"),
        (("--effect", "100pt"), "is no share"),
        (("--effect", "nan"), "'nan' in --effect is no share"),
        (("--effect", "much"), "'much' in --effect is no share"),
        (("--effect", "..pt"), "'..pt' in --effect is no share"),
        (("--effect", "5pt", "--power", "1"), "--power 1 is out of range"),
        (("--effect", "5pt", "--power", "nan"), "--power nan is out of range"),
        (("--effect", "5pt", "--alpha", "0"), "--alpha 0 is out of range"),
        (("--effect", "5pt", "--phi", "2"), "--phi 2 is out of range"),
        (("--effect", "5pt", "--icc", "-0.1"), "--icc -0.1 is out of range"),
        (("--effect", "5pt", "--cluster-size", "0"), "--cluster-size 0 is out of range"),
        (("--effect", "5pt", "--cluster-size", "inf"), "--cluster-size inf is out of range"),
        (("--effect", "5pt", "--repeats", "0"), "--repeats 0 is out of range"),
        (("--effect", "5pt", "--prompts", "0"), "--prompts 0 is out of range"),
        (("--effect", "5pt", "--batch", "0"), "--batch 0 is out of range"),
        (("--effect", "5pt", "--comparisons", "0"), "--comparisons 0 is out of range"),
        (("--limit", "0"), "--limit 0 is out of range"),
        (("--limit", "-3"), "--limit -3 is out of range"),
        (("--limit", "many"), "'many' is not a valid integer"),
        (("--limit", "5", "--design", "paired"), "ask more items"),
        (("--effect", "30pt", "--discordance", "20%"), "a difference of 30 points is out of reach"),
        (("--effect", "5pt", "--design", "pared"), "unknown design 'pared': did you mean 'paired'?"),
        (("--effect", "5pt", "--design", "clustered"), "add --cluster-size and --icc"),
        (("--effect", "5pt", "--design", "crossed", "--prompts", "3", "--prompt-sd", "5pt"), "take more prompts"),
        (("--effect", "5pt", "-m", "fake/a"), "add --benchmarks"),
        (("--effect", "5pt", "-b", "gsm9k"), "unknown benchmark 'gsm9k': did you mean 'gsm8k'?"),
        (("--effect", "5pt", "-b", "gsm8k", "-m", "nobody"), "unknown model 'nobody'"),
        (("--effct", "5pt"), "did you mean '--effect'?"),
        (("nowhere.yaml", "--effect", "5pt"), "nowhere.yaml"),
    ],
)
def test_a_mistake_costs_one_line(bakeoff: Bakeoff, args: tuple[str, ...], words: str) -> None:
    said = bakeoff("plan", *args, code=2)
    assert words in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)
