"""Archives: events of a bus that are kept to be replayed."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import event_archived, event_archives
from trimtab.triggers import versions
from trimtab.triggers.arns import Place
from trimtab.triggers.buses import bus_in
from trimtab.triggers.patterns.pattern import checked_pattern

_DAY_MS = 86_400_000
_columns = event_archives.c


class Archive(Struct, frozen=True):
    """An archive of the events of a bus that match a pattern. `retention_days` 0 keeps them for ever."""

    arn: str
    place: Place
    name: str
    bus: str
    description: str
    pattern: str | None
    retention_days: int
    created_ms: int
    events: int = 0
    size: int = 0


class ArchiveStore:
    """The archives."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(
        self, place: Place, name: str, bus: str, description: str, pattern: str | None, retention_days: int
    ) -> Archive:
        """Make an archive of a bus. Raises Conflict, NotFound (the bus), InvalidPattern."""
        if pattern:
            checked_pattern(pattern)
        arn = place.arn("events", f"archive/{name}")

        def write(connection: Connection) -> Archive:
            of = bus_in(connection, place, bus).arn
            if connection.execute(select(_columns.arn).where(_columns.arn == arn)).first():
                raise Conflict(f"Archive {name} already exists.")
            made = Archive(arn, place, name, of, description, pattern or None, retention_days, self._clock.now_ms())
            connection.execute(
                insert(event_archives).values(
                    arn=arn,
                    account=place.account,
                    region=place.region,
                    name=name,
                    bus=of,
                    description=description,
                    pattern=made.pattern,
                    retention_days=retention_days,
                    created_ms=made.created_ms,
                )
            )
            versions.grow(connection)
            return made

        return await self._state.change(write)

    async def get(self, place: Place, name: str) -> Archive:
        """An archive by name or ARN, with what is in it. Raises NotFound."""
        return await self._state.read(lambda connection: archive_in(connection, place, name))

    async def listed(self, place: Place, prefix: str = "", bus: str | None = None) -> list[Archive]:
        """The archives of a place, by name. Raises NotFound for a bus that is not there."""
        query = select(event_archives).where(_columns.account == place.account, _columns.region == place.region)

        def read(connection: Connection) -> list[Archive]:
            if bus is not None:
                bus_in(connection, place, bus)
            rows = connection.execute(query.order_by(_columns.name)).all()
            wanted = [row for row in rows if row.name.startswith(prefix) and bus in (None, row.bus)]
            return [_archive(row, *_held(connection, row.arn)) for row in wanted]

        return await self._state.read(read)

    async def update(
        self, place: Place, name: str, description: str | None, pattern: str | None, retention_days: int | None
    ) -> Archive:
        """Change what is given. Raises NotFound, InvalidPattern."""
        if pattern:
            checked_pattern(pattern)
        given = {"description": description, "pattern": pattern, "retention_days": retention_days}
        values = {name: value for name, value in given.items() if value is not None}

        def write(connection: Connection) -> Archive:
            known = archive_in(connection, place, name)
            if values:
                connection.execute(update(event_archives).where(_columns.arn == known.arn).values(values))
                versions.grow(connection)
            return archive_in(connection, place, name)

        return await self._state.change(write)

    async def delete(self, place: Place, name: str) -> None:
        """Delete an archive with its events. Raises NotFound."""

        def write(connection: Connection) -> None:
            known = archive_in(connection, place, name)
            connection.execute(delete(event_archived).where(event_archived.c.archive == known.arn))
            connection.execute(delete(event_archives).where(_columns.arn == known.arn))
            versions.grow(connection)

        await self._state.change(write)

    async def drop(self) -> None:
        """Delete archived events that are past their archive's retention."""

        def write(connection: Connection) -> None:
            for row in connection.execute(select(event_archives).where(_columns.retention_days > 0)).all():
                until_ms = self._clock.now_ms() - row.retention_days * _DAY_MS
                old = (event_archived.c.archive == row.arn) & (event_archived.c.at_ms < until_ms)
                connection.execute(delete(event_archived).where(old))

        await self._state.change(write)


def archive_in(connection: Connection, place: Place, name: str) -> Archive:
    """An archive by name or ARN. Raises NotFound."""
    arn = name if name.startswith("arn:") else place.arn("events", f"archive/{name}")
    row = connection.execute(select(event_archives).where(_columns.arn == arn)).first()
    if row is None:
        raise NotFound(f"Archive {name.rpartition('/')[2]} does not exist.")
    return _archive(row, *_held(connection, arn))


def _held(connection: Connection, arn: str) -> tuple[int, int]:
    size = func.coalesce(func.sum(func.length(event_archived.c.body)), 0)
    found = connection.execute(select(func.count(), size).where(event_archived.c.archive == arn)).one()
    return int(found[0]), int(found[1])


def _archive(row: Row[Any], events: int, size: int) -> Archive:
    place = Place(row.account, row.region)
    return Archive(
        row.arn,
        place,
        row.name,
        row.bus,
        row.description,
        row.pattern,
        row.retention_days,
        row.created_ms,
        events,
        size,
    )
