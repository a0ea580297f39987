"""Tags of trails and event data stores."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select

from trimtab.base.errors import LimitExceeded
from trimtab.store.state.database import State
from trimtab.store.state.tables import audit_tags

MOST = 50
"""Tags of a resource, as documented."""


class AuditTags:
    """Tags by the ARN of what has them."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def add(self, resource: str, tags: Mapping[str, str]) -> None:
        """Set tags. Raises LimitExceeded."""

        def work(connection: Connection) -> None:
            held = {**_read(connection, resource), **tags}
            if len(held) > MOST:
                raise LimitExceeded(f"cannot have {len(held)} tags on {resource}: expected at most {MOST}")
            connection.execute(delete(audit_tags).where(audit_tags.c.resource == resource))
            rows = [{"resource": resource, "key": key, "value": value} for key, value in held.items()]
            if rows:
                connection.execute(insert(audit_tags), rows)

        await self._state.change(work)

    async def remove(self, resource: str, keys: Sequence[str]) -> None:
        """Take tags off; those that are not there are ignored."""
        gone = (audit_tags.c.resource == resource) & audit_tags.c.key.in_(list(keys))
        await self._state.change(lambda connection: connection.execute(delete(audit_tags).where(gone)))

    async def of(self, resource: str) -> dict[str, str]:
        """The tags of a resource, by key."""
        return await self._state.read(lambda connection: _read(connection, resource))

    async def forget(self, resource: str) -> None:
        """Take all tags off something that is gone."""
        gone = audit_tags.c.resource == resource
        await self._state.change(lambda connection: connection.execute(delete(audit_tags).where(gone)))


def _read(connection: Connection, resource: str) -> dict[str, str]:
    query = select(audit_tags).where(audit_tags.c.resource == resource).order_by(audit_tags.c.key)
    return {row.key: row.value for row in connection.execute(query)}
