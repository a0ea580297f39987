"""The deliveries that wait, in order, and what came of each; and the log that people look at."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.base.ids import hash64
from trimtab.notify.model import Attempt
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import event_attempts, event_deliveries, event_inbox
from trimtab.triggers.arns import Place
from trimtab.triggers.model import Delivery, DeliveryState, Outcome, Sent

FIRST_S, LONGEST_S = 2.0, 300.0
"""Delay after the first failure, and the longest: a target that returns after hours hears of it within five minutes."""
MOST_AGE_S, MOST_ATTEMPTS = 86_400, 185
"""How long and how often a delivery is tried again where its target does not say. Source: EventBridge, RetryPolicy."""
_columns = event_deliveries.c


def due(connection: Connection, now_ms: int, limit: int) -> list[Delivery]:
    """What is to be sent now, the oldest first."""
    query = select(event_deliveries).where(_columns.state == DeliveryState.WAITING.value, _columns.next_ms <= now_ms)
    return [delivery_of(row) for row in connection.execute(query.order_by(_columns.seq).limit(limit))]


def record(connection: Connection, delivery: Delivery, sent: Sent, now_ms: int, took_ms: int) -> DeliveryState:
    """Write what came of sending a delivery; the state that it has now."""
    outcome = {"outcome": sent.outcome.value, "status": sent.status, "reason": sent.reason, "took_ms": took_ms}
    connection.execute(insert(event_attempts).values(delivery=delivery.id, at_ms=now_ms, **outcome))
    attempts = delivery.attempts + 1
    values: dict[str, Any] = {"attempts": attempts, "status": sent.status, "reason": sent.reason}
    state = DeliveryState.WAITING
    if sent.outcome is Outcome.DELIVERED:
        state = DeliveryState.DELIVERED
    elif sent.outcome is Outcome.REFUSED:
        state = DeliveryState.DEAD
    else:
        policy = delivery.form.get("RetryPolicy") or {}
        age_s = policy.get("MaximumEventAgeInSeconds", MOST_AGE_S)
        most = policy.get("MaximumRetryAttempts", MOST_ATTEMPTS)
        wait_ms = round(1000 * delay_s(delivery.id, attempts, sent.retry_after_s))
        if attempts > most or now_ms + wait_ms - delivery.created_ms > 1000 * age_s:
            state = DeliveryState.DEAD
            values["reason"] = f"given up after {attempts} attempts; last: {sent.reason}"
        else:
            values["next_ms"] = now_ms + wait_ms
    if state is not DeliveryState.WAITING:
        values |= {"state": state.value, "finished_ms": now_ms}
    connection.execute(update(event_deliveries).where(_columns.id == delivery.id).values(values))
    return state


def note_dead_letter(connection: Connection, id_: str, where: str) -> None:
    """Write where a dead delivery's letter went."""
    connection.execute(update(event_deliveries).where(_columns.id == id_).values(dead_letter=where))


def delay_s(key: str, failures: int, retry_after_s: float = 0.0) -> float:
    """Seconds to wait after failure number `failures` (from 1): exponential, up to half of it taken away by chance."""
    whole = min(LONGEST_S, FIRST_S * 2.0 ** min(failures - 1, 16))
    return max(whole * (0.5 + hash64(f"{key}/{failures}") / 2**65), min(retry_after_s, 3600.0))


class DeliveryLog:
    """The log of deliveries."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def page(
        self,
        account: str | None,
        *,
        rule: str | None = None,
        state: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """Deliveries, the newest first."""
        query = select(event_deliveries).order_by(_columns.seq.desc()).limit(limit)
        if account is not None:
            query = query.where(_columns.account == account)
        if rule is not None:
            query = query.where(_columns.rule == rule)
        if state is not None:
            query = query.where(_columns.state == state)
        if before is not None:
            query = query.where(_columns.seq < before)
        return await self._state.read(lambda connection: [delivery_of(row) for row in connection.execute(query)])

    async def get(self, account: str | None, id_: str) -> tuple[Delivery, list[Attempt], str]:
        """A delivery, its attempts and the event that it is of (JSON). Raises NotFound."""

        def read(connection: Connection) -> tuple[Delivery, list[Attempt], str]:
            found = _one(connection, account, id_)
            rows = connection.execute(
                select(event_attempts).where(event_attempts.c.delivery == id_).order_by(event_attempts.c.id)
            )
            attempts = [Attempt(row.at_ms, row.outcome, row.status, row.reason, row.took_ms) for row in rows]
            body = connection.execute(select(event_inbox.c.body).where(event_inbox.c.key == found.event)).scalar()
            return found, attempts, body or "{}"

        return await self._state.read(read)

    async def retry(self, account: str | None, id_: str) -> Delivery:
        """Send a delivery that waits or is dead again now. Raises NotFound, Conflict."""

        def write(connection: Connection) -> Delivery:
            found = _one(connection, account, id_)
            if found.state is DeliveryState.DELIVERED:
                raise Conflict(f"cannot send {id_} again: it was delivered")
            now_ms = self._clock.now_ms()
            values = {"state": DeliveryState.WAITING.value, "next_ms": now_ms, "finished_ms": None}
            fresh = {"attempts": 0, "created_ms": now_ms} if found.state is DeliveryState.DEAD else {}
            connection.execute(update(event_deliveries).where(_columns.id == id_).values({**values, **fresh}))
            return _one(connection, account, id_)

        return await self._state.change(write)

    async def counts(self, account: str | None, since_ms: int) -> Mapping[str, Mapping[str, int]]:
        """By rule and state, how many deliveries were planned since then."""
        query = select(_columns.rule, _columns.state, func.count()).where(_columns.created_ms >= since_ms)
        if account is not None:
            query = query.where(_columns.account == account)
        found: dict[str, dict[str, int]] = {}
        grouped = query.group_by(_columns.rule, _columns.state)
        for rule, state, count in await self._state.read(lambda connection: connection.execute(grouped).all()):
            found.setdefault(rule, {})[state] = count
        return found

    async def forget(self, before_ms: int) -> None:
        """Delete what was finished before then, and events that nothing waits for any more."""

        def write(connection: Connection) -> None:
            old = select(_columns.id).where(_columns.finished_ms < before_ms)
            connection.execute(delete(event_attempts).where(event_attempts.c.delivery.in_(old)))
            connection.execute(delete(event_deliveries).where(_columns.finished_ms < before_ms))
            kept = select(_columns.event)
            unused = (event_inbox.c.received_ms < before_ms) & event_inbox.c.key.not_in(kept)
            connection.execute(delete(event_inbox).where(unused))

        await self._state.change(write)


def _one(connection: Connection, account: str | None, id_: str) -> Delivery:
    row = connection.execute(select(event_deliveries).where(_columns.id == id_)).first()
    if row is None or account not in (None, row.account):
        raise NotFound(f"cannot find the delivery with id {id_[:100]!r}")
    return delivery_of(row)


def by_target(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """Deliveries of one target together, in order."""
    found: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        found.setdefault(delivery.arn, []).append(delivery)
    return list(found.values())


def delivery_of(row: Row[Any]) -> Delivery:
    """A row as a delivery."""
    return Delivery(
        row.seq,
        row.id,
        Place(row.account, row.region),
        row.event,
        row.title,
        row.rule,
        row.target,
        row.arn,
        json.loads(row.form),
        row.input,
        row.at_ms,
        DeliveryState(row.state),
        row.attempts,
        row.next_ms,
        row.created_ms,
        row.finished_ms,
        row.status,
        row.reason,
        row.dead_letter,
    )
