"""One file for each benchmark; the tables below are all that a listing reads.

`-b reasoning` asks the benchmarks of a group. `all` is a group too: every name there is.
`-b mmlu:anatomy` asks a part of one alone.
"""

from bakeoff.core.registry import Registry

BENCHMARKS = Registry(
    "benchmark",
    {
        "ag_news": "bakeoff.benchmarks.ag_news:AgNews",
        "arc_challenge": "bakeoff.benchmarks.arc_challenge:ArcChallenge",
        "arc_easy": "bakeoff.benchmarks.arc_easy:ArcEasy",
        "bbh": "bakeoff.benchmarks.bbh:Bbh",
        "boolq": "bakeoff.benchmarks.boolq:BoolQ",
        "classification": "bakeoff.benchmarks.classification:Classification",
        "code_generation": "bakeoff.benchmarks.code_generation:CodeGeneration",
        "commonsenseqa": "bakeoff.benchmarks.commonsenseqa:CommonsenseQa",
        "drop": "bakeoff.benchmarks.drop:Drop",
        "fever": "bakeoff.benchmarks.fever:Fever",
        "function_calling": "bakeoff.benchmarks.function_calling:FunctionCalling",
        "gsm8k": "bakeoff.benchmarks.gsm8k:Gsm8k",
        "hellaswag": "bakeoff.benchmarks.hellaswag:HellaSwag",
        "hotpotqa": "bakeoff.benchmarks.hotpotqa:HotpotQa",
        "humaneval": "bakeoff.benchmarks.humaneval:HumanEval",
        "ifeval": "bakeoff.benchmarks.ifeval:IfEval",
        "math500": "bakeoff.benchmarks.math500:Math500",
        "mbpp": "bakeoff.benchmarks.mbpp:Mbpp",
        "mmlu": "bakeoff.benchmarks.mmlu:Mmlu",
        "mt_bench": "bakeoff.benchmarks.mt_bench:MtBench",
        "openbookqa": "bakeoff.benchmarks.openbookqa:OpenBookQa",
        "piqa": "bakeoff.benchmarks.piqa:Piqa",
        "question_answering": "bakeoff.benchmarks.question_answering:QuestionAnswering",
        "scitldr": "bakeoff.benchmarks.scitldr:SciTldr",
        "squad": "bakeoff.benchmarks.squad:Squad",
        "sst2": "bakeoff.benchmarks.sst2:Sst2",
        "summarisation": "bakeoff.benchmarks.summarisation:Summarisation",
        "text_generation": "bakeoff.benchmarks.text_generation:TextGeneration",
        "triviaqa": "bakeoff.benchmarks.triviaqa:TriviaQa",
        "truthfulqa": "bakeoff.benchmarks.truthfulqa:TruthfulQa",
        "winogrande": "bakeoff.benchmarks.winogrande:WinoGrande",
        "wmt22": "bakeoff.benchmarks.wmt22:Wmt22",
    },
)

PARTED = ("bbh", "mmlu")  # those with parts that can be asked alone

GROUPS = {
    "code": ("code_generation", "humaneval", "mbpp"),
    "instructions": ("function_calling", "ifeval", "text_generation"),
    "knowledge": ("mmlu", "openbookqa", "question_answering", "triviaqa", "truthfulqa"),
    "labels": ("ag_news", "classification", "fever", "sst2"),
    "math": ("gsm8k", "math500"),
    "reading": ("boolq", "drop", "hotpotqa", "squad"),
    "reasoning": (
        *("arc_challenge", "arc_easy", "bbh", "commonsenseqa", "hellaswag"),
        *("openbookqa", "piqa", "winogrande"),
    ),
    "shipped": (
        *("classification", "code_generation", "function_calling"),
        *("question_answering", "summarisation", "text_generation"),
    ),
    "writing": ("scitldr", "summarisation", "wmt22"),
}
