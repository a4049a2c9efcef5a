"""One file for each benchmark; the table below is all that a listing reads."""

from bakeoff.core.registry import Registry

BENCHMARKS = Registry(
    "benchmark",
    {
        "arc_challenge": "bakeoff.benchmarks.arc_challenge:ArcChallenge",
        "classification": "bakeoff.benchmarks.classification:Classification",
        "code_generation": "bakeoff.benchmarks.code_generation:CodeGeneration",
        "gsm8k": "bakeoff.benchmarks.gsm8k:Gsm8k",
        "question_answering": "bakeoff.benchmarks.question_answering:QuestionAnswering",
        "summarisation": "bakeoff.benchmarks.summarisation:Summarisation",
        "text_generation": "bakeoff.benchmarks.text_generation:TextGeneration",
        "triviaqa": "bakeoff.benchmarks.triviaqa:TriviaQa",
    },
)
