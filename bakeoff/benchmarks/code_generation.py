"""Code generation: 48 Python functions to write, each called with known inputs. Apache-2.0.

The function runs in the sandbox; what it returned is compared outside it.

    Write a Python function `running_total(numbers)` that …   Calls: [[1, 2, 3]] → [1, 3, 6], …
"""

from __future__ import annotations

from bakeoff.benchmarks._base import Suite, suite_source
from bakeoff.benchmarks._files import Row
from bakeoff.core.protocols import Profile
from bakeoff.core.types import Sample


class CodeGeneration(Suite):
    name = "code_generation"
    source = suite_source("1")
    profiles = {"bakeoff": Profile("bakeoff", "code", "code_calls")}
    max_tokens = 600
    form = "the function in a ```python block"
    asks = "Reply with the function in one ```python block."

    def sample(self, row: Row) -> Sample:
        target = {"entry_point": row.text("entry_point"), "calls": row.get("calls")}
        reference = f"```python\n{row.text('solution').strip()}\n```"
        meta = {"difficulty": row.text("difficulty"), "tag": row.text("tag")}
        return Sample(row.text("id"), row.text("prompt"), target, reference, meta=meta)
