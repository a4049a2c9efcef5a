"""`bakeoff data`: what it prints, its exit codes, and that warnings stop nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bakeoff.cli.main import main
from tests.conftest import DataFolder

GOOD = '{"question": "Which one, %d?", "answer": "one%d"}\n'


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code: object = 0
    try:
        main(list(args))
    except SystemExit as done:
        code = done.code
    printed = capsys.readouterr()
    return code if isinstance(code, int) else 1, printed.out, printed.err


def listed(capsys: pytest.CaptureFixture[str], name: str) -> dict[str, Any]:
    code, out, err = run(capsys, "data", "list", "--json")
    assert (code, err) == (0, "")
    found = {row["name"]: row for row in json.loads(out)}[name]
    assert isinstance(found, dict)
    return found


def own(folder: Path, lines: str, *more: str) -> Path:
    (folder / "x.jsonl").write_text(lines, encoding="utf-8")
    path = folder / "own.yaml"
    text = ["data: x.jsonl", "columns: {question: question, answer: answer}", *more]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def test_lists_where_data_is_and_counts_rows_once_somebody_read_them(
    capsys: pytest.CaptureFixture[str], gsm8k_folder: DataFolder
) -> None:
    folder = gsm8k_folder(12)
    before = listed(capsys, "gsm8k")
    assert (before["status"], before["rows"], before["licence"]) == ("local", None, "MIT")
    assert before["path"] == str(folder / "gsm8k" / "test.jsonl")
    assert run(capsys, "data", "summary", "gsm8k")[0] == 0
    assert listed(capsys, "gsm8k")["rows"] == 12
    (folder / "gsm8k" / "test.jsonl").write_text("changed\n", encoding="utf-8")
    after = listed(capsys, "gsm8k")
    assert after["rows"] is None
    assert after["sha256"] != before["sha256"]
    assert listed(capsys, "triviaqa")["status"] == "missing"
    assert listed(capsys, "classification")["status"] == "shipped"
    assert "gsm8k" in run(capsys, "data", "list")[1]


def test_a_home_that_cannot_be_written_is_listed_all_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("BAKEOFF_HOME", str(tmp_path / "file"))
    assert run(capsys, "data", "list")[0] == 0


def test_an_index_that_is_none(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    home.mkdir()
    (home / "data-index.json").write_text("[1]", encoding="utf-8")
    code, _, err = run(capsys, "data", "list")
    assert (code, err.count("\n")) == (2, 1)
    assert "is broken: delete it" in err


def test_a_summary(capsys: pytest.CaptureFixture[str], gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(20)
    found = json.loads(run(capsys, "data", "summary", "gsm8k", "--json")[1])
    assert found["splits"] == [{"split": "test", "rows": 20, "why": ""}, {"split": "train", "rows": 40, "why": ""}]
    assert found["duplicates"] == 0
    low, median, high, most = found["chars"]
    assert 100 < low <= median <= high <= most
    assert found["tokens"][0] == -(-low // 4)
    assert sum(found["targets"].values()) + found["other_targets"] == 20
    assert found["example"]["question"].startswith("In test case 0")
    assert run(capsys, "data", "summary", "triviaqa")[0] == 2


def test_every_malformed_row_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = GOOD % (1, 1) + '{"question": "x"}\n' + "broken\n" + GOOD % (4, 4) + '{"question": "", "answer": "5"}\n[]\n'
    path = own(tmp_path, lines)
    code, out, _ = run(capsys, "data", "check", str(path), "--json")
    assert code == 2
    (found,) = json.loads(out)
    assert found["rows"] == 2
    assert [fault.split("line ")[1][0] for fault in sorted(found["faults"], key=lambda f: f.split("line ")[1])] == [
        "2",
        "3",
        "5",
        "6",
    ]
    assert any("field 'answer': missing" in fault for fault in found["faults"])
    code, out, _ = run(capsys, "data", "check", str(path))
    assert code == 2
    assert out.count("    error: ") == 4
    code, _, err = run(capsys, "run", "-m", "fake/a", "-b", str(path), "--quiet")
    assert code == 2
    assert "line 2, field 'answer': missing" in err


def test_a_file_that_changed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = own(tmp_path, GOOD % (1, 1))
    assert run(capsys, "data", "check", str(path))[0] == 0
    own(tmp_path, GOOD % (2, 2))
    code, out, _ = run(capsys, "data", "check", str(path))
    assert code == 2
    assert "is not the file that was recorded" in out
    assert run(capsys, "data", "check", str(path), "--accept")[0] == 0
    assert run(capsys, "data", "check", str(path))[0] == 0


def test_a_hash_that_the_declaration_names(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = own(tmp_path, GOOD % (1, 1), f"sha256: {{test: {'ab' * 32}}}")
    code, out, _ = run(capsys, "data", "check", str(path))
    assert code == 2
    assert "was declared for" in out and "wanted abababababab…" in out


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_set(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str) -> None:
    path = own(tmp_path, content)
    code, out, _ = run(capsys, "data", "check", str(path))
    assert code == 2
    assert "holds no rows" in out
    code, _, err = run(capsys, "data", "summary", str(path))
    assert (code, err.count("\n")) == (2, 1)


def test_references_that_the_grading_does_not_take(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = own(tmp_path, GOOD % (1, 1), "kind: text", "scorer: numeric")
    code, out, _ = run(capsys, "data", "check", str(path))
    assert code == 0
    assert "warning[reference-fails]" in out


def test_all_names_what_is_missing_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "data", "check", "all")
    assert (code, err) == (0, "")
    assert "--  gsm8k: no data" in out
    assert "ok  classification test: 44 rows" in out


def test_warnings_come_before_a_run_that_costs_and_stop_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, stub: str
) -> None:
    path = own(tmp_path, GOOD % (1, 1) + GOOD % (1, 1))
    asked = ("run", "-m", "openai_compatible/a", "--base-url", f"{stub}/v1", "-b", str(path))
    code, out, err = run(capsys, *asked, "--json")
    assert code == 0
    assert "warning[duplicate-question]" in err
    assert json.loads(out)["calls"] >= 1
    code, out, err = run(capsys, *asked, "--json", "--dry-run")
    assert "warning[duplicate-question]" in err
    assert json.loads(out)["expected"]
    assert "warning" not in run(capsys, *asked, "--quiet")[2]
    assert "warning" not in run(capsys, "run", "-m", "fake/a", "-b", str(path))[2]


def test_what_was_added_has_a_name_like_any_other(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    own(tmp_path, "".join(GOOD % (number, number) for number in range(5)))
    file = str(tmp_path / "x.jsonl")
    add = ("data", "add", file, "--name", "mine", "--question", "question", "--answer", "answer")
    assert "added 'mine': 5 samples, kind text" in run(capsys, *add)[1]
    assert run(capsys, *add)[0] == 2
    assert listed(capsys, "mine")["status"] == "local"
    assert "mine" in run(capsys, "list", "benchmarks")[1]
    code, out, _ = run(capsys, "run", "-m", "fake/a", "-b", "mine", "--json", "--name", "r")
    assert code == 0
    assert json.loads(out)["calls"] == 5
    assert run(capsys, "samples", "save", "s", "-b", "mine", "-n", "2")[0] == 0
    assert run(capsys, "resume", "r", "--quiet")[0] == 0
    code, _, err = run(capsys, "run", "-m", "fake/a", "-b", "mnie")
    assert "did you mean 'mine'" in err


def test_a_run_does_not_mix_two_states_of_a_declaration(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = own(tmp_path, GOOD % (1, 1))
    asked = ("run", "-m", "fake/a", "-b", str(path), "--name", "r", "--quiet")
    assert run(capsys, *asked)[0] == 0
    own(tmp_path, GOOD % (1, 1), "prompt: 'Q: {question}'")
    code, _, err = run(capsys, *asked)
    assert code == 2
    assert "changed since run 'r' was started" in err
    own(tmp_path, GOOD % (1, 1))
    assert run(capsys, *asked)[0] == 0


def test_an_edited_declaration_makes_another_automatic_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked = ("run", "-m", "fake/a", "-b", str(own(tmp_path, GOOD % (1, 1))), "--json", "-q")

    def name() -> str:
        code, out, _ = run(capsys, *asked)
        assert code == 0
        return str(json.loads(out)["run"])

    first = name()
    own(tmp_path, GOOD % (1, 1), "asks: Say which one.")
    second = name()
    assert second.startswith(f"{first}-") and name() == second
    own(tmp_path, GOOD % (1, 1), "asks: Say it.")
    assert name() not in (first, second)
    own(tmp_path, GOOD % (1, 1))
    assert name() == first


def test_ids_that_stand_twice_are_told_by_check_and_before_a_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, stub: str
) -> None:
    rows = "".join(f'{{"id": "{id_}", "question": "Which, {n}?", "answer": "x"}}\n' for n, id_ in enumerate("abcb"))
    path = own(tmp_path, rows)
    path.write_text(path.read_text().replace("answer: answer}", "answer: answer, id: id}"))
    told = "an earlier sample has; they are asked as ID, ID#2, ID#3, in the order of the file: 1 sample (ids b)"
    code, out, _ = run(capsys, "data", "check", str(path))
    assert code == 0 and f"warning[duplicate-id]: {path}" in out and told in out
    code, out, err = run(capsys, "run", "-m", "openai_compatible/a", "--base-url", f"{stub}/v1", "-b", str(path))
    assert code == 0 and told in err


def test_an_id_that_a_repeated_one_is_numbered_to(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = "".join(
        f'{{"id": "{id_}", "question": "Which, {n}?", "answer": "x"}}\n'
        for n, id_ in enumerate(("a", "a", "a#2", "b#2"))
    )
    path = own(tmp_path, rows)
    path.write_text(path.read_text().replace("answer: answer}", "answer: answer, id: id}"))
    code, out, _ = run(capsys, "data", "check", str(path))
    assert code == 2 and out.count("    error: ") == 1
    assert "has the id 'a#2', as which a repeated id is asked too" in out


def test_a_template_without_a_field_is_told_by_check_and_before_a_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, stub: str
) -> None:
    path = own(tmp_path, GOOD % (1, 1), "prompt: 'Q: {Question}'")
    code, out, _ = run(capsys, "data", "check", str(path))
    assert code == 0 and "warning[template-fields]" in out and "write {question}" in out
    code, _, err = run(capsys, "run", "-m", "openai_compatible/a", "--base-url", f"{stub}/v1", "-b", str(path))
    assert code == 0 and "warning[template-fields]" in err


def test_keys_that_stand_twice(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = own(tmp_path, GOOD % (1, 1) + '{"question": "Who?", "answer": "Ann", "answer": "Bo"}\n')
    code, out, _ = run(capsys, "data", "check", str(path))
    assert code == 0
    assert f"warning[duplicate-keys]: {path}: 1 key stands twice in an object of '{tmp_path / 'x.jsonl'}'" in out
    assert "(line 2: 'answer'): keep one of the two: the last counts, the first is lost" in out
    code, _, err = run(capsys, "run", "-m", "fake/a", "-b", str(path))
    assert code == 0 and "warning[duplicate-keys]" in err


def test_listing_imports_nothing_that_is_heavy() -> None:
    script = (
        "import sys\nfrom bakeoff.cli.main import main\n"
        "try:\n    main(['data', 'list'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'huggingface_hub', 'pyarrow', 'scipy', 'numpy', 'pydantic_settings', 'sympy', 'sacrebleu', 'torch'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr.strip() == "[]"
