"""The store of what serves."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.inventory.served.model import Served
from trimtab.store.state.database import State
from trimtab.store.state.schema.inference import served_resources
from trimtab.store.state.schema.inventory import tags
from trimtab.store.state.upcoming import NOW, Upcoming

_columns = served_resources.c


class ServedStore:
    """Models, endpoints and jobs of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(
        self, place: tuple[str, str], kind: str, name: str, form: Mapping[str, Any], status: str,
        tagged: Mapping[str, str] | None = None,
    ) -> Served:  # fmt: skip
        """Make a resource in (account, region). Raises Conflict for one of that name."""
        now_ms = self._clock.now_ms()
        made = Served(*place, kind, name, status, dict(form), {}, now_ms, now_ms)

        def write(connection: Connection) -> Served:
            if connection.execute(select(_columns.name).where(_is(place, kind, name))).first():
                raise Conflict(f"there is already a {kind} {name!r}")
            row = {key: getattr(made, key) for key in ("account", "region", "kind", "name", "status")}
            times = {"created_ms": now_ms, "updated_ms": now_ms}
            connection.execute(insert(served_resources).values(**row, **times, form=json.dumps(form), state="{}"))
            for key, value in (tagged or {}).items():
                connection.execute(insert(tags).values(arn=made.arn, key=key, value=value))
            return made

        return await self._state.change(write)

    async def get(self, place: tuple[str, str], kind: str, name: str) -> Served:
        """One resource. Raises NotFound."""

        def read(connection: Connection) -> Served:
            row = connection.execute(select(served_resources).where(_is(place, kind, name))).first()
            if row is None:
                raise NotFound(f"there is no {kind} {name!r}")
            return _served(row)

        return await self._state.read(read)

    async def listed(self, scope: Scope, kind: str, statuses: Sequence[str] = ()) -> list[Served]:
        """The resources of a kind that a scope sees, by the time of their making and by name."""
        query = select(served_resources).where(_columns.kind == kind).order_by(_columns.created_ms, _columns.name)
        if statuses:
            query = query.where(_columns.status.in_(statuses))
        if scope.accounts is not None:
            query = query.where(_columns.account.in_(scope.accounts))
        if scope.regions is not None:
            query = query.where(_columns.region.in_(scope.regions))

        def read(connection: Connection) -> list[Served]:
            return [_served(row) for row in connection.execute(query)]

        return await self._state.read(read)

    def upcoming(self, statuses: Mapping[str, Sequence[str]]) -> Upcoming:
        """Whether there are resources that are, by their kind, in one of some statuses."""
        queries = (
            select(NOW).where(_columns.kind == kind, _columns.status.in_(those)) for kind, those in statuses.items()
        )
        return Upcoming(self._state, *queries)

    async def change(
        self, one: Served, *, status: str | None = None, state: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None, only_from: Sequence[str] = (),
    ) -> bool:  # fmt: skip
        """Change a resource; with `only_from` only in one of those statuses. Whether it was changed."""
        values: dict[str, Any] = {"updated_ms": self._clock.now_ms()}
        if status is not None:
            values["status"] = status
        if state is not None:
            values["state"] = json.dumps(state)
        if form is not None:
            values["form"] = json.dumps(form)
        where = _is((one.account, one.region), one.kind, one.name)
        if only_from:
            where = and_(where, _columns.status.in_(only_from))

        def write(connection: Connection) -> bool:
            return bool(connection.execute(update(served_resources).where(where).values(values)).rowcount)

        return await self._state.change(write)

    async def edit(self, one: Served, work: Callable[[Served], Served]) -> Served:
        """Keep the form and state that `work` makes of a resource as it is now. Raises NotFound, and what it raises."""
        where, now_ms = _is((one.account, one.region), one.kind, one.name), self._clock.now_ms()

        def write(connection: Connection) -> Served:
            row = connection.execute(select(served_resources).where(where)).first()
            if row is None:
                raise NotFound(f"there is no {one.kind} {one.name!r}")
            made = work(_served(row))
            values = {"form": json.dumps(made.form), "state": json.dumps(made.state), "updated_ms": now_ms}
            connection.execute(update(served_resources).where(where).values(values))
            return made

        return await self._state.change(write)

    async def delete(self, place: tuple[str, str], kind: str, name: str) -> None:
        """Delete a resource and its tags. Raises NotFound."""

        def write(connection: Connection) -> None:
            row = connection.execute(select(served_resources).where(_is(place, kind, name))).first()
            if row is None:
                raise NotFound(f"there is no {kind} {name!r}")
            connection.execute(delete(served_resources).where(_is(place, kind, name)))
            connection.execute(delete(tags).where(tags.c.arn == _served(row).arn))

        await self._state.change(write)

    async def tags_of(self, arn: str) -> dict[str, str]:
        """The tags of an ARN."""

        def read(connection: Connection) -> dict[str, str]:
            rows = connection.execute(select(tags).where(tags.c.arn == arn).order_by(tags.c.key))
            return {row.key: row.value for row in rows}

        return await self._state.read(read)

    async def tag(self, arn: str, put: Mapping[str, str], remove: Sequence[str] = ()) -> None:
        """Set and remove tags of an ARN."""

        def write(connection: Connection) -> None:
            connection.execute(delete(tags).where(tags.c.arn == arn, tags.c.key.in_([*remove, *put])))
            for key, value in put.items():
                connection.execute(insert(tags).values(arn=arn, key=key, value=value))

        await self._state.change(write)


def _is(place: tuple[str, str], kind: str, name: str) -> ColumnElement[bool]:
    account, region = place
    return and_(_columns.account == account, _columns.region == region, _columns.kind == kind, _columns.name == name)


def _served(row: Row[Any]) -> Served:
    return Served(
        row.account,
        row.region,
        row.kind,
        row.name,
        row.status,
        json.loads(row.form),
        json.loads(row.state),
        row.created_ms,
        row.updated_ms,
    )
