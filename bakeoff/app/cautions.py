"""The warnings before a run: what is odd about its files, and the lint over what is about to be asked.

Never in the way of it. Files are looked at before any run (`file_hashes`), questions before one that costs.
"""

from __future__ import annotations

from itertools import islice

from bakeoff.app.lint import MOST_BEFORE_A_RUN, Caution, Lint, untemplated
from bakeoff.app.planning import Prepared, PreparedBenchmark
from bakeoff.core.protocols import Engine


def before_run(prepared: Prepared) -> list[Caution]:
    """What is odd about the files, and about the first questions of each benchmark where an engine costs."""
    paid = {cell.model.name: cell.model.engine for cell in prepared.cells if _costs(cell.model.engine)}
    if not paid:
        return [*prepared.cautions]
    contexts = {name: engine.limits.context_length for name, engine in paid.items()}
    known = {name: length for name, length in contexts.items() if length}
    api = {model.model: model.api for model in prepared.spec.models}
    found = [*prepared.cautions]
    for ready in {id(cell.benchmark): cell.benchmark for cell in prepared.cells}.values():
        try:
            found += _look_at(ready, prepared.spec.sampling.stop, known)
        except Exception as error:  # what a benchmark of somebody's own raises is told when it is asked
            said = f"its questions could not be looked at ({type(error).__name__}: {error})"
            found.append(Caution("unseen", ready.spec.benchmark, said, "run: bakeoff data check"))
        told = (untemplated(ready.spec.benchmark, name, api.get(name, "chat"), ready.profile) for name in paid)
        found += [caution for caution in told if caution is not None]
    return found


def _look_at(ready: PreparedBenchmark, stops: tuple[str, ...], contexts: dict[str, int]) -> list[Caution]:
    pooled = any(method.name == "few_shot" for method in ready.methods)
    lint = Lint(ready.spec.benchmark, ready.benchmark, ready.profile, stops, contexts, pooled, drawn=True)
    for sample in islice(ready.draw, MOST_BEFORE_A_RUN):
        lint.see(sample, ready.methods, ready.task)
    return lint.cautions()


def _costs(engine: Engine) -> bool:
    price = engine.limits.price
    return price is None or bool(price.input or price.output)
