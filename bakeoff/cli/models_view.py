"""How `bakeoff models` shows a model, and the arithmetic of its memory line by line, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

from bakeoff.app.fitting import Explanation, count
from bakeoff.core.types import Json
from bakeoff.engines.architecture import Architecture
from bakeoff.engines.catalogue import Entry
from bakeoff.engines.memory import BITS, GIB, LOGIT_BYTES, Dtype, kv_bytes, step_values

WIDTH = 80
_LABEL = 13
_FIGURE = 11


def model_lines(rows: list[tuple[str, Entry]]) -> Iterator[str]:
    """The catalogue as a table: name, further ids, size, context, licence."""
    yield f"{'name':<24} {'also':<12} {'size':>7} {'context':>10}  licence"
    for name, entry in rows:
        context = f"{entry.context_length:,}" if entry.context_length else "unknown"
        yield f"{name:<24} {', '.join(entry.aliases):<12} {_size(entry):>7} {context:>10}  {entry.licence:.22}"


def card_of(name: str, entry: Entry, shape: Architecture | None) -> Iterator[str]:
    """Everything the catalogue says of one model."""
    price = "unknown"
    if entry.input_price is not None and entry.output_price is not None:
        price = f"${entry.input_price:g} in, ${entry.output_price:g} out per M tokens ({entry.price_date})"
    facts = {
        "name": name,
        "also": ", ".join(entry.aliases),
        "family": entry.family,
        "size": _size(entry),
        "context": f"{entry.context_length:,} tokens" if entry.context_length else "unknown",
        "engine": entry.engine,
        "id": entry.id,
        "revision": entry.revision or "",
        "licence": entry.licence,
        "can": ", ".join(entry.capabilities),
        "price": price,
        "retires": entry.retires or "",
        "source": entry.source,
    }
    if shape is not None:
        facts |= {
            "parameters": f"{shape.parameters:,}" + (" (embeddings tied)" if shape.tied else ""),
            "layers": f"{shape.layers}, hidden {shape.hidden:,}, feed-forward {shape.intermediate:,}",
            "attention": f"{shape.heads} heads, {shape.kv_heads} of keys and values, {shape.head_dim} wide",
            "vocabulary": f"{shape.vocabulary:,}",
            "positions": f"{shape.positions:,}",
        }
    elif entry.licence == "proprietary":
        facts["parameters"] = "not published"
    for label, fact in facts.items():
        if fact:
            yield f"{label:<{_LABEL}}{fact}"


def arithmetic(found: Explanation) -> Iterator[str]:
    """The explanation, line by line; the last line is the verdict."""
    shape, load, part, budget = found.shape, found.resolved.load, found.resolved.footprint, found.resolved.budget
    yield f"{found.name} ({found.entry.id}, {_size(found.entry)})"
    yield f"{found.preset} on {found.card.name}"
    yield ""
    yield _line("weights", f"{shape.matrices / 1e9:.2f}B in matrices × {_bytes(load.weights)}", part.matrices)
    kept = f"{shape.kept / 1e9:.2f}B in embeddings, output, norms × {_bytes(load.compute)}"
    yield _line("", kept, part.kept)
    token = kv_bytes(shape, load.kv)
    sequences = count(load.sequences, "sequence")
    heads = f"2 × {shape.layers} layers × {shape.kv_heads} heads × {shape.head_dim} × {_bytes(load.kv)}"
    yield _line("KV cache", f"{heads} = {token:,} B a token")
    yield _line("", f"× {load.context:,} tokens × {sequences}", part.kv)
    step = f"{load.step_tokens:,} tokens a step × {step_values(shape):,} × {_bytes(load.compute)}"
    yield _line("activations", step, part.step)
    yield _line("", f"{sequences} × {shape.vocabulary:,} logits × {LOGIT_BYTES} B", part.logits)
    yield _line("total", "", part.total)
    memory = f"{budget.memory / GIB:.2f} GiB of memory × {budget.share:.0%}"
    yield _line("room", memory, budget.bytes)
    yield ""
    for note in found.notes:
        yield fill(f"note: {note}", WIDTH, subsequent_indent="      ")
    yield fill(found.verdict, WIDTH, break_on_hyphens=False, break_long_words=False)


def explanation_json(found: Explanation) -> dict[str, Json]:
    """Every number of the explanation; sizes in bytes."""
    load, part, budget = found.resolved.load, found.resolved.footprint, found.resolved.budget
    return {
        "model": found.name,
        "id": found.entry.id,
        "size_b": found.entry.size_b,
        "parameters": found.shape.parameters,
        "preset": found.preset,
        "gpu": found.card.id,
        "dtype": load.weights,
        "kv_dtype": load.kv,
        "compute_dtype": load.compute,
        "context": load.context,
        "sequences": load.sequences,
        "step_tokens": load.step_tokens,
        "weights_bytes": part.weights,
        "kv_bytes": part.kv,
        "kv_bytes_per_token": kv_bytes(found.shape, load.kv),
        "activation_bytes": part.activations,
        "total_bytes": part.total,
        "memory_bytes": budget.memory,
        "memory_share": budget.share,
        "budget_bytes": budget.bytes,
        "fits": found.resolved.fits,
        "sequences_that_fit": found.resolved.most,
        "would_fit": list(found.remedies),
        "notes": list(found.notes),
    }


def _line(label: str, what: str, size: int | None = None) -> str:
    figure = f"{size / GIB:.2f} GiB" if size is not None else ""
    return f"{label:<{_LABEL}}{what:<{WIDTH - _LABEL - _FIGURE}}{figure:>{_FIGURE}}".rstrip()


def _bytes(dtype: Dtype) -> str:
    return f"{BITS[dtype] / 8:.4g} B ({dtype})"


def _size(entry: Entry) -> str:
    return f"{entry.size_b:g}B" if entry.size_b is not None else "unknown"
