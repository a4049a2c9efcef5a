"""One file for each way to seek an answer; the table below is all that a listing reads."""

from bakeoff.core.registry import Registry

METHODS = Registry(
    "method",
    {
        "cot": "bakeoff.methods.cot:ChainOfThought",
        "few_shot": "bakeoff.methods.few_shot:FewShot",
        "few_shot_cot": "bakeoff.methods.few_shot_cot:FewShotChainOfThought",
        "least_to_most": "bakeoff.methods.least_to_most:LeastToMost",
        "naive": "bakeoff.methods.naive:Naive",
        "plan_and_solve": "bakeoff.methods.plan_and_solve:PlanAndSolve",
        "react": "bakeoff.methods.react:React",
        "rag_hybrid": "bakeoff.methods.rag_hybrid:RagHybrid",
        "rag_naive": "bakeoff.methods.rag_naive:RagNaive",
        "rag_reranked": "bakeoff.methods.rag_reranked:RagReranked",
        "self_consistency": "bakeoff.methods.self_consistency:SelfConsistency",
        "self_refine": "bakeoff.methods.self_refine:SelfRefine",
    },
)
