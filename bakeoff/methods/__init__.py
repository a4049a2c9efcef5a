"""One file for each way to seek an answer; the table below is all that a listing reads."""

from bakeoff.core.registry import Registry

METHODS = Registry(
    "method",
    {
        "cot": "bakeoff.methods.cot:ChainOfThought",
        "few_shot": "bakeoff.methods.few_shot:FewShot",
        "few_shot_cot": "bakeoff.methods.few_shot_cot:FewShotChainOfThought",
        "naive": "bakeoff.methods.naive:Naive",
        "react": "bakeoff.methods.react:React",
        "self_consistency": "bakeoff.methods.self_consistency:SelfConsistency",
    },
)
