"""The deliveries that wait: planned once an event and channel, taken in order, and what came of each recorded.

A delivery's id is made of the event's and the channel's, so planning again what was planned before changes nothing.
"""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, insert, select, update

from trimtab.base import typed
from trimtab.base.records import replace
from trimtab.notify import kinds
from trimtab.notify.backoff import OPEN_AFTER, delay_s
from trimtab.notify.channels import channel_of
from trimtab.notify.model import Channel, DeliveryState, Notification, Outcome, Parcel, Verdict
from trimtab.store.state.tables import notify_attempts, notify_channels, notify_deliveries, notify_totals

WAITING = DeliveryState.WAITING.value
_SPACE = uuid.UUID("6c4f5b52-4b07-5c0e-9a53-5f9b2a3f6d11")
_LOOKED_AT = 500
"""Deliveries of one channel that are looked at to find the next: what waits behind them waits a little longer."""
MOST_GROUPED = 100
"""Notifications that one message to people may carry."""

_d = notify_deliveries.c


def delivery_id(event: str, channel: str) -> str:
    """The id of the delivery of an event to a channel: the same whenever it is planned."""
    return str(uuid.uuid5(_SPACE, f"{event}/{channel}"))


def plan(connection: Connection, told: Notification, channel: Channel, now_ms: int, *, grouped: bool = True) -> str:
    """Have `told` delivered to `channel`; it waits for others of its group where the channel groups. Returns the id."""
    id_ = delivery_id(told.id, channel.id)
    if connection.execute(select(_d.id).where(_d.id == id_)).first() is None:
        wait_ms = round(1000 * kinds.group_s(channel.kind, channel.options)) if grouped else 0
        next_ms = min(max(now_ms, told.at_ms + wait_ms), now_ms + wait_ms)  # what is old has waited long enough
        _add(connection, id_, told, channel.account, channel.id, channel.name, now_ms, next_ms)
    return id_


def plan_nowhere(
    connection: Connection, told: Notification, account: str, target: str, reason: str, now_ms: int
) -> str:
    """Put on record that `told` cannot be delivered to `target`, and why."""
    id_ = delivery_id(told.id, target)
    if connection.execute(select(_d.id).where(_d.id == id_)).first() is None:
        _add(connection, id_, told, account, "", target, now_ms, now_ms)
        done = {"state": DeliveryState.FAILED.value, "finished_ms": now_ms, "reason": reason}
        connection.execute(update(notify_deliveries).where(_d.id == id_).values(done))
        count(connection, "none", Outcome.FAILED.value)
    return id_


def _add(
    connection: Connection,
    id_: str,
    told: Notification,
    account: str,
    channel: str,
    target: str,
    now_ms: int,
    next_ms: int,
) -> None:
    connection.execute(
        insert(notify_deliveries).values(
            id=id_,
            account=account,
            channel=channel,
            target=target[:512],
            event=told.id,
            kind=told.kind[:128],
            subject=told.subject[:1024],
            title=told.title,
            order_key=told.order_key,
            group_key=told.group_key,
            notification=msgspec.json.encode(told).decode(),
            state=WAITING,
            attempts=0,
            next_ms=next_ms,
            created_ms=now_ms,
            reason="",
        )
    )


def upcoming() -> "Select[Any]":
    """What tells when a delivery is due next."""
    return select(func.min(_d.next_ms)).where(_d.state == WAITING)


def due_channels(connection: Connection, now_ms: int) -> list[Channel]:
    """The channels that something is due for and that are not away."""
    due = select(_d.channel).where(_d.state == WAITING, _d.next_ms <= now_ms).distinct()
    query = select(notify_channels).where(notify_channels.c.id.in_(due), notify_channels.c.open_until_ms <= now_ms)
    return [channel_of(connection, row) for row in connection.execute(query.order_by(notify_channels.c.id))]


def next_parcel(connection: Connection, channel: Channel, now_ms: int) -> Parcel | None:
    """What to send next to `channel`, or None. What one message carries is on record before it is sent, so that a
    repeat of it carries the same."""
    columns = (_d.seq, _d.id, _d.order_key, _d.group_key, _d.next_ms, _d.lead)
    waiting = (_d.channel == channel.id) & (_d.state == WAITING)
    rows = connection.execute(select(*columns).where(waiting).order_by(_d.seq).limit(_LOOKED_AT)).all()
    head = _head(rows, now_ms)
    if head is None:
        return None
    members = [row.id for row in rows if row.lead == head.id]
    if not members:
        members = _group(rows, head) if kinds.group_s(channel.kind, channel.options) else [head.id]
        connection.execute(update(notify_deliveries).where(_d.id.in_(members)).values(lead=head.id))
    found = connection.execute(select(_d.notification, _d.attempts).where(_d.id.in_(members)).order_by(_d.seq)).all()
    told = tuple(typed.decode(row.notification, type=Notification) for row in found)
    return Parcel(head.id, tuple(members), told, max(row.attempts for row in found))


def _head(rows: Sequence[Any], now_ms: int) -> Any | None:
    """The row that is due for longest among the first of each order key: none overtakes what it must come after."""
    seen: set[str] = set()
    best: Any | None = None
    for row in rows:
        first = row.order_key not in seen
        seen.add(row.order_key)
        if (
            first
            and row.next_ms <= now_ms
            and row.lead in (None, row.id)
            and (best is None or row.next_ms < best.next_ms)
        ):
            best = row
    return best


def _group(rows: Sequence[Any], head: Any) -> list[str]:
    """The head and those that may share its message: of its group, in no other message, nothing of theirs before."""
    blocked: set[str] = set()
    members: list[str] = []
    for row in rows:
        fits = row.group_key == head.group_key and row.lead is None and row.order_key not in blocked
        if fits and (row.id == head.id or len(members) < MOST_GROUPED):
            members.append(row.id)
        else:
            blocked.add(row.order_key)
    return members


def record(
    connection: Connection,
    channel: Channel,
    parcel: Parcel,
    verdict: Verdict,
    now_ms: int,
    took_ms: int,
    give_up_ms: int,
) -> Channel:
    """Write what came of sending `parcel`; returns the channel as it is now. Older than `give_up_ms` is given up."""
    attempt = {"outcome": verdict.outcome.value, "status": verdict.status, "reason": verdict.reason, "took_ms": took_ms}
    connection.execute(insert(notify_attempts).values(delivery=parcel.id, at_ms=now_ms, **attempt))
    attempts = parcel.attempts + 1
    outcome = verdict.outcome
    if outcome is Outcome.FAILED and len(parcel.deliveries) > 1:
        return _split(connection, channel, parcel, verdict, now_ms)
    values: dict[str, object] = {"attempts": attempts, "status": verdict.status, "reason": verdict.reason}
    mine = _d.id.in_(parcel.deliveries)
    if outcome is Outcome.RETRY:
        oldest = connection.execute(select(func.min(_d.created_ms)).where(mine)).scalar_one()
        if now_ms - oldest >= give_up_ms:
            outcome = Outcome.FAILED
            values["reason"] = f"given up after {(now_ms - oldest) / 86_400_000:.1f} days; last: {verdict.reason}"
    if outcome is Outcome.RETRY:
        wait_s = delay_s(parcel.id, attempts, verdict.retry_after_s)
        values["next_ms"] = now_ms + round(1000 * wait_s)
    else:
        done = DeliveryState.DELIVERED if outcome is Outcome.DELIVERED else DeliveryState.FAILED
        values |= {"state": done.value, "finished_ms": now_ms}
    connection.execute(update(notify_deliveries).where(mine).values(values))
    count(connection, channel.kind, outcome.value, 1 if outcome is Outcome.RETRY else len(parcel.deliveries))
    return note(connection, channel, verdict, now_ms)


def _split(connection: Connection, channel: Channel, parcel: Parcel, verdict: Verdict, now_ms: int) -> Channel:
    """A message that is refused may be so for one of its parts: each is sent alone now."""
    alone = {"lead": _d.id, "next_ms": now_ms, "attempts": parcel.attempts + 1, "reason": verdict.reason}
    connection.execute(update(notify_deliveries).where(_d.id.in_(parcel.deliveries)).values(alone))
    return note(connection, channel, verdict, now_ms)


def note(connection: Connection, channel: Channel, verdict: Verdict, now_ms: int) -> Channel:
    """Write how the receiver does after this verdict: away after failures in a row, back with one success."""
    failures, open_until_ms = 0, 0
    values: dict[str, object] = {}
    if verdict.outcome is Outcome.RETRY:
        failures = channel.failures + 1
        if failures >= OPEN_AFTER:
            open_until_ms = now_ms + round(1000 * delay_s(channel.id, failures - OPEN_AFTER + 1, verdict.retry_after_s))
        elif verdict.retry_after_s:
            open_until_ms = now_ms + round(1000 * delay_s(channel.id, 1, verdict.retry_after_s))
    elif channel.failures >= OPEN_AFTER:  # it is back: what failed because it was away need not wait any longer
        held = (_d.channel == channel.id) & (_d.state == WAITING) & (_d.next_ms > now_ms) & (_d.attempts > 0)
        connection.execute(update(notify_deliveries).where(held).values(next_ms=now_ms))
    if verdict.outcome is Outcome.DELIVERED:
        values["last_ok_ms"] = now_ms
    else:
        values |= {"last_error_ms": now_ms, "last_error": verdict.reason}
    values |= {"failures": failures, "open_until_ms": open_until_ms}
    connection.execute(update(notify_channels).where(notify_channels.c.id == channel.id).values(values))
    return replace(channel, failures=failures, open_until_ms=open_until_ms)


def count(connection: Connection, kind: str, outcome: str, by: int = 1) -> None:
    """Add to the totals that trimtab's own metrics show."""
    mine = (notify_totals.c.kind == kind) & (notify_totals.c.outcome == outcome)
    done = connection.execute(update(notify_totals).where(mine).values(count=notify_totals.c.count + by))
    if not done.rowcount:
        connection.execute(insert(notify_totals).values(kind=kind, outcome=outcome, count=by))
