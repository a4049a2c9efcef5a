"""Performance as plain JSON values: the contract that scripts rely on. Fields are only ever added.

Seconds, bytes, watts, joules, shares of 1; null: not known. Example:
`performance_json(found)["output_tokens_per_s"]["value"]`.
"""

from __future__ import annotations

from bakeoff.core.types import Estimate, Json
from bakeoff.core.usage import DeviceUsage, Usage
from bakeoff.reports.as_json import estimate_json
from bakeoff.reports.performance import Machine, Performance, Quantiles


def performance_json(found: Performance) -> dict[str, Json]:
    """One cell."""
    return {
        "calls": found.calls,
        "made": found.made,
        "first_token_s": _quantiles(found.first_token),
        "between_tokens_s": _quantiles(found.between_tokens),
        "token_gaps_s": _quantiles(found.gaps),
        "call_s": _quantiles(found.whole),
        "output_tokens_per_s": _estimate(found.output_per_s),
        "prompt_tokens_per_s": _estimate(found.prompt_per_s),
        "requests_per_s": _estimate(found.requests_per_s),
        "busy_s": found.busy_s,
        "in_flight": found.in_flight,
        "response_cache_hits": _estimate(found.response_hits),
        "prefix_cache_hits": _estimate(found.prefix_hits),
        "prefix_cache_saved_s": _estimate(found.prefix_saved_s),
        "machine": None if found.machine is None else _machine(found.machine),
    }


def _machine(machine: Machine) -> dict[str, Json]:
    return {
        "cells": machine.cells,
        "host_peak_bytes": machine.host_peak,
        "device_peak_bytes": machine.device_peak,
        "energy_j": machine.energy_j,
        "energy_j_per_1000_output_tokens": machine.energy_per_1000,
        "executions": [_usage(usage) for usage in machine.usages],
    }


def _usage(usage: Usage) -> dict[str, Json]:
    return {
        "began_at": usage.began_at,
        "ended_at": usage.ended_at,
        "readings": usage.readings,
        "host_peak_bytes": usage.host_peak,
        "host_before_bytes": usage.host_before,
        "devices": [_device(gpu) for gpu in usage.devices],
        "lost": usage.lost or None,
    }


def _device(gpu: DeviceUsage) -> dict[str, Json]:
    return {
        "index": gpu.index,
        "name": gpu.name,
        "memory_peak_bytes": gpu.memory_peak,
        "memory_before_bytes": gpu.memory_before,
        "memory_total_bytes": gpu.memory_total,
        "utilisation": _estimate(gpu.utilisation),
        "power_w": _estimate(gpu.power_w),
        "energy_j": gpu.energy_j,
        "energy_from": gpu.energy_from or None,
    }


def _quantiles(found: Quantiles | None) -> dict[str, Json] | None:
    if found is None:
        return None
    return {"p50": estimate_json(found.p50), "p95": estimate_json(found.p95), "p99": estimate_json(found.p99)}


def _estimate(found: Estimate | None) -> dict[str, Json] | None:
    return None if found is None else estimate_json(found)
