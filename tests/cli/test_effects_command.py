"""`bakeoff effects`: effects by hand, what is left out, and what cannot be taken apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.said import Bakeoff
from tests.conftest import DataFolder


def scores(bakeoff: Bakeoff, run: str) -> dict[tuple[str, str, str], dict[str, list[float | None]]]:
    """From the export: (model, benchmark, method) → sample → scores."""
    found: dict[tuple[str, str, str], dict[str, list[float | None]]] = {}
    for line in bakeoff(f"export {run}").out.splitlines():
        trial = json.loads(line)
        cell = found.setdefault((trial["model"], trial["benchmark"], trial["method"]), {})
        cell.setdefault(trial["sample_id"], []).append(trial["score"])
    return found


def test_effects_are_those_of_the_exported_scores(bakeoff: Bakeoff) -> None:
    bakeoff("run -m fake/a,fake/b -b question_answering --methods naive,cot --name parts -q")
    found = bakeoff("effects parts --json").json
    assert found["factors"] == {"model": ["fake/a", "fake/b"], "method": ["naive", "cot"]}
    (table,) = found["tables"]
    assert (table["benchmark"], table["samples"], table["missing"]) == ("question_answering", 44, 0)
    means = {
        (model, method): sum(row[0] or 0 for row in cell.values()) / 44
        for (model, _, method), cell in scores(bakeoff, "parts").items()
    }
    a, b, a_cot, b_cot = (means[key] for key in [(m, t) for t in ("naive", "cot") for m in ("fake/a", "fake/b")])
    wanted = [((b - a) + (b_cot - a_cot)) / 2, ((a_cot - a) + (b_cot - b)) / 2, (b_cot - a_cot) - (b - a)]
    assert [effect["difference"]["value"] for effect in table["effects"]] == pytest.approx(wanted)
    assert [effect["levels"] for effect in table["effects"]] == [["fake/b"], ["cot"], ["fake/b", "cot"]]
    assert table["repeats"] is None


def test_a_table_for_each_benchmark_and_one_for_all(bakeoff: Bakeoff) -> None:
    names = "classification,question_answering"
    bakeoff(f"run -m fake/a,fake/b -b {names} --methods naive,cot --repeats 3 --temperature 0.7 --name two -q")
    tables = bakeoff("effects two --json").json["tables"]
    assert [table["benchmark"] for table in tables] == ["classification", "question_answering", None]
    assert [table["family"] for table in tables] == [6, 6, 3]
    assert tables[2]["samples"] == tables[0]["samples"] + tables[1]["samples"]
    for one in (tables[0], tables[2]):
        assert all(effect["p_adjusted"] >= effect["p"] for effect in one["effects"])
    assert tables[0]["repeats"]["repeats"] == 3 and tables[0]["repeats"]["sd_within"] > 0
    said = bakeoff("effects two").out
    assert max(map(len, said.splitlines())) <= 80
    assert "repeats: 3 answers a sample; standard deviation within a sample" in said
    assert "model: fake/b against fake/a" in said and "all benchmarks, each sample counted once" in said


def test_shots_and_presets_are_levels(bakeoff: Bakeoff) -> None:
    methods, presets = "naive,few_shot:1,few_shot:2", "balanced,performance"
    bakeoff(f"run -m fake/a -b classification --methods {methods} --presets {presets} --name levels -q")
    found = bakeoff("effects levels --json").json
    assert found["factors"] == {
        "preset": ["balanced", "performance"],
        "method": ["naive", "few_shot:1", "few_shot:2"],
    }
    assert len(found["tables"][0]["effects"]) == 1 + 2 + 2


def test_what_is_not_graded_is_left_out_everywhere(bakeoff: Bakeoff, gsm8k_folder: DataFolder, tmp_path: Path) -> None:
    gsm8k_folder(60)
    (tmp_path / "cut.yaml").write_text(
        "name: cut\nmodels: [fake/a, {model: fake/b, args: {truncate_rate: 0.4}}]\nbenchmarks: gsm8k\n"
    )
    bakeoff("run cut.yaml -q")
    (table,) = bakeoff("effects cut --json").json["tables"]
    assert 10 < table["samples"] < 60 and table["samples"] + table["missing"] == 60
    assert table["effects"][0]["difference"]["n_missing"] == table["missing"]
    assert "left out that some combination has no score for" in " ".join(bakeoff("effects cut").out.split())


def test_a_benchmark_without_a_score_in_some_cell_is_left_out(bakeoff: Bakeoff, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("q,answer\n" + "\n".join(f"q{i},{i}" for i in range(4)) + "\n")
    (tmp_path / "few.yaml").write_text("data: x.csv\ncolumns: {question: q, answer: answer}\n")
    bakeoff("run -m fake/a,fake/b -b question_answering,few.yaml --name some -q")
    found = bakeoff("effects some --json").json
    assert [table["benchmark"] for table in found["tables"]] == ["question_answering"]
    (left,) = found["left_out"]
    assert "is left out: 4 samples answered by every combination, and 10 are needed" in left


REFUSED = {
    "one": ("-m fake/a -n 20", "has one model, one preset and one method"),
    "few": ("-m fake/a,fake/b -n 4", "4 samples answered by every combination, and 10 are needed"),
    "early": ("-m fake/a,fake/b --decide difference", "has a decision rule that may stop early"),
    "nothing": ("-m fake/a,fake/b --model-args refuse_rate=1", "nothing was graded in fake/a"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_taken_apart_costs_one_line(bakeoff: Bakeoff, name: str) -> None:
    flags, words = REFUSED[name]
    bakeoff(f"run -b question_answering {flags} --name {name} -q")
    said = bakeoff(f"effects {name}", code=2)
    assert words in said.err and said.err.startswith("error[not-comparable]: ")
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_a_run_that_is_not_there(bakeoff: Bakeoff) -> None:
    assert "no run 'nowhere'" in bakeoff("effects nowhere", code=2).err


def test_asked_in_full_a_decision_rule_is_no_obstacle(bakeoff: Bakeoff) -> None:
    bakeoff("run -m fake/a,fake/b -b question_answering --decide difference --ask-all --name full -q")
    assert len(bakeoff("effects full --json").json["tables"][0]["effects"]) == 1


def test_questions_under_two_profiles_are_pooled_once(
    bakeoff: Bakeoff, gsm8k_folder: DataFolder, tmp_path: Path
) -> None:
    gsm8k_folder(30)
    asked = "[{benchmark: gsm8k}, {benchmark: gsm8k, profile: official}, {benchmark: question_answering}]"
    (tmp_path / "p.yaml").write_text(f"name: p\nmodels: [fake/a, fake/b]\nbenchmarks: {asked}\nmethods: [naive, cot]\n")
    bakeoff("run p.yaml -q")
    found = bakeoff("effects p --json").json
    assert found["factors"]["model"][1].startswith("fake/b")
    pooled = found["tables"][-1]
    assert pooled["benchmark"] is None and pooled["samples"] == 30 + 44
    assert "counts once" in found["remarks"][0]
