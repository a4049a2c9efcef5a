"""A benchmark from somebody's file: what is found out, what is refused, and that it is asked and graded right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bakeoff.app.adding import Wish, add, scaffold
from bakeoff.app.own_benchmarks import own_class
from bakeoff.app.settings import Settings
from bakeoff.app.wiring import build_benchmark
from bakeoff.core.errors import BakeoffError, ConfigInvalid, DataInvalid, UnknownName
from bakeoff.core.types import Sample
from tests.conftest import require

QUIZ = "Question,A,B,C,Right\nWhat is 2 + 2?,3,4,5,{}\nWhich is red?,sky,grass,blood,{}\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def wish(path: Path, **more: Any) -> Wish:
    return Wish(path, **{"name": "mine", "question": "question", "answer": "answer", **more})


def samples(name: str) -> list[Sample]:
    benchmark = build_benchmark(name, Settings.load())
    return list(benchmark.samples(benchmark.default_split))


def added(path: Path, **more: Any) -> tuple[dict[str, Any], list[Sample]]:
    made = add(wish(path, **more), Settings.load())
    assert yaml.safe_load(made.path.read_text(encoding="utf-8")) == made.fields
    return made.fields, samples("mine")


@pytest.mark.parametrize(
    ("first", "second", "way"),
    [("4", "blood", "text"), ("B", "C", "letter"), ("b", "c", "letter"), ("0", "2", "index"), ("1", "3", "number")],
)
def test_how_the_right_choice_is_named_is_found_out(tmp_path: Path, first: str, second: str, way: str) -> None:
    path = write(tmp_path, "quiz.csv", QUIZ.replace("3,4,5", "three,4,five").format(first, second))
    choices = ("A", "B", "C")
    fields, found = added(path, question="Question", answer="Right", choices=choices)
    assert (fields["kind"], fields["answer_is"]) == ("letter", way)
    assert found[1].choices == ("sky", "grass", "blood")
    wanted = {"text": "BC", "letter": "BC", "index": "AC", "number": "AC"}[way]
    assert "".join(str(sample.target) for sample in found) == wanted
    assert found[0].question == "What is 2 + 2?\nA. three\nB. 4\nC. five"


def test_two_ways_to_read_it_are_asked_about(tmp_path: Path) -> None:
    path = write(tmp_path, "quiz.csv", QUIZ.replace("3,4,5", "x,y,z").format(1, 2))
    named = {"question": "Question", "answer": "Right", "choices": ("A", "B", "C")}
    with pytest.raises(ConfigInvalid, match=r"more than one way \(index or number\).*--answer-is"):
        add(wish(path, **named), Settings.load())
    fields, found = added(path, **named, answer_is="number")
    assert [sample.target for sample in found] == ["A", "B"]
    assert fields["answer_is"] == "number"


@pytest.mark.parametrize(
    ("answers", "kind", "scorer"),
    [
        (["1", "2.5", "$3,000", "1/2"], "number", "numeric"),
        (["yes", "no"] * 5, "label", "label"),
        (["Santiago", "Riga", "1"], "text", "alias"),
    ],
)
def test_what_an_answer_is_is_found_out(tmp_path: Path, answers: list[str], kind: str, scorer: str) -> None:
    rows = [{"question": f"Question {place}?", "answer": answer} for place, answer in enumerate(answers)]
    path = write(tmp_path, "x.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    fields, found = added(path)
    assert fields["kind"] == kind
    assert build_benchmark("mine", Settings.load()).profile("bakeoff").scorer == scorer
    assert [sample.target for sample in found] == answers
    assert found[0].labels == (("no", "yes") if kind == "label" else ())


def test_parquet_and_lists_of_choices_and_numbers(tmp_path: Path) -> None:
    require("pyarrow")
    from tests.benchmarks.test_loading import parquet

    path = tmp_path / "x.parquet"
    path.write_bytes(
        parquet([{"q": "Which?", "all": ["a", "b"], "right": 1}, {"q": "Who?", "all": ["c", "d"], "right": 0}])
    )
    fields, found = added(path, question="q", answer="right", choices=("all",))
    assert fields["answer_is"] == "index"
    assert [(sample.choices, sample.target) for sample in found] == [(("a", "b"), "B"), (("c", "d"), "A")]


def test_a_table_without_a_header_and_a_list_inside_of_json(tmp_path: Path) -> None:
    table = write(tmp_path, "x.csv", "What is 1 + 1?,2\nWhat is 1 + 2?,3\n")
    _, found = added(table, header=("question", "answer"))
    assert [sample.target for sample in found] == ["2", "3"]
    nested = write(tmp_path, "x.json", json.dumps({"data": [{"question": "What is 1 + 1?", "answer": 2}]}))
    made = add(wish(nested, within=("data",)), Settings.load(), replace=True)
    assert made.samples == 1


def test_odd_characters_come_through(tmp_path: Path) -> None:
    odd = "a\u0085b\u2028c\u2029d"
    path = write(
        tmp_path, "x.jsonl", "\ufeff" + json.dumps({"question": odd, "answer": "x"}, ensure_ascii=False) + "\r\n"
    )
    _, found = added(path)
    assert found[0].question == odd


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("question,answer\nWhat?,4\n", {"question": "Qestion"}, "unknown column 'Qestion': did you mean 'question'"),
        ("question,answer\nWhat?,4\n", {"name": "gsm8k"}, "of Bakeoff's own"),
        ("question,answer\nWhat?,4\n", {"name": "a b"}, "'a b' is no name"),
        ("question,answer\nWhat?,4\n", {"scorer": "exat"}, "unknown scorer 'exat': did you mean 'exact'"),
        ("question,answer\nWhat?,4\n", {"kind": "math", "find": "("}, "is no pattern"),
        ("question,answer\nWhat?,4\n", {"prompt": "no\nfield"}, "'no field' in --prompt names no field, so all"),
        ("question,answer\nWhat?,4\n", {"prompt": "{question.__class__}"}, "in --prompt names no field"),
        (
            "question,answer\nWhat?,4\n",
            {"prompt": "Q: {nope}"},
            "--prompt names '{nope}', which is no column: known: {",
        ),
        ("question,answer\nWhat?,4\n", {"find": "x"}, "'x' in --find has no group, and the first group is the answer"),
        ("question,answer\nWhat?,4\n", {"find": "(?:x)"}, "in --find has no group"),
        (
            "q,right,a,b\nWhat?,x,x,x\n",
            {"question": "q", "answer": "right", "choices": ("a", "b")},
            "line 2, field 'right': 'x' is 2 of the choices, and which of them is right is not told",
        ),
        ("question,answer\nWhat?,four\n", {"kind": "number"}, "line 2, field 'answer': 'four' is no number"),
        ("question,answer\n,4\n", {}, "line 2, field 'question': it is empty"),
        ("question,answer\nWhat?,\n", {}, "line 2, field 'answer': it is empty"),
        ("question,answer\n", {}, "holds no rows"),
        ("question,answer\nWhat?,4,5\n", {}, "line 2: 3 cells where 2 columns are expected"),
        (
            QUIZ.format("D", "C"),
            {"question": "Question", "answer": "Right", "choices": ("A", "B", "C")},
            "field 'Right'",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_nothing_is_written(
    tmp_path: Path, home: Path, text: str, more: dict[str, Any], words: str
) -> None:
    path = write(tmp_path, "x.csv", text)
    with pytest.raises(BakeoffError) as caught:
        add(wish(path, **more), Settings.load())
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(home.rglob("*.yaml"))


def test_a_template_names_what_every_row_has(tmp_path: Path) -> None:
    rows = [{"question": "Who?", "answer": "x", "Best Hint": "h"}, {"question": "What?", "answer": "y"}]
    path = write(tmp_path, "x.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataInvalid, match="line 2, field 'best_hint': --prompt names it"):
        add(wish(path, prompt="{question} ({best_hint})"), Settings.load())
    fields, _ = added(path, prompt="Q: {question}\nA:", find="A: (.*)")
    assert (fields["prompt"], fields["find"]) == ("Q: {question}\nA:", "A: (.*)")


def test_what_is_no_file_or_has_no_known_ending(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="there is no file"):
        add(wish(tmp_path / "none.csv"), Settings.load())
    with pytest.raises(ConfigInvalid, match="none of the endings"):
        add(wish(write(tmp_path, "x.xlsx", "x")), Settings.load())


def test_a_name_is_not_taken_twice(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", "question,answer\nWhat?,4\n")
    add(wish(path), Settings.load())
    with pytest.raises(ConfigInvalid, match="exists: choose another --name, or say --replace"):
        add(wish(path), Settings.load())
    assert add(wish(path), Settings.load(), replace=True).samples == 1


@pytest.mark.parametrize(
    ("answers", "more"),
    [(("4", "blood"), {"choices": ("A", "B", "C")}), (("B", "C"), {"choices": ("A", "B", "C")}), (("4", "7"), {})],
)
def test_the_scaffold_does_what_the_declaration_does(
    tmp_path: Path, answers: tuple[str, str], more: dict[str, Any]
) -> None:
    path = write(tmp_path, "quiz.csv", QUIZ.format(*answers))
    asked = {"question": "Question", "answer": "Right", **more}
    _, declared = added(path, **asked)
    script = scaffold(wish(path, **asked), tmp_path / "own.py")
    written = samples(f"{script}:Mine")
    plain = [(s.id, s.question, s.target, s.reference, s.labels, s.choices) for s in declared]
    assert [(s.id, s.question, s.target, s.reference, s.labels, s.choices) for s in written] == plain
    with pytest.raises(ConfigInvalid, match="exists"):
        scaffold(wish(path, **asked), script)


class TestByPath:
    def test_a_yaml_beside_its_data(self, tmp_path: Path) -> None:
        write(tmp_path, "x.csv", "question,answer\nWhat?,4\n")
        text = "data: x.csv\ncolumns: {question: question, answer: answer}\nprompt: 'Q: {question}'\nfind: '(\\d+)'\n"
        path = write(tmp_path, "own.yaml", text)
        benchmark = build_benchmark(str(path), Settings.load())
        assert benchmark.name == "own"
        profile = benchmark.profile("bakeoff")
        assert profile.prompt is not None and profile.prompt.question == "Q: {question}"
        assert profile.find[0].pattern == "(\\d+)"
        assert next(benchmark.samples("test")).target == "4"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "holds no fields"),
            ("data: [", "broken YAML"),
            ("data: x\ndata: y\n", "'data' stands there twice"),
            ("data: x.csv\ncolums: {}\n", "unknown field 'colums': did you mean 'columns'?"),
            ("data: x.csv\ncolumns: {question: q, anser: a}\n", "'columns.anser': did you mean 'answer'?"),
            ("data: x.csv\ncolumns: {question: q, answer: a}\nprompt: {stops: x}\n", "did you mean 'stop'?"),
            ("data: x.csv\ncolumns: {question: q, answer: a}\nkind: letter\n", "needs 'choices'"),
            ("data: x.csv\ncolumns: {question: q, answer: a}\nkind: label\n", "needs 'labels'"),
            ("data: x.csv\ncolumns: {question: q, answer: a}\nkind: code\n", "names no scorer"),
            ("data: x.csv\ncolumns: {question: q, answer: a}\nask: likelihood\n", "there are no choices"),
            ("data: x.csv\ncolumns: {question: q, answer: a}\nshots_split: test\n", "must not show what is asked"),
            ("data: x.csv\ncolumns: {question: q, answer: a}\nshots_split: tset\n", "none of the splits"),
            ("a: !!python/object/apply:os.system ['true']\n", "broken YAML"),
        ],
    )
    def test_a_yaml_that_is_wrong(self, tmp_path: Path, text: str, words: str) -> None:
        path = write(tmp_path, "own.yaml", text)
        with pytest.raises(ConfigInvalid) as caught:
            build_benchmark(str(path), Settings.load())
        assert words in str(caught.value)
        assert str(path) in str(caught.value) or "profile" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_class_in_a_file(self, tmp_path: Path) -> None:
        text = (
            "import bakeoff.benchmarks.base as base\nclass Own(base.FileBenchmark):\n    pass\nclass Not:\n    pass\n"
        )
        path = write(tmp_path, "own.py", text)
        assert own_class(f"{path}:Own", tmp_path) is not None
        with pytest.raises(UnknownName, match="did you mean 'Own'"):
            own_class(f"{path}:Ow", tmp_path)
        with pytest.raises(ConfigInvalid, match="is no benchmark: it has no samples"):
            own_class(f"{path}:Not", tmp_path)
        with pytest.raises(ConfigInvalid, match="there is no file"):
            own_class(f"{tmp_path}/none.py:Own", tmp_path)

    @pytest.mark.parametrize(
        "text", ["def broken(:\n", "raise ValueError('one\\ntwo')\n", "raise SystemExit(0)\n", "import nix\n"]
    )
    def test_a_file_that_fails_when_it_is_loaded(self, tmp_path: Path, text: str) -> None:
        path = write(tmp_path, "own.py", text)
        with pytest.raises(ConfigInvalid, match="fails when it is loaded") as caught:
            own_class(f"{path}:Own", tmp_path)
        assert "\n" not in str(caught.value)

    def test_missing_data_and_a_column_that_is_not_there(self, tmp_path: Path) -> None:
        path = write(tmp_path, "own.yaml", "data: x.csv\ncolumns: {question: q, answer: a}\n")
        with pytest.raises(BakeoffError, match="no data for benchmark 'own'"):
            samples(str(path))
        write(tmp_path, "x.csv", "question,a\nWhat?,4\n")
        with pytest.raises(DataInvalid, match=r"x\.csv', line 2, field 'q': missing"):
            samples(str(path))
