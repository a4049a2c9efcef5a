"""DROP: questions that need counting, sorting or arithmetic over a passage (Dua et al. 2019).

An answer is a number, a date or one or several spans; the development set has answers of several people.
Paper https://arxiv.org/abs/1903.00161 · data https://allenai.org/data/drop · CC BY-SA 4.0.

    Passage: … Rivers threw a 13-yard touchdown pass … Kaeding kicked a 38-yard field goal …
    How many points did the Chargers score in the first half?                         Target: 10
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import orjson

from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataFile, Row, read_rows
from bakeoff.core.errors import DataInvalid
from bakeoff.core.protocols import Find, Profile, Prompt, Source
from bakeoff.core.types import Json, Sample

# lm-evaluation-harness 0.4.13, tasks/drop/default.yaml (MIT). Its examples show the names of the answer's
# fields where the answer should stand.
_LM_EVAL = Prompt(
    "{passage} {question}", answer="number,date,spans,worker_id,hit_id", stop=(".",), draw="sequence", max_tokens=256
)
_TO_FULL_STOP = (Find(cut=(".",)),)
# simple-evals at ee3b0318, drop_eval.py (MIT).
_SIMPLE_EVALS = Prompt(
    '\n# Your Task\n\n---\n{context} \n\nThink step by step, then write a line of the form "Answer: $ANSWER" at the end'
    " of your response.\n                    ",
    answer="{answer}\n",
    example="\n---\n{context} ",
    head="You will be asked to read a passage and answer a question. Some examples of passages and Q&A are provided"
    " below.\n\n# Examples",
    between="",
    shots=3,
    draw="sequence",
    max_tokens=2048,
)
_ANSWER_LINE = (
    Find(r"(?is)Answer\s*:\s*([^\n]+)|\A(?!.*Answer\s*:\s*[^\n])(.*)\Z", otherwise=""),  # the whole where none is
)
_SIMPLE_EVALS_NOTE = "Three examples, drawn by us: the reference's depend on the order of its threads."


class Drop(FileBenchmark):
    name = "drop"
    source = Source("https://allenai.org/data/drop", "CC BY-SA 4.0", "b1f372248c17ad12684d344955fbcd98e957e77e")
    files = {
        "test": DataFile(("drop/drop_dataset_dev.json", "drop/validation.jsonl", "rc_samples/drop.json")),
        "train": DataFile(("drop/drop_dataset_train.json", "drop/train.jsonl")),
    }
    shots_split = "train"
    drawn_more = 1
    profiles = {
        "bakeoff": Profile("bakeoff", "text", "drop", options={"lenient": True}, note="F1, read in each sensible way"),
        "official": Profile("official", "text", "drop", note="F1; several spans are parted by '|'"),
        "official-em": Profile("official-em", "text", "drop", options={"metric": "em"}, note="exact match"),
        "lm-eval": Profile(
            "lm-eval",
            "text",
            "drop",
            prompt=_LM_EVAL,
            find=_TO_FULL_STOP,
            options={"whole": True},
            note="f1; the stop '.' cuts 12.5 to 12, and the answers of its examples are the names of fields.",
        ),
        "lm-eval-em": Profile(
            "lm-eval-em",
            "text",
            "drop",
            prompt=_LM_EVAL,
            find=_TO_FULL_STOP,
            options={"whole": True, "metric": "em"},
            note="em; an answer of several spans cannot be right.",
        ),
        "simple-evals": Profile(
            "simple-evals",
            "text",
            "drop",
            prompt=_SIMPLE_EVALS,
            find=_ANSWER_LINE,
            options={"one_by_one": True},
            note=f"f1_score. {_SIMPLE_EVALS_NOTE}",
        ),
        "simple-evals-fuzzy": Profile(
            "simple-evals-fuzzy",
            "text",
            "drop",
            prompt=_SIMPLE_EVALS,
            find=_ANSWER_LINE,
            options={"one_by_one": True, "metric": "fuzzy"},
            note=f"score: right when the answer is part of an accepted one, or holds it. {_SIMPLE_EVALS_NOTE}",
        ),
    }
    max_tokens = 96
    form = "answer"
    asks = "Answer with a number, a date or words of the passage; put ' | ' between several answers."

    def rows(self, path: Path) -> Iterator[Row]:
        seen: dict[str, int] = {}
        for row in read_rows(path) if ".json" not in path.suffixes else _questions(path):
            name = row.text("query_id")
            again = seen[name] = seen.get(name, 0) + 1
            # The development set has one question twice, under one id.
            fields = {field: row.get(field) for field in ("passage", "question", "answer")}
            validated = row.get("validated_answers") if row.has("validated_answers") else []
            name = name if again == 1 else f"{name}-{again}"
            yield Row({**fields, "query_id": name, "validated_answers": validated}, path, row.line)

    def sample(self, row: Row) -> Sample:
        passage, question = row.text("passage"), row.text("question")
        answers = [_spans(answer) for answer in _answers(row)]
        accepted = [*dict.fromkeys(spans for spans in answers if spans and spans[0].strip())]
        if not accepted:
            raise row.wrong("answer", "no number, no date and no spans")
        target: Json = [[*spans] for spans in accepted]
        return Sample(
            row.text("query_id"),
            f"{passage.strip()}\n\n{question.strip()}",
            target,
            " | ".join(accepted[0]),
            fields={
                "passage": passage,
                "question": question,
                "context": f"Passage: {passage}\nQuestion: {question}\nAnswer:",
                "answer": ", ".join(accepted[0]),
            },
        )


def _questions(path: Path) -> Iterator[Row]:
    """AI2's own layout: an object of passages, each with its questions."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        passages: Json = orjson.loads(content)
    except (OSError, EOFError, ValueError) as error:
        raise DataInvalid(f"'{path}' cannot be read ({error})", "check the file") from None
    if not isinstance(passages, dict) or not passages:
        raise DataInvalid(f"'{path}': an object of passages is expected", "put the benchmark's file there")
    for number, (name, entry) in enumerate(passages.items(), 1):
        if not isinstance(entry, dict):
            raise DataInvalid(f"'{path}', passage '{name:.40}': an object is expected", "correct the file")
        passage = Row(entry, path, number)
        for asked in passage.rows("qa_pairs"):
            validated = asked.get("validated_answers") if asked.has("validated_answers") else []
            fields = {field: asked.get(field) for field in ("query_id", "question", "answer")}
            yield Row({**fields, "validated_answers": validated, "passage": passage.get("passage")}, path, number)


def _answers(row: Row) -> list[Row]:
    """The answer and those of the people who checked it."""
    first = row.get("answer")
    if not isinstance(first, dict):
        raise row.wrong("answer", "an object with number, date and spans is expected")
    checked = row.get("validated_answers")
    listed: list[Json] = []
    if isinstance(checked, dict):  # the layout of the hub: a list for each field
        columns = [checked.get(field) for field in ("number", "date", "spans")]
        rows = zip(*(column if isinstance(column, list) else [] for column in columns), strict=False)
        listed = [dict(zip(("number", "date", "spans"), one, strict=True)) for one in rows]
    elif isinstance(checked, list):
        listed = checked
    found = [answer for answer in listed if isinstance(answer, dict)]
    if len(found) != len(listed):
        raise row.wrong("validated_answers", "objects with number, date and spans are expected")
    return [Row(answer, row.path, row.line) for answer in (first, *found)]


def _spans(answer: Row) -> tuple[str, ...]:
    """An answer as the official script reads it: its number, else its spans, else its date."""
    number = answer.get("number") if answer.has("number") else ""
    if number not in ("", None):
        return (str(number),)
    spans = answer.get("spans") if answer.has("spans") else []
    if isinstance(spans, list) and spans:
        return tuple(str(span) for span in spans)
    date = answer.get("date") if answer.has("date") else {}
    parts = [date.get(part) or "" for part in ("day", "month", "year")] if isinstance(date, dict) else []
    return (" ".join(str(part) for part in parts).strip(),)
