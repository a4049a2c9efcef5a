"""Which benchmarks of a matrix have no data here: all of them told at once, with what to type.

A group may lack several, and whoever learns of them one by one types as many commands. Example:

    lacking = Lacking(settings)
    for name in names:
        with lacking.noted(name): …      # what raises DataMissing in it
    lacking.tell(names)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from bakeoff.app import wiring
from bakeoff.app.settings import Settings
from bakeoff.benchmarks._files import DataFile
from bakeoff.core.errors import DataMissing
from bakeoff.core.protocols import Benchmark


@dataclass(slots=True)
class Lacking:
    """Gathers what is missing."""

    settings: Settings
    found: dict[str, DataMissing] = field(default_factory=dict)

    @contextmanager
    def noted(self, name: str) -> Iterator[None]:
        try:
            yield
        except DataMissing as error:
            self.found.setdefault(name, error)

    def looked_for(self, name: str, benchmark: Benchmark) -> Benchmark:
        """The benchmark, which fetches nothing once another one is missing: the run cannot begin in any case."""
        return wiring.build_benchmark(name, replace(self.settings, offline=True)) if self.found else benchmark

    def tell(self, names: Sequence[str]) -> None:
        """Raise DataMissing when any of the names lacks data."""
        if not self.found:
            return
        here = list(dict.fromkeys(name for name in names if name not in self.found))
        ask = f"or ask those that are here: --benchmarks {','.join(here)}" if here else ""
        if len(self.found) == 1:
            (error,) = self.found.values()
            raise DataMissing(error.message, "; ".join(filter(None, (error.hint, ask))))
        count = len(set(names))
        raise DataMissing(
            f"no data for {len(self.found)} of {count} benchmarks ({', '.join(self.found)})",
            "; ".join(filter(None, (*self._remedies(), ask))),
        )

    def _remedies(self) -> list[str]:
        fetched, put = [], []
        for name, error in self.found.items():
            files = _files(wiring.build_benchmark(name, self.settings))
            if any(file.hub_repo for file in files):
                fetched.append(name)
            elif wanted := next((file.local[0] for file in files if file.local), None):
                put.append(f"'{wanted}'")
            elif error.hint:
                put.append(f"{name}: {error.hint}")
        fetch = f"run: bakeoff data fetch {' '.join(fetched)}" if fetched else ""
        return [fetch, f"put {', '.join(put)} into a folder and set BAKEOFF_DATA to it" if put else ""]


def _files(benchmark: Benchmark) -> list[DataFile]:
    table = getattr(benchmark, "files", {})
    listed = table.values() if isinstance(table, Mapping) else ()
    return [file for each in listed for file in ([each] if isinstance(each, DataFile) else each)]
