"""Targets inside trimtab: log groups, event buses, topics, and what the actions' registry offers."""

import json
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct
from sqlalchemy import select

from trimtab.actions.registry import Actuators
from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.partitions import service_of
from trimtab.notify.publishing import Publishing
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import event_inbox
from trimtab.triggers import arns
from trimtab.triggers.arns import Place, name_of
from trimtab.triggers.entries import stable_id
from trimtab.triggers.intake import Intake
from trimtab.triggers.model import Delivery, Event, Outcome, Sent

WriteLog = Callable[[Place, str, str, int, str, str], Awaitable[None]]
"""Writes one log event: place, group, stream, time (ms), message, and the key under which a repeat is known."""
_DONE = Sent(Outcome.DELIVERED)


class LogGroups(Struct, frozen=True):
    """Targets that are log groups; the stream is named after the rule."""

    write: WriteLog

    def takes(self, arn: str) -> bool:
        """Whether it is the ARN of a log group."""
        return service_of(arn) == "logs" and ":log-group:" in arn

    async def send(self, delivery: Delivery) -> Sent:
        """Write one log event, once: the delivery's id is its key."""
        at = arns.parse(delivery.arn)
        group = at.resource.removeprefix("log-group:").removesuffix(":*")
        await self.write(at.place, group, name_of(delivery.rule), delivery.at_ms, delivery.input, delivery.id)
        return _DONE


class EventBuses(Struct, frozen=True):
    """Targets that are event buses. An event comes to a bus once, so that two buses cannot send it round for ever."""

    state: State
    intake: Intake

    def takes(self, arn: str) -> bool:
        """Whether it is the ARN of an event bus."""
        return service_of(arn) == "events" and ":event-bus/" in arn

    async def send(self, delivery: Delivery) -> Sent:
        """Put the event itself on the bus."""
        if not await self.intake.knows(delivery.arn):
            raise InvalidInput(f"there is no event bus {delivery.arn}")
        query = select(event_inbox).where(event_inbox.c.key == delivery.event)
        row = await self.state.read(lambda connection: connection.execute(query).first())
        if row is None:
            raise InvalidInput("the event itself is not kept any more")
        event = Event(
            stable_id("forwarded", delivery.arn, row.id),
            delivery.arn,
            row.id,
            row.source,
            row.detail_type,
            row.at_ms,
            _crossed(
                row.body.encode(), row.id, arns.parse(row.bus).place.region, arns.parse(delivery.arn).place.region
            ),
        )
        await self.intake.put([event])
        return _DONE


def _crossed(body: bytes, id_: str, region: str, other: str) -> bytes:
    """An event as another region has it: under an id of its own, as recorded. That its bus had it is known by `id_`."""
    if region == other:
        return body
    members = typed.decode(body, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({**members, "id": stable_id("crossed", other, id_)})


class Topics(Struct, frozen=True):
    """Targets that are topics: every channel that has subscribed is told."""

    publishing: Publishing

    def takes(self, arn: str) -> bool:
        """Whether it is the ARN of a topic."""
        return service_of(arn) == "sns"

    async def send(self, delivery: Delivery) -> Sent:
        """Publish what is sent."""
        await self.publishing.publish(delivery.arn, delivery.place.account, delivery.input, None, {})
        return _DONE


class Actions(Struct, frozen=True):
    """Targets `arn:aws:trimtab:…:action/<name>`: what is sent is `{"target": …, "wish": {…}}`."""

    actuators: Actuators

    def takes(self, arn: str) -> bool:
        """Whether it is the ARN of an action."""
        return service_of(arn) == "trimtab" and ":action/" in arn

    async def send(self, delivery: Delivery) -> Sent:
        """Have it done; the registry's record names the rule."""
        try:
            asked = json.loads(delivery.input)
            target, wish = str(asked["target"]), dict(asked.get("wish") or {})
        except (ValueError, KeyError, TypeError):
            raise InvalidInput('an action takes {"target": …, "wish": {…}}: use Input or InputTransformer') from None
        wish.setdefault("request", delivery.id)
        done = await self.actuators.run(
            name_of(delivery.arn), target, wish, requested_by=delivery.rule[:256], dry_run=False
        )
        return Sent(Outcome.DELIVERED, done.outcome)
