"""Subscribe, confirm, unsubscribe: endpoints that join a topic themselves, and must say that they want to.

A subscription of an endpoint has a channel of its own (`sns`, or `email`), named by its ARN's last part.
"""

import hmac
import json
from collections.abc import Mapping
from urllib.parse import quote

from sqlalchemy import Connection, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.ids import new_id, new_secret
from trimtab.egress.gate import Gate
from trimtab.notify import channels, kinds, queue, topics
from trimtab.notify.model import CONFIRMATION, Channel, Notification, Severity, Subscription
from trimtab.store.state.database import State
from trimtab.store.state.sealed import seal
from trimtab.store.state.tables import notify_channels, notify_subscriptions, notify_topics, tags

PROTOCOLS = ("http", "https", "email")
CONFIRM_PATH = "/notify/confirm"
_TOKEN_BYTES = 32


class Subscribing:
    """The life of subscriptions. `public_url` is where the links of a message lead."""

    def __init__(self, state: State, clock: Clock, public_url: str, gate: Gate) -> None:
        self._state = state
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._gate = gate

    async def subscribe(
        self, account: str, topic: str, protocol: str, endpoint: str, attributes: Mapping[str, str]
    ) -> Subscription:
        """Subscribe an endpoint; it is asked to confirm. The same one again is answered as it is, and asked again.

        Raises InvalidInput, NotFound.
        """
        if protocol not in PROTOCOLS:
            raise InvalidInput(
                f"Invalid parameter: protocol {protocol[:40]!r}: expected {', '.join(PROTOCOLS)}; other channels are "
                "made with `trimtab notify add`"
            )
        kind = "email" if protocol == "email" else "sns"
        if kind == "sns" and not endpoint.startswith(f"{protocol}://"):
            raise InvalidInput(f"Invalid parameter: Endpoint must match the specified protocol {protocol}")
        kinds.check(kind, endpoint, {}, {})
        if kind == "sns":
            await self._gate.admit(endpoint, f"subscription to {topic}")
        return await self._state.change(
            lambda connection: self._add(connection, account, topic, kind, protocol, endpoint, attributes)
        )

    def _add(
        self,
        connection: Connection,
        account: str,
        topic: str,
        kind: str,
        protocol: str,
        endpoint: str,
        attributes: Mapping[str, str],
    ) -> Subscription:
        topics.topic_in(connection, topic)
        alike = (notify_subscriptions.c.topic == topic) & (notify_subscriptions.c.protocol == protocol)
        known = [
            topics.subscription_of(connection, row)
            for row in connection.execute(select(notify_subscriptions).where(alike)).all()
        ]
        found = next((each for each in known if each.endpoint == endpoint), None)
        if found is not None:
            if not found.confirmed:
                self._ask(connection, channels.channel_by_id(connection, found.channel), found)
            return found
        now_ms = self._clock.now_ms()
        token = new_secret(_TOKEN_BYTES)
        id_ = new_id()
        channel = Channel(id_, account, f"{topic.rpartition(':')[2]}.{id_[:8]}", kind, endpoint, created_ms=now_ms)
        channels.insert_channel(connection, channel)
        made = topics.link(connection, topic, channel, protocol, endpoint, now_ms, token=token, attributes=attributes)
        options = {
            "topic": topic,
            "subscription": made.arn,
            "raw": attributes.get("RawMessageDelivery") == "true",
            "subscribe_url": f"{self._public_url}{CONFIRM_PATH}?TopicArn={quote(topic, safe='')}&Token=",
            "unsubscribe_url": f"{self._public_url}/?Action=Unsubscribe&SubscriptionArn={quote(made.arn, safe='')}",
        }
        channels.set_parts(connection, channel.id, options, {"token": token})
        self._ask(connection, channels.channel_by_id(connection, channel.id), made)
        return made

    def _ask(self, connection: Connection, channel: Channel, subscription: Subscription) -> None:
        topic = subscription.topic
        url = str(channel.options.get("subscribe_url", "")) + subscription.token
        now_ms = self._clock.now_ms()
        told = Notification(
            id=new_id(),
            kind=CONFIRMATION,
            at_ms=now_ms,
            subject=topic,
            title=f"Confirm the subscription to {topic.rpartition(':')[2]}",
            text=f"You have chosen to subscribe to the topic {topic}. Open the link to confirm it.",
            severity=Severity.INFO,
            order_key=f"confirm/{subscription.arn}",
            group_key=f"confirm/{subscription.arn}",
            account=channel.account,
            topic=topic,
            link=url if channel.kind == "email" else "",
        )
        queue.plan(connection, told, channel, now_ms, grouped=False)

    async def confirm(self, topic: str, token: str) -> Subscription:
        """Confirm by the token that was sent to the endpoint. Raises InvalidInput for one that is none."""

        def change(connection: Connection) -> Subscription:
            pending = select(notify_subscriptions).where(notify_subscriptions.c.topic == topic)
            for row in connection.execute(pending).all():
                known = channels.channel_by_id(connection, row.channel).secret.get("token", "")
                if known and hmac.compare_digest(known.encode(), token.encode()):
                    mine = notify_subscriptions.c.arn == row.arn
                    connection.execute(
                        update(notify_subscriptions)
                        .where(mine)
                        .values(confirmed=1, token=seal(connection, notify_subscriptions.c.token, row.arn, ""))
                    )
                    return topics.confirmed(topics.subscription_of(connection, row))
            raise InvalidInput("Invalid token")

        return await self._state.change(change)

    async def set_attribute(self, arn: str, name: str, value: str) -> None:
        """Set one attribute of a subscription. Raises NotFound."""

        def change(connection: Connection) -> None:
            found = topics.subscription_in(connection, arn)
            attributes = {**found.attributes, name: value}
            mine = notify_subscriptions.c.arn == arn
            connection.execute(update(notify_subscriptions).where(mine).values(attributes=json.dumps(attributes)))
            channel = channels.channel_by_id(connection, found.channel)
            if channel.options.get("subscription") == arn:
                raw = attributes.get("RawMessageDelivery") == "true"
                channels.set_parts(connection, channel.id, {**channel.options, "raw": raw}, channel.secret)

        await self._state.change(change)

    async def delete_topic(self, arn: str) -> None:
        """Delete a topic, its subscriptions and the channels that Subscribe made; an unknown one is passed over."""

        def change(connection: Connection) -> None:
            now_ms = self._clock.now_ms()
            linked = select(notify_subscriptions).where(notify_subscriptions.c.topic == arn)
            for row in connection.execute(linked).all():
                _end(connection, topics.subscription_of(connection, row), now_ms)
            connection.execute(notify_topics.delete().where(notify_topics.c.arn == arn))
            connection.execute(tags.delete().where(tags.c.arn == arn))

        await self._state.change(change)

    async def unsubscribe(self, arn: str) -> None:
        """End a subscription; its channel goes with it where Subscribe made it. Unknown ones are passed over."""

        def change(connection: Connection) -> None:
            try:
                found = topics.subscription_in(connection, arn)
            except NotFound:
                return
            _end(connection, found, self._clock.now_ms())

        await self._state.change(change)


def _end(connection: Connection, found: Subscription, now_ms: int) -> None:
    row = connection.execute(select(notify_channels).where(notify_channels.c.id == found.channel)).first()
    connection.execute(notify_subscriptions.delete().where(notify_subscriptions.c.arn == found.arn))
    if row is not None and channels.channel_of(connection, row).options.get("subscription") == found.arn:
        channels.drop_channel(connection, found.channel, now_ms)
