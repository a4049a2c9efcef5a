"""One file for each way to seek an answer; the table below is all that a listing reads."""

from bakeoff.core.registry import Registry

METHODS = Registry(
    "method",
    {
        "cot": "bakeoff.methods.cot:ChainOfThought",
        "few_shot": "bakeoff.methods.few_shot:FewShot",
        "naive": "bakeoff.methods.naive:Naive",
    },
)
