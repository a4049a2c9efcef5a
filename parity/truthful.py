"""The scorer `truthful` beside lm-eval's truthfulqa_gen: its own functions, on the same answers.

The reference draws a bootstrap of 1,000 from the one score of each reference answer, which is that score; here
it draws two.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bakeoff.core.types import Sample
from bakeoff.scorers.truthful import Truthful
from parity.agreement import Agreement
from parity.text_qa import answers_to

_FILE = Path("truthfulqa", "TruthfulQA.csv")


def compare(data: Path) -> list[Agreement]:
    """All twelve metrics of each reply are to be equal. Needs lm_eval."""
    from lm_eval.tasks.truthfulqa import utils

    utils.scoring.BootstrapAggregator = partial(utils.scoring.BootstrapAggregator, n_samples=2)
    scorer = Truthful()
    count, equal, differences = 0, 0, []
    for question, lists in _rows(data / _FILE):
        doc = utils.preprocess_function({"question": question, **lists})
        sample = Sample(question, question, None, "", meta={name: [*found] for name, found in lists.items()})
        for reply in answers_to(question, lists["correct_answers"], lists["incorrect_answers"])[:6]:
            theirs: Mapping[str, Any] = utils.process_results_gen(doc, [reply])
            ours = scorer.score(sample, reply).parts
            wrong = [name for name, value in theirs.items() if abs(float(value) - ours[name]) > 1e-9]
            count, equal = count + 1, equal + (not wrong)
            if wrong:
                differences.append(f"{question:.40} {reply!r:.60}: {wrong}")
    note = "all twelve metrics, on the published lists of answers; no prompt"
    return [Agreement("truthfulqa", "lm-eval-gen, lm-eval-gen-rouge", count, count, equal, differences[:5], note=note)]


def _rows(path: Path) -> Iterator[tuple[str, dict[str, list[str]]]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            named = {"correct_answers": row["Correct Answers"], "incorrect_answers": row["Incorrect Answers"]}
            yield row["Question"], {name: [one.strip() for one in text.split(";")] for name, text in named.items()}
