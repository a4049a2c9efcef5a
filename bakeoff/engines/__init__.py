"""One file for each way to reach a model; the table below is all that a listing reads."""

from bakeoff.core.registry import Registry

ENGINES = Registry(
    "engine",
    {
        "anthropic": "bakeoff.engines.anthropic:Anthropic",
        "fake": "bakeoff.engines.fake:Fake",
        "llama_cpp": "bakeoff.engines.llama_cpp:LlamaCpp",
        "openai_compatible": "bakeoff.engines.openai_compatible:OpenAICompatible",
        "transformers": "bakeoff.engines.transformers:Transformers",
        "vllm": "bakeoff.engines.vllm:Vllm",
    },
)
