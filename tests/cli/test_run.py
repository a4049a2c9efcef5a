"""The commands as scripts use them: one JSON object on stdout, exit codes, nothing asked twice."""

from __future__ import annotations

import html
import io
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from bakeoff import __version__
from bakeoff.cli.main import COMMANDS, cli, main
from bakeoff.runner import calls
from bench.stub import stub_server
from tests.conftest import DataFolder

ROOT = Path(__file__).resolve().parents[2]
QA = ("--benchmarks", "question_answering")
FAKE = ("run", "--models", "fake/a", *QA)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a hundredth of the time before another try."""
    monkeypatch.setattr(calls, "BACKOFF_FIRST", calls.BACKOFF_FIRST / 100)


@dataclass(frozen=True)
class Said:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout: one line, nothing before or after it."""
        assert self.out.endswith("\n") and self.out.count("\n") == 1, self.out
        return json.loads(self.out)


Bakeoff = Callable[..., Said]


@pytest.fixture
def bakeoff(capsys: pytest.CaptureFixture[str]) -> Bakeoff:
    """Run a command in this process; its exit code has to be `code`."""

    def call(*args: str | Path, code: int = 0) -> Said:
        with pytest.raises(SystemExit) as done:
            main([str(arg) for arg in args])
        said = Said(int(done.value.code or 0), *capsys.readouterr())
        assert said.code == code, said
        return said

    return call


@dataclass(frozen=True)
class Endpoint:
    """The stub, and what it was asked since it was lent."""

    url: str

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url.removesuffix("/v1") + path, timeout=5) as reply:
            return json.load(reply)

    @property
    def calls(self) -> int:
        return int(self.get("/stats")["n"])


@pytest.fixture(scope="module")
def server() -> Iterator[Endpoint]:
    with stub_server() as address:
        yield Endpoint(f"{address}/v1")


@pytest.fixture
def endpoint(server: Endpoint) -> Endpoint:
    server.get("/reset")
    return server


def stub_flags(endpoint: Endpoint, *more: str) -> tuple[str, ...]:
    return ("run", "--models", "openai_compatible/stub", "--base-url", endpoint.url, "--benchmarks", "gsm8k", *more)


@dataclass(frozen=True)
class Finished:
    """A run of the fake engine: 2 methods × 20 samples, and the store it is in."""

    store: str
    result: Any

    def flags(self, *args: str) -> tuple[str, ...]:
        return (*args, "--store", self.store)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("finished")
    store = f"sqlite:///{folder / 'runs.db'}"
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()):
        patch.setenv("BAKEOFF_HOME", str(folder))
        flags = ("--methods", "naive,cot", "--limit", "20", "--name", "done", "--store", store, "--json")
        with pytest.raises(SystemExit) as done:
            main([*FAKE, *flags, "--model-args", "accuracy=0.6,refuse_rate=0.2"])
        assert not done.value.code
    return Finished(store, json.loads(out.getvalue()))


# ---------------------------------------------------------------- what scripts rely on


def test_one_json_object_for_scripts(bakeoff: Bakeoff, gsm8k_folder: DataFolder, endpoint: Endpoint) -> None:
    gsm8k_folder(120)
    flags = ("--methods", "naive,cot", "--limit", "100", "--concurrency", "128", "--seed", "7", "--json")
    asked = stub_flags(endpoint, *flags)
    said = bakeoff(*asked, "--name", "first")
    result = said.json
    assert "error" not in said.err and "{" not in said.err
    assert (result["run"], result["status"], result["calls"], result["cached"]) == ("first", "complete", 200, 0)
    assert 0 < result["seconds"] < 30
    assert [cell["method"] for cell in result["cells"]] == ["naive", "cot"]
    for cell in result["cells"]:
        named = (cell["model"], cell["preset"], cell["benchmark"])
        assert named == ("openai_compatible/stub", "balanced", "gsm8k")
        estimate = cell["estimate"]
        assert 0 <= estimate["low"] <= estimate["value"] <= estimate["high"] <= 1
        assert estimate["n"] + estimate["n_missing"] == 100 == sum(cell["outcomes"].values())
        assert cell["outcomes"]["correct"] + cell["outcomes"]["incorrect"] == estimate["n"]
        expected = rf"gsm8k@[0-9a-f]{{8}}\|model:openai_compatible/stub\|.*\|method:{cell['method']}\|.*seed:7\|n:\d+\|"
        assert re.match(expected, cell["signature"])
    stats = endpoint.get("/stats")
    assert stats["n"] == stats["distinct"] == 200 and stats["peak"] <= 128

    again = bakeoff(*asked, "--name", "first").json
    assert (again["calls"], again["cells"]) == (0, result["cells"])
    renamed = bakeoff(*asked, "--name", "second").json
    assert (renamed["run"], renamed["calls"], renamed["cached"]) == ("second", 0, 200)
    scores = ("estimate", "outcomes", "signature", "prompt_tokens", "output_tokens")
    assert [[cell[name] for name in scores] for cell in renamed["cells"]] == [
        [cell[name] for name in scores] for cell in result["cells"]
    ]
    larger = bakeoff(*asked, "--limit", "110", "--name", "larger").json
    assert (larger["calls"], larger["cached"]) == (20, 200)  # a larger draw contains the smaller one
    assert endpoint.calls == 220


def test_datasets_and_sample_limit_are_other_names(bakeoff: Bakeoff) -> None:
    one = bakeoff(*FAKE, "--limit", "5", "--json").json
    flags = ("--models", "fake/a", "--datasets", "question_answering", "--sample-limit", "5")
    other = bakeoff("run", *flags, "--json").json
    assert other["run"] == one["run"] and other["calls"] == 0


def test_concurrency_is_kept_to(bakeoff: Bakeoff, gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(40)
    with stub_server(latency=0.01) as address:
        slow = Endpoint(f"{address}/v1")
        bakeoff(*stub_flags(slow, "-c", "4"), "--quiet")
        assert slow.get("/stats")["peak"] == 4


def test_the_completions_api_and_repeats(bakeoff: Bakeoff, gsm8k_folder: DataFolder, endpoint: Endpoint) -> None:
    gsm8k_folder(10)
    flags = stub_flags(endpoint, "--api", "completions", "--repeats", "3", "--temperature", "0.7", "--json")
    result = bakeoff(*flags).json
    assert result["calls"] == endpoint.calls == 30
    assert result["cells"][0]["planned"] == 30
    assert bakeoff(*flags, "--name", "again").json["calls"] == 0


def test_the_matrix_is_models_by_presets_by_benchmarks_by_methods(bakeoff: Bakeoff) -> None:
    flags = ("--models", "fake/a,fake/b", "--models", "fake/c", "--presets", "balanced,performance", "--limit", "2")
    more = ("--benchmarks", "question_answering,classification", "--methods", "naive,few_shot:2")
    cells = bakeoff("run", *flags, *more, "--json").json["cells"]
    parts = ("model", "preset", "benchmark", "method")
    assert len({tuple(cell[part] for part in parts) for cell in cells}) == len(cells) == 3 * 2 * 2 * 2
    assert [cell["cell"] for cell in cells] == list(range(24))


def test_the_reports_are_written_beside_the_json(bakeoff: Bakeoff, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    said = bakeoff(*FAKE, "--limit", "3", "--output-dir", folder, "--json")
    assert said.json["calls"] == 3
    assert sorted(path.name for path in folder.iterdir()) == [
        f"report.{form}" for form in ("csv", "html", "json", "md")
    ]
    assert [line.partition(" ")[0] for line in said.err.splitlines()] == ["wrote"] * 4


def test_the_store_is_where_it_was_said(
    bakeoff: Bakeoff, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_STORE", f"sqlite:///{tmp_path / 'env.db'}")
    bakeoff(*FAKE, "--limit", "2", "--name", "in-env", "--quiet")
    given = f"sqlite:///{tmp_path / 'new' / 'flag.db'}"
    bakeoff(*FAKE, "--limit", "2", "--name", "in-flag", "--quiet", "--store", given)
    assert [run["run"] for run in bakeoff("runs", "--json").json] == ["in-env"]
    assert [run["run"] for run in bakeoff("runs", "--json", "--store", given).json] == ["in-flag"]
    assert (tmp_path / "env.db").exists() and not (home / "bakeoff.db").exists()


def test_what_a_person_sees(bakeoff: Bakeoff) -> None:
    said = bakeoff(*FAKE, "--methods", "naive,cot", "--limit", "5", "--name", "seen")
    assert "run 'seen': 2 cells, 10 trials" in said.err and "run 'seen' is complete: 10 calls" in said.err
    last = said.out.splitlines()[-1]
    assert last.startswith("question_answering@") and f"|v:{__version__}" in last
    quiet = bakeoff(*FAKE, "--limit", "5", "--quiet")
    assert quiet.err == "" and "question_answering@" in quiet.out


# ---------------------------------------------------------------- specs


def test_flags_win_over_the_spec_file(bakeoff: Bakeoff, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(
        "name: from-file\nmodels:\n  - fake/a\n  - {model: fake/b, args: {accuracy: 0.9}}\n"
        "benchmarks: question_answering\nmethods: [naive, 'few_shot:2']\nlimit: 9\nseed: 3\n"
        "sampling: {temperature: 0.2, max_tokens: 30}\n",
        encoding="utf-8",
    )
    flags = ("--limit", "4", "--methods", "cot", "--temperature", "0.5", "--model-args", "ramble_rate=0.5", "--dry-run")
    spec = bakeoff("run", path, *flags, "--json").json["spec"]
    assert (spec["name"], spec["limit"], spec["seed"]) == ("from-file", 4, 3)
    assert [method["method"] for method in spec["methods"]] == ["cot"]
    assert (spec["sampling"]["temperature"], spec["sampling"]["max_tokens"]) == (0.5, 30)
    assert [model["model"] for model in spec["models"]] == ["fake/a", "fake/b"]
    assert all(model["args"] == {"ramble_rate": 0.5} for model in spec["models"])
    result = bakeoff("run", path, "--name", "other", "--json").json
    assert (result["run"], result["calls"]) == ("other", 36)


def test_engine_settings_may_be_json(bakeoff: Bakeoff) -> None:
    given = 'max_concurrency=3,extra_body={"a":1,"b":[2,"},"]},max_tokens_field=max_completion_tokens'
    flags = ("-m", "openai_compatible/x", "--base-url", "http://127.0.0.1:1/v1", "--model-args", given, "--dry-run")
    args = bakeoff("run", *QA, *flags, "--json").json["spec"]["models"][0]["args"]
    assert args == {
        "max_concurrency": 3,
        "extra_body": '{"a":1,"b":[2,"},"]}',
        "max_tokens_field": "max_completion_tokens",
    }


def test_a_dry_run_says_what_it_would_cost_and_does_nothing(
    bakeoff: Bakeoff, gsm8k_folder: DataFolder, endpoint: Endpoint
) -> None:
    gsm8k_folder(30)
    asked = stub_flags(endpoint, "--methods", "naive,cot", "--limit", "20")
    said = bakeoff(*asked, "--dry-run").out
    assert "benchmark: gsm8k" in said and "limit: 20" in said
    for words in ("in all: 40 calls", r"about [\d,]+ prompt", r"at most [\d,]+ output", "cost unknown", "time unknown"):
        assert re.search(words, said)
    expected = bakeoff(*asked, "--dry-run", "--json").json["expected"]
    assert expected["calls"] == 40 and expected["output_is_bound"] and expected["cost_usd"] is None
    assert len(expected["cells"]) == 2 and expected["prompt_tokens"] > 40 * 50
    thinking = bakeoff(*asked, "--model-args", "thinking_budget=100", "--dry-run", "--json").json["expected"]
    assert thinking["output_tokens"] == expected["output_tokens"] + 40 * 100
    assert endpoint.calls == 0 and bakeoff("runs", "--json").json == []
    bakeoff(*asked, "--quiet")
    known = bakeoff(*asked, "--dry-run", "--json").json["expected"]
    assert known["output_tokens"] == 40 * 16 and not known["output_is_bound"] and known["seconds"] > 0
    assert "output_is_bound" in known and endpoint.calls == 40


@pytest.mark.parametrize(
    "flags",
    [
        ("--limit", "6"),
        ("--limit", "6", "--seed", "5", "--methods", "few_shot:2", "--presets", "performance", "--profile", "bakeoff"),
        ("--limit", "3", "--repeats", "2", "--temperature", "0.75", "--top-p", "0.5", "--max-tokens", "20"),
        ("--limit", "3", "--stop", "a|b%", "--stop", "\n\n", "--logprobs", "2"),
        ("--limit", "3", "--model-args", "accuracy=0.25,ramble_rate=0.5", "--stream", "--api", "completions"),
    ],
)
def test_a_signature_pasted_back_is_the_same_experiment(
    bakeoff: Bakeoff, flags: tuple[str, ...], tmp_path: Path
) -> None:
    first = bakeoff(*FAKE, *flags, "--json").json
    again = bakeoff("run", "--from", first["cells"][0]["signature"], "--json").json
    assert again["run"] == first["run"]  # the name of a nameless run is made of the spec's hash
    assert again["calls"] == 0 and again["cells"] == first["cells"]
    other = f"sqlite:///{tmp_path / 'other.db'}"
    elsewhere = bakeoff("run", "--from", first["cells"][0]["signature"], "--store", other, "--json").json
    assert elsewhere["calls"] == first["calls"]
    assert elsewhere["cells"][0]["estimate"] == first["cells"][0]["estimate"]


def test_a_saved_sample_set_is_asked_and_no_other(bakeoff: Bakeoff) -> None:
    saving = ("samples", "save", "mine", "--limit", "7", "--seed", "4", "--benchmarks")
    kept = bakeoff(*saving, "question_answering,classification", "--json").json
    assert [(found["name"], found["benchmark"], len(found["ids"])) for found in kept] == [
        ("mine", "question_answering", 7),
        ("mine", "classification", 7),
    ]
    listed = bakeoff("samples", "list", "--json").json
    assert {found["benchmark"]: found["ids"] for found in listed} == {
        found["benchmark"]: found["ids"] for found in kept
    }
    assert bakeoff("samples", "list").out.count("7 samples") == 2
    result = bakeoff(*FAKE, "--samples", "mine", "--name", "of-mine", "--json").json
    assert result["calls"] == 7 and "|samples:mine|" in result["cells"][0]["signature"]
    rows = [json.loads(line) for line in bakeoff("export", "of-mine").out.splitlines()]
    assert {row["sample_id"] for row in rows} == set(kept[0]["ids"])
    assert "exists" in bakeoff(*saving, "question_answering", code=2).err
    assert "no sample set 'my'" in bakeoff(*FAKE, "--samples", "my", code=2).err
    assert "is of 'classification'" in bakeoff(*FAKE[:3], "-b", "summarisation", "--samples", "mine", code=2).err


# ---------------------------------------------------------------- budgets, faults, resume


def test_a_budget_of_calls_is_exact_and_the_rest_is_resumed(
    bakeoff: Bakeoff, gsm8k_folder: DataFolder, endpoint: Endpoint
) -> None:
    gsm8k_folder(30)
    asked = stub_flags(endpoint, "--name", "small", "--budget-calls", "7", "--json")
    result = bakeoff(*asked).json
    assert (result["status"], result["calls"], endpoint.calls) == ("budget", 7, 7)
    assert result["cells"][0]["outcomes"]["not_run"] == 23
    assert result["cells"][0]["estimate"]["n_missing"] >= 23
    said = bakeoff(*stub_flags(endpoint, "--name", "small", "--budget-calls", "5"))
    assert "budget of 5 calls reached: 12 trials kept" in said.err and "bakeoff resume small" in said.err
    whole = bakeoff("resume", "small", "--json").json
    assert (whole["status"], whole["calls"]) == ("complete", 18)
    assert set(endpoint.get("/bodies")) == {1} and endpoint.calls == 30


@pytest.mark.parametrize(
    ("flags", "done"),
    [
        (("--budget-calls", "0"), 0),
        (("--budget-tokens", "1", "-c", "1"), 1),
        (("--budget-seconds", "0.000001"), 0),
        (("--budget-calls", "1000", "--max-cost", "0.01"), 44),
    ],
)
def test_every_budget_stops_a_run(bakeoff: Bakeoff, flags: tuple[str, ...], done: int) -> None:
    result = bakeoff(*FAKE, *flags, "--json").json
    assert result["calls"] == done
    assert result["status"] == ("complete" if done == 44 else "budget")


def test_trials_that_failed_are_told_and_answered_by_the_next_execution(bakeoff: Bakeoff) -> None:
    faulty = (*FAKE, "--model-args", "fault_rate=0.5", "--name", "faulty")
    first = bakeoff(*faulty, "--retries", "0", "--json", code=1).json
    outcomes = first["cells"][0]["outcomes"]
    assert outcomes["error"] > 5 and first["failed_tries"] >= outcomes["error"]
    assert first["cells"][0]["estimate"]["n_missing"] >= outcomes["error"]
    second = bakeoff("resume", "faulty", "--retries", "3", "--concurrency", "8", "--json").json
    assert second["calls"] == outcomes["error"] and second["cells"][0]["outcomes"]["error"] == 0
    assert bakeoff("show", "faulty", "--json").json["cells"] == second["cells"]


def test_a_dead_endpoint_stops_its_own_cells_only(bakeoff: Bakeoff, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(
        "models: [fake/a, {model: openai_compatible/x, base_url: 'http://127.0.0.1:1/v1'}]\n"
        "benchmarks: question_answering\nlimit: 5\nname: half\nconcurrency: 4\n"
    )
    said = bakeoff("run", path, "--json", code=3)
    assert said.json["status"] == "stopped" and list(said.json["stopped"]) == ["openai_compatible/x (balanced)"]
    assert [cell["estimate"]["n"] for cell in said.json["cells"]] == [5, 0]
    assert said.err.startswith("error[unavailable]: stopped openai_compatible/x") and said.err.count("\n") == 1
    seen = bakeoff("run", path, code=3)
    assert "an engine is dead: 5 trials kept" in seen.err and "nothing graded" in seen.out


# ---------------------------------------------------------------- what is in the store


def test_show_says_what_run_said(bakeoff: Bakeoff, finished: Finished) -> None:
    shown = bakeoff(*finished.flags("show", "done", "--json")).json
    assert shown["cells"] == finished.result["cells"] and shown["run"] == "done"
    text = bakeoff(*finished.flags("show", "done")).out
    assert text.splitlines()[-1] == finished.result["cells"][1]["signature"]
    assert "run 'done' · complete" in text and " refused" in text


def test_show_opens_one_sample(bakeoff: Bakeoff, finished: Finished) -> None:
    row = json.loads(bakeoff(*finished.flags("export", "done")).out.splitlines()[0])
    text = bakeoff(*finished.flags("show", "done", "--sample", row["sample_id"])).out
    assert "fake/a · question_answering · naive" in text and '"request"' in text and row["outcome"] in text
    lines = bakeoff(*finished.flags("show", "done", "--sample", row["sample_id"], "--json")).out.splitlines()
    found = [json.loads(line) for line in lines]
    assert [entry["cell"] for entry in found] == [0, 1]
    assert all(entry["exchanges"][0]["response"]["text"] == entry["answer"] for entry in found)


@pytest.mark.parametrize("cells", [("done:0", "done:1"), ("done:naive", "done:cot")])
def test_two_cells_are_compared_on_the_same_samples(
    bakeoff: Bakeoff, finished: Finished, cells: tuple[str, str]
) -> None:
    found = bakeoff(*finished.flags("compare", *cells, "--json")).json
    counts = [found[name] for name in ("both", "improved", "regressed", "neither")]
    difference = found["difference"]
    assert sum(counts) == difference["n"] and difference["n"] + difference["n_missing"] == 20
    assert difference["low"] <= difference["value"] <= difference["high"]
    assert difference["value"] == pytest.approx((counts[1] - counts[2]) / difference["n"])
    assert len(found["samples"]) == counts[1] + counts[2] and 0 <= found["p"] <= 1
    assert (found["a"]["method"], found["b"]["method"]) == ("naive", "cot")
    assert found["a"]["signature"].startswith("question_answering@")
    text = bakeoff(*finished.flags("compare", *cells)).out
    assert " ".join(found["verdict"].split()) in " ".join(text.split())


def test_export_writes_a_line_for_every_trial(bakeoff: Bakeoff, finished: Finished, tmp_path: Path) -> None:
    said = bakeoff(*finished.flags("export", "done", "--format", "jsonl"))
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert len(rows) == 40 and said.err == ""
    for row in rows:
        assert row["sample_id"] and ("Answer the question" in row["prompt"] or "step by step" in row["prompt"])
        assert row["answer"] and row["target"] and row["latency_s"] >= 0
        assert row["prompt_tokens"] > 0 and row["output_tokens"] > 0
        assert re.fullmatch("[0-9a-f]{32}", row["content_key"])
        assert (row["score"] is None) == (row["outcome"] == "refused")
        assert (row["extracted"] is None) == (row["outcome"] == "refused")
    counted = [cell["outcomes"] for cell in finished.result["cells"]]
    for outcome in ("correct", "incorrect", "refused"):
        assert sum(row["outcome"] == outcome for row in rows) == sum(outcomes[outcome] for outcomes in counted) > 0
    target = tmp_path / "trials.jsonl"
    written = bakeoff(*finished.flags("export", "done", "-o", str(target)))
    assert written.out == "" and target.read_text(encoding="utf-8") == said.out
    assert [path.name for path in tmp_path.iterdir()] == ["trials.jsonl"]


def test_runs_lists_the_newest_first(bakeoff: Bakeoff) -> None:
    nothing = bakeoff("runs")
    assert nothing.out == "" and "no runs yet" in nothing.err
    for name in ("one", "two"):
        bakeoff(*FAKE, "--limit", "2", "--name", name, "--quiet")
    found = bakeoff("runs", "--json").json
    assert [run["run"] for run in found] == ["two", "one"]
    assert {"status": "complete", "trials": 2, "planned": 2, "cells": 1}.items() <= found[0].items()
    lines = bakeoff("runs").out.splitlines()
    assert [line.rsplit(" ", 1)[-1] for line in lines] == ["two", "one"]


@pytest.mark.parametrize(
    ("formats", "names"),
    [
        ((), ["report.html", "report.md", "report.json", "report.csv"]),
        (("--format", "csv"), ["report.csv"]),
        (("--format", "json,md", "--format", "html"), ["report.json", "report.md", "report.html"]),
    ],
)
def test_reports_in_every_format(
    bakeoff: Bakeoff,
    finished: Finished,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    formats: tuple[str, ...],
    names: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    said = bakeoff(*finished.flags("report", "done", *formats))
    paths = [Path(line) for line in said.out.splitlines()]
    assert paths == [Path("report-done") / name for name in names]
    signature = finished.result["cells"][0]["signature"]
    for path in paths:
        text = html.unescape(path.read_text(encoding="utf-8"))
        assert signature.split("|args", 1)[0] in text.replace("\\|", "|"), path
    again = bakeoff(*finished.flags("report", "done", *formats, "-o", "there", "--json")).json
    assert again == {"files": [f"there/{name}" for name in names]}
    assert sorted(path.name for path in Path("there").iterdir()) == sorted(names)


@pytest.mark.parametrize(
    ("family", "some"),
    [
        ("models", {"smollm2-135m"}),
        ("benchmarks", {"gsm8k", "question_answering", "code_generation"}),
        ("methods", {"naive", "cot", "few_shot"}),
        ("engines", {"fake", "openai_compatible"}),
        ("scorers", {"numeric", "choice"}),
    ],
)
def test_every_family_is_listed(bakeoff: Bakeoff, family: str, some: set[str]) -> None:
    rows = bakeoff("list", family, "--json").json
    names = {row["name"] for row in rows}
    assert some <= names and len(names) == len(rows) and all(row["about"] for row in rows)
    lines = bakeoff("list", family).out.partition("\n\n")[0].splitlines()  # the groups stand below
    assert {line.split()[0] for line in lines} == names


def test_the_demo_compares_two_methods_and_writes_a_report(bakeoff: Bakeoff, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    said = bakeoff("demo", "--model", "fake/a", "--limit", "10", "-o", folder)
    assert "20 calls" in said.err and (folder / "report.html").stat().st_size > 1000
    assert "'cot'" in said.out and "'naive'" in said.out
    assert "0 calls, 0 answered" in bakeoff("demo", "--model", "fake/a", "--limit", "10", "-o", folder).err


# ---------------------------------------------------------------- doctor


def test_doctor_looks_at_everything(bakeoff: Bakeoff, gsm8k_folder: DataFolder, endpoint: Endpoint) -> None:
    gsm8k_folder(2)
    found = {row["what"]: row for row in bakeoff("doctor", "--json", "--base-url", endpoint.url).json}
    assert found["store"]["ok"] and found["endpoint"]["ok"] and found["data of gsm8k"]["ok"]
    assert not found["OPENAI_API_KEY"]["ok"] and found["OPENAI_API_KEY"]["fix"].startswith("export")
    text = bakeoff("doctor").out
    assert "ok  store" in text and "fix: " in text and "\x1b" not in text


@pytest.mark.parametrize(
    "flags", [("--base-url", "http://127.0.0.1:1/v1"), ("--base-url", "rubbish"), ("--store", "x")]
)
def test_doctor_ends_with_3_when_something_needed_is_broken(bakeoff: Bakeoff, flags: tuple[str, str]) -> None:
    rows = bakeoff("doctor", *flags, "--json", code=3).json
    broken = [row for row in rows if row["needed"] and not row["ok"]]
    assert len(broken) == 1 and broken[0]["fix"] and broken[0]["said"]


# ---------------------------------------------------------------- terminals and pipes


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def colours(monkeypatch: pytest.MonkeyPatch, *args: str) -> str:
    """What a command writes to a terminal."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    with pytest.raises(SystemExit):
        main(list(args))
    return screen.getvalue()


@pytest.mark.parametrize("args", [("doctor",), ("show", "done"), ("compare", "done:0", "done:1")])
def test_colours_are_for_terminals_that_want_them(
    bakeoff: Bakeoff, finished: Finished, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" not in bakeoff(*finished.flags(*args)).out
    with monkeypatch.context() as patch:
        assert "\x1b[" in colours(patch, *finished.flags(*args))
    monkeypatch.setenv("NO_COLOR", "1")
    with monkeypatch.context() as patch:
        assert not re.search(r"\x1b\[[\d;]*[349]\d", colours(patch, *finished.flags(*args)))


@pytest.mark.parametrize("args", [("runs",), ("show", "done"), ("export", "done"), ("--help",)])
def test_a_reader_that_goes_away_is_no_error(finished: Finished, args: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "bakeoff", *args]
    environment = {**os.environ, "BAKEOFF_STORE": finished.store, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=environment, timeout=30)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def commands() -> Iterator[tuple[str, ...]]:
    yield ()
    for name in COMMANDS:
        yield (name,)
        found = cli.get_command(click.Context(cli), name)
        if isinstance(found, click.Group):
            yield from ((name, inner) for inner in found.commands)


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_help_fits_80_columns(bakeoff: Bakeoff, command: tuple[str, ...]) -> None:
    usage, *lines = bakeoff(*command, "--help").out.splitlines()
    assert usage.startswith("Usage: ")
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.endswith("...")]  # nothing is cut


def test_help_and_listing_commands_load_nothing_heavy() -> None:
    heavy = ("numpy", "scipy", "aiohttp", "sqlalchemy", "rich", "pydantic", "orjson", "yaml", "jinja2", "asyncio")
    script = (
        "import sys, bakeoff.cli.main as door\n"
        "try: door.main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print(sorted(set(sys.modules) & set({heavy!r})), file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=30)
    assert done.stderr == "[]\n" and "Usage: " in done.stdout


def test_the_version(bakeoff: Bakeoff) -> None:
    assert bakeoff("--version").out == f"bakeoff, version {__version__}\n"
