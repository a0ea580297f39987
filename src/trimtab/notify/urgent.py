"""What trimtab tells of itself when the way by events may be shut: planned for channels directly."""

import fnmatch
import uuid
from functools import partial

from sqlalchemy import Connection, select

from trimtab.base.clock import Clock
from trimtab.notify import queue
from trimtab.notify.channels import channel_of
from trimtab.notify.model import Notification, Severity
from trimtab.store.state.database import State
from trimtab.store.state.tables import notify_channels

NOT_EVALUATED = "alarm.not_evaluated"
"""The kind of what is told while alarms are not evaluated, and once they are again."""
_SPACE = uuid.UUID("0b6b2c5e-6d3a-5d0d-9a3c-2f4c7d2f8d11")


async def tell_evaluation(state: State, clock: Clock, since_ms: int, text: str, *, firing: bool, link: str) -> int:
    """Plan a message that alarms are not evaluated since a time, or are again; returns how many channels get it.

    It goes to the channels that want events of its kind, or to all where none does: each may be the one that somebody
    relies on. Several servers that tell the same plan it once. Raises Unavailable.
    """
    title = "Alarms are not being evaluated" if firing else "Alarms are evaluated again"
    told = Notification(
        id=str(uuid.uuid5(_SPACE, f"{since_ms}/{firing}")),
        kind=NOT_EVALUATED,
        at_ms=clock.now_ms(),
        subject="trimtab",
        title=title,
        text=text,
        severity=Severity.ERROR if firing else Severity.OK,
        order_key=NOT_EVALUATED,
        group_key=NOT_EVALUATED,
        firing=firing,
        link=link,
        labels={"alertname": "TrimtabAlarmsNotEvaluated"},
    )
    return await state.change(partial(_plan, told=told, now_ms=clock.now_ms()))


def _plan(connection: Connection, told: Notification, now_ms: int) -> int:
    rows = connection.execute(select(notify_channels).order_by(notify_channels.c.name))
    every = [channel_of(connection, row) for row in rows if row.kind != "sns"]  # subscribers' endpoints expect a topic
    wanting = [one for one in every if any(fnmatch.fnmatchcase(told.kind, pattern) for pattern in one.events)]
    for channel in wanting or every:
        queue.plan(connection, told, channel, now_ms, grouped=False)
    return len(wanting or every)
