"""One table for each family: name → "module:Class". Listing a family imports nothing.

Third parties join through the entry-point groups `bakeoff.engines`, `bakeoff.benchmarks`,
`bakeoff.methods`, `bakeoff.scorers` and `bakeoff.tools`. Example:

    METHODS = Registry("method", {"naive": "bakeoff.methods.naive:Naive"})
    METHODS.load("naive")        # the class;  METHODS.load("niave") raises UnknownName
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from bakeoff.core.errors import ConfigInvalid, UnknownName


class Registry:
    """The names of one family and where each is defined."""

    def __init__(self, kind: str, table: Mapping[str, str]) -> None:
        self.kind = kind
        self._table = dict(table)

    def names(self) -> list[str]:
        return sorted(self.targets())

    def targets(self) -> dict[str, str]:
        """name → "module:Class", third parties' after our own; ours win on a clash."""
        from importlib.metadata import entry_points  # costs more than the rest of this file

        others = {point.name: point.value for point in entry_points(group=f"bakeoff.{self.kind}s")}
        return {**others, **self._table}

    def check(self, name: str) -> None:
        """Raise UnknownName unless `name` is in the table; imports nothing."""
        if name not in self._table and name not in self.targets():
            raise UnknownName(self.kind, name, self.names())

    def load(self, name: str) -> type:
        """Import and return the class behind a name. Raises UnknownName, ConfigInvalid."""
        self.check(name)
        target = self._table.get(name) or self.targets()[name]
        module, _, attribute = target.partition(":")
        try:
            found = getattr(importlib.import_module(module), attribute, None)
        except ImportError as error:
            raise ConfigInvalid(
                f"{self.kind} '{name}' cannot be imported from '{target}' ({error})",
                "install what it needs, or remove the package that defines it",
            ) from error
        if not isinstance(found, type):
            raise ConfigInvalid(
                f"{self.kind} '{name}' points to '{target}', where there is no class",
                "correct the entry point of the package that defines it",
            )
        return found
