"""The references that no package index has: a folder of checkouts and scripts that BAKEOFF_RULES names.

None of them is part of Bakeoff, and none is fetched by it. The folder holds, each from the repository named:

    hotpot_evaluate_v1.py         github.com/hotpotqa/hotpot
    triviaqa_evaluation.py        github.com/mandarjoshi90/triviaqa, evaluation/
    squad.py, squad_v2.py         github.com/huggingface/evaluate, metrics/squad{,_v2}/compute_score.py
    metrics/{code_eval,squad_v2}  the same repository's two folders, for what lm-eval would download
    allennlp_drop.py              github.com/allenai/allennlp-models, allennlp_models/rc/tools/drop.py
    gsm8k_dataset.py              github.com/openai/grade-school-math, grade_school_math/dataset.py
    math_equivalence.py           github.com/hendrycks/math, modeling/
    math_util.py                  the same repository, modeling/dataset/util.py
    math_eval_gpt.py              the same repository, modeling/eval_math_gpt.py
    mmlu_evaluate.py              github.com/hendrycks/test, evaluate.py
    llm_judge_common.py           github.com/lm-sys/FastChat, fastchat/llm_judge/common.py
    simple-evals/                 github.com/openai/simple-evals, the whole of it
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any


class NotHere(Exception):
    """What a comparison needs is not on this machine: the message says what."""


def find(name: str) -> Path:
    """A file or folder of BAKEOFF_RULES. Raises NotHere."""
    folder = os.environ.get("BAKEOFF_RULES")
    if not folder:
        raise NotHere(f"BAKEOFF_RULES names no folder with '{name}'")
    path = Path(folder) / name
    if not path.exists():
        raise NotHere(f"'{name}' is not in the folder BAKEOFF_RULES")
    return path


@contextlib.contextmanager
def stubs(named: Mapping[str, Mapping[str, object]]) -> Iterator[None]:
    """Modules that a script imports and that its rules do not need."""
    held = {name: sys.modules.get(name) for name in named}
    for name, content in named.items():
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__dict__.update(content)
    try:
        yield
    finally:
        for name, module in held.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


def functions(name: str, *wanted: str) -> list[Any]:
    """Functions of a script whose imports are not at hand. Raises NotHere."""
    tree = ast.parse(find(name).read_text(encoding="utf-8"))
    kept: list[ast.stmt] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in wanted]
    held: dict[str, Any] = {}
    exec(compile(ast.Module(body=kept, type_ignores=[]), name, "exec"), held)  # noqa: S102
    return [held[function] for function in wanted]


def script(name: str) -> Any:
    """A script as a module. Raises NotHere."""
    path = find(name)
    spec = importlib.util.spec_from_file_location(f"official_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module
