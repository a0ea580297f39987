"""Tags of budgets and their actions, by ARN."""

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.budgets.rows import action_in, budget_in
from trimtab.store.state.database import State
from trimtab.store.state.schema.inventory import tags

MOST_TAGS = 200
"""Tags of a resource, as the API documents them."""
_ARN = re.compile(
    r"arn:[\w-]+:budgets::(?P<account>\d{12}):budget/(?P<name>[^:\\]+?)(/action/(?P<action>[0-9a-f-]{36}))?"
)


class TagStore:
    """The tags."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def of(self, scope: Scope, arn: str) -> dict[str, str]:
        """The tags of a resource. Raises NotFound, InvalidInput."""

        def read(connection: Connection) -> dict[str, str]:
            _need(connection, scope, arn)
            return tags_in(connection, arn)

        return await self._state.read(read)

    async def change(self, scope: Scope, arn: str, put: Mapping[str, str], remove: Sequence[str] = ()) -> None:
        """Set and remove tags. Raises NotFound, InvalidInput, LimitExceeded."""

        def write(connection: Connection) -> None:
            _need(connection, scope, arn)
            set_tags(connection, arn, put, remove)

        await self._state.change(write)


def tags_in(connection: Connection, arn: str) -> dict[str, str]:
    """The tags of an ARN, by key."""
    rows = connection.execute(select(tags).where(tags.c.arn == arn).order_by(tags.c.key))
    return {row.key: row.value for row in rows}


def set_tags(connection: Connection, arn: str, put: Mapping[str, str], remove: Sequence[str] = ()) -> None:
    """Set and remove tags of an ARN that exists. Raises LimitExceeded."""
    connection.execute(delete(tags).where(tags.c.arn == arn, tags.c.key.in_([*remove, *put])))
    count = len(tags_in(connection, arn)) + len(put)
    if count > MOST_TAGS:
        raise LimitExceeded(f"cannot tag {arn}: got {count} tags; expected {MOST_TAGS} at most")
    for key, value in put.items():
        connection.execute(insert(tags).values(arn=arn, key=key, value=value))


def _need(connection: Connection, scope: Scope, arn: str) -> None:
    match = _ARN.fullmatch(arn)
    if match is None:
        raise InvalidInput(
            f"Invalid ARN: {arn}; expected arn:aws:budgets::<account>:budget/<name>", field="ResourceARN"
        )
    budget_in(connection, scope, match["account"], match["name"])
    if match["action"]:
        action_in(connection, match["account"], match["name"], match["action"])
