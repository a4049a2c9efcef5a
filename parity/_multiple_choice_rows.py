"""The rows on disk in the layout of the hub, which is what lm-eval reads: its side of the comparison.

Read here by other means than the benchmarks' own, so that a loader's mistake shows as another prompt.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bakeoff.benchmarks import hellaswag

Row = dict[str, Any]
Rows = list[Row]


def rows_of(benchmark: str, data: Path) -> Iterator[tuple[str, Rows, Rows]]:
    """(subject, rows, examples) of each of the tasks that a benchmark is for lm-eval."""
    if benchmark == "mmlu":
        for path in sorted((data / "mmlu" / "test").glob("*.csv")):
            subject = path.name.removesuffix("_test.csv")
            yield subject, _mmlu(path), _mmlu(data / "mmlu" / "dev" / f"{subject}_dev.csv")
        return
    readers: dict[str, Callable[[], Rows]] = {
        "arc_challenge": lambda: [_ai2(row) for row in _lines(data / "arc/ARC-c/ARC-Challenge-Test.jsonl")],
        "arc_easy": lambda: [_ai2(row) for row in _lines(data / "arc/ARC-e/ARC-Easy-Dev.jsonl")],
        "boolq": lambda: [_boolq(row) for row in _lines(data / "superglue/BoolQ/val.jsonl.gz")],
        "commonsenseqa": lambda: _arrow(data / "hf_arrow/tau/commonsense_qa/none/validation"),
        "hellaswag": lambda: _hellaswag(data / "hellaswag/hellaswag_val.txt"),
        "openbookqa": lambda: _openbookqa(data / "openbookqa/test.tsv"),
        "piqa": lambda: PIQA,
        "sst2": lambda: _arrow(data / "hf_arrow/glue/sst2/validation"),
        "truthfulqa": lambda: _truthfulqa(data / "truthfulqa/data/mc_task.json"),
        "winogrande": lambda: _arrow(data / "hf_arrow/winogrande/winogrande_xl/validation"),
    }
    yield "", readers[benchmark](), []


def _lines(path: Path) -> Rows:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.split(b"\n") if line]


def _ai2(row: Row) -> Row:
    choices = row["question"]["choices"]
    named = {key: [choice[key] for choice in choices] for key in ("text", "label")}
    return {"id": row["id"], "question": row["question"]["stem"], "choices": named, "answerKey": row["answerKey"]}


def _boolq(row: Row) -> Row:
    return {**{key: row[key] for key in ("question", "passage", "idx")}, "label": int(row["label"] == "true")}


def _arrow(folder: Path) -> Rows:
    from datasets import Dataset

    return [dict(row) for row in Dataset.load_from_disk(str(folder))]


def _hellaswag(path: Path) -> Rows:
    """The export has no `ctx_b`: where that begins is our loader's guess, which both sides are given."""
    names = ("activity_label", "ctx_a", "ctx_b", "endings", "label")
    return [{name: row.get(name) for name in names} for row in hellaswag.exported(path)]


def _openbookqa(path: Path) -> Rows:
    rows = []
    for line in path.read_text(encoding="utf-8").split("\n")[1:]:
        if line:
            id_, stem, choices, _, key = line.split("\t")
            texts = re.findall(r"\([A-D]\) (.*?)(?= \([A-D]\) |$)", choices)
            named = {"text": texts, "label": list("ABCD")[: len(texts)]}
            rows.append({"id": id_, "question_stem": stem, "choices": named, "answerKey": key.strip()})
    return rows


def _truthfulqa(path: Path) -> Rows:
    rows = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        targets = {key: row[key] for key in ("mc1_targets", "mc2_targets")}
        named = {key: {"choices": list(held), "labels": list(held.values())} for key, held in targets.items()}
        rows.append({"question": row["question"], **named})
    return rows


def _mmlu(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as lines:
        return [{"question": row[0], "choices": row[1:5], "answer": int(row[5])} for row in list(csv.reader(lines))[1:]]


PIQA = [
    {"goal": goal, "sol1": sol1, "sol2": sol2, "label": label}
    for goal, sol1, sol2, label in [
        ("How do you keep a cut apple from turning brown?", "Rub it with lemon juice.", "Rub it with lamp oil.", 0),
        ("boots", "can hold water when they are turned over", "can keep feet dry", 1),
        ("To dry wet shoes,", " stuff them with newspaper.", "stuff them with wet sponges. ", 0),
        ("open a jar – one that is stuck", "hit the lid with an egg", "hold the lid under hot water é", 1),
        ("sharpen a pencil", "turn it in a sharpener", "turn it in a sharpener, then break its tip", 0),
        ("Carry eggs home.", "throw them", "box them", 1),
        ("light a room", "open the curtains", "close the curtains", 0),
        ("find north at night", "look for the moon's colour", "look for the pole star", 1),
        ("keep bread fresh", "put it into a bread bin", "put it into the sink", 0),
        ("Cool a drink", "set it on a stove", "set it in a stream", 1),
        ("hang a picture", "use a nail", "use a noodle", 0),
        ("wake up in time", "hide the clock", "set an alarm", 1),
        ("write in the dark", "use a lamp", "use a spoon", 0),
        ("tie a boat up", "use a thread", "use a rope", 1),
        ("dig a hole", "with a spade", "with a sieve", 0),
    ]
]


def made_up_piqa() -> Path:
    """A folder with the rows above, in the authors' layout."""
    folder = Path(tempfile.mkdtemp(prefix="bakeoff-piqa-")) / "piqa"
    folder.mkdir()
    shown = [json.dumps({key: row[key] for key in ("goal", "sol1", "sol2")}) for row in PIQA]
    (folder / "valid.jsonl").write_text("\n".join(shown) + "\n", encoding="utf-8")
    (folder / "valid-labels.lst").write_text("\n".join(str(row["label"]) for row in PIQA) + "\n", encoding="utf-8")
    return folder.parent
