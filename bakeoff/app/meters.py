"""The meters of one execution: each lane whose model computes on this machine is read while it is asked.

Example:

    meters = Meters()
    engine = meters.metered(engine, [cell.id for cell in cells])     # the engine itself where nothing can be read
    …; meters.keep(UsageRepository(database))
"""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.app.settings import visible_gpus
from bakeoff.core.protocols import Engine
from bakeoff.runner.devices import Gpus
from bakeoff.runner.metering import Meter, Metered, runs_here
from bakeoff.store.usages import UsageRepository


class Meters:
    """Makes the meters of an execution, and keeps what they read."""

    def __init__(self) -> None:
        self._gpus: Gpus | None = None
        self._looked = False
        self._made: list[tuple[Meter, Sequence[int]]] = []

    def metered(self, engine: Engine, cell_ids: Sequence[int]) -> Engine:
        """The engine with a meter; itself where the model runs elsewhere."""
        if not runs_here(engine):
            return engine
        meter = Meter(engine.limits.in_process, self._open())
        self._made.append((meter, cell_ids))
        return Metered(engine, meter)

    def _open(self) -> Gpus | None:
        if not self._looked:
            self._looked, self._gpus = True, Gpus.open(visible_gpus())
        return self._gpus

    def keep(self, usages: UsageRepository) -> None:
        """End what still runs and store all of it. Raises StoreError."""
        try:
            for meter, cell_ids in self._made:
                if meter.begun:
                    usages.write(cell_ids, meter.end())
        finally:
            self._made = []
            if self._gpus is not None:
                self._gpus.close()
                self._gpus = None
