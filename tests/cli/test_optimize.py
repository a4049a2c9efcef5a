"""`bakeoff optimize` from flags to files: resumable, told apart, refused in one line where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bakeoff.cli.main import cli
from bakeoff.core.errors import ConfigInvalid

ASKED = ["optimize", "--models", "fake/a", "--model-args", "decode_s=0.0001", "-b", "question_answering"]
WAYS = ["-O", "batched:4,response_cache"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BAKEOFF_HOME", str(tmp_path))
    return tmp_path


def called(*args: str) -> Result:
    return CliRunner().invoke(cli, [*ASKED, *args], standalone_mode=False, catch_exceptions=True)


def test_it_measures_shows_and_writes(home: Path) -> None:
    folder = home / "speed"
    found = called(*WAYS, "-n", "16", "--json", "-q", "-o", str(folder))
    assert found.exception is None
    told = json.loads(found.stdout)
    assert [way["optimisation"] for way in told["scopes"][0]["ways"]] == ["sequential", "batched:4", "response_cache"]
    assert all(way["same"] is None or way["same"]["texts"]["value"] == 1.0 for way in told["scopes"][0]["ways"])
    assert told["status"] == "complete" and told["guide"]
    names = {path.name for path in folder.iterdir()}
    assert {"optimisations.json", "optimisations.md", "optimisations.html"} <= names
    again = called(*WAYS, "-n", "16", "--json", "-q")  # nothing is asked twice
    assert json.loads(again.stdout)["scopes"][0]["ways"][1]["score"] == told["scopes"][0]["ways"][1]["score"]


def test_what_an_earlier_measurement_answered_is_said() -> None:
    called("-O", "batched:2", "-n", "4", "-q", "--name", "t1")
    faster = ["-O", "batched:2", "-q", "--model-args", "decode_s=0.0002"]
    told = json.loads(called(*faster, "-n", "4", "--name", "t2", "--json").stdout)
    said = "answered from the store, so there is no speed to tell: "
    assert f"{said}sequential, batched:2; measure again with --round 2" in told["notes"]
    assert [way["from_store"] for way in told["scopes"][0]["ways"]] == [4, 4]
    plain = called("--show", "t2").stdout
    assert said in " ".join(plain.split()) and "█" not in plain and "1 ×" not in plain
    more = json.loads(called(*faster, "-n", "6", "--json").stdout)
    assert f"{said}sequential (4 of 6), batched:2 (4 of 6); measure again with --round 2" in more["notes"]
    anew = json.loads(called(*faster, "-n", "4", "--json", "--round", "2").stdout)
    assert not any(said in note for note in anew["notes"])
    assert anew["scopes"][0]["ways"][0]["performance"]["output_tokens_per_s"]["value"]


def test_an_interrupted_measurement_is_shown_and_goes_on() -> None:
    found = called(*WAYS, "-n", "16", "--json", "-q", "--budget-calls", "20")
    assert found.exception is None and json.loads(found.stdout)["status"] == "budget"
    again = called(*WAYS, "-n", "16", "--json", "-q")
    assert json.loads(again.stdout)["status"] == "complete"


def test_a_dry_run_asks_nothing() -> None:
    found = called(*WAYS, "--dry-run", "--json")
    spec = json.loads(found.stdout)["spec"]
    assert spec["optimisations"] == ["sequential", "batched:4", "response_cache"]
    assert json.loads(found.stdout)["expected"]["cells"][1]["calls"] == 44


def test_without_names_it_measures_what_the_engine_has() -> None:
    found = called("--dry-run", "--json", "--passes", "2", "--round", "3")
    spec = json.loads(found.stdout)["spec"]
    assert spec["optimisations"] == ["sequential", "batched:4", "batched:16", "prefix_cache", "response_cache"]
    assert spec["measurement"] == {"passes": 2, "round": 3}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["-O", "speculative"], "engine 'fake' has no optimisation 'speculative': it has: sequential"),
        (["-O", "batched:0"], "is no number of calls at once"),
        (["--models", "fake/b"], "one is measured at a time"),
    ],
)
def test_what_cannot_be_measured_is_one_line(args: list[str], words: str) -> None:
    found = called(*args)
    assert isinstance(found.exception, ConfigInvalid) and words in str(found.exception)


def test_the_list_says_who_has_what() -> None:
    found = CliRunner().invoke(cli, ["optimize", "--list", "--json"], standalone_mode=False)
    rows = {row["optimisation"]: row["engines"] for row in json.loads(found.stdout)}
    assert "transformers" in rows["batched"] and "transformers" not in rows["speculative"]
    plain = CliRunner().invoke(cli, ["optimize", "--list"], standalone_mode=False)
    assert "response_cache" in plain.stdout


def test_a_server_is_asked_for_streams_to_see_the_first_token_come() -> None:
    args = ["optimize", "-m", "openai_compatible/a", "--base-url", "http://127.0.0.1:9/v1", "-b", "question_answering"]
    found = CliRunner().invoke(cli, [*args, "--dry-run", "--json"], standalone_mode=False)
    spec = json.loads(found.stdout)["spec"]
    assert spec["models"][0]["stream"] is True
    assert spec["optimisations"] == ["sequential", "batched:4", "batched:16", "prefix_cache", "response_cache"]


def test_what_was_found_is_shown_again_without_a_call() -> None:
    first = json.loads(called(*WAYS, "-n", "16", "--json", "-q").stdout)
    again = CliRunner().invoke(cli, ["optimize", "--show", first["run"], "--json"], standalone_mode=False)
    assert json.loads(again.stdout) == first
    plain = CliRunner().invoke(
        cli,
        ["run", "-m", "fake/a", "-b", "question_answering", "-n", "2", "--name", "plain", "-q"],
        standalone_mode=False,
    )
    assert plain.exception is None
    refused = CliRunner().invoke(cli, ["optimize", "--show", "plain"], standalone_mode=False)
    assert isinstance(refused.exception, ConfigInvalid) and "measured no optimisations" in str(refused.exception)
