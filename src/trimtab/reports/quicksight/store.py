"""The store of QuickSight's resources."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, LimitExceeded, NotFound
from trimtab.reports.quicksight.model import WITHIN, Place, Resource
from trimtab.store.state.database import State
from trimtab.store.state.schema.inventory import tags
from trimtab.store.state.schema.quicksight import quicksight_resources

MOST = 5000
"""Resources of one kind in a place, or in what they belong to."""
_columns = quicksight_resources.c


class ResourceStore:
    """Resources of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(self, made: Resource, tagged: Mapping[str, str] | None = None) -> Resource:
        """Store a new resource. Raises Conflict for one of that id, LimitExceeded."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Resource:
            if connection.execute(select(_columns.name).where(_is(made))).first():
                raise Conflict(f"there is already a {made.kind} {made.name!r}")
            alike = and_(_at(made.place, made.kind), _columns.parent == made.parent)
            number = connection.execute(select(func.count()).select_from(quicksight_resources).where(alike)).scalar()
            if (number or 0) >= MOST:
                raise LimitExceeded(f"cannot make {made.kind} {made.name!r}: there are {MOST} already")
            connection.execute(insert(quicksight_resources).values(**_key(made), **_rest(made), **_times(now_ms)))
            for key, value in (tagged or {}).items():
                connection.execute(insert(tags).values(arn=made.arn, key=key, value=value))
            return _resource(connection.execute(select(quicksight_resources).where(_is(made))).one())

        return await self._state.change(write)

    async def find(self, place: Place, kind: str, name: str, parent: str = "") -> Resource | None:
        """A resource by its id."""
        query = select(quicksight_resources).where(_is(Resource(place, kind, name, parent=parent)))
        row = await self._state.read(lambda connection: connection.execute(query).first())
        return _resource(row) if row is not None else None

    async def get(self, place: Place, kind: str, name: str, parent: str = "") -> Resource:
        """A resource by its id. Raises NotFound."""
        found = await self.find(place, kind, name, parent)
        if found is None:
            raise NotFound(f"there is no {kind} {name!r}")
        return found

    async def listed(self, place: Place, kind: str, parent: str | None = "") -> list[Resource]:
        """Resources of a kind, by id; `parent` None: whatever they belong to."""
        query = select(quicksight_resources).where(_at(place, kind)).order_by(_columns.parent, _columns.name)
        if parent is not None:
            query = query.where(_columns.parent == parent)
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        return [_resource(row) for row in rows]

    async def everywhere(self, kind: str, status: str | None = None) -> list[Resource]:
        """Resources of a kind of every place; of a status, where one is given."""
        query = select(quicksight_resources).where(_columns.kind == kind)
        if status is not None:
            query = query.where(_columns.status == status)
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        return [_resource(row) for row in rows]

    async def change(self, one: Resource, work: Callable[[Resource], Resource]) -> Resource:
        """Write what `work` makes of the resource of an id as it is now. Raises NotFound, and what `work` raises."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Resource:
            row = connection.execute(select(quicksight_resources).where(_is(one))).first()
            if row is None:
                raise NotFound(f"there is no {one.kind} {one.name!r}")
            values = {**_rest(work(_resource(row))), "updated_ms": now_ms}
            connection.execute(update(quicksight_resources).where(_is(one)).values(values))
            return _resource(connection.execute(select(quicksight_resources).where(_is(one))).one())

        return await self._state.change(write)

    async def delete(self, gone: Resource) -> None:
        """Delete a resource with what belongs to it and its tags. Raises NotFound."""
        kinds = [kind for kind, above in WITHIN.items() if above == gone.kind]
        below = and_(
            _columns.account == gone.place.account,
            _columns.region == gone.place.region,
            _columns.kind.in_(kinds),
            _columns.parent == gone.name,
        )

        def write(connection: Connection) -> None:
            if not connection.execute(delete(quicksight_resources).where(_is(gone))).rowcount:
                raise NotFound(f"there is no {gone.kind} {gone.name!r}")
            connection.execute(delete(quicksight_resources).where(below))
            under = tags.c.arn.startswith(f"{gone.arn}/", autoescape=True)
            connection.execute(delete(tags).where(or_(tags.c.arn == gone.arn, under)))

        await self._state.change(write)

    async def tags_of(self, arn: str) -> dict[str, str]:
        """The tags of an ARN."""
        query = select(tags).where(tags.c.arn == arn).order_by(tags.c.key)
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        return {row.key: row.value for row in rows}

    async def tag(self, arn: str, put: Mapping[str, str], remove: Sequence[str] = ()) -> None:
        """Set and remove tags of an ARN."""

        def write(connection: Connection) -> None:
            connection.execute(delete(tags).where(tags.c.arn == arn, tags.c.key.in_([*remove, *put])))
            for key, value in put.items():
                connection.execute(insert(tags).values(arn=arn, key=key, value=value))

        await self._state.change(write)


def _at(place: Place, kind: str) -> ColumnElement[bool]:
    return and_(_columns.account == place.account, _columns.region == place.region, _columns.kind == kind)


def _is(one: Resource) -> ColumnElement[bool]:
    return and_(_at(one.place, one.kind), _columns.parent == one.parent, _columns.name == one.name)


def _key(one: Resource) -> dict[str, Any]:
    place = {"account": one.place.account, "region": one.place.region}
    return {**place, "kind": one.kind, "parent": one.parent, "name": one.name}


def _rest(one: Resource) -> dict[str, Any]:
    documents = {"form": json.dumps(one.form), "state": json.dumps(one.state)}
    return {"title": one.title, "status": one.status, **documents}


def _times(now_ms: int) -> dict[str, int]:
    return {"created_ms": now_ms, "updated_ms": now_ms}


def _resource(row: Row[Any]) -> Resource:
    return Resource(
        Place(row.account, row.region), row.kind, row.name, row.title, row.parent, row.status,
        json.loads(row.form), json.loads(row.state), row.created_ms, row.updated_ms,
    )  # fmt: skip
