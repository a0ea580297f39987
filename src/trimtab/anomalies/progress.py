"""How far the always-on detector is: the jobs process notes it, the pages show it."""

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from trimtab.store.state.database import State
from trimtab.store.state.tables import anomaly_watch as table

_ROW = 1


class Progress(Struct, frozen=True):
    """`watched` series, `learning` of them not up to date yet, `beyond` more than the limit allows.

    All slots before `until_ms` have been looked at for every series; `at_ms` is when that was noted.
    """

    watched: int
    learning: int
    beyond: int
    until_ms: int
    at_ms: int


class ProgressStore:
    """The one row."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def note(self, progress: Progress) -> None:
        """Replace what was noted."""
        values = {name: getattr(progress, name) for name in Progress.__struct_fields__}

        def put(connection: Connection) -> None:
            changed = connection.execute(update(table).where(table.c.id == _ROW).values(values)).rowcount
            if not changed:
                connection.execute(insert(table).values(id=_ROW, **values))

        await self._state.change(put)

    async def last(self) -> Progress | None:
        """What was noted last; None before the first time."""
        row = await self._state.read(lambda connection: connection.execute(select(table)).mappings().first())
        return None if row is None else Progress(*(row[name] for name in Progress.__struct_fields__))
