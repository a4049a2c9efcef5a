"""A part of a benchmark alone: `mmlu:anatomy`, `bbh:navigate`; the same samples as in the whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bakeoff.app.settings import Settings
from bakeoff.app.wiring import build_benchmark
from bakeoff.benchmarks import BENCHMARKS, PARTED
from bakeoff.benchmarks._files import DataHome
from bakeoff.benchmarks.bbh import TASKS
from bakeoff.benchmarks.mmlu import SUBJECTS, Mmlu
from bakeoff.cli.main import main
from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.core.types import Sample
from tests.benchmarks.test_maths import EXAMPLES
from tests.benchmarks.test_multiple_choice import put, put_mmlu


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    for split in ("test", "dev"):
        put_mmlu(folder, split)
    for task in TASKS:
        put(folder, f"bbh/bbh/{task}.json", json.dumps({"examples": [{"input": "Is it?", "target": "Yes"}] * 2}))
        put(folder, f"bbh/cot-prompts/{task}.txt", EXAMPLES)
    monkeypatch.setenv("BAKEOFF_DATA", str(folder))
    return folder


def samples(name: str) -> list[Sample]:
    return list(build_benchmark(name, Settings.load()).samples("test"))


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(("part", "field"), [("mmlu:anatomy", "subject"), ("bbh:navigate", "task")])
def test_a_part_has_the_samples_that_it_has_in_the_whole(part: str, field: str) -> None:
    whole, _, name = part.partition(":")
    assert samples(part) == [sample for sample in samples(whole) if sample.meta[field] == name] != []


def test_a_part_needs_its_own_files_alone(data: Path) -> None:
    for path in data.rglob("*.*"):
        if not path.name.startswith(("anatomy_", "navigate.")):
            path.unlink()
    assert (len(samples("mmlu:anatomy")), len(samples("bbh:navigate"))) == (1, 2)


def test_the_hubs_one_file_holds_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"subject": s, "question": "Is it?", "choices": list("abcd"), "answer": 3} for s in SUBJECTS]
    put(tmp_path, "all.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    only = Mmlu.of_part("virology")(DataHome(None, tmp_path))
    assert [row.text("subject") for row in only.rows(tmp_path / "all.jsonl")] == ["virology"]


@pytest.mark.usefixtures("data")
def test_a_run_of_a_part_and_then_of_the_whole_asks_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    def run(name: str) -> tuple[int, int, str]:
        with pytest.raises(SystemExit) as done:
            main(["run", "-m", "fake/a", "-b", name, "--json", "-q"])
        assert done.value.code == 0
        told = json.loads(capsys.readouterr().out)
        return told["calls"], told["cached"], told["cells"][0]["signature"]

    calls, _, signature = run("mmlu:anatomy")
    assert calls == 1 and signature.startswith("mmlu:anatomy@")
    assert run("mmlu")[:2] == (len(SUBJECTS) - 1, 1)
    with pytest.raises(SystemExit) as again:
        main(["run", "--from", signature, "--json", "-q"])
    told = json.loads(capsys.readouterr().out)
    assert again.value.code == 0 and (told["calls"], told["cells"][0]["benchmark"]) == (0, "mmlu:anatomy")


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mmlu:anatomi", "mmlu:anatomy"),
        ("mmlu_anatomy", "mmlu:anatomy"),
        ("anatomy", "mmlu:anatomy"),
        ("bbh:navigte", "bbh:navigate"),
        ("gsm9k", "gsm8k"),
    ],
)
def test_the_nearest_part_is_named(typed: str, meant: str, kept: bool, home: Path) -> None:
    if kept:
        (home / "benchmarks").mkdir(parents=True)
        (home / "benchmarks" / "mine.yaml").write_text("", encoding="utf-8")
    with pytest.raises(UnknownName, match=f"did you mean '{meant}'"):
        build_benchmark(typed, Settings.load())


def test_one_without_parts() -> None:
    with pytest.raises(ConfigInvalid, match="'gsm8k' has no parts, so there is no 'gsm8k:test': ask 'gsm8k'"):
        build_benchmark("gsm8k:test", Settings.load())


def test_the_list_of_those_with_parts_is_whole() -> None:
    assert [name for name in BENCHMARKS.names() if getattr(BENCHMARKS.load(name), "parts", ())] == list(PARTED)
