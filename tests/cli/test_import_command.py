"""`bakeoff import`: logs become runs that show, compare, report and export work on; what is no log is one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.cli.main import main
from tests.conftest import DataFolder, require

LOGS = Path(__file__).parents[1] / "imports" / "logs"
SMALL, LARGE = LOGS / "lm-eval" / "small", LOGS / "lm-eval" / "large"


def said(capsys: pytest.CaptureFixture[str], *args: str | Path, code: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    out, err = capsys.readouterr()
    assert ended.value.code == code, err
    return out, err


def test_two_logs_are_compared_reported_and_exported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out, err = said(capsys, "import", "lm-eval", SMALL, "--name", "s")
    assert "run 's': 24 trials imported from lm-eval 0.4.13" in err
    assert "no outcome for failed calls" in err and "reported 0.3333" in err
    assert "|imported:lm-eval 0.4.13|file:results_" in out
    said(capsys, "import", "lm-eval", LARGE, "--name", "l", "--filter", "strict-match")
    out, _ = said(capsys, "compare", "s:0", "l:0", "--json")
    found = json.loads(out)
    assert (found["both"], found["improved"], found["regressed"], found["neither"]) == (3, 2, 1, 5)
    out, _ = said(capsys, "show", "s", "--sample", "3")
    assert "Question: " in out and "rule: lm-eval" in out
    said(capsys, "report", "s", "-o", tmp_path / "report")
    assert any("imported:lm-eval" in path.read_text() for path in (tmp_path / "report").glob("*.md"))
    out, _ = said(capsys, "export", "l")
    assert len(out.splitlines()) == 12


def test_the_same_log_is_told_and_not_doubled(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "import", "lm-eval", SMALL, "--name", "s")
    out, err = said(capsys, "import", "lm-eval", SMALL, "--name", "again")
    assert "was imported before, as run 's'" in err and "imported:lm-eval" in out
    out, _ = said(capsys, "runs", "--json")
    assert [run["run"] for run in json.loads(out)] == ["s"]
    said(capsys, "import", "lm-eval", SMALL, "--filter", "strict-match")  # another choice is another import
    assert len(json.loads(said(capsys, "runs", "--json")[0])) == 2
    _, err = said(capsys, "import", "lm-eval", LARGE, "--name", "s", code=2)
    assert "a run 's' is in the store already" in err


def test_other_data_under_the_same_ids_is_not_compared(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(LARGE, other)
    (samples,) = other.glob("samples_*")
    lines = [json.loads(line) for line in samples.read_text().splitlines()]
    samples.write_text("".join(json.dumps({**line, "doc_hash": "0" * 64}) + "\n" for line in lines))
    said(capsys, "import", "lm-eval", SMALL, "--name", "s")
    said(capsys, "import", "lm-eval", other, "--name", "o")
    _, err = said(capsys, "compare", "s:0", "o:0", code=2)
    assert "error[not-comparable]: the data of 'gsm8k_small' differs" in err


def test_nobody_goes_on_with_an_imported_run(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, "import", "lm-eval", SMALL, "--name", "s")
    _, err = said(capsys, "resume", "s", code=2)
    assert "run 's' was imported from lm-eval 0.4.13" in err
    _, err = said(capsys, "run", "--models", "fake/a", "-b", "question_answering", "--name", "s", code=2)
    assert "run 's' was imported from lm-eval 0.4.13" in err
    signature = next(line for line in out.splitlines() if "|imported:" in line)
    _, err = said(capsys, "run", "--from", signature, code=2)
    assert "this score was imported from lm-eval 0.4.13" in err


def test_an_imported_run_is_graded_where_the_benchmark_is_known(
    gsm8k_folder: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = gsm8k_folder(6)
    rows = [json.loads(line) for line in (folder / "gsm8k" / "test.jsonl").read_text().splitlines()]
    lines = [
        {
            "doc_id": place,
            "prompt": f"Q: {row['question']}\nA:",
            "response": row["answer"] if place % 2 else "I say 7.",
            "target": row["answer"],
            "score": 0,
        }
        for place, row in enumerate(rows)
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    said(capsys, "import", "jsonl", path, "--benchmark", "gsm8k", "--name", "g")
    out, _ = said(capsys, "grade", "g", "--profile", "official", "--json")
    found = json.loads(out)
    assert (found["before"]["value"], found["after"]["value"]) == (0.0, 0.5)
    said(capsys, "import", "jsonl", path, "--benchmark", "mmlu_of_mine", "--name", "unknown")
    _, err = said(capsys, "grade", "unknown", "--profile", "official", code=2)
    assert "'mmlu_of_mine', which run 'unknown' was imported with, is no benchmark here" in err
    path.write_text("".join(json.dumps({**line, "prompt": "another question"}) + "\n" for line in lines))
    said(capsys, "import", "jsonl", path, "--benchmark", "gsm8k", "--name", "strange")
    _, err = said(capsys, "grade", "strange", "--profile", "official", code=2)
    assert "6 of 6 prompts" in err
    path.write_text("".join(json.dumps({"id": line["doc_id"], "score": 1}) + "\n" for line in lines))
    said(capsys, "import", "jsonl", path, "--benchmark", "gsm8k", "--name", "bare")
    _, err = said(capsys, "grade", "bare", "--profile", "official", code=2)
    assert "has no replies to grade" in err


def test_errors_of_another_tool_are_not_ours_to_try_again(capsys: pytest.CaptureFixture[str]) -> None:
    require("pyarrow")
    out, err = said(capsys, "import", "inspect", LOGS / "inspect" / "small.eval")
    assert "2 × error[imported]" in out and "bakeoff resume" not in out
    assert "2 of 20 trials have no score here" in err


def without(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for path in folder.glob(name):
            path.unlink()

    return change


def changed(name: str, edit: Callable[[str], str]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for path in folder.glob(name):
            path.write_text(edit(path.read_text()))

    return change


SAMPLES, RESULTS = "samples_*", "results_*"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without(SAMPLES), "run lm-eval again with --log_samples"),
        (without(RESULTS), "and no results_*.json"),
        (without("*"), "no results_*.json in"),
        (changed(RESULTS, lambda text: ""), "is empty"),
        (changed(RESULTS, lambda text: text[:300]), "no JSON"),
        (changed(RESULTS, lambda text: "[]"), "a JSON object is expected, not a list"),
        (changed(RESULTS, lambda text: "{}"), "field 'results' is missing"),
        (changed(SAMPLES, lambda text: ""), "is empty"),
        (changed(SAMPLES, lambda text: text[:5000]), "no JSON"),
        (changed(SAMPLES, lambda text: "\n".join(text.splitlines()[:9])), "and lm-eval made 12"),
        (changed(SAMPLES, lambda text: text.replace('"exact_match": 1.0', '"exact_match": NaN')), "is nan"),
        (changed(SAMPLES, lambda text: text.replace('"exact_match": 1.0', '"exact": 1.0')), "'exact_match' is missing"),
        (changed(SAMPLES, lambda text: text.replace('"doc_id": 5,', "")), "field 'doc_id' is missing"),
        (changed(SAMPLES, lambda text: text.replace('"doc_id": 5,', '"doc_id": 4,')), "sample '4' comes twice"),
        (changed(SAMPLES, lambda text: text.replace('"doc_id": 0', '"doc_id": 0 oops')), "line 1: no JSON"),
    ],
)
def test_a_broken_folder_is_one_line_and_leaves_nothing(
    change: Callable[[Path], None], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "log"
    shutil.copytree(SMALL, folder)
    change(folder)
    _, err = said(capsys, "import", "lm-eval", folder, code=2)
    assert told in err and len(err.strip().splitlines()) == 1
    assert json.loads(said(capsys, "runs", "--json")[0]) == []
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("lm-eval", "nowhere"), "no folder 'nowhere'"),
        (("lm-eval", LOGS / "lm-eval"), "holds 3 results of lm-eval"),
        (("lm-eval", SMALL, "--task", "mmlu"), "it has: gsm8k_small"),
        (("lm-eval", SMALL, "--filter", "none"), "it has: strict-match, flexible-extract"),
        (("lm-eval", SMALL, "--metric", "f1"), "it has: exact_match"),
        (("lm-eval", SMALL, "--name", "no name"), "'no name' is no name: 1 to 100 letters, digits,"),
        (("lm-eval", SMALL, "--out-of", "0"), "is no highest score"),
        (("inspect", SMALL), "is a folder"),
        (("inspect", "nothing.eval"), "no file 'nothing.eval'"),
        (("inspect", LOGS / "evalplus" / "good_eval_results.json"), "field 'model' is missing"),
        (("inspect", LOGS / "inspect" / "log.json", "--metric", "judge"), "it has: match, closeness"),
        (("inspect", LOGS / "inspect" / "small.expected"), "is no zip archive"),
        (("evalplus", LOGS / "inspect" / "log.json"), "is no task of HumanEval+"),
        (("evalplus", next(SMALL.glob("samples_*"))), "holds samples and no results"),
        (("jsonl", LOGS / "inspect" / "small.eval", "--benchmark", "b"), "line 1: no JSON"),
        (("jsonl", next(SMALL.glob("samples_*")), "--field", "score"), "is not FIELD=COLUMN"),
    ],
)
def test_mistakes(args: tuple[str | Path, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, err = said(capsys, "import", *args, code=2)
    assert told in err and len(err.strip().splitlines()) == 1


def test_a_truncated_eval_file_leaves_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "cut.eval"
    path.write_bytes((LOGS / "inspect" / "small.eval").read_bytes()[:9000])
    _, err = said(capsys, "import", "inspect", path, code=2)
    assert "is a zip archive that was cut short" in err
    assert json.loads(said(capsys, "runs", "--json")[0]) == []
