"""squad, wmt22 and truthfulqa's generation beside lm-eval 0.4.13: its own tasks on the rows of the data folder.

The metric of squadv2 is one that lm-eval downloads: it is taken from the folder `metrics` that `_scripts` names.
wmt22 is asked as lm-eval asks WMT16, which is the newest of these that it has; it grades a whole corpus, so each
system's translations are compared sentence by sentence, each as a corpus of one, and as a corpus. triviaqa and drop
are in `text_qa`; here they are asked with examples. (squadv2 with examples raises TypeError in lm-eval 0.4.13.)
Example:

    BAKEOFF_DATA=… BAKEOFF_RULES=… python -m parity harness_text
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bakeoff.benchmarks._files import DataHome
from bakeoff.core import prompts
from bakeoff.core.answers import follow
from bakeoff.scorers import SCORERS
from bakeoff.stats.corpus import corpus_bleu, corpus_chrf, total
from parity._beside import CLOSE, Row, Side, Tally, Theirs, asked, benchmark, compared, keep, lay_out
from parity._scripts import find
from parity.agreement import Agreement
from parity.text_qa import answers_to, drop_rows, trivia_row

REFERENCE = "lm-eval 0.4.13"
DIRECTIONS = ("de-en", "en-de")
SQUADS = {
    "test": "squad_xquad/xquad.en.json",
    "de": "squad_xquad/xquad.de.json",
    "es": "squad_xquad/xquad.es.json",
    "v2": "rc_samples/squad2.json",
}
_LOGPROB = -3.0  # of "unanswerable": squadv2 asks for it, and its threshold of 1 lets it change nothing
# Written for the fixtures; no item of a benchmark is quoted.
PASSAGES = (
    {
        "id": "m1",
        "title": "Mills",
        "context": "The mill on the Ems was built by Ann Lee in 1808.",
        "question": "Who built the mill?",
        "answers": {"text": ["Ann Lee", "Ann"], "answer_start": [33, 33]},
    },
    {
        "id": "m2",
        "title": "The_Tin",
        "context": " Tin melts at 232 degrees. ",
        "question": "When does lead melt? ",
        "answers": {"text": [], "answer_start": []},
    },
)
QUESTIONS = (
    {
        "question": "Can owls turn their heads all the way round?",
        "mc1_targets": {"No, by about 270 degrees": 1, "Yes, they can.": 0},
        "mc2_targets": {"No, by about 270 degrees": 1, "No": 1, "Yes, they can.": 0, "Yes": 0},
    },
)
LINES: Mapping[str, Sequence[str]] = {
    "sources/generaltest2022.de-en.src.de": ("Die Mühle brennt.", "Wer hat sie gebaut?"),
    "references/generaltest2022.de-en.ref.A.en": ("The mill is on fire.", "Who built it?"),
    "references/generaltest2022.de-en.ref.B.en": ("The mill is burning.", "Who was it built by?"),
}


def compare(data: Path) -> list[Agreement]:
    tallies: list[Tally] = []
    for split, name in SQUADS.items():
        side = Side("squad", split=split, data=data)
        tallies += compared(side, REFERENCE, _squad(_articles(data / name)), f"split {split}")
    targets = json.loads((data / "truthfulqa/data/mc_task.json").read_text(encoding="utf-8"))
    tallies += compared(Side("truthfulqa", split="validation", data=data), REFERENCE, _truthful(targets))
    for direction in DIRECTIONS:
        tallies += _wmt(data, direction)
    home = DataHome(data, data / "no-cache", offline=True)
    trivia = [trivia_row(sample) for sample in benchmark("triviaqa", data).samples("test")]
    tallies += [_with_examples("triviaqa", trivia, 5), _with_examples("drop", drop_rows(home), 3)]
    return [tally.agreement() for tally in tallies]


def write(data: Path) -> None:
    del data
    side = Side("squad", {"squad_v2/validation.jsonl": PASSAGES}, "v2")
    keep("lm_eval_squad", side, REFERENCE, _squad(PASSAGES))
    side = Side("truthfulqa", {"truthfulqa/data/mc_task.json": QUESTIONS}, "validation")
    keep("lm_eval_truthfulqa", side, REFERENCE, _truthful(QUESTIONS))
    lines = [*LINES.values()]
    side = Side("wmt22", {f"wmt22/{name}": rows for name, rows in LINES.items()}, "de-en")
    keep("lm_eval_wmt22", side, REFERENCE, _made_up_wmt(lines[0], lines[1]))


def _articles(path: Path) -> list[Row]:
    """The authors' layout as the hub's rows."""
    rows = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for one in paragraph["qas"]:
                answers = {key: [a[key] for a in one["answers"]] for key in ("text", "answer_start")}
                row = {"id": one["id"], "title": article.get("title", ""), "context": paragraph["context"]}
                rows.append({**row, "question": one["question"], "answers": answers})
    return rows


def _squad(rows: Sequence[Row]) -> Iterator[Theirs]:
    import evaluate
    from lm_eval.tasks.squadv2 import task as module

    metric = evaluate.load(str(find("metrics") / "squad_v2" / "squad_v2.py"))

    def one_by_one(predictions: Sequence[Row], references: Sequence[Row]) -> Row:
        # As `compute` does, without a table on disk for each reply.
        found: Row = metric._compute(list(predictions), list(references))
        return found

    module._squad_metric = one_by_one
    task = _task(module.SQuAD2, {"validation": rows, "train": rows})
    golds = [row["answers"]["text"] or ["unanswerable"] for row in rows]
    for place, doc in enumerate(task.validation_docs()):
        context = task.fewshot_context(doc, num_fewshot=0)
        request, _ = task.construct_requests(doc, context)
        stop = tuple(request.args[1]["until"])
        for reply in (*answers_to(doc["id"], golds[place], golds[place - 1]), "unanswerable", "\nThe"):
            results = task.process_results(doc, (_cut(reply, stop), (_LOGPROB, False)))
            for profile, metric_name in (("lm-eval", "exact"), ("lm-eval-f1", "f1")):
                score = task.aggregation()[metric_name]([results[metric_name]]) / 100
                yield Theirs(profile, place, request.args[0], reply, score, stop)


def _truthful(rows: Sequence[Row]) -> Iterator[Theirs]:
    from lm_eval.tasks.truthfulqa import utils

    # It draws a bootstrap of 1,000 from the one score of each reference answer, which is that score.
    utils.scoring.BootstrapAggregator = partial(utils.scoring.BootstrapAggregator, n_samples=2)
    docs = []
    for row in rows:
        true, false = ([text for text, mark in row["mc2_targets"].items() if mark == kind] for kind in (1, 0))
        docs.append({"question": row["question"], "correct_answers": true, "incorrect_answers": false})
    task = _named("truthfulqa_gen", {"validation": docs})
    task.build_all_requests(rank=0, world_size=1)
    for instance in sorted(task.instances, key=lambda one: int(one.doc_id)):
        doc, stop = instance.doc, tuple(instance.args[1]["until"])
        given = docs[int(instance.doc_id)]
        for reply in answers_to(doc["question"], given["correct_answers"], given["incorrect_answers"])[:6]:
            found = task.process_results(doc, [_cut(reply, stop)])
            for profile, name in (("lm-eval-gen", "bleu_acc"), ("lm-eval-gen-rouge", "rouge1_acc")):
                yield Theirs(profile, int(instance.doc_id), instance.args[0], reply, float(found[name]), stop)


def _wmt_requests(sources: Sequence[str], targets: Sequence[str], direction: str) -> Iterator[tuple[Any, Any]]:
    """(task, request) for each sentence."""
    source, target = direction.split("-")
    rows = [{"translation": {source: a, target: b}} for a, b in zip(sources, targets, strict=True)]
    task = _named(f"wmt16-{direction}", {"train": rows[:1], "validation": rows[:1], "test": rows})
    task.build_all_requests(rank=0, world_size=1)
    for instance in sorted(task.instances, key=lambda one: int(one.doc_id)):
        yield task, instance


def _wmt(data: Path, direction: str) -> list[Tally]:
    """The translations of five systems, sentence by sentence and as a whole."""
    source, target = direction.split("-")
    folder = data / "wmt22"
    sources = _text(folder / f"sources/generaltest2022.{direction}.src.{source}")
    targets = _text(folder / f"references/generaltest2022.{direction}.ref.A.{target}")
    requests = list(_wmt_requests(sources, targets, direction))
    ours = benchmark("wmt22", data)
    samples = list(ours.samples(direction))
    tallies = [Tally("wmt22", name, REFERENCE, f"split {direction}") for name in ("lm-eval", "lm-eval-chrf")]
    for path in sorted((folder / "system-outputs").glob(f"generaltest2022.{direction}.hyp.*")):
        replies = _text(path)
        for tally, metric, corpus in zip(tallies, ("bleu", "chrf"), (corpus_bleu, corpus_chrf), strict=True):
            profile = ours.profile(tally.profile)
            scorer = SCORERS.load(profile.scorer)(**profile.options)
            assert profile.prompt is not None
            pairs, parts = [], []
            for (task, instance), sample, reply in zip(requests, samples, replies, strict=True):
                stop = tuple(instance.args[1]["until"])
                pair = task.process_results(instance.doc, [_cut(reply, stop)])[metric]
                part = scorer.score(sample, follow(_cut(reply, profile.prompt.stop), profile.find).value).parts
                same = asked(ours, profile, sample) == instance.args[0] and stop == profile.prompt.stop
                gap = abs(task.aggregation()[metric]([pair]) - corpus(part))
                tally.count(same, gap < CLOSE, f"{sample.id}, {reply!r:.60}: {gap}")
                pairs.append(pair)
                parts.append(part)
            gap = abs(task.aggregation()[metric](pairs) - corpus(total(parts)))
            tally.count(True, gap < CLOSE, f"{path.name} as a corpus: {gap}")
    return tallies


def _made_up_wmt(sources: Sequence[str], targets: Sequence[str]) -> Iterator[Theirs]:
    """BLEU and chrF of one sentence; of BLEU only replies that have four words, for shorter ones have none alone."""
    for place, (task, instance) in enumerate(_wmt_requests(sources, targets, "de-en")):
        for reply in (f" {targets[place]}", f"{targets[place]}\nAnd so on.", "The mill is on a hill.", "No idea"):
            stop = tuple(instance.args[1]["until"])
            found = task.process_results(instance.doc, [_cut(reply, stop)])
            for profile, metric in (("lm-eval", "bleu"), ("lm-eval-chrf", "chrf")):
                if metric == "chrf" or len(reply.split()) > 4:
                    score = task.aggregation()[metric]([found[metric]]) / 100
                    yield Theirs(profile, place, instance.args[0], reply, min(1.0, score), stop)


def _with_examples(name: str, rows: Sequence[Row], shots: int) -> Tally:
    """The prompts with examples; the second half of the rows stands for the train split, on both sides."""
    half = len(rows) // 2
    task = _named(name, {"train": rows[half:], "validation": rows[:half]})
    task.set_fewshot_seed(1234)
    tally = Tally(name, "lm-eval, lm-eval-em" if name == "drop" else "lm-eval", REFERENCE)
    tally.note = f"{shots} examples, prompts alone"
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder), {f"{name}/validation.jsonl": rows[:half], f"{name}/train.jsonl": rows[half:]})
        ours = benchmark(name, Path(folder))
        prompt = ours.profile("lm-eval").prompt
        assert prompt is not None
        for sample, doc in zip(ours.samples("test"), task.eval_docs, strict=True):
            mine = prompts.context(prompt, sample, ours.examples(prompt, sample, shots))
            tally.count(mine == task.fewshot_context(doc, num_fewshot=shots), True, f"{sample.id}: another prompt")
    return tally


def _text(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def _cut(reply: str, stops: Sequence[str]) -> str:
    """What a server leaves of a reply."""
    for stop in stops:
        reply = reply.split(stop, 1)[0]
    return reply


_manager: list[Any] = []


def _named(name: str, splits: Mapping[str, Sequence[Row]]) -> Any:
    from lm_eval.tasks import TaskManager

    _hand_over(splits)
    if not _manager:
        _manager.append(TaskManager())
    return _manager[0].load_task_or_group(name)[name]


def _task(kind: Any, splits: Mapping[str, Sequence[Row]]) -> Any:
    _hand_over(splits)
    return kind()


def _hand_over(splits: Mapping[str, Sequence[Row]]) -> None:
    """The next task finds these rows where it would have downloaded some."""
    from datasets import Dataset, DatasetDict
    from lm_eval.api.task import ConfigurableTask

    held = DatasetDict({split: Dataset.from_list(list(rows)) for split, rows in splits.items()})

    def download(self: Any, *args: object, **options: object) -> None:
        self.dataset = held

    ConfigurableTask.download = download
