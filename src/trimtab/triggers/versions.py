"""The number that grows with every change of what events are matched with, so that every process reads it anew."""

from sqlalchemy import Connection, insert, select, update

from trimtab.store.state.schema.triggers import event_versions

_ROW = 1


def current(connection: Connection) -> int:
    """The number now."""
    return connection.execute(select(event_versions.c.version).where(event_versions.c.id == _ROW)).scalar() or 0


def grow(connection: Connection) -> None:
    """Let it grow, in the transaction of the change."""
    mine = event_versions.c.id == _ROW
    if not connection.execute(update(event_versions).where(mine).values(version=event_versions.c.version + 1)).rowcount:
        connection.execute(insert(event_versions).values(id=_ROW, version=1))
