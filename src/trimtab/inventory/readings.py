"""When all resources of a type were last read at a place, so that "there are none" can be told from "not known"."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.inventory.owners import owner_of
from trimtab.inventory.resources import Resource, write
from trimtab.inventory.tagging import kept_tags
from trimtab.store.state.database import State
from trimtab.store.state.tables import resource_readings, resources

Place = tuple[str, str, str]
"""Account, region and resource type (`ec2:instance`)."""
EVERYWHERE = "global"
"""Region of readings that tell of all regions at once: of buckets, users, Savings Plans."""


class Whole(Struct, frozen=True):
    """All resources of the types, of one account and region (or EVERYWHERE), as they were at `seen_ms`."""

    account: str
    region: str
    resource_types: Sequence[str]
    found: Sequence[Resource]
    origin: str
    seen_ms: int


class Readings:
    """Whole readings, over the state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def keep(self, whole: Whole) -> int:
        """Replace what there was of the types at the place, all or nothing; how many resources there are now."""
        return await self._state.change(lambda connection: _keep(connection, whole))

    async def of(self, scope: Scope) -> dict[Place, int]:
        """When each type was last read whole (ms), by place. A place that is not here was never read."""
        query = select(resource_readings)
        if scope.accounts is not None:
            query = query.where(resource_readings.c.account.in_(sorted(scope.accounts)))

        def work(connection: Connection) -> dict[Place, int]:
            return {(row.account, row.region, row.resource_type): row.read_ms for row in connection.execute(query)}

        return await self._state.read(work)

    async def forget(self, account: str, origin: str) -> None:
        """Forget an account's readings and what they found."""

        def work(connection: Connection) -> None:
            connection.execute(delete(resource_readings).where(resource_readings.c.account == account))
            mine = (resources.c.account == account) & (resources.c.origin == origin)
            connection.execute(delete(resources).where(mine))

        await self._state.change(work)


def _keep(connection: Connection, whole: Whole) -> int:
    own = kept_tags(connection, [one.arn for one in whole.found if one.arn])
    found = {one.ref.path: _with(one, own.get(one.arn, {})) for one in whole.found}
    types = list(whole.resource_types)
    known = resources.c
    place = (known.account == whole.account) & (known.origin == whole.origin)
    if whole.region != EVERYWHERE:
        place &= known.region == whole.region
    connection.execute(delete(resources).where(place & known.resource_type.in_(types)))
    write(connection, found, whole.seen_ms)
    read = resource_readings.c
    mine = (read.account == whole.account) & (read.region == whole.region) & read.resource_type.in_(types)
    connection.execute(delete(resource_readings).where(mine))
    rows = [
        {"account": whole.account, "region": whole.region, "resource_type": one, "read_ms": whole.seen_ms}
        for one in types
    ]
    connection.execute(insert(resource_readings), rows)
    return len(found)


def _with(one: Resource, own: Mapping[str, str]) -> Resource:
    """A resource with the tags that were set here."""
    if not own:
        return one
    tags = {**one.tags, **own}
    return replace(one, tags=tags, owner=owner_of(tags) or one.owner)
