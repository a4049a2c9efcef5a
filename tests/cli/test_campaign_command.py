"""`bakeoff campaign` and what `bakeoff run` takes of a campaign's command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bakeoff.app import campaign_report
from bakeoff.cli.main import cli
from bakeoff.core.campaign import Check
from bakeoff.core.errors import ConfigInvalid, UnknownName

SPEC = """
name: night
models: [fake/a, fake/b]
benchmarks: [question_answering]
limit: 4
criteria: {tokens_per_second: 0.001}
formats: [md]
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with a campaign, and gate 4 without its resampling."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(campaign_report, "scaling", lambda work: [Check("study", "", "pass")])
    monkeypatch.setattr(campaign_report, "study_of", lambda work: (None, "left out"))
    (tmp_path / "night.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


def typed(*args: str) -> Result:
    return CliRunner().invoke(cli, list(args))


def read(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_campaign_says_its_gates_and_criteria_and_every_check_can_be_read_later(here: Path) -> None:
    assert typed("campaign", "status", "night.yaml").return_value is None
    done = typed("campaign", "night.yaml")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line.split()[2:4] for line in lines[:5]] == [
        ["environment", "passed"],
        ["coverage", "passed"],
        ["evaluation", "passed"],
        ["scaling", "passed"],
        ["report", "passed"],
    ]
    assert any(line.startswith("pass  all_models_evaluated: 2") for line in lines)
    assert lines[-1] == "report: campaign-night/report.md"
    told = typed("campaign", "check", "night.yaml", "3")
    assert "pass  evaluated fake/a: 4 (4)" in told.stdout
    gate = read(typed("campaign", "check", "night.yaml", "2", "--json"))
    assert (gate["name"], gate["status"], gate["checks"][0]["criterion"]) == ("coverage", "passed", "combination")
    listed = read(typed("campaign", "list", "--json"))
    assert [one["campaign"] for one in listed] == ["night"]
    assert "night  5 of 5 gates passed." in typed("campaign", "list").stdout


@pytest.mark.parametrize(
    ("formats", "named"), [("[md, html]", "report.html"), ("[json]", None), ("[]", None)], ids=["two", "json", "none"]
)
def test_the_last_line_names_a_report_that_was_written(here: Path, formats: str, named: str | None) -> None:
    (here / "night.yaml").write_text(SPEC.replace("[md]", formats), encoding="utf-8")
    told = [line for line in typed("campaign", "night.yaml").stdout.splitlines() if line.startswith("report: ")]
    assert told == ([] if named is None else [f"report: campaign-night/{named}"])
    assert named is None or (here / "campaign-night" / named).is_file()


def test_the_plan_of_a_campaign_runs_nothing(here: Path) -> None:
    plan = read(typed("campaign", "night.yaml", "--dry-run", "--json"))
    assert plan["expected"]["calls"] == 8
    assert not (here / "campaign-night").exists()


@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["run", "dry run"])
def test_a_benchmark_mistyped_is_a_mistake_in_the_file(here: Path, more: tuple[str, ...]) -> None:
    (here / "night.yaml").write_text(SPEC.replace("[question_answering]", "[question_answring]"), encoding="utf-8")
    done = typed("campaign", "night.yaml", *more)
    assert isinstance(done.exception, UnknownName) and done.exception.exit_code == 2
    assert "did you mean 'question_answering'?" in str(done.exception)
    assert not (here / "campaign-night").exists()


def test_a_gate_that_failed_or_was_not_reached_is_exit_code_1(here: Path) -> None:
    text = SPEC.replace("0.001", "1e12") + "on_failure: stop\n"
    (here / "night.yaml").write_text(text, encoding="utf-8")
    done = typed("campaign", "night.yaml")
    assert "FAIL  tokens_per_second" in done.stdout
    assert "gate 3 (evaluation) failed" in done.stderr
    state = read(typed("campaign", "status", "night.yaml", "--json"))
    assert [gate["status"] for gate in state["gates"]] == ["passed", "passed", "failed", "waiting", "waiting"]
    assert "waiting" in typed("campaign", "check", "night.yaml", "5").stdout


@pytest.mark.parametrize("args", [("night.yaml", "0"), ("night.yaml", "6"), ("nowhere.yaml", "1")])
def test_what_cannot_be_checked_is_a_usage_error(args: tuple[str, str]) -> None:
    done = typed("campaign", "check", *args)
    assert done.exit_code == 2 or isinstance(done.exception, ConfigInvalid)


def test_a_run_takes_the_flags_and_writes_every_trial(here: Path) -> None:
    args = ["--models", "fake/a,fake/b", "--preset", "balanced", "--datasets", "question_answering,classification"]
    more = ["--sample-limit", "12", "--detailed-analysis", "--output-dir", "out", "--quiet"]
    done = typed("run", *args, *more)
    assert done.exception is None, done.output
    lines = [json.loads(line) for line in (here / "out" / "trials.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 48
    assert {line["preset"] for line in lines} == {"balanced"}
    assert json.loads((here / "out" / "effects.json").read_text(encoding="utf-8"))["run"]
    assert (here / "out" / "report.html").exists()
    with pytest.raises(ConfigInvalid, match="add --output-dir"):
        CliRunner().invoke(cli, ["run", *args, "--detailed-analysis"], catch_exceptions=False)
