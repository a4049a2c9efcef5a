"""GSM8K: grade-school arithmetic in words, answered by one number (Cobbe et al. 2021).

Paper https://arxiv.org/abs/2110.14168 · data https://github.com/openai/grade-school-math · MIT.

    Question: Janet's ducks lay 16 eggs per day. She eats three for breakfast … How much does
    she make every day at the farmers' market?                                      Target: 18
"""

from __future__ import annotations

import re

from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataFile, Row
from bakeoff.core.hashing import text_digest
from bakeoff.core.protocols import Find, Profile, Prompt, Source
from bakeoff.core.types import Sample

_HUB = {"hub_repo": "openai/gsm8k", "hub_revision": "e53f048856ff4f594e959d75785d2c2d37b678ee"}
_NUMBER = re.compile(r"[-+]?\$?(\d{1,40}(\.\d{0,20})?|\.\d{1,20})")
_CALCULATOR = re.compile(r"<<[^<>]*>>")
_MARKED = Find(r"#### (\-?[0-9\.\,]+)")
# lm-evaluation-harness 0.4.13, tasks/gsm8k/gsm8k.yaml (MIT).
_LM_EVAL = Prompt(
    "Question: {question}\nAnswer:",
    shots=5,
    draw="sequence",
    stop=("Question:", "</s>", "<|im_end|>"),
    max_tokens=256,
)
_LM_EVAL_MATCH = {"ignore": [",", r"\$", r"(?s).*#### ", r"\.$"], "ignore_case": True, "target": "answer"}

# simple-evals at ee3b0318, mgsm_eval.py (MIT), for English.
_SIMPLE_EVALS = Prompt(
    "Solve this math problem. Give the reasoning steps before giving the final answer on the last line by itself in"
    ' the format of "Answer:". Do not add anything other than the integer answer after "Answer:".\n\n{question}',
    answer="Answer: {answer}",
    max_tokens=2048,
)
# inspect_evals 0.26.0, gsm8k/gsm8k.py (MIT).
_INSPECT_EVALS = Prompt(
    "Solve the following math problem step by step. The last line of your response should be of the form"
    ' "ANSWER: $ANSWER" (without quotes) where $ANSWER is the answer to the problem.\n\n{question}\n\nRemember to put'
    ' your answer on its own line at the end in the form "ANSWER: $ANSWER" (without quotes) where $ANSWER is the'
    " answer to the problem, and you do not need to use a \\boxed command.\n\nReasoning:",
    answer="ANSWER: {answer}",
    max_tokens=2048,
)
_INSPECT_NOISE = r"[$,£€*_!?:;()\[\]{}'\"`.]{0,20}"
_INSPECT_WORD = Find(
    r"(?<!\S)\\?" + _INSPECT_NOISE + r"([-+]?[\\$,£€*_]{0,9}"
    r"(?:\d(?:[\d,*_]{0,60}\d)?(?:\.\d(?:[\d,*_]{0,60}\d)?)?|\.\d{1,60})(?:[eE][-+]?\d{1,2})?)"
    + _INSPECT_NOISE
    + r"(?!\S)",
    pick="last",
)


class Gsm8k(FileBenchmark):
    name = "gsm8k"
    source = Source("https://github.com/openai/grade-school-math", "MIT", "3101c7d5072418e28b9008a6636bde82a006892c")
    files = {
        "test": DataFile(("gsm8k/test.jsonl",), hub_path="main/test-00000-of-00001.parquet", **_HUB),
        "train": DataFile(("gsm8k/train.jsonl",), hub_path="main/train-00000-of-00001.parquet", **_HUB),
    }
    shots_split = "train"
    profiles = {
        "bakeoff": Profile("bakeoff", "number", "numeric"),
        "official": Profile(
            "official",
            "number",
            "exact",
            find=(_MARKED,),
            options={"ignore": [","]},
            note="The first number after '####', compared as text without commas.",
        ),
        "lm-eval": Profile(
            "lm-eval", "number", "exact", prompt=_LM_EVAL, find=(_MARKED,), options=_LM_EVAL_MATCH, note="strict-match"
        ),
        "lm-eval-flexible": Profile(
            "lm-eval-flexible",
            "number",
            "exact",
            prompt=_LM_EVAL,
            find=(Find(r"(-?[$0-9.,]{2,})|(-?[0-9]+)", pick="last"),),
            options=_LM_EVAL_MATCH,
            note="flexible-extract",
        ),
        "simple-evals": Profile(
            "simple-evals",
            "number",
            "exact",
            prompt=_SIMPLE_EVALS,
            find=(
                Find(r"(?s)\A.*Answer(.*)", otherwise=""),
                Find(r"\d[\d,]*\.?[\d,]*", pick="last", otherwise=""),
            ),
            options={"ignore": [",", r"\.0*$"]},
            note="As its MGSM in English: the last number after the last 'Answer', without its sign.",
        ),
        "inspect-evals": Profile(
            "inspect-evals",
            "number",
            "numeric",
            prompt=_INSPECT_EVALS,
            find=(_INSPECT_WORD,),
            options={"significant": 5},
            note="With fewshot=false; the last word that is a number, compared in five significant digits.",
        ),
    }
    max_tokens = 400
    form = "number"

    def sample(self, row: Row) -> Sample:
        fields = {"question": row.text("question"), "answer": row.text("answer")}
        question = fields["question"].strip()
        working, marker, target = fields["answer"].rpartition("####")
        target = target.strip().replace(",", "")
        if not marker or not target:
            raise row.wrong("answer", "no '#### <number>' at its end")
        if not _NUMBER.fullmatch(target):
            raise row.wrong("answer", f"'{target:.40}' after '####' is no number")
        worked = f"{_CALCULATOR.sub('', working).strip()}\nAnswer: {target}"
        return Sample(text_digest(question), question, target, target, worked, fields=fields)
