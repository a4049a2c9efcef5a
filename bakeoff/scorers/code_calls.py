"""Run a function that a model wrote on known inputs and compare what it returns.

The code runs in the sandbox and sends back values as JSON; expected values never enter the
sandbox and are compared here, so neither `os._exit(0)` nor an object that equals everything can
win. Ints and bools are compared with their type, floats within a relative 1e-9. Licence: ours.
Printed example: five of six calls right → incorrect, "call 4: [] ≠ [0]".
"""

from __future__ import annotations

import math

from bakeoff.core.protocols import CodeCall, CodeRunner
from bakeoff.core.types import Json, Sample, Score


class CodeCalls:
    continuous = False

    def __init__(self, runner: CodeRunner) -> None:
        self._runner = runner

    async def score(self, sample: Sample, extracted: str) -> Score:
        target = sample.target
        if not isinstance(target, dict) or not isinstance(target.get("calls"), list):
            raise ValueError(f"sample '{sample.id}' has no calls to make")
        listed = target["calls"]
        cases = [case for case in listed if isinstance(case, dict)] if isinstance(listed, list) else []
        calls = [CodeCall(tuple(_args(case))) for case in cases]
        result = await self._runner.call(extracted, str(target["entry_point"]), calls)
        if result.error is not None:
            return Score(0.0, result.error, {"passed": 0.0, "calls": float(len(calls))})
        verdicts = [same(value, case.get("expected")) for value, case in zip(result.values, cases, strict=True)]
        reason = f"all {len(calls)} calls right"
        if not all(verdicts):
            first = verdicts.index(False)
            reason = f"call {first + 1}: {result.values[first]!r:.60} ≠ {cases[first].get('expected')!r:.60}"
        parts = {"passed": float(sum(verdicts)), "calls": float(len(calls))}
        return Score(float(all(verdicts)), reason, parts)


def _args(case: dict[str, Json]) -> list[Json]:
    args = case.get("args")
    return args if isinstance(args, list) else []


def same(found: object, expected: object) -> bool:
    """Equality of JSON values: strict on bools, exact on ints, 1e-9 on floats."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, int) and isinstance(expected, int):
        return found == expected
    if isinstance(found, int | float) and isinstance(expected, int | float):
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[k], expected[k]) for k in found)
    return type(found) is type(expected) and found == expected
