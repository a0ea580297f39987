"""Messages that clients publish to topics: an event like any other, durable when its id is given."""

from collections.abc import Mapping

from sqlalchemy import Connection

from trimtab.base.clock import Clock
from trimtab.events.outbox import emit
from trimtab.notify.model import PUBLISHED
from trimtab.notify.topics import topic_in
from trimtab.store.state.database import State


class Publishing:
    """Writes what is published to the outbox."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def publish(
        self, topic: str, account: str, message: str, subject: str | None, attributes: Mapping[str, Mapping[str, str]]
    ) -> str:
        """Publish; returns the message's id. Raises NotFound for a topic that is not there."""
        body: dict[str, object] = {
            "account": account,
            "Message": message,
            "MessageAttributes": {name: dict(value) for name, value in attributes.items()},
            "actions": [topic],
        }
        if subject is not None:
            body["Subject"] = subject

        def change(connection: Connection) -> str:
            topic_in(connection, topic)
            return emit(connection, self._clock, PUBLISHED, topic, body)

        return await self._state.change(change)
