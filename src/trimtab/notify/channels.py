"""Channels in the state database: made, listed, removed; and how each does."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.ids import new_id
from trimtab.egress.gate import Gate
from trimtab.notify import kinds, topics
from trimtab.notify.compose import webhook
from trimtab.notify.model import Channel
from trimtab.store.state.database import State
from trimtab.store.state.sealed import seal, unseal
from trimtab.store.state.tables import notify_channels, notify_deliveries, notify_firing, notify_subscriptions

MAX_CHANNELS = 1000
_NAME_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_NAME_LENGTH = 256
_c = notify_channels.c
COMMAND = "desktop"
"""The name of the channel that runs the command of the settings."""


class Wish(Struct, frozen=True):
    """A channel to make. `topics` are names; a topic that is not there yet is made."""

    name: str
    kind: str
    endpoint: str = ""
    options: Mapping[str, Any] | None = None
    secret: Mapping[str, str] | None = None
    events: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


class ChannelStore:
    """The channels of one state database."""

    def __init__(self, state: State, clock: Clock, region: str, gate: Gate) -> None:
        self._state = state
        self._clock = clock
        self._region = region
        self._gate = gate

    async def create(self, account: str, wish: Wish) -> tuple[Channel, str | None]:
        """Make a channel; with a webhook comes its signing secret, which is shown this once.

        Raises InvalidInput, or Conflict where the name is taken.
        """
        if wish.kind not in kinds.OFFERED:
            raise InvalidInput(
                f"cannot make a channel of kind {wish.kind!r}: expected one of {', '.join(kinds.OFFERED)}; a command "
                "is named in the settings (TRIMTAB_NOTIFY_COMMAND), an SNS subscription is made with Subscribe",
                field="kind",
            )
        check_name(wish.name)
        _check_events(wish.events)
        secret = {key: value for key, value in (wish.secret or {}).items() if value}
        made: str | None = None
        if wish.kind == "webhook":
            if "signing_secret" in secret:
                webhook.key_of(secret["signing_secret"])
            else:
                made = secret["signing_secret"] = webhook.new_secret()
        endpoint = wish.endpoint or kinds.KINDS[wish.kind].default
        kinds.check(wish.kind, endpoint, wish.options or {}, secret)
        if kinds.KINDS[wish.kind].endpoint == "URL":
            await self._gate.admit(endpoint, f"channel {wish.name}")
        now_ms = self._clock.now_ms()
        channel = Channel(
            new_id(), account, wish.name, wish.kind, endpoint, dict(wish.options or {}), secret, wish.events, now_ms
        )

        def add(connection: Connection) -> None:
            insert_channel(connection, channel)
            for name in wish.topics:
                arn = topics.arn_of(account, self._region, name)
                topics.ensure(connection, arn, now_ms)
                topics.link(connection, arn, channel, channel.kind, kinds.shown(channel.kind, endpoint), now_ms)

        await self._state.change(add)
        return channel, made

    async def list(self, account: str | None) -> list[tuple[Channel, list[str]]]:
        """The channels of an account (None: of all) with the topics of each, by name."""

        def read(connection: Connection) -> list[tuple[Channel, list[str]]]:
            query = select(notify_channels).order_by(notify_channels.c.name, notify_channels.c.account)
            if account is not None:
                query = query.where(notify_channels.c.account == account)
            linked: dict[str, list[str]] = {}
            for row in connection.execute(select(notify_subscriptions.c.channel, notify_subscriptions.c.topic)):
                linked.setdefault(row.channel, []).append(row.topic.rpartition(":")[2])
            return [(channel_of(connection, row), sorted(linked.get(row.id, []))) for row in connection.execute(query)]

        return await self._state.read(read)

    async def get(self, account: str | None, name: str) -> Channel:
        """The channel of that name. Raises NotFound."""
        return await self._state.read(lambda connection: named(connection, account, name))

    async def remove(self, account: str | None, name: str) -> Channel:
        """Remove a channel and its subscriptions; what waits for it is marked failed. Raises NotFound, Conflict."""

        def change(connection: Connection) -> Channel:
            channel = named(connection, account, name)
            if channel.kind == "command":
                raise Conflict(f"cannot remove channel {name!r}: it comes from TRIMTAB_NOTIFY_COMMAND in the settings")
            drop_channel(connection, channel.id, self._clock.now_ms())
            return channel

        return await self._state.change(change)

    async def offer_command(self, account: str, words: tuple[str, ...], events: tuple[str, ...]) -> None:
        """Have the channel `desktop` while the settings name a command, and not otherwise. The words stay there."""
        _check_events(events)

        def change(connection: Connection) -> None:
            mine = (notify_channels.c.kind == "command") & (notify_channels.c.account == account)
            row = connection.execute(select(notify_channels).where(mine)).first()
            if not words:
                if row is not None:
                    drop_channel(connection, row.id, self._clock.now_ms())
                return
            shown = words[0]
            if row is None:
                now_ms = self._clock.now_ms()
                channel = Channel(new_id(), account, COMMAND, "command", shown, events=events, created_ms=now_ms)
                insert_channel(connection, channel)
                return
            new = {"endpoint": seal(connection, _c.endpoint, row.id, shown), "events": json.dumps(events)}
            connection.execute(update(notify_channels).where(notify_channels.c.id == row.id).values(new))

        await self._state.change(change)


def insert_channel(connection: Connection, channel: Channel) -> None:
    """Write a channel. Raises Conflict where its name is taken, InvalidInput where there are too many."""
    taken = select(notify_channels.c.id).where(
        notify_channels.c.account == channel.account, notify_channels.c.name == channel.name
    )
    if connection.execute(taken).first():
        raise Conflict(f"cannot make channel {channel.name!r}: there is one of that name")
    if len(connection.execute(select(notify_channels.c.id)).all()) >= MAX_CHANNELS:
        raise InvalidInput(f"cannot make channel {channel.name!r}: there are {MAX_CHANNELS}; remove one")
    connection.execute(
        insert(notify_channels).values(
            id=channel.id,
            account=channel.account,
            name=channel.name,
            kind=channel.kind,
            endpoint=seal(connection, _c.endpoint, channel.id, channel.endpoint),
            options=json.dumps(channel.options),
            secret=seal(connection, _c.secret, channel.id, json.dumps(channel.secret)),
            events=json.dumps(channel.events),
            created_ms=channel.created_ms,
            failures=0,
            open_until_ms=0,
            last_error="",
        )
    )


def drop_channel(connection: Connection, channel: str, now_ms: int) -> None:
    """Delete a channel and what belongs to it; the log stays, and says that what waited was given up."""
    gone = {"state": "failed", "finished_ms": now_ms, "reason": "the channel was removed"}
    waiting = (notify_deliveries.c.channel == channel) & (notify_deliveries.c.state == "waiting")
    connection.execute(update(notify_deliveries).where(waiting).values(gone))
    connection.execute(delete(notify_firing).where(notify_firing.c.channel == channel))
    connection.execute(delete(notify_subscriptions).where(notify_subscriptions.c.channel == channel))
    connection.execute(delete(notify_channels).where(notify_channels.c.id == channel))


def channel_by_id(connection: Connection, id_: str) -> Channel:
    """The channel with that id. Raises NotFound."""
    row = connection.execute(select(notify_channels).where(notify_channels.c.id == id_)).first()
    if row is None:
        raise NotFound(f"cannot find the channel with id {id_!r}")
    return channel_of(connection, row)


def set_parts(connection: Connection, id_: str, options: Mapping[str, Any], secret: Mapping[str, str]) -> None:
    """Replace the options and the secret of a channel."""
    values = {"options": json.dumps(options), "secret": seal(connection, _c.secret, id_, json.dumps(secret))}
    connection.execute(update(notify_channels).where(notify_channels.c.id == id_).values(values))


def channel_of(connection: Connection, row: Row[Any]) -> Channel:
    """A row as a channel, with what is sealed in it."""
    return Channel(
        row.id,
        row.account,
        row.name,
        row.kind,
        unseal(connection, _c.endpoint, row.id, row.endpoint),
        json.loads(row.options),
        json.loads(unseal(connection, _c.secret, row.id, row.secret)),
        tuple(json.loads(row.events)),
        row.created_ms,
        row.failures,
        row.open_until_ms,
        row.last_ok_ms,
        row.last_error_ms,
        row.last_error,
    )


def check_name(name: str) -> None:
    """Raise InvalidInput unless `name` can be a channel's or a topic's: it becomes a part of an ARN."""
    if not 0 < len(name) <= _NAME_LENGTH or not set(name) <= _NAME_ALLOWED:
        raise InvalidInput(
            f"cannot use name {name[:60]!r}: expected 1 to {_NAME_LENGTH} letters, digits, '-', '_' and '.'",
            field="name",
        )


def _check_events(events: tuple[str, ...]) -> None:
    for pattern in events:
        plain = pattern.removesuffix("*")
        if not pattern or "*" in plain or not set(plain) <= _NAME_ALLOWED:
            raise InvalidInput(
                f"cannot use event pattern {pattern[:60]!r}: expected a kind such as alarm.state_changed, alarm.* or *",
                field="events",
            )


def named(connection: Connection, account: str | None, name: str) -> Channel:
    """The channel of that name. Raises NotFound."""
    query = select(notify_channels).where(notify_channels.c.name == name)
    if account is not None:
        query = query.where(notify_channels.c.account == account)
    rows = connection.execute(query.order_by(notify_channels.c.account)).all()
    if not rows:
        raise NotFound(f"cannot find channel {name!r}; `trimtab notify list` shows those there are")
    return channel_of(connection, rows[0])
