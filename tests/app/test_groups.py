"""Groups of benchmarks: a name that stands for several, in a run, a dry run and a listing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bakeoff.app.planning import spell_out
from bakeoff.app.settings import Settings
from bakeoff.benchmarks import BENCHMARKS, GROUPS
from bakeoff.cli.main import main
from bakeoff.core.specs import parse_spec
from tests.conftest import DataFolder


def spelt(benchmarks: object, home: Path | None = None) -> list[str]:
    spec = parse_spec({"models": "fake/a", "benchmarks": benchmarks})
    settings = Settings.load()
    return [each.benchmark for each in spell_out(spec, settings).benchmarks]


def said(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(args)
    out, err = capsys.readouterr()
    assert ended.value.code == 0, err
    return out


def test_every_member_is_a_benchmark_and_no_group_is() -> None:
    known = BENCHMARKS.names()
    for name, members in GROUPS.items():
        assert len(members) > 1 and set(members) <= set(known)
        assert len(set(members)) == len(members)
        assert name not in known and name != "all"


def test_a_group_is_its_members() -> None:
    assert spelt("math") == list(GROUPS["math"])
    assert spelt("gsm8k,math") == ["gsm8k", *(name for name in GROUPS["math"] if name != "gsm8k")]
    assert spelt("all") == BENCHMARKS.names()


def test_all_has_those_that_are_kept_here(home: Path) -> None:
    (home / "benchmarks").mkdir(parents=True)
    (home / "benchmarks" / "capitals.yaml").write_text("", encoding="utf-8")
    assert "capitals" in spelt("all")


def test_what_is_said_of_a_group_is_said_of_its_members() -> None:
    spec = parse_spec({"models": "fake/a", "benchmarks": [{"benchmark": "math", "profile": "official"}, "gsm8k"]})
    found = [(each.benchmark, each.profile) for each in spell_out(spec, Settings.load()).benchmarks]
    assert found == [("gsm8k", "official"), ("math500", "official"), ("gsm8k", "bakeoff")]


def test_a_run_of_a_group_is_the_run_of_its_members(capsys: pytest.CaptureFixture[str]) -> None:
    """The same hash and so the same run: what was asked by one name is not asked by the other again."""
    run = ("run", "--models", "fake/a", "--limit", "2", "--quiet", "--json", "--benchmarks")
    first = json.loads(said(capsys, *run, "shipped"))
    again = json.loads(said(capsys, *run, ",".join(GROUPS["shipped"])))
    assert [cell["benchmark"] for cell in first["cells"]] == list(GROUPS["shipped"])
    assert first["run"] == again["run"]


def test_a_dry_run_names_the_members(capsys: pytest.CaptureFixture[str]) -> None:
    plan = json.loads(said(capsys, "run", "-m", "fake/a", "-b", "shipped", "--dry-run", "--json"))
    assert [each["benchmark"] for each in plan["spec"]["benchmarks"]] == list(GROUPS["shipped"])


def test_a_sample_set_of_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    kept = json.loads(said(capsys, "samples", "save", "few", "-b", "shipped", "-n", "3", "--json"))
    assert [chosen["benchmark"] for chosen in kept] == list(GROUPS["shipped"])


def refused(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(args)
    err = capsys.readouterr().err
    assert (ended.value.code, err.count("\n")) == (2, 1), err
    return err


def test_all_that_is_missing_is_told_at_once(capsys: pytest.CaptureFixture[str], gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(5)
    err = refused(capsys, "run", "-m", "fake/a", "-b", "math,bbh,arc_easy,classification", "--methods", "naive,cot")
    assert "no data for 3 of 5 benchmarks (math500, bbh, arc_easy)" in err
    assert "run: bakeoff data fetch arc_easy; put 'math500/test.jsonl', 'bbh/bbh' into a folder" in err
    assert err.endswith("or ask those that are here: --benchmarks gsm8k,classification\n")
    assert said(capsys, "run", "-m", "fake/a", "-b", "gsm8k,classification", "-n", "2", "-q")


def test_one_that_is_missing_says_what_it_said_alone(capsys: pytest.CaptureFixture[str]) -> None:
    alone = refused(capsys, "run", "-m", "fake/a", "-b", "gsm8k")
    assert "those that are here" not in alone
    beside = refused(capsys, "run", "-m", "fake/a", "-b", "classification,gsm8k")
    assert beside == alone.rstrip("\n") + "; or ask those that are here: --benchmarks classification\n"


def test_examples_that_are_missing_are_told_at_once(
    capsys: pytest.CaptureFixture[str], gsm8k_folder: DataFolder
) -> None:
    (gsm8k_folder(5) / "gsm8k" / "train.jsonl").unlink()
    asked = ("run", "-m", "fake/a", "-b", "gsm8k,classification,text_generation", "--methods", "few_shot:2")
    assert "--benchmarks classification,text_generation" in refused(capsys, *asked)


def test_a_group_is_fetched_as_far_as_it_is_on_the_hub(capsys: pytest.CaptureFixture[str]) -> None:
    err = refused(capsys, "data", "fetch", "shipped", "reasoning")
    assert "HF_HUB_OFFLINE is set" in err and "names no file" not in err
    assert said(capsys, "data", "fetch", "shipped") == ""


@pytest.mark.parametrize("width", [60, 80])
def test_the_listing_fits(width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = said(capsys, "list", "benchmarks").splitlines()
    assert max(map(len, lines)) <= width
    listed = {line.split()[0] for line in lines if line.strip()}
    assert {*GROUPS, *BENCHMARKS.names()} <= listed
