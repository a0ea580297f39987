"""`ResourceStore`: what there is, by its canonical path, with tags and an owner; from files and connectors."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from trimtab.access.scope import Scope
from trimtab.inventory.resolver import ResourceRef
from trimtab.store.state.database import State
from trimtab.store.state.tables import resources


@dataclass(frozen=True, slots=True)
class Resource:
    """A thing that is paid for or watched. `type` is of its kind (`p5.48xlarge`), `origin` who told of it."""

    ref: ResourceRef
    name: str = ""
    owner: str = ""
    type: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    seen_ms: int = 0


class ResourceStore:
    """Every resource, over the state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(self, found: Sequence[Resource], seen_ms: int) -> int:
        """Add or replace resources by their paths; how many there were."""
        newest = {one.ref.path: one for one in found}

        def work(connection: Connection) -> int:
            for path, one in newest.items():
                connection.execute(delete(resources).where(resources.c.path == path))
                connection.execute(insert(resources).values(path=path, seen_ms=seen_ms, **_values(one)))
            return len(newest)

        return await self._state.run(work)

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

        return await self._state.run(work)

    async def by_name(self, names: Sequence[str]) -> dict[str, Resource]:
        """Machines by name or id: what the nodes of a cluster are."""
        wanted = sorted(set(names))

        def work(connection: Connection) -> dict[str, Resource]:
            found: dict[str, Resource] = {}
            for at in range(0, len(wanted), 500):
                part = wanted[at : at + 500]
                query = select(resources).where(resources.c.name.in_(part) | resources.c.id.in_(part))
                for row in connection.execute(query):
                    found |= {key: _resource(row) for key in (row.name, row.id) if key}
            return found

        return await self._state.run(work)

    async def remove(self, path: str) -> bool:
        """Forget a resource; whether there was one."""

        def work(connection: Connection) -> bool:
            return connection.execute(delete(resources).where(resources.c.path == path)).rowcount > 0

        return await self._state.run(work)


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
    }


def _resource(row: Any) -> Resource:
    ref = ResourceRef(row.provider, row.account, row.region, row.kind, row.id)
    return Resource(ref, row.name, row.owner, row.type, json.loads(row.tags), row.origin, row.seen_ms)


def _visible(scope: Scope, one: Resource) -> bool:
    if scope.regions is not None and one.ref.region not in scope.regions:
        return False
    known = {"team": one.owner, **one.tags}
    return all(known.get(rule.key) in rule.values for rule in scope.rows)


def _says(one: Resource, text: str) -> bool:
    pairs = (f"{key}={value}" for key, value in one.tags.items())
    whole = "\n".join((one.ref.path, one.name, one.owner, one.type, one.origin, *pairs)).casefold()
    return all(word in whole for word in text.casefold().split())
