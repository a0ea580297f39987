"""What fires at an Alertmanager is said again until it ends, so that the alert there does not resolve by itself."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.egress.request import Outgoing
from trimtab.notify import queue
from trimtab.notify.channels import channel_of
from trimtab.notify.compose.alertmanager import RESEND_MS, request
from trimtab.notify.model import Channel, Notification, Outcome, Verdict
from trimtab.notify.queue import delivery_id
from trimtab.store.state.database import State
from trimtab.store.state.tables import notify_channels, notify_firing

Post = Callable[[Outgoing], Awaitable[Verdict]]
_AT_MOST = 200
"""Alerts said again in one turn."""

_f = notify_firing.c


class Firing:
    """The alerts that are firing at Alertmanagers."""

    def __init__(self, state: State, clock: Clock, post: Post) -> None:
        self._state = state
        self._clock = clock
        self._post = post

    def remember(self, connection: Connection, channel: Channel, told: Notification, now_ms: int) -> None:
        """After `told` was delivered: keep saying it, or stop."""
        mine = (_f.channel == channel.id) & (_f.order_key == told.order_key)
        connection.execute(delete(notify_firing).where(mine))
        if told.firing:
            row = {"notification": msgspec.json.encode(told).decode(), "starts_ms": told.at_ms}
            connection.execute(
                insert(notify_firing).values(
                    channel=channel.id, order_key=told.order_key, resend_ms=now_ms + RESEND_MS, **row
                )
            )

    async def turn(self) -> None:
        """Say again what is due."""
        now_ms = self._clock.now_ms()
        for row, channel in await self._state.read(partial(_due, now_ms=now_ms)):
            told = typed.decode(row.notification, type=Notification)
            id_ = delivery_id(told.id, channel.id)
            verdict = await self._post(request(told, channel, id_, row.starts_ms, now_ms))
            await self._state.change(
                partial(_said, channel=channel, key=told.order_key, verdict=verdict, now_ms=now_ms)
            )
            if verdict.outcome is not Outcome.DELIVERED:
                return


def upcoming() -> "Select[Any]":
    """What tells when a firing alarm is to be said again next."""
    return select(func.min(_f.resend_ms))


def _due(connection: Connection, now_ms: int) -> list[tuple[Row[Any], Channel]]:
    query = (
        select(notify_firing.c.notification, notify_firing.c.starts_ms, notify_channels)
        .join(notify_channels, notify_channels.c.id == _f.channel)
        .where(_f.resend_ms <= now_ms, notify_channels.c.open_until_ms <= now_ms)
        .order_by(_f.resend_ms)
        .limit(_AT_MOST)
    )
    return [(row, channel_of(connection, row)) for row in connection.execute(query)]


def _said(connection: Connection, channel: Channel, key: str, verdict: Verdict, now_ms: int) -> None:
    mine = (_f.channel == channel.id) & (_f.order_key == key)
    if verdict.outcome is not Outcome.RETRY:
        connection.execute(update(notify_firing).where(mine).values(resend_ms=now_ms + RESEND_MS))
    queue.note(connection, channel, verdict, now_ms)
