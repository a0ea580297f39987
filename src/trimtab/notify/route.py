"""Which channels an event goes to: those of the topics that its actions name, those of the owner whom it asks, and
those that want events of its kind.

Called by the outbox, which asks again until the deliveries are on record; only then does its cursor move on.
"""

import fnmatch
from collections.abc import Iterable

from sqlalchemy import Connection, select

from trimtab.base.clock import Clock
from trimtab.events.outbox import Event
from trimtab.notify import kinds, queue, topics
from trimtab.notify.channels import channel_of
from trimtab.notify.model import ALERT_RECEIVED, Channel, Notification
from trimtab.notify.notification import notification_of
from trimtab.store.state.database import State
from trimtab.store.state.tables import notify_channels, notify_subscriptions, notify_topics

SUBSCRIBER = "notify"
"""The room's name at the outbox."""


class Router:
    """Turns events into deliveries. `account` is the one of events that name none."""

    def __init__(self, state: State, clock: Clock, public_url: str, account: str) -> None:
        self._state = state
        self._clock = clock
        self._public_url = public_url
        self._account = account

    async def handle(self, event: Event) -> None:
        """Plan the deliveries of `event`. Repeating it plans nothing twice."""
        told = notification_of(event, self._public_url)
        actions = event.body.get("actions")
        named = [str(action) for action in actions] if isinstance(actions, list | tuple) else []
        owner = str(event.body.get("owner") or "")
        await self._state.change(lambda connection: self._plan(connection, told, named, owner))

    def _plan(self, connection: Connection, told: Notification, actions: list[str], owner: str) -> None:
        now_ms = self._clock.now_ms()
        account = told.account or self._account
        chosen: dict[str, Channel] = {}
        for action in dict.fromkeys(actions):
            found, reason = _of_action(connection, account, action)
            chosen |= {channel.id: channel for channel in found}
            if reason:
                queue.plan_nowhere(connection, told, account, action, reason, now_ms)
        mine = select(notify_channels).where(notify_channels.c.account == account)
        for row in connection.execute(mine.order_by(notify_channels.c.name)).all():
            channel = channel_of(connection, row)
            if owner in kinds.owners(channel.options) or any(
                fnmatch.fnmatchcase(told.kind, pattern) for pattern in channel.events
            ):
                chosen[channel.id] = channel
        for channel in _without_loops(told, chosen.values()):
            queue.plan(connection, told, channel, now_ms)


def _without_loops(told: Notification, channels: Iterable[Channel]) -> list[Channel]:
    """What an Alertmanager told us is not told to an Alertmanager."""
    return [one for one in channels if not (told.kind == ALERT_RECEIVED and one.kind == "alertmanager")]


def _of_action(connection: Connection, account: str, action: str) -> tuple[list[Channel], str]:
    """The channels that an action's ARN means, and if none, why."""
    match = topics.parse_arn(action)
    if match is None:
        if action.startswith("arn:") and ":sns:" not in action:
            return (
                [],
                f"cannot act on {action}: only SNS topics and channels can be told; this kind of action is not done",
            )
        return [], f"cannot tell {action!r}: expected the ARN of a topic, arn:aws:sns:<region>:<account>:<name>"
    if match["account"] != account:
        return [], f"cannot tell {action}: it belongs to account {match['account']}, the event to {account}"
    known = connection.execute(select(notify_topics.c.arn).where(notify_topics.c.arn == action)).first()
    linked = (
        select(notify_channels)
        .join(notify_subscriptions, notify_subscriptions.c.channel == notify_channels.c.id)
        .where(notify_subscriptions.c.topic == action, notify_subscriptions.c.confirmed == 1)
    )
    found = [channel_of(connection, row) for row in connection.execute(linked)]
    named = (notify_channels.c.account == account) & (notify_channels.c.name == match["name"])
    found += [channel_of(connection, row) for row in connection.execute(select(notify_channels).where(named))]
    if found:
        return found, ""
    if known is not None:
        return (
            [],
            f"topic {match['name']} has no confirmed subscription; `trimtab notify add … --topic {match['name']}`",
        )
    return [], (
        f"there is no topic or channel named {match['name']} in account {account}; "
        f"make one with `trimtab notify add {match['name']} …`"
    )
