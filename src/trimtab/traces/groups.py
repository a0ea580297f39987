"""Groups of traces in the state database: a name and a filter expression each, one of all of a place: Default."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.base.partitions import partition_of
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.store.state.tables import tags, trace_groups

DEFAULT_NAME = "Default"
MOST_GROUPS = 25
"""Groups of a place beside the default one: X-Ray's quota."""
_ID_LENGTH = 26
_groups = trace_groups.c


class Group(Struct, frozen=True):
    """A group. Insights are looked for in it where `insights`, and told by `notifications`."""

    account: str
    region: str
    name: str
    id: str
    filter: str
    insights: bool = False
    notifications: bool = False

    @property
    def arn(self) -> str:
        """The group's ARN."""
        tail = f"/{self.id}" if self.id else ""
        return f"arn:{partition_of(self.region)}:xray:{self.region}:{self.account}:group/{self.name}{tail}"


class TraceGroups:
    """Puts, finds and forgets groups."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def listed(self, account: str, region: str) -> list[Group]:
        """The groups of a place: the default one, then by name."""
        found = await self._state.read(lambda connection: _all(connection, account, region))
        return sorted(found, key=lambda group: (group.name != DEFAULT_NAME, group.name))

    async def with_insights(self) -> list[Group]:
        """Groups of every place in which insights are to be looked for. The default one of a place is always such."""

        def read(connection: Connection) -> list[Group]:
            rows = connection.execute(select(trace_groups).where(_groups.insights == 1)).all()
            return [_read(row) for row in rows]

        return await self._state.read(read)

    async def get(self, account: str, region: str, name: str = "", arn: str = "") -> Group:
        """A group by name or ARN. Raises NotFound."""
        for group in await self.listed(account, region):
            if arn == group.arn if arn else group.name == name:
                return group
        raise NotFound(f"cannot find group {arn or name}: there is none; GetGroups lists them")

    async def create(self, group: Group) -> Group:
        """Add a group. Raises Conflict, LimitExceeded, InvalidInput."""
        if not 1 <= len(group.name) <= 32:
            raise InvalidInput("cannot create group: expected a GroupName of 1 to 32 characters")
        made = replace(group, id=new_id().replace("-", "").upper()[:_ID_LENGTH])

        def write(connection: Connection) -> Group:
            known = _all(connection, group.account, group.region)
            if any(one.name == group.name for one in known):
                raise Conflict(f"cannot create group: there is one named {group.name}")
            if len(known) > MOST_GROUPS:
                raise LimitExceeded(f"cannot create group: there are {MOST_GROUPS} already")
            connection.execute(insert(trace_groups).values(_row(made) | {"created_ms": self._clock.now_ms()}))
            return made

        return await self._state.change(write)

    async def change(self, group: Group, **changes: Any) -> Group:
        """Change fields of a group: filter, insights, notifications. Raises NotFound."""

        def write(connection: Connection) -> Group:
            known = _all(connection, group.account, group.region)
            kept = next((one for one in known if one.name == group.name), None)
            if kept is None:
                raise NotFound(f"cannot change group {group.name}: there is none")
            made = replace(kept, **changes)
            if not connection.execute(update(trace_groups).where(_key(made)).values(_row(made))).rowcount:
                # the default one, as it always was until now
                connection.execute(insert(trace_groups).values(_row(made) | {"created_ms": self._clock.now_ms()}))
            return made

        return await self._state.change(write)

    async def remove(self, group: Group) -> None:
        """Delete a group with its tags. Raises InvalidInput for the default one."""
        if group.name == DEFAULT_NAME:
            raise InvalidInput("cannot delete group Default: it stands for all traces")

        def write(connection: Connection) -> None:
            connection.execute(delete(trace_groups).where(_key(group)))
            connection.execute(delete(tags).where(tags.c.arn == group.arn))

        await self._state.change(write)


def default_group(account: str, region: str) -> Group:
    """The group of all traces, as it is until it is changed."""
    return Group(account, region, DEFAULT_NAME, "", "", insights=True)


def _all(connection: Connection, account: str, region: str) -> list[Group]:
    where = (_groups.account == account, _groups.region == region)
    found = [_read(row) for row in connection.execute(select(trace_groups).where(*where))]
    if not any(group.name == DEFAULT_NAME for group in found):
        found.append(default_group(account, region))
    return found


def _key(group: Group) -> Any:
    return and_(_groups.account == group.account, _groups.region == group.region, _groups.name == group.name)


def _row(group: Group) -> dict[str, Any]:
    return {
        "account": group.account,
        "region": group.region,
        "name": group.name,
        "id": group.id,
        "filter": group.filter,
        "insights": int(group.insights),
        "notifications": int(group.notifications),
    }


def _read(row: Row[Any]) -> Group:
    flags = bool(row.insights), bool(row.notifications)
    return Group(row.account, row.region, row.name, row.id, row.filter, *flags)
