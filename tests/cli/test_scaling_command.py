"""`bakeoff scaling`: known models give known numbers, files stand alone, and a mistake costs one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bakeoff.app.scaling_cells import aliases
from bakeoff.cli.scaling import _margin
from tests.cli.said import Bakeoff

QA, LABELS = "question_answering", "classification"
PRICES = ("--price", "fake/small=0.1/0.4,fake/large=0.3/1.2")
SIZES = ("--size", "fake/small=8,fake/large=14")
SPEC = """
name: sizes
models:
  - {model: fake/small, args: {accuracy: 0.4, latency: 0.001}}
  - {model: fake/large, args: {accuracy: 0.95, latency: 0.002}}
benchmarks: [question_answering, classification]
"""


@pytest.fixture
def stored(bakeoff: Bakeoff, tmp_path: Path) -> Bakeoff:
    (tmp_path / "spec.yaml").write_text(SPEC)
    bakeoff("run", tmp_path / "spec.yaml", "-q")
    return bakeoff


def test_the_numbers_are_those_of_the_run(stored: Bakeoff) -> None:
    found = stored("scaling", "fake/small", "fake/large", *SIZES, *PRICES, "--worth", "0.01", "--json").json
    shown = {(c["model"], c["benchmark"]): c for c in stored("show", "sizes", "--json").json["cells"]}
    compared = stored("compare", "sizes:0", "sizes:2", "--json").json
    matrix = {scope["scope"]: scope for scope in found["performance_matrix"]["scopes"]}
    assert list(matrix) == [QA, LABELS, "pooled"]
    for (model, benchmark), cell in shown.items():
        has = {name: one["estimate"]["value"] for name, one in matrix[benchmark]["standings"][model].items()}
        price = (0.1, 0.4) if model == "fake/small" else (0.3, 1.2)
        usd = (cell["prompt_tokens"] * price[0] + cell["output_tokens"] * price[1]) / 1e6
        assert has["quality"] == cell["estimate"]["value"]
        assert has["usd_per_item"] == pytest.approx(usd / 44)
        assert has["per_usd"] == pytest.approx(44 * cell["estimate"]["value"] / usd)
        assert has["p50_s"] == pytest.approx(cell["latency"]["p50"])
        assert has["p95_s"] == pytest.approx(cell["latency"]["p95"])
        assert has["tokens_per_s"] == pytest.approx(cell["tokens_per_s"])
    first = found["comparison"]["scopes"][0]["pairs"][0]
    assert first["difference"] == compared["difference"]
    assert (first["p"], first["p_mid"], first["family"]) == (compared["p"], compared["p_mid"], 2)
    assert first["quantities"]["risk_ratio"]["estimate"]["value"] == pytest.approx(
        shown["fake/large", QA]["estimate"]["value"] / shown["fake/small", QA]["estimate"]["value"]
    )
    said = found["insights"]["recommendations"][0]
    assert (said["rule"], said["take"], said["scope"]) == ("R2", "fake/large", "pooled")
    assert [one["id"] for one in said["rests_on"]] == ["difference", "icer"]


def test_it_fits_a_terminal_and_says_what_it_does_not_know(stored: Bakeoff) -> None:
    said = stored("scaling", "fake/small", "fake/large").out
    assert max(map(len, said.splitlines())) <= 80
    flat = " ".join(said.split())
    assert "no slope for a doubling: the size of 'fake/small', 'fake/large' is not known (--size NAME=8)" in flat
    assert "dollars for one more solved item – nothing was charged for either" in flat
    assert "'fake/large' scores higher" in flat


def test_narrow(stored: Bakeoff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    said = stored("scaling", "fake/small", "fake/large", *SIZES, *PRICES).out
    assert max(map(len, said.splitlines())) <= 50


def test_five_files_that_stand_alone(stored: Bakeoff, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    args = ("scaling", "fake/small", "fake/large", *SIZES, *PRICES)
    assert "wrote" in stored(*args, "-o", folder).err
    assert sorted(path.name for path in folder.iterdir()) == [
        "comparison.json",
        "insights.json",
        "performance_matrix.json",
        "scaling.html",
        "scaling.md",
    ]
    found = stored(*args, "--json").json
    for name in ("comparison", "insights", "performance_matrix"):
        assert json.loads((folder / f"{name}.json").read_text()) == found[name]
    page = (folder / "scaling.html").read_text()
    assert page.count("<svg") == 8  # scores, differences, and two frontiers for each of three scopes
    for word in ("http://", "https://", "<script", "src=", "url("):
        assert word not in page
    text = (folder / "scaling.md").read_text()
    assert "## all benchmarks, each counted alike" in text
    assert "- **R4** (pooled) It depends: 'fake/large' scores higher than 'fake/small'" in text


def test_every_gap_is_listed(stored: Bakeoff) -> None:
    insights = stored("scaling", "fake/small", "fake/large", "--json").json["insights"]
    lacking = {(gap["of"], gap["what"]) for gap in insights["gaps"]}
    assert ("fake/large against fake/small", "icer") in lacking
    assert ("fake/small", "weights_gb") in lacking
    assert all(gap["why"] for gap in insights["gaps"])
    assert insights["rules"]["R1"].startswith("Take the better one")


def test_cells_as_references(stored: Bakeoff) -> None:
    found = stored("scaling", "sizes:0", "sizes:2", "--json").json["comparison"]
    assert [scope["scope"] for scope in found["scopes"]] == [QA]
    assert found["scopes"][0]["cells"] == ["sizes:0", "sizes:2"]
    mixed = stored("scaling", "sizes:0", "fake/large", "--size", "sizes:0=8", "--json").json["comparison"]
    assert mixed["models"][0]["size_b"] == 8


def test_the_newest_run_that_holds_both(stored: Bakeoff) -> None:
    stored("run", "-m", "fake/small", "-b", QA, "--model-args", "accuracy=0.6", "--name", "later", "-q")
    found = stored("scaling", "fake/small", "fake/large", "--json").json["comparison"]
    assert found["runs"] == ["sizes"]
    stored("run", "-m", "fake/other", "-b", QA, "--name", "other", "-q")
    apart = stored("scaling", "fake/large", "fake/other", "--json").json
    assert apart["comparison"]["runs"] == ["sizes", "other"]
    assert any("different runs" in note for note in apart["insights"]["notes"])


def test_which_is_named_first_changes_no_draw(stored: Bakeoff) -> None:
    """Also in a run where the models took turns in another order for each sample."""
    one, other = (
        stored("scaling", *names, *PRICES, "--json").json["insights"]["recommendations"]
        for names in (("fake/small", "fake/large"), ("fake/large", "fake/small"))
    )
    assert [(told["rule"], told["sentence"]) for told in one] == [(told["rule"], told["sentence"]) for told in other]


def test_three_models(stored: Bakeoff) -> None:
    stored("run", "-m", "fake/other", "-b", QA, "--name", "other", "-q")
    found = stored("scaling", "fake/small", "fake/large", "fake/other", "--json").json
    (scope,) = found["comparison"]["scopes"]
    assert [(pair["a"], pair["b"]) for pair in scope["pairs"]] == [
        ("fake/small", "fake/large"),
        ("fake/small", "fake/other"),
    ]


def test_only_what_all_were_asked_counts(bakeoff: Bakeoff) -> None:
    bakeoff("run", "-m", "fake/a", "-b", QA, "-n", "30", "--name", "few", "-q")
    bakeoff("run", "-m", "fake/b", "-b", QA, "--name", "all", "-q")
    found = bakeoff("scaling", "fake/a", "fake/b", "--json").json
    scope = found["comparison"]["scopes"][0]
    assert (scope["asked"], scope["shared"], scope["pairs"][0]["difference"]["n"]) == ([30, 44], 30, 30)
    assert "30 samples were asked of all (of 30, 44)" in found["insights"]["notes"][0]


def test_names_of_the_catalogue() -> None:
    names = aliases("qwen3-8b")
    assert names >= {"qwen3-8b", "openai_compatible/Qwen/Qwen3-8B"}
    assert aliases("openai_compatible/Qwen/Qwen3-8B") == names
    assert aliases("fake/a") == {"fake/a"}


# ---------------------------------------------------------------- mistakes


MISTAKES: list[tuple[tuple[str, ...], str]] = [
    ((), "no model is named: name two or more: bakeoff scaling A B"),
    (("fake/small",), "'fake/small' alone is nothing to compare"),
    (("fake/small", "fake/small"), "'fake/small' is named twice"),
    (("fake/small", "sizes:0"), "'fake/small' and 'sizes:0' are one model"),
    (("fake/small", "fake/lrge"), "unknown model 'fake/lrge': did you mean 'fake/large'?"),
    (("fake/small", "qwen3-8b"), "'qwen3-8b' was not asked anything in the store"),
    (("fake/small", "fake/large", "--run", "nope"), "no run 'nope'"),
    (("sizes:0", "sizes:3"), "'sizes:0' was asked 'question_answering' and 'sizes:3' 'classification'"),
    (("sizes:0", "sizes:9"), "unknown cell '9'"),
    (("fake/small", "fake/large", "--method", "cot"), "'fake/small' has no cell of that kind"),
    (("fake/small", "fake/large", "--size", "fake/smal=8"), "--size 'fake/smal' is none of the models"),
    (("fake/small", "fake/large", "--size", "fake/small=0"), "--size 'fake/small=0' cannot be read"),
    (("fake/small", "fake/large", "--size", "8"), "--size '8' cannot be read: write it like A=8"),
    (("fake/small", "fake/large", "--size", "fake/small=nan"), "cannot be read"),
    (("fake/small", "fake/large", "--price", "fake/small=1"), "write it like A=0.1/0.4"),
    (("fake/small", "fake/large", "--weight-bytes", "fake/small=-1"), "cannot be read"),
    (("fake/small", "fake/large", "--choices", "mmlu=4"), "--choices 'mmlu' is none of the benchmarks"),
    (("fake/small", "fake/large", "--choices", f"{QA}=1"), "cannot be read"),
    (("fake/small", "fake/large", "--worth", "0"), "--worth 0.0 is out of range"),
    (("fake/small", "fake/large", "--worth", "nan"), "--worth nan is out of range"),
    (("fake/small", "fake/large", "--margin", "5"), "--margin '5' is no difference between 0 and 1"),
    (("fake/small", "fake/large", "--margin", "much"), "write it like 2pt or 0.02"),
]


def test_a_mistake_costs_a_line(stored: Bakeoff) -> None:
    for args, words in MISTAKES:
        said = stored("scaling", *args, code=2)
        assert words in said.err and said.err.count("\n") == 1 and not said.out, args


@pytest.mark.parametrize("text", ["2pt", "2 points", "2%", "0.02", ".02", "2e-2"])
def test_ways_to_write_a_margin(text: str) -> None:
    assert _margin(text) == pytest.approx(0.02)


def test_two_ways_of_asking_have_to_be_told_apart(bakeoff: Bakeoff) -> None:
    bakeoff("run", "-m", "fake/a,fake/b", "-b", QA, "--methods", "naive,cot", "--name", "both", "-q")
    said = bakeoff("scaling", "fake/a", "fake/b", code=2)
    assert f"'{QA}' was asked of all by method 'naive' and by method 'cot': choose one: --method naive" in said.err
    found = bakeoff("scaling", "fake/a", "fake/b", "--method", "cot", "--json").json
    assert found["comparison"]["scopes"][0]["setting"] == "cot · balanced · bakeoff"
    bakeoff("run", "-m", "fake/c", "-b", QA, "--methods", "few_shot:2", "--name", "c", "-q")
    assert (
        "by method 'cot', 'naive' and 'fake/c' by method 'few_shot:2'"
        in bakeoff("scaling", "fake/a", "fake/c", code=2).err
    )


def test_two_models_of_one_name(bakeoff: Bakeoff, tmp_path: Path) -> None:
    spec = tmp_path / "twins.yaml"
    spec.write_text(SPEC.replace("fake/large", "fake/small").replace("sizes", "twins"))
    bakeoff("run", spec, "-q")
    bakeoff("run", "-m", "fake/b", "-b", QA, "--name", "b", "-q")
    assert "name the cell: twins:0 or twins:2" in bakeoff("scaling", "fake/small", "fake/b", code=2).err
    found = bakeoff("scaling", "twins:0", "twins:2", "--json").json["comparison"]
    assert [model["model"] for model in found["models"]] == [
        "fake/small accuracy=0.4 latency=0.001",
        "fake/small accuracy=0.95 latency=0.002",
    ]


def test_one_name_that_was_two_models(bakeoff: Bakeoff) -> None:
    for name, accuracy, benchmark in (("one", "0.5", QA), ("two", "0.9", LABELS)):
        for model in ("fake/a", "fake/b"):
            args = ("--model-args", f"accuracy={accuracy}") if model == "fake/a" else ()
            bakeoff("run", "-m", model, *args, "-b", benchmark, "--name", f"{name}-{model[-1]}", "-q")
    said = bakeoff("scaling", "fake/a", "fake/b", code=2).err
    assert "'fake/a' is not the same in" in said
    assert bakeoff("scaling", "fake/a", "fake/b", "-b", QA)


def test_too_few_shared_samples(bakeoff: Bakeoff) -> None:
    for model, seed in (("fake/a", "1"), ("fake/b", "2")):
        bakeoff("run", "-m", model, "-b", QA, "-n", "8", "--seed", seed, "--name", f"r{seed}", "-q")
    said = bakeoff("scaling", "fake/a", "fake/b", code=2).err
    assert f"on '{QA}' the models share" in said and "the same --seed and --limit" in said


def test_a_run_that_did_not_finish_is_named_on_purpose(bakeoff: Bakeoff) -> None:
    bakeoff("run", "-m", "fake/a,fake/b", "-b", QA, "--budget-calls", "60", "--name", "cut", "-q")
    said = bakeoff("scaling", "fake/a", "fake/b", code=2).err
    assert "no complete run holds 'fake/a': run 'cut' does, and its status is 'budget': --run cut" in said
    assert bakeoff("scaling", "fake/a", "fake/b", "--run", "cut", "--json").json["comparison"]["runs"] == ["cut"]


def test_a_run_with_a_decision_rule_has_no_prices(bakeoff: Bakeoff) -> None:
    bakeoff("run", "-m", "fake/a,fake/b", "-b", QA, "--decide", "difference", "--name", "ab", "-q")
    found = bakeoff("scaling", "fake/a", "fake/b", "--run", "ab", "--price", "fake/a=1/1,fake/b=2/2", "--json").json
    pair = found["comparison"]["scopes"][0]["pairs"][0]
    assert pair["test"] == "anytime test" and "decision rule" in pair["looked"]
    assert pair["quantities"]["usd_ratio"]["estimate"]["low"] is None
    assert found["insights"]["recommendations"][0]["rule"] in ("R4", "R8")
