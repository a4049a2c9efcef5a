"""Who says whether an answer follows from its passages: a judge, a model of entailment, or shared words.

What `app.wiring` makes of `--scorer faithfulness` and its options: `by` (nli, judge, overlap; a named judge is asked
where nothing else is said), `nli` (name or folder of the model), `graded`, `whole`, `beside` (`app.wiring` puts it
beside the benchmark's own scorer).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Literal, get_args

from bakeoff.app.settings import Settings
from bakeoff.core.embedding import Embedder
from bakeoff.core.entailment import Entailment
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import Engine
from bakeoff.scorers.faithfulness import Faithfulness

By = Literal["nli", "judge", "overlap"]


def faithfulness_of(
    judges: Sequence[Engine] = (),
    by: str = "",
    nli: str = "",
    graded: bool = False,
    whole: bool = False,
    beside: bool = False,
) -> Faithfulness:
    """The scorer with its back end. Raises ConfigInvalid, MissingExtra, DataMissing."""
    if beside:
        raise ConfigInvalid(
            "'beside' of scorer 'faithfulness' keeps the score of a benchmark's profile, and here there is none",
            "give it with --scorer faithfulness --scorer-args beside=true, beside a profile of another scorer",
        )
    return Faithfulness(build_entailment(judges, by, nli, graded), _embedder() if whole else None, whole)


def build_entailment(judges: Sequence[Engine] = (), by: str = "", nli: str = "", graded: bool = False) -> Entailment:
    """Raises ConfigInvalid, MissingExtra, DataMissing: a model is loaded here, before answers are paid for."""
    chosen = by or ("nli" if nli or not judges else "judge")
    if chosen not in get_args(By):
        raise ConfigInvalid(f"scorer 'faithfulness' knows no back end '{by}'", f"write by={', by='.join(get_args(By))}")
    if judges and chosen != "judge":
        raise ConfigInvalid(
            f"scorer 'faithfulness' asks no judge with by={chosen}", "leave --judge out, or write by=judge"
        )
    if chosen == "judge":
        from bakeoff.scorers._entailment import Judged

        if not judges:
            raise ConfigInvalid("scorer 'faithfulness' with by=judge has no judge", "name a model with --judge MODEL")
        return Judged(judges, graded)
    if chosen == "overlap":
        from bakeoff.scorers._entailment import Overlap

        return Overlap()
    return _nli(nli, Settings.load().offline)


@lru_cache(maxsize=2)
def _nli(name: str, offline: bool) -> Entailment:
    from bakeoff.retrieval.nli import DEFAULT, Nli

    model = Nli(name or DEFAULT, offline)
    model.load()
    return model


def _embedder() -> Embedder | None:
    """For the relevance of answers, where the extra is installed."""
    from bakeoff.core.errors import UsageError
    from bakeoff.retrieval.minilm import MiniLm

    if find_spec("onnxruntime") is None:
        return None
    try:
        return MiniLm()
    except UsageError:  # without its tokenizer: the other measures need none
        return None
