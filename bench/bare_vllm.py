"""vLLM's own offline class in a process of its own: prompts in, tokens and seconds out, one line of JSON each.

python -m bench.bare_vllm '{"model": "models/smollm2", "dtype": "float32", …}'
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    out = os.dup(1)
    os.dup2(2, 1)  # vLLM writes to stdout
    from vllm import LLM, SamplingParams

    model = LLM(**json.loads(sys.argv[1]))
    os.write(out, b"{}\n")
    for line in sys.stdin:
        asked = json.loads(line)
        params = [SamplingParams(temperature=0, max_tokens=most) for most in asked["most"]]
        began = time.perf_counter()
        made = model.generate([{"prompt_token_ids": one} for one in asked["prompts"]], params, use_tqdm=False)
        seconds = time.perf_counter() - began
        tokens = sum(len(one.outputs[0].token_ids) for one in made)
        os.write(out, json.dumps({"tokens": tokens, "seconds": seconds}).encode() + b"\n")


if __name__ == "__main__":
    main()
