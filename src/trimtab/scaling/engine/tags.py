"""Tags of scalable targets."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select

from trimtab.access.scope import Scope
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.scaling.engine.rows import target_by_id
from trimtab.store.state.database import State
from trimtab.store.state.schema.inventory import tags

MOST_TAGS = 50


class TooManyTags(LimitExceeded):
    """A resource would have more tags than may be."""


class TagStore:
    """Tags by the ARN of a target."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def of(self, scope: Scope, arn: str) -> dict[str, str]:
        """The tags of a target. Raises NotFound."""

        def read(connection: Connection) -> dict[str, str]:
            _need(connection, scope, arn)
            query = select(tags).where(tags.c.arn == arn).order_by(tags.c.key)
            return {row.key: row.value for row in connection.execute(query)}

        return await self._state.read(read)

    async def change(self, scope: Scope, arn: str, put: Mapping[str, str], remove: Sequence[str] = ()) -> None:
        """Set and remove tags of a target. Raises NotFound, TooManyTags."""

        def write(connection: Connection) -> None:
            _need(connection, scope, arn)
            connection.execute(delete(tags).where(tags.c.arn == arn, tags.c.key.in_([*remove, *put])))
            kept = len(connection.execute(select(tags.c.key).where(tags.c.arn == arn)).all())
            if kept + len(put) > MOST_TAGS:
                raise TooManyTags(f"cannot tag {arn}: got {kept + len(put)} tags; expected at most {MOST_TAGS}")
            for key, value in put.items():
                connection.execute(insert(tags).values(arn=arn, key=key, value=value))

        await self._state.change(write)


def _need(connection: Connection, scope: Scope, arn: str) -> None:
    try:
        known = target_by_id(connection, scope, arn.rpartition("/")[2])
    except NotFound:
        known = None
    if known is None or known.arn != arn:
        raise NotFound(f"The resource {arn} does not exist.")
