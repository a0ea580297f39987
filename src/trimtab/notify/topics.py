"""Topics and subscriptions in the state database, with the rules that SNS has for them."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.ids import new_id
from trimtab.base.partitions import partition_of
from trimtab.base.records import replace
from trimtab.notify.model import Channel, Subscription, Topic
from trimtab.store.state.database import State
from trimtab.store.state.sealed import seal, unseal
from trimtab.store.state.tables import notify_subscriptions, notify_topics, tags

_subscriptions = notify_subscriptions.c
_ARN = re.compile(r"arn:aws[\w-]*:sns:(?P<region>[\w-]+):(?P<account>\d{12}):(?P<name>[\w-]{1,256}(?:\.fifo)?)")
MAX_TOPICS = 10_000


def arn_of(account: str, region: str, name: str) -> str:
    """The ARN of a topic. Raises InvalidInput for a name that no topic can have."""
    arn = f"arn:{partition_of(region)}:sns:{region}:{account}:{name}"
    if _ARN.fullmatch(arn) is None or name.endswith(".fifo"):
        raise InvalidInput(
            f"Invalid parameter: Topic Name {name[:60]!r}: expected up to 256 letters, digits, '-' and '_'",
            field="topics",
        )
    return arn


def parse_arn(arn: str) -> re.Match[str] | None:
    """The region, account and name of a topic's ARN; None for anything else."""
    return _ARN.fullmatch(arn)


class TopicStore:
    """The topics of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(self, arn: str, attributes: Mapping[str, str], tagged: Mapping[str, str]) -> Topic:
        """Make a topic; one that is there with the same attributes is answered as it is. Raises InvalidInput."""
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> Topic:
            found = connection.execute(select(notify_topics).where(notify_topics.c.arn == arn)).first()
            if found is not None:
                had = json.loads(found.attributes)
                if any(had.get(key, "") != value for key, value in attributes.items()):
                    raise InvalidInput(
                        "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
                    )
                return topic_of(found)
            ensure(connection, arn, now_ms, attributes)
            for key, value in tagged.items():
                connection.execute(insert(tags).values(arn=arn, key=key, value=value))
            return topic_of(connection.execute(select(notify_topics).where(notify_topics.c.arn == arn)).one())

        return await self._state.change(change)

    async def all(self, account: str | None, region: str | None = None) -> list[Topic]:
        """The topics of an account and region (None: of all), by ARN."""
        query = select(notify_topics).order_by(notify_topics.c.arn)
        if account is not None:
            query = query.where(notify_topics.c.account == account)
        if region is not None:
            query = query.where(notify_topics.c.region == region)
        return await self._state.read(lambda connection: [topic_of(row) for row in connection.execute(query)])

    async def get(self, arn: str) -> Topic:
        """One topic. Raises NotFound."""
        return await self._state.read(lambda connection: topic_in(connection, arn))

    async def set_attribute(self, arn: str, name: str, value: str) -> None:
        """Set one attribute of a topic. Raises NotFound."""

        def change(connection: Connection) -> None:
            attributes = {**topic_in(connection, arn).attributes, name: value}
            values = {"attributes": json.dumps(attributes)}
            connection.execute(update(notify_topics).where(notify_topics.c.arn == arn).values(values))

        await self._state.change(change)

    async def subscriptions(self, account: str | None, topic: str | None = None) -> list[Subscription]:
        """The subscriptions of an account (None: of all), or of one topic, by ARN."""
        query = select(notify_subscriptions).order_by(notify_subscriptions.c.arn)
        if account is not None:
            query = query.where(notify_subscriptions.c.account == account)
        if topic is not None:
            query = query.where(notify_subscriptions.c.topic == topic)
        return await self._state.read(
            lambda connection: [subscription_of(connection, row) for row in connection.execute(query)]
        )

    async def subscription(self, arn: str) -> Subscription:
        """One subscription. Raises NotFound."""
        return await self._state.read(lambda connection: subscription_in(connection, arn))

    async def tags_of(self, arn: str) -> dict[str, str]:
        """The tags of a topic. Raises NotFound."""

        def read(connection: Connection) -> dict[str, str]:
            topic_in(connection, arn)
            return {row.key: row.value for row in connection.execute(select(tags).where(tags.c.arn == arn))}

        return await self._state.read(read)

    async def change_tags(self, arn: str, put: Mapping[str, str], remove: Sequence[str]) -> None:
        """Set and remove tags of a topic. Raises NotFound."""

        def change(connection: Connection) -> None:
            topic_in(connection, arn)
            gone = [*remove, *put]
            connection.execute(delete(tags).where(tags.c.arn == arn, tags.c.key.in_(gone)))
            for key, value in put.items():
                connection.execute(insert(tags).values(arn=arn, key=key, value=value))

        await self._state.change(change)


def ensure(connection: Connection, arn: str, now_ms: int, attributes: Mapping[str, str] | None = None) -> None:
    """Make the topic if it is not there."""
    if connection.execute(select(notify_topics.c.arn).where(notify_topics.c.arn == arn)).first():
        return
    if len(connection.execute(select(notify_topics.c.arn)).all()) >= MAX_TOPICS:
        raise InvalidInput(f"cannot make a topic: there are {MAX_TOPICS}")
    match = _ARN.fullmatch(arn)
    if match is None:
        raise InvalidInput(f"cannot make topic {arn[:100]!r}: expected arn:aws:sns:<region>:<account>:<name>")
    row = {"account": match["account"], "region": match["region"], "name": match["name"], "created_ms": now_ms}
    connection.execute(insert(notify_topics).values(arn=arn, attributes=json.dumps(dict(attributes or {})), **row))


def link(
    connection: Connection,
    topic: str,
    channel: Channel,
    protocol: str,
    endpoint: str,
    now_ms: int,
    *,
    token: str = "",
    attributes: Mapping[str, str] | None = None,
) -> Subscription:
    """Subscribe a channel to a topic; with a token it waits to be confirmed."""
    made = Subscription(
        f"{topic}:{new_id()}",
        topic,
        channel.id,
        channel.account,
        protocol,
        endpoint,
        dict(attributes or {}),
        not token,
        token,
        now_ms,
    )
    row = {
        "arn": made.arn,
        "topic": topic,
        "channel": channel.id,
        "account": channel.account,
        "protocol": protocol,
        "endpoint": seal(connection, _subscriptions.endpoint, made.arn, endpoint),
        "attributes": json.dumps(made.attributes),
        "confirmed": int(made.confirmed),
        "token": seal(connection, _subscriptions.token, made.arn, token),
        "created_ms": now_ms,
    }
    connection.execute(insert(notify_subscriptions).values(row))
    return made


def topic_in(connection: Connection, arn: str) -> Topic:
    """One topic. Raises NotFound."""
    row = connection.execute(select(notify_topics).where(notify_topics.c.arn == arn)).first()
    if row is None:
        raise NotFound("Topic does not exist")
    return topic_of(row)


def subscription_in(connection: Connection, arn: str) -> Subscription:
    """One subscription. Raises NotFound."""
    row = connection.execute(select(notify_subscriptions).where(notify_subscriptions.c.arn == arn)).first()
    if row is None:
        raise NotFound("Subscription does not exist")
    return subscription_of(connection, row)


def topic_of(row: Row[Any]) -> Topic:
    """A row as a topic."""
    return Topic(row.arn, row.account, row.region, row.name, json.loads(row.attributes), row.created_ms)


def subscription_of(connection: Connection, row: Row[Any]) -> Subscription:
    """A row as a subscription."""
    return Subscription(
        row.arn,
        row.topic,
        row.channel,
        row.account,
        row.protocol,
        unseal(connection, _subscriptions.endpoint, row.arn, row.endpoint),
        json.loads(row.attributes),
        bool(row.confirmed),
        unseal(connection, _subscriptions.token, row.arn, row.token),
        row.created_ms,
    )


def confirmed(one: Subscription) -> Subscription:
    """The same, confirmed: the token has done its work and is gone."""
    return replace(one, confirmed=True, token="")
