"""The published scoring scripts, executed on the same answers: what they give and what Bakeoff gives.

The scripts are not part of Bakeoff: `_scripts` says which files are expected in the folder BAKEOFF_RULES. Each case
is an empty tally and an iterator of our score, theirs, and what was compared.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._files import DataHome
from bakeoff.core.types import Json, Sample
from bakeoff.scorers.drop import Drop
from bakeoff.scorers.supporting_facts import SupportingFacts
from bakeoff.scorers.token_f1 import TokenF1
from parity._beside import Tally
from parity._scripts import script, stubs

Graded = Iterator[tuple[float, float, str]]
Replies = Callable[[str, Sequence[str], Sequence[str]], list[str]]
_STUBS = {"ujson": json.__dict__, "utils": {}, "utils.dataset_utils": {}, "utils.utils": {}}


def cases(home: DataHome, replies: Replies) -> Iterator[tuple[Tally, Graded]]:
    """Raises NotHere."""
    with stubs(_STUBS):
        hotpot, trivia = script("hotpot_evaluate_v1.py"), script("triviaqa_evaluation.py")
        first, second, allen = script("squad.py"), script("squad_v2.py"), script("allennlp_drop.py")
    squad = [sample for split in ("test", "de", "es") for sample in _samples("squad", home, split)]
    both, evaluate = "official, official-em", "huggingface/evaluate at a7dd338"
    yield Tally("squad", both, f"{evaluate}, squad", "rules of 1.1; scores alone"), _squad(first, squad, replies, "1.1")
    yield (
        Tally("squad", both, f"{evaluate}, squad_v2", "rules of 2.0; scores alone"),
        _squad(second, squad, replies, "2.0"),
    )
    where = "hotpotqa/hotpot at 3635853, hotpot_evaluate_v1.py"
    yield (
        Tally("hotpotqa", both, where, "scores alone"),
        _hotpot(hotpot, _samples("hotpotqa", home, "answers"), replies),
    )
    facts = Tally("hotpotqa", "official-sp, official-joint, official-joint-em", where, "scores alone")
    yield facts, _joint(hotpot, _samples("hotpotqa", home, "distractor"), replies)
    where = "mandarjoshi90/triviaqa at ca43b58, triviaqa_evaluation.py"
    tally = Tally("triviaqa", "official, official-f1", where, "scores alone")
    yield tally, _trivia(trivia, _samples("triviaqa", home, "test"), replies)
    drop = [_as_drop(sample, squad[place - 2 : place]) for place, sample in enumerate(squad[:900])]
    drop += _samples("drop", home, "test")
    where = "allenai/allennlp-models at b1f37224, tools/drop.py"
    yield Tally("drop", both, where, "scores alone; rows of SQuAD, too"), _drop(allen, drop, replies)


def _samples(name: str, home: DataHome, split: str) -> list[Sample]:
    return list(BENCHMARKS.load(name)(home).samples(split))


def _targets(sample: Sample) -> list[str]:
    target: Json = sample.target
    return [str(one) for one in target] if isinstance(target, list) else [str(target)]


def _asked(samples: Sequence[Sample], replies: Replies) -> Iterator[tuple[Sample, list[str], str]]:
    golds = [_targets(sample) for sample in samples]
    for place, sample in enumerate(samples):
        for reply in replies(sample.id, golds[place], golds[place - 1]):
            yield sample, golds[place], reply


def _squad(script: Any, samples: Sequence[Sample], replies: Replies, version: str) -> Graded:
    scorers = TokenF1(), TokenF1("em")
    for place, (sample, golds, reply) in enumerate(_asked(samples, replies)):
        # A sixth has no answer in version 2.0, a twelfth one that is nothing but an article.
        golds = [*golds, "The"] if place % 12 == 1 else [] if version == "2.0" and place % 6 == 0 else golds
        asked = Sample(sample.id, "", [*golds], "", meta={"version": version})
        texts: Any = [{"text": gold} for gold in golds] if version == "1.1" else {"text": golds}
        article = [{"paragraphs": [{"qas": [{"id": "q", "answers": texts}]}]}]
        if version == "1.1":
            found = script.compute_score(article, {"q": reply})
            theirs = found["f1"] / 100, found["exact_match"] / 100
        else:
            exact, f1 = script.get_raw_scores(article, {"q": reply})
            theirs = f1["q"], exact["q"]
        for scorer, wanted in zip(scorers, theirs, strict=True):
            yield scorer.score(asked, reply).value, wanted, f"{golds!r:.60} {reply!r:.60}"


def _hotpot(script: Any, samples: Sequence[Sample], replies: Replies) -> Graded:
    scorer = TokenF1(rule="hotpotqa")
    for sample, golds, reply in _asked(samples, replies):
        parts = scorer.score(sample, reply).parts
        ours = parts["exact"], parts["f1"], parts["precision"], parts["recall"]
        theirs = float(script.exact_match_score(reply, golds[0])), *script.f1_score(reply, golds[0])
        yield float(ours == theirs), 1.0, f"{golds[0]!r:.40} {reply!r:.60}: {ours}, {theirs}"


def _joint(script: Any, samples: Sequence[Sample], replies: Replies) -> Graded:
    named = {"em": "exact", "f1": "f1", "prec": "precision", "recall": "recall"}
    named |= {
        f"sp_{name}": f"sp_{ours}"
        for name, ours in (("em", "em"), ("f1", "f1"), ("prec", "precision"), ("recall", "recall"))
    }
    named |= {"joint_em": "joint_em", "joint_f1": "joint_f1"}
    scorer = SupportingFacts()
    with tempfile.TemporaryDirectory() as folder:
        gold, told = Path(folder) / "gold.json", Path(folder) / "told.json"
        for place, (sample, golds, reply) in enumerate(_asked(samples, replies)):
            titles, facts = sample.meta["titles"], sample.meta["facts"]
            assert isinstance(titles, list) and isinstance(facts, list)
            draw = random.Random(place)
            guesses = [*draw.sample(facts, draw.randint(0, len(facts)))]
            guesses += [[draw.choice(titles), draw.randrange(4)] for _ in range(draw.randrange(3))]
            gold.write_text(json.dumps([{"_id": "q", "answer": golds[0], "supporting_facts": facts}]))
            told.write_text(json.dumps({"answer": {"q": reply}, "sp": {"q": guesses}}))
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                script.eval(str(told), str(gold))
            theirs = ast.literal_eval(said.getvalue())
            parts = scorer.score(sample, json.dumps({"answer": reply, "sp": guesses})).parts
            wrong = [name for name, ours in named.items() if abs(theirs[name] - parts[ours]) > 1e-12]
            yield float(not wrong), 1.0, f"{golds[0]!r:.40} {reply!r:.40}: {wrong}"


def _trivia(script: Any, samples: Sequence[Sample], replies: Replies) -> Graded:
    scorers = TokenF1("em", "triviaqa"), TokenF1("f1", "triviaqa")
    for sample, golds, reply in _asked(samples, replies):
        found = script.evaluate_triviaqa({"q": {"NormalizedAliases": golds}}, {"q": reply}, mute=True)
        theirs = found["exact_match"] / 100, found["f1"] / 100
        for scorer, wanted in zip(scorers, theirs, strict=True):
            yield scorer.score(sample, reply).value, wanted, f"{golds!r:.60} {reply!r:.60}"


def _as_drop(sample: Sample, near: Sequence[Sample]) -> Sample:
    """DROP's kinds of answers, from SQuAD's: one span, several, a second accepted answer."""
    several: list[Json] = [span for one in (sample, *near) for span in _targets(one)[:1]]
    first: list[Json] = [*_targets(sample)[:1]]
    return Sample(sample.id, "", [first, several], "")


def _drop(script: Any, samples: Sequence[Sample], replies: Replies) -> Graded:
    scorers = Drop("em"), Drop("f1")
    for sample, answers, reply in _asked_spans(samples, replies):
        spans = [span for span in (part.strip() for part in reply.replace("\n", "|").split("|")) if span]
        told = spans if len(spans) > 1 else reply
        listed = [{"spans": answer} for answer in answers]
        asked = {"p": {"qa_pairs": [{"query_id": "q", "answer": listed[0], "validated_answers": listed[1:]}]}}
        with contextlib.redirect_stdout(io.StringIO()):
            theirs = script.evaluate_json(asked, {"q": told})
        for scorer, wanted in zip(scorers, theirs, strict=True):
            yield scorer.score(sample, reply).value, float(wanted), f"{answers!r:.80} {told!r:.60}"


def _asked_spans(samples: Sequence[Sample], replies: Replies) -> Iterator[tuple[Sample, list[list[str]], str]]:
    listed: list[list[list[str]]] = []
    for sample in samples:
        target: Json = sample.target
        listed.append(
            [[str(span) for span in one] for one in target if isinstance(one, list)] if isinstance(target, list) else []
        )
    for place, sample in enumerate(samples):
        golds = [" | ".join(spans) for spans in listed[place]]
        for reply in replies(sample.id, golds, [" ".join(spans) for spans in listed[place - 1]]):
            yield sample, listed[place], reply


MADE_UP = (
    (["the Old Mill"], ("an old, old mill", "Old Mill", "the mill", "", "The", "old-mill", "OLD MILL!")),
    (["The"], ("the", "")),
    (["yes"], ("yes", "no", "yes it is", "noanswer")),
    (["no", "nobody at all"], ("nobody", "no", "not at all, nobody")),
    (["U.S. Army", "the Army"], ("US army", "u.s. army", "Army of the U.S.", "u s army")),
    (["rock ’n’ roll_band"], ("rock n roll band", "rock ’n’ roll_band", "rocknroll")),
)


def fixtures() -> list[dict[str, object]]:
    """Answers written for the fixtures, and what each script gives them: exact match and F1."""
    with stubs(_STUBS):
        hotpot, trivia = script("hotpot_evaluate_v1.py"), script("triviaqa_evaluation.py")
        first, second = script("squad.py"), script("squad_v2.py")
    found: list[dict[str, object]] = []
    for golds, reply in ((golds, one) for golds, listed in MADE_UP for one in listed):
        one = {"qas": [{"id": "q", "answers": [{"text": gold} for gold in golds]}]}
        two = {"qas": [{"id": "q", "answers": {"text": golds}}]}
        squad = first.compute_score([{"paragraphs": [one]}], {"q": reply})
        exact, f1 = second.get_raw_scores([{"paragraphs": [two]}], {"q": reply})
        quiz = trivia.evaluate_triviaqa({"q": {"NormalizedAliases": golds}}, {"q": reply}, mute=True)
        scores = {
            "squad": [squad["exact_match"] / 100, squad["f1"] / 100],
            "squad2": [float(exact["q"]), float(f1["q"])],
            "triviaqa": [quiz["exact_match"] / 100, quiz["f1"] / 100],
            "hotpotqa": [float(hotpot.exact_match_score(reply, golds[0])), float(hotpot.f1_score(reply, golds[0])[0])],
        }
        found.append({"golds": golds, "reply": reply, "scores": scores})
    return found
