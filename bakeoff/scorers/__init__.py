"""One file for each way to grade; the table below is all that a listing reads."""

from bakeoff.core.registry import Registry

SCORERS = Registry(
    "scorer",
    {
        "alias": "bakeoff.scorers.alias:Alias",
        "bleu": "bakeoff.scorers.bleu:Bleu",
        "choice": "bakeoff.scorers.choice:Choice",
        "chrf": "bakeoff.scorers.chrf:Chrf",
        "code_calls": "bakeoff.scorers.code_calls:CodeCalls",
        "code_tests": "bakeoff.scorers.code_tests:CodeTests",
        "constraints": "bakeoff.scorers.constraints:Constraints",
        "contains": "bakeoff.scorers.contains:Contains",
        "drop": "bakeoff.scorers.drop:Drop",
        "exact": "bakeoff.scorers.exact:Exact",
        "faithfulness": "bakeoff.scorers.faithfulness:Faithfulness",
        "facts": "bakeoff.scorers.facts:Facts",
        "ifeval": "bakeoff.scorers.ifeval:IfEval",
        "json_schema": "bakeoff.scorers.json_schema:JsonSchema",
        "judge": "bakeoff.scorers.judge:Judge",
        "judge_pairwise": "bakeoff.scorers.judge_pairwise:JudgePairwise",
        "label": "bakeoff.scorers.label:Label",
        "likelihood": "bakeoff.scorers.likelihood:Likelihood",
        "math_equivalence": "bakeoff.scorers.math_equivalence:MathEquivalence",
        "math_text": "bakeoff.scorers.math_text:MathText",
        "mixed": "bakeoff.scorers.mixed:Mixed",
        "numeric": "bakeoff.scorers.numeric:Numeric",
        "quality": "bakeoff.scorers.quality:Quality",
        "regex": "bakeoff.scorers.regex:Regex",
        "rouge": "bakeoff.scorers.rouge:Rouge",
        "similarity": "bakeoff.scorers.similarity:Similarity",
        "supporting_facts": "bakeoff.scorers.supporting_facts:SupportingFacts",
        "token_f1": "bakeoff.scorers.token_f1:TokenF1",
        "tool_call": "bakeoff.scorers.tool_call:ToolCall",
        "truthful": "bakeoff.scorers.truthful:Truthful",
    },
)
