"""Tags of sampling rules and groups, by ARN."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, insert, select

from trimtab.base.errors import LimitExceeded
from trimtab.store.state.database import State
from trimtab.store.state.tables import tags

MOST_TAGS = 50
"""Tags of a resource, as X-Ray documents them."""


class TraceTags:
    """Reads and changes tags."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def of(self, arn: str) -> dict[str, str]:
        """The tags of a resource."""
        return await self._state.read(lambda connection: _read(connection, arn))

    async def change(self, arn: str, put: Mapping[str, str], remove: Iterable[str] = ()) -> None:
        """Add or replace tags, and remove some. Raises LimitExceeded."""
        gone = [*put, *remove]

        def write(connection: Connection) -> None:
            kept = {key: value for key, value in _read(connection, arn).items() if key not in gone} | dict(put)
            if len(kept) > MOST_TAGS:
                raise LimitExceeded(f"cannot tag {arn}: it would have {len(kept)} tags; expected at most {MOST_TAGS}")
            connection.execute(delete(tags).where(tags.c.arn == arn, tags.c.key.in_(gone)))
            for key, value in put.items():
                connection.execute(insert(tags).values(arn=arn, key=key, value=value))

        await self._state.change(write)


def _read(connection: Connection, arn: str) -> dict[str, str]:
    rows = connection.execute(select(tags).where(tags.c.arn == arn).order_by(tags.c.key))
    return {row.key: row.value for row in rows}
