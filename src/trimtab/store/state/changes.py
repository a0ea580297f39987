"""Which tables of the state changed, told among the processes that share its file, and what is due in them.

Some thirty jobs ask every second or so whether something is due, and most often nothing is. A transaction costs half a
millisecond, in a thread; a look at a page of memory costs nothing. So whoever commits a change leaves a new mark for
each of its tables in a small file that all processes map, and a job asks the database again only after a mark changed,
or when what it knows of has become due. A process that is killed between its commit and its marks is made up for when
it starts again: whoever opens the state marks every table.
"""

import mmap
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

from sqlalchemy import ClauseElement, Delete, Insert, Select, SelectBase, Table, Update
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ReleaseSavepointClause, RollbackToSavepointClause, SavepointClause

ANY = "*"
"""Instead of a table's name: whichever."""
SUFFIX = "-changes"
"""Of the file, beside the database's own."""
_SAVEPOINTS = SavepointClause | ReleaseSavepointClause | RollbackToSavepointClause
_MARKS = 1024
"""Five times the tables: two that share a mark only cost a look too many."""
_MARK = 8


class Changes:
    """The marks of one state. Without a file they are this process's own."""

    def __init__(self, file: Path | None = None) -> None:
        size = _MARKS * _MARK
        if file is None:
            self._page = mmap.mmap(-1, size)
        else:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.ftruncate(descriptor, size)
                self._page = mmap.mmap(descriptor, size)
            finally:
                os.close(descriptor)
        self._marks = memoryview(self._page).cast("Q")

    def of(self, places: Iterable[int]) -> tuple[int, ...]:
        """The marks of tables by their places: different after any of them changed."""
        return tuple(self._marks[place] for place in places)

    def mark(self, names: Iterable[str]) -> None:
        """Tell that tables changed (ANY: that every one may have). Marks are random: where two processes leave one at
        once, neither is what was there before."""
        for name in names:
            if name == ANY:
                self._page[:] = secrets.token_bytes(_MARKS * _MARK)
                return
            self._marks[place_of(name)] = secrets.randbits(64)


def place_of(name: str) -> int:
    """Where the mark of a table is."""
    return crc32(name.encode()) % _MARKS


def changed_by(statement: ClauseElement) -> str | None:
    """The table that a statement changes: ANY where that cannot be said, None where it only reads."""
    if isinstance(statement, Insert | Update | Delete) and isinstance(statement.table, Table):
        return statement.table.name
    return None if isinstance(statement, SelectBase | _SAVEPOINTS) else ANY


def places_read(queries: Sequence["Select[Any]"]) -> tuple[int, ...]:
    """Where the marks of all tables are that queries read."""
    elements = (element for query in queries for element in visitors.iterate(query))
    return tuple(sorted({place_of(element.name) for element in elements if isinstance(element, Table)}))
