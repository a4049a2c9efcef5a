"""Faithfulness back ends beside what people said: QAGS (summaries of CNN and XSum) and RTE, from BAKEOFF_DATA.

    python -m bench.faithfulness overlap                      # no model
    python -m bench.faithfulness judge smollm2-135m 100       # a judge, on so many pairs of each set
    python -m bench.faithfulness judge smollm2-135m 100 rte   # of one set
    python -m bench.faithfulness nli facebook/bart-large-mnli # by name or folder

For each set: the agreement with the human label at the threshold of 0.5 (Wilson), beside that of the commoner label,
and the area under the ROC curve, with an interval by 2,000 resamples of pairs. A judge is told twice: by its word,
and graded by the probability of its words. The figures go to docs/LOG.md by hand.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bakeoff.app.knowledge_faithfulness import build_entailment
from bakeoff.app.settings import Settings
from bakeoff.app.wiring import build_engine
from bakeoff.core.entailment import Entailment, Pair
from bakeoff.core.hashing import order_key
from bakeoff.core.specs import ModelSpec
from bakeoff.scorers._entailment import Judged
from bakeoff.stats.agreement import against_humans

RESAMPLES = 2000
Labelled = list[tuple[Pair, bool]]
Values = Sequence[float | None]


def sets() -> dict[str, Labelled]:
    data = Path(os.environ["BAKEOFF_DATA"])
    found = {name: _qags(data / f"qags/mturk_{name}.jsonl") for name in ("cnndm", "xsum")}
    return {"qags-cnndm": found["cnndm"], "qags-xsum": found["xsum"], "rte": _rte(data / "superglue/RTE/val.jsonl")}


def _qags(path: Path) -> Labelled:
    """A pair for each sentence of a summary; the label is that of most of its three raters."""
    found: Labelled = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for sentence in row["summary_sentences"]:
            said = [one["response"] == "yes" for one in sentence["responses"]]
            found.append(((row["article"], sentence["sentence"]), sum(said) * 2 > len(said)))
    return found


def _rte(path: Path) -> Labelled:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [((row["premise"], row["hypothesis"]), row["label"] == "entailment") for row in rows]


def drawn(pairs: Labelled, limit: int | None) -> Labelled:
    """The first of a shuffle that is the same everywhere."""
    order = sorted(pairs, key=lambda one: order_key(7, "faithfulness", one[0][0][:200] + one[0][1]))
    return order[:limit]


def auc(values: Sequence[float], labels: Sequence[bool]) -> tuple[float, float, float]:
    """The chance that a supported pair is valued above one that is not, ties half; and its interval."""
    scores, truth = np.asarray(values, float), np.asarray(labels, bool)
    draw = np.random.default_rng(7)
    spread = []
    for _ in range(RESAMPLES):
        rows = draw.integers(0, len(scores), len(scores))
        if truth[rows].any() and not truth[rows].all():
            spread.append(_auc(scores[rows], truth[rows]))
    low, high = np.quantile(spread, [0.025, 0.975])
    return _auc(scores, truth), float(low), float(high)


def _auc(scores: np.ndarray, truth: np.ndarray) -> float:
    yes, no = scores[truth], scores[~truth]
    beaten = np.searchsorted(np.sort(no), yes, "left") + np.searchsorted(np.sort(no), yes, "right")
    return float(beaten.sum() / 2 / (len(yes) * len(no)))


def tell(label: str, name: str, values: Values, labels: Sequence[bool]) -> None:
    known = [(value, truth) for value, truth in zip(values, labels, strict=True) if value is not None]
    said = [None if value is None else value >= 0.5 for value in values]
    found = against_humans(said, list(labels))
    most = max(sum(labels), len(labels) - sum(labels)) / len(labels)
    area = auc([value for value, _ in known], [truth for _, truth in known])
    print(
        f"{name:<12} {label:<14} agreement {found.agreement}  (commoner label {most:.3f})"
        f"  sensitivity {found.sensitivity.value:.2f} specificity {found.specificity.value:.2f}"
        f"  AUC {area[0]:.3f} [{area[1]:.3f}, {area[2]:.3f}]",
        flush=True,
    )


async def measure(args: Sequence[str]) -> None:
    kind, model = args[0], args[1] if len(args) > 1 else ""
    limit = int(args[2]) if len(args) > 2 else None
    only = args[3] if len(args) > 3 else ""
    engine = None
    if kind == "judge":
        engine = build_engine(ModelSpec(model=model), "balanced", 600.0, Settings.load())
        back_end: Entailment = Judged([engine], graded=True)
    else:
        back_end = build_entailment((), kind, model)
    try:
        for name, pairs in sets().items():
            if only and name != only:
                continue
            chosen = drawn(pairs, limit)
            labels = [truth for _, truth in chosen]
            said = await back_end.support([pair for pair, _ in chosen])
            tell(f"{kind} graded" if engine else kind, name, said.values, labels)
            if engine is not None:
                word = Judged([engine])
                tell("judge's word", name, [word._value(call) for call in said.calls], labels)
    finally:
        if engine is not None:
            await engine.close()


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ("overlap", "judge", "nli"):
        asyncio.run(measure(sys.argv[1:]))
    else:
        print(__doc__)
