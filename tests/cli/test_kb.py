"""`bakeoff kb`: what it prints, what is refused in one line, and a run that reads a base from end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bakeoff.app import knowledge
from bakeoff.cli.main import main
from tests.conftest import require
from tests.retrieval.words import Words

CORPUS = [
    {"id": "paris", "title": "Paris", "text": "Paris is the capital of France and lies on the Seine."},
    {"id": "rome", "title": "Rome", "text": "Rome is the capital of Italy and lies on the Tiber."},
    {"id": "bonn", "title": "Bonn", "text": "Bonn was the seat of government and lies on the Rhine."},
]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, with an embedder that costs nothing in the place of minilm."""
    require("bm25s")
    monkeypatch.setattr(knowledge, "_own", lambda name, offline: Words(name))

    def called(*args: str) -> tuple[int, str, str]:
        code: object = 0
        try:
            main(list(args))
        except SystemExit as done:
            code = done.code
        printed = capsys.readouterr()
        return code if isinstance(code, int) else 1, printed.out, printed.err

    return called


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in CORPUS), encoding="utf-8")
    return str(path)


def told(run: Run, *args: str) -> Any:
    code, out, err = run(*args, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_base_is_made_listed_shown_searched_and_removed(run: Run, corpus: str) -> None:
    code, out, _ = run("kb", "add", "towns", corpus)
    assert code == 0 and "read 3 documents; 'towns' has 3 chunks of 3 documents (3 embedded now" in out
    assert told(run, "kb", "add", "towns", corpus)["read"]["embedded"] == 0
    (listed,) = told(run, "kb", "list")
    assert (listed["name"], listed["chunks"], listed["index"]) == ("towns", 3, "exact")
    assert "towns" in run("kb", "list")[1] and "3 chunks of 3 documents" in run("kb", "show", "towns")[1]
    for way in ("dense", "bm25", "hybrid"):
        found = told(run, "kb", "search", "towns", "capital of Italy", "--search", way, "-k", "2")
        assert found[0]["title"] == "Rome" and len(found) == 2
    chunk = told(run, "kb", "show", "towns", "--chunk", found[0]["id"])
    assert CORPUS[1]["text"].startswith(chunk["text"]) and chunk["meta"]["document"] == "rome"
    assert "Rome is the capital" in run("kb", "search", "towns", "Italy")[1]
    assert told(run, "kb", "remove", "towns") == {"removed": "towns", "chunks": 3}
    assert told(run, "kb", "list") == []


def test_a_changed_document_takes_the_place_of_the_old_one(run: Run, corpus: str, tmp_path: Path) -> None:
    run("kb", "add", "towns", corpus)
    path = tmp_path / "update.jsonl"
    path.write_text('{"id": "paris", "title": "Paris", "text": "Paris was called Lutetia."}\n')
    code, out, _ = run("kb", "add", "towns", str(path))
    assert code == 0 and "read 1 documents (1 replaced); 'towns' has 3 chunks of 3 documents" in out
    assert "capital of France" not in run("kb", "search", "towns", "Paris")[1]
    assert told(run, "kb", "add", "towns", str(path))["read"]["replaced"] == 0


def test_a_base_is_measured_on_questions_with_known_documents(run: Run, corpus: str, tmp_path: Path) -> None:
    run("kb", "add", "towns", corpus)
    path = tmp_path / "questions.jsonl"
    rows = [{"query": "capital of Italy", "documents": ["rome"]}, {"query": "the Rhine", "documents": {"Bonn": 2}}]
    rows.append({"query": "London on the Thames", "documents": ["london"]})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = told(run, "kb", "evaluate", "towns", str(path), "-k", "1")
    assert (found["questions"], found["unknown"]) == (3, 1)
    assert [way["label"] for way in found["ways"]] == ["dense", "bm25", "hybrid"]
    recall = found["ways"][2]["measures"]["recall@1"]
    assert recall["value"] == pytest.approx(2 / 3) and recall["n"] == 3 and recall["low"] < recall["value"]
    code, out, _ = run("kb", "evaluate", "towns", str(path), "--search", "bm25,hybrid")
    assert code == 0 and "hybrid – bm25: recall@5 +0.000" in out and "1 documents that they name" in out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("add", "towns", "nowhere"), "no file or folder 'nowhere'"),
        (("add", "../towns", "{corpus}"), "'../towns' is no name for a knowledge base"),
        (("add", "towns", "{corpus}", "--overlap", "300"), "chunks of 256 tokens cannot overlap by 300"),
        (("add", "towns", "{corpus}", "--api-key-env", "NO_KEY", "--embedder", "openai/m@http://x"), "NO_KEY"),
        (("add", "towns", "{empty}"), "there is nothing to read"),
        (("add", "towns", "{corpus}", "--index", "http://127.0.0.1:9"), "Qdrant at 'http://127.0.0.1:9' cannot"),
        (("add", "towns", "wikipedia:simple"), "the simple Wikipedia cannot be fetched"),
        (("search", "town", "x"), "unknown knowledge base 'town'"),
        (("show", "..",), "unknown knowledge base '..'"),
        (("evaluate", "towns", "nowhere.jsonl", "--search", "dens"), "did you mean 'dense'?"),
        (("remove", "towns"), "unknown knowledge base 'towns'"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")  # of Qdrant's client
def test_bad_input_is_one_line(run: Run, corpus: str, tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    (tmp_path / "empty.txt").write_text(" \n")
    filled = [arg.format(corpus=corpus, empty=tmp_path / "empty.txt") for arg in args]
    for part in ("qdrant_client", "huggingface_hub"):
        require(part)
    code, out, err = run("kb", *filled)
    assert code in (2, 3) and out == ""
    (line,) = err.splitlines()
    assert line.startswith("error[") and said in line


@pytest.mark.parametrize(
    "flags",
    [
        ("--embedder", "openai/m@http://user:hunter2@127.0.0.1:9/v1"),
        ("--embedder", "openai/m@user:hunter2@127.0.0.1/v1"),
        ("--embedder", "openai/m@http://127.0.0.1:9/v1?api_key=hunter2"),
        ("--embedder", "openai/m@http://user:hunter2@127.0.0.1:9/v1", "--api-key-env", "NO_KEY"),
        ("--index", "http://user:hunter2@127.0.0.1:9"),
        ("--index", "https://hunter2@127.0.0.1:9"),
    ],
)
def test_an_address_with_a_password_is_refused_and_not_told(run: Run, corpus: str, flags: tuple[str, ...]) -> None:
    code, out, err = run("kb", "add", "towns", corpus, *flags)
    assert code == 2 and "hunter2" not in out + err
    assert "holds a user, a password or a key" in err and "-key-env VARIABLE" in err
    assert told(run, "kb", "list") == []


def test_a_base_of_another_embedder_is_refused_with_both_names(
    run: Run, corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("kb", "add", "towns", corpus)
    monkeypatch.setattr(knowledge, "_own", lambda name, offline: Words("minilm@2"))
    code, _, err = run("kb", "search", "towns", "Rome")
    assert code == 2 and "was embedded by minilm, and here 'minilm' is minilm@2" in err
    code, _, err = run("kb", "add", "towns", corpus, "--embedder", "sentence-transformers/x")
    assert code == 2 and "not by 'sentence-transformers/x'" in err


class TestRuns:
    @pytest.fixture
    def questions(self, run: Run, corpus: str, tmp_path: Path) -> str:
        run("kb", "add", "towns", corpus)
        path = tmp_path / "q.jsonl"
        lines = [{"question": f"What lies on the {river}?", "answer": town} for river, town in RIVERS.items()]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        assert run("data", "add", str(path), "--name", "rivers", "--question", "question", "--answer", "answer")[0] == 0
        return "rivers"

    def test_a_run_tells_its_base_and_keeps_what_was_shown(self, run: Run, questions: str) -> None:
        methods = "naive,rag_naive:kb=towns,top_k=1,rag_hybrid:kb=towns,rag_reranked:kb=towns"
        code, out, err = run("run", "-m", "fake/a", "-b", questions, "--methods", methods, "--name", "r")
        assert code == 0, err
        assert "method:rag_naive:kb=towns,top_k=1|on:" in out
        code, out, _ = run("export", "r")
        rows = [json.loads(line) for line in out.splitlines()]
        assert len(rows) == 12

    @pytest.mark.parametrize("method", ["rag_naive:kb=towns", "react:tools=calculator+retrieval,kb=towns"])
    def test_another_state_of_the_base_is_refused_under_the_old_name(
        self, run: Run, questions: str, tmp_path: Path, method: str
    ) -> None:
        asked = ("run", "-m", "fake/a", "-b", questions, "--methods", method, "--name", "r")
        assert run(*asked)[0] == 0
        (tmp_path / "more.txt").write_text("London lies on the Thames.")
        run("kb", "add", "towns", str(tmp_path / "more.txt"))
        code, _, err = run(*asked)
        assert code == 2 and "what a method of run 'r' reads changed since it was started" in err
        assert run(*asked[:-1], "r2")[0] == 0

    def test_faithfulness_reads_what_was_shown(self, run: Run, questions: str) -> None:
        asked = ("run", "-m", "fake/a", "-b", questions, "--methods", "rag_naive:kb=towns,top_k=1")
        code, out, err = run(*asked, "--scorer", "faithfulness", "--scorer-args", "by=overlap", "--json")
        assert code == 0, err
        assert "hallucination_rate" in out

    def test_an_ablation_has_accuracy_and_faithfulness_in_one_table(self, run: Run, questions: str) -> None:
        asked = ("ablate", "-m", "fake/a", "-b", questions, "--methods", "naive,rag_naive:kb=towns,rag_hybrid:kb=towns")
        code, out, err = run(*asked, "--scorer", "faithfulness", "--scorer-args", "by=overlap,beside=true", "--json")
        assert code == 0, err
        naive, *others = json.loads(out)["benchmarks"][0]["rows"]
        assert naive["score"]["value"] is not None and "faithfulness" not in naive["metrics"]
        assert naive["outcomes"]["error"] == 0 and others[0]["against"]["a"] == others[1]["against"]["a"]
        for row in others:
            assert row["metrics"]["faithfulness"]["n"] == 3 and row["score"]["value"] == 1.0

    def test_what_has_nothing_graded_is_no_reference_of_an_ablation(self, run: Run, questions: str) -> None:
        asked = ("ablate", "-m", "fake/a", "-b", questions, "--methods", "naive,rag_naive:kb=towns,rag_hybrid:kb=towns")
        code, out, _ = run(
            *asked, "--scorer", "faithfulness", "--scorer-args", "by=overlap", "-q", "--name", "faithful"
        )
        plain = " ".join(out.split())
        assert code == 1 and "Nothing to compare" not in out
        assert "'naive' has nothing graded, so nothing can be compared with it: the others are compared with" in plain
        assert "between 'rag_hybrid:kb=towns' and 'rag_naive:kb=towns' on 3 pairs" in plain
        assert json.loads(run("ablate", "--of", "faithful", "--json")[1])["benchmarks"][0]["rows"][0]["errors"]
        assert "3 × error[scorer-failed]" in plain and "was answered without passages" in plain

    @pytest.mark.parametrize(
        ("method", "said"),
        [
            ("rag_naive", "no knowledge base is named: add kb=NAME to the method, e.g. rag_hybrid:kb=towns"),
            ("rag_hybrid:kb=town", "unknown knowledge base 'town': did you mean 'towns'?"),
            ("rag_hybrid:kb=towns,top_k=0", "option 'top_k' of method 'rag_hybrid' cannot be 0"),
            ("rag_hybrid:kb=towns,search=bm25", "one of hybrid is expected"),
        ],
    )
    def test_what_is_wrong_with_a_method_is_told(self, run: Run, questions: str, method: str, said: str) -> None:
        code, _, err = run("run", "-m", "fake/a", "-b", questions, "--methods", method)
        assert code == 2 and said in err


RIVERS = {"Seine": "Paris", "Tiber": "Rome", "Rhine": "Bonn"}
