"""Write many rows with a statement that is compiled once and given to the driver as it is.

SQLAlchemy's own `execute` makes up each row's parameters anew, half the cost of keeping a trial; its
compiler still writes the SQL, so both databases get their own. What a column's type would convert is not
converted: a row holds what the driver takes (str, bytes, int, float, bool, None). Example:

    Bulk(insert(COMPLETIONS), database.engine.dialect).execute(connection, rows)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Insert


class Bulk:
    """An INSERT of whole rows, each a mapping with every column of the table."""

    def __init__(self, statement: Insert, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        order = compiled.positiontup  # None where the driver takes names
        self._fields = itemgetter(*order) if order else None

    def execute(self, connection: Connection, rows: Iterable[Mapping[str, object]]) -> None:
        given: Any = list(map(self._fields, rows)) if self._fields else list(rows)
        connection.exec_driver_sql(self._sql, given)
