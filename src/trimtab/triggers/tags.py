"""Tags of rules and buses."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select

from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.store.state.database import State
from trimtab.store.state.schema.inventory import tags
from trimtab.store.state.schema.triggers import event_buses, event_rules
from trimtab.triggers.arns import DEFAULT_BUS

MOST_TAGS = 50
"""Tags of a resource, as AWS documents them."""


class TagStore:
    """Tags by the ARN of a rule or a bus."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def of(self, arn: str) -> dict[str, str]:
        """The tags of a resource. Raises NotFound."""

        def read(connection: Connection) -> dict[str, str]:
            _need(connection, arn)
            query = select(tags).where(tags.c.arn == arn).order_by(tags.c.key)
            return {row.key: row.value for row in connection.execute(query)}

        return await self._state.read(read)

    async def change(self, arn: str, put: Mapping[str, str], remove: Sequence[str] = ()) -> None:
        """Set and remove tags of a resource. Raises NotFound, LimitExceeded."""

        def write(connection: Connection) -> None:
            _need(connection, arn)
            connection.execute(delete(tags).where(tags.c.arn == arn, tags.c.key.in_([*remove, *put])))
            kept = connection.execute(select(tags.c.key).where(tags.c.arn == arn)).all()
            if len(kept) + len(put) > MOST_TAGS:
                raise LimitExceeded(f"cannot tag {arn}: got {len(kept) + len(put)} tags; expected {MOST_TAGS}")
            for key, value in put.items():
                connection.execute(insert(tags).values(arn=arn, key=key, value=value))

        await self._state.change(write)


def forget_tags(connection: Connection, arn: str) -> None:
    """Drop the tags of what is deleted: the next of its name has none of them."""
    connection.execute(delete(tags).where(tags.c.arn == arn))


def _need(connection: Connection, arn: str) -> None:
    known = connection.execute(select(event_rules.c.arn).where(event_rules.c.arn == arn)).first()
    known = known or connection.execute(select(event_buses.c.arn).where(event_buses.c.arn == arn)).first()
    if known is None and not arn.endswith(":event-bus/default"):
        raise NotFound(missing(arn))


def missing(arn: str) -> str:
    """What is said of a rule or a bus that is not there."""
    kind, _, path = arn.rpartition(":")[2].partition("/")
    bus, _, name = path.rpartition("/")
    if kind == "rule":
        return f"Rule {name} does not exist on EventBus {bus or DEFAULT_BUS}."
    return f"Event bus {name} does not exist." if kind == "event-bus" else f"Resource {arn} does not exist."
