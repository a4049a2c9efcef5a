"""A process that speaks as engine 'vllm''s own does, with no vLLM in it: every reply is the tokens of its prompt.

Prompts that begin with these tokens do something else: 1001 ends the process, 1002 hangs, 1003 says that its engine
is dead, 1004 refuses, 1005 writes to both outputs first, 1006 answers what nobody asked, 1007 says what is no line
of ours. Arguments named
`fail`, `die`, `hang` do so while it starts. It starts a child of its own, as vLLM does, and writes that child's number
to the file `child`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT_CAUSE = "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB"


def main() -> None:
    out = int(sys.argv[1])
    first = json.loads(sys.stdin.readline())
    told = first["arguments"]
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    if "child" in told:
        Path(told["child"]).write_text(str(child.pid), encoding="ascii")
    print("(EngineCore pid=7) INFO 01-01 00:00:00 [core.py:1] Using STUB_ATTN attention backend", flush=True)
    if "fail" in told:
        print(f"(EngineCore pid=7) ERROR 01-01 00:00:00 [core.py:1] {told['fail']}", flush=True)
        say(out, {"failed": "RuntimeError: Engine core initialization failed. See root cause above."})
        return
    if "die" in told:
        os.kill(os.getpid(), told["die"])
    if "hang" in told:
        time.sleep(600)
    say(out, {"ready": {"dtype": "float32", "kv_cache_dtype": "auto"}})
    for line in sys.stdin:
        answer(out, json.loads(line))
    os.killpg(os.getpgrp(), signal.SIGKILL)


def answer(out: int, message: dict[str, Any]) -> None:
    number = message["id"]
    if message.get("cancel"):
        say(out, {"id": number, "text": "too late", "finish": "stop"})
        return
    if "scored" in message:
        values = [[-1.0 * token for token in row["tokens"][row["known"] :]] for row in message["scored"]]
        say(out, {"id": number, "values": values})
        return
    prompt = message["prompt"]
    match prompt[0]:
        case 1001:
            os._exit(3)
        case 1002:
            return
        case 1003:
            print(f"(Worker pid=8) ERROR 01-01 00:00:00 [worker.py:1] {ROOT_CAUSE}", flush=True)
            failed = {"kind": "engine", "said": "EngineDeadError: see the root cause above"}
            say(out, {"id": number, "failed": failed, "dead": True})
            return
        case 1004:
            say(out, {"id": number, "failed": {"kind": "request", "said": "top_p must be in (0, 1], got 7."}})
            return
        case 1005:
            print("stdout is vLLM's own", flush=True)
            print("and so is stderr", file=sys.stderr, flush=True)
        case 1007:
            os.write(out, b"Segmentation fault\n")
            return
        case 1006:
            say(out, {"id": number + 1000, "text": "for nobody", "finish": "stop"})
    text = " ".join(map(str, prompt))
    size = len(prompt)
    say(
        out,
        {
            "id": number,
            "text": text,
            "tokens": prompt,
            "finish": "stop",
            "prompt_tokens": size,
            "output_tokens": size,
            "cached_tokens": size // 2,
            "first_token_s": 0.01,
            "queue_s": 0.001,
            "logprobs": [],
        },
    )


def say(out: int, message: dict[str, Any]) -> None:
    os.write(out, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
