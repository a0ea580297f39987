"""`ResourceStore`: what there is, by its canonical path, with tags and an owner; from files and connectors."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Connection, delete, func, insert, select

from trimtab.access.scope import Scope
from trimtab.inventory.resolver import ResourceRef
from trimtab.inventory.rules import ARN_BARE
from trimtab.store.state.database import State
from trimtab.store.state.tables import resources

_AT_ONCE = 500
"""Values of one statement: SQLite takes 32,766 parameters, and a row has fifteen."""


class Resource(Struct, frozen=True):
    """A thing that is paid for or watched. `type` is of its kind (`p5.48xlarge`), `origin` who told of it.

    Of a thing of AWS, `attributes` are facts by the names of its describe call; times among them are milliseconds.
    """

    ref: ResourceRef
    name: str = ""
    owner: str = ""
    type: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    seen_ms: int = 0
    arn: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def resource_type(self) -> str:
        """Its type as AWS's Tagging API names it (`ec2:instance`); "" of what has no ARN."""
        return type_of_arn(self.arn)


class ResourceStore:
    """Every resource, over the state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(self, found: Sequence[Resource], seen_ms: int) -> int:
        """Add or replace resources by their paths; how many there were."""
        newest = {one.ref.path: one for one in found}

        def work(connection: Connection) -> int:
            write(connection, newest, seen_ms)
            return len(newest)

        return await self._state.change(work)

    async def listed(
        self, scope: Scope, *, kind: str = "", text: str = "", limit: int = 1000, after: str = ""
    ) -> list[Resource]:
        """At most `limit` resources by path, after the path `after`; `text` is looked for in everything of them."""
        query = select(resources).where(resources.c.path > after).order_by(resources.c.path)
        if scope.accounts is not None:
            query = query.where(resources.c.account.in_(sorted(scope.accounts)))
        if kind:
            query = query.where(resources.c.kind == kind)

        def work(connection: Connection) -> list[Resource]:
            found: list[Resource] = []
            for row in connection.execute(query):
                one = _resource(row)
                if _visible(scope, one) and _says(one, text):
                    found.append(one)
                if len(found) == limit:
                    break
            return found

        return await self._state.read(work)

    async def of_type(self, scope: Scope, *resource_types: str) -> list[Resource]:
        """Every resource of types as AWS names them (`ec2:instance`), by path."""
        query = select(resources).where(resources.c.resource_type.in_(resource_types)).order_by(resources.c.path)
        if scope.accounts is not None:
            query = query.where(resources.c.account.in_(sorted(scope.accounts)))

        def work(connection: Connection) -> list[Resource]:
            return [one for row in connection.execute(query) if _visible(scope, one := _resource(row))]

        return await self._state.read(work)

    async def by_arn(self, scope: Scope, arns: Sequence[str]) -> list[Resource]:
        """The resources with these ARNs, as far as there are any."""
        wanted = sorted(set(arns))

        def work(connection: Connection) -> list[Resource]:
            found = []
            for at in range(0, len(wanted), _AT_ONCE):
                query = select(resources).where(resources.c.arn.in_(wanted[at : at + _AT_ONCE]))
                found += [one for row in connection.execute(query) if _inside(scope, one := _resource(row))]
            return found

        return await self._state.read(work)

    async def with_arn(self, scope: Scope, prefix: str = "arn:") -> list[Resource]:
        """Every resource whose ARN begins so, by path."""
        query = select(resources).where(resources.c.arn.startswith(prefix, autoescape=True)).order_by(resources.c.path)

        def work(connection: Connection) -> list[Resource]:
            return [one for row in connection.execute(query) if _inside(scope, one := _resource(row))]

        return await self._state.read(work)

    async def counted(self, account: str, origin: str) -> dict[str, int]:
        """How many resources of each type a source told of."""
        known = resources.c
        query = select(known.resource_type, func.count()).where(known.account == account, known.origin == origin)
        query = query.group_by(known.resource_type).order_by(known.resource_type)
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        return {kind: number for kind, number in rows if kind}

    async def by_name(self, names: Sequence[str]) -> dict[str, Resource]:
        """Machines by name or id: what the nodes of a cluster are."""
        wanted = sorted(set(names))

        def work(connection: Connection) -> dict[str, Resource]:
            found: dict[str, Resource] = {}
            for at in range(0, len(wanted), _AT_ONCE):
                part = wanted[at : at + _AT_ONCE]
                query = select(resources).where(resources.c.name.in_(part) | resources.c.id.in_(part))
                for row in connection.execute(query):
                    found |= {key: _resource(row) for key in (row.name, row.id) if key}
            return found

        return await self._state.read(work)

    async def remove(self, path: str) -> bool:
        """Forget a resource; whether there was one."""

        def work(connection: Connection) -> bool:
            return connection.execute(delete(resources).where(resources.c.path == path)).rowcount > 0

        return await self._state.change(work)


def write(connection: Connection, found: Mapping[str, Resource], seen_ms: int) -> None:
    """Add or replace resources by their paths, within a transaction."""
    paths = sorted(found)
    for at in range(0, len(paths), _AT_ONCE):
        part = paths[at : at + _AT_ONCE]
        connection.execute(delete(resources).where(resources.c.path.in_(part)))
        connection.execute(
            insert(resources), [{"path": path, "seen_ms": seen_ms, **_values(found[path])} for path in part]
        )


def type_of_arn(arn: str) -> str:
    """The type of an ARN's resource as the Tagging API names it: `ec2:instance`, `s3:bucket`; "" where it has none."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or not parts[2] or not parts[5]:
        return ""
    service, rest = parts[2], parts[5]
    if service in ARN_BARE:
        return f"{service}:{ARN_BARE[service]}"
    type_ = rest.partition(":")[0].partition("/")[0]
    return f"{service}:{type_}" if type_ != rest else service


def _values(one: Resource) -> dict[str, Any]:
    return {
        "provider": one.ref.provider,
        "account": one.ref.account,
        "region": one.ref.region,
        "kind": one.ref.kind,
        "id": one.ref.id,
        "name": one.name,
        "owner": one.owner,
        "type": one.type,
        "tags": json.dumps(dict(one.tags), sort_keys=True),
        "origin": one.origin,
        "arn": one.arn,
        "resource_type": one.resource_type,
        "attributes": json.dumps(dict(one.attributes), sort_keys=True),
    }


def _resource(row: Any) -> Resource:
    ref = ResourceRef(row.provider, row.account, row.region, row.kind, row.id)
    return Resource(
        ref,
        row.name,
        row.owner,
        row.type,
        json.loads(row.tags),
        row.origin,
        row.seen_ms,
        row.arn,
        json.loads(row.attributes),
    )


def _inside(scope: Scope, one: Resource) -> bool:
    return (scope.accounts is None or one.ref.account in scope.accounts) and _visible(scope, one)


def _visible(scope: Scope, one: Resource) -> bool:
    if scope.regions is not None and one.ref.region not in scope.regions:
        return False
    return scope.sees({"team": one.owner, **one.tags})


def _says(one: Resource, text: str) -> bool:
    pairs = (f"{key}={value}" for key, value in one.tags.items())
    whole = "\n".join((one.ref.path, one.name, one.owner, one.type, one.origin, *pairs)).casefold()
    return all(word in whole for word in text.casefold().split())
