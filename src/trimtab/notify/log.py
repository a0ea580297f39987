"""The delivery log as it is read: by channel and state, the newest first; and one delivery with its attempts."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Select, delete, func, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.base.ids import new_id
from trimtab.notify import channels, queue
from trimtab.notify.model import TEST, Attempt, Delivery, DeliveryState, Notification, Severity
from trimtab.store.state.database import State
from trimtab.store.state.tables import notify_attempts, notify_channels, notify_deliveries, notify_totals

_d = notify_deliveries.c
_COLUMNS = (
    _d.seq,
    _d.id,
    _d.account,
    _d.target,
    _d.event,
    _d.kind,
    _d.subject,
    _d.title,
    _d.state,
    _d.attempts,
    _d.next_ms,
    _d.created_ms,
    _d.finished_ms,
    _d.status,
    _d.reason,
    _d.lead,
)
_MOST_ATTEMPTS = 500


class Counts(Struct, frozen=True):
    """How the room does: deliveries by channel kind and outcome since the first, and what waits now."""

    totals: dict[tuple[str, str], int]
    waiting: int
    oldest_waiting_ms: int | None
    away: int


class DeliveryLog:
    """Reads the log, asks for tests and repeats."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def page(
        self,
        account: str | None,
        *,
        channel: str | None = None,
        state: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """At most `limit` deliveries, the newest first, of an account (None: of all), below the sequence `before`."""
        query: Select[Any] = select(*_COLUMNS).order_by(_d.seq.desc()).limit(limit)
        if account is not None:
            query = query.where(_d.account == account)
        if channel is not None:
            query = query.where(_d.target == channel)
        if state is not None:
            query = query.where(_d.state == state)
        if before is not None:
            query = query.where(_d.seq < before)
        return await self._state.read(lambda connection: [_delivery(row) for row in connection.execute(query)])

    async def get(self, account: str | None, id_: str) -> tuple[Delivery, list[Attempt]]:
        """One delivery with every attempt of the message that carries it. Raises NotFound."""

        def read(connection: Connection) -> tuple[Delivery, list[Attempt]]:
            found = _one(connection, account, id_)
            mine = notify_attempts.c.delivery.in_({found.id, found.lead or found.id})
            rows = connection.execute(
                select(notify_attempts).where(mine).order_by(notify_attempts.c.id.desc()).limit(_MOST_ATTEMPTS)
            ).all()
            return found, [Attempt(row.at_ms, row.outcome, row.status, row.reason, row.took_ms) for row in rows[::-1]]

        return await self._state.read(read)

    async def test(self, account: str | None, name: str, who: str) -> Delivery:
        """Send a test to a channel: it is planned as any other and sent by the jobs process. Raises NotFound."""
        now_ms = self._clock.now_ms()

        def plan(connection: Connection) -> Delivery:
            channel = channels.named(connection, account, name)
            told = Notification(
                id=new_id(),
                kind=TEST,
                at_ms=now_ms,
                subject=name,
                title=f"Test of channel {name}",
                text=f"{who} asked whether this arrives. It does.",
                severity=Severity.INFO,
                order_key=f"{TEST}/{new_id()}",
                group_key=TEST,
                account=channel.account,
                labels={"alertname": "TrimtabTest", "channel": name},
                body={"test": True},
            )
            # A person waits for the answer: a receiver that is thought to be away is asked now.
            connection.execute(
                update(notify_channels).where(notify_channels.c.id == channel.id).values(open_until_ms=0)
            )
            return _one(connection, None, queue.plan(connection, told, channel, now_ms, grouped=False))

        return await self._state.change(plan)

    async def retry(self, account: str | None, id_: str) -> Delivery:
        """Try a delivery again now. Raises NotFound, or Conflict for one that arrived or whose channel is gone."""
        now_ms = self._clock.now_ms()

        def change(connection: Connection) -> Delivery:
            found = _one(connection, account, id_)
            channel = connection.execute(select(_d.channel).where(_d.id == id_)).scalar_one()
            known = connection.execute(select(notify_channels.c.id).where(notify_channels.c.id == channel)).first()
            if found.state is DeliveryState.DELIVERED or known is None:
                why = "its channel is gone" if known is None else "it was delivered"
                raise Conflict(f"cannot retry delivery {id_}: {why}")
            values = {"state": queue.WAITING, "next_ms": now_ms, "finished_ms": None, "lead": id_, "created_ms": now_ms}
            connection.execute(update(notify_deliveries).where(_d.id == id_).values(values))
            connection.execute(update(notify_channels).where(notify_channels.c.id == channel).values(open_until_ms=0))
            return _one(connection, account, id_)

        return await self._state.change(change)

    async def counts(self) -> Counts:
        """How the room does, for trimtab's own metrics."""
        now_ms = self._clock.now_ms()

        def read(connection: Connection) -> Counts:
            totals = {
                (row.kind, row.outcome): row.count for row in connection.execute(select(notify_totals)).mappings()
            }
            waiting = select(func.count(), func.min(_d.created_ms)).where(_d.state == queue.WAITING)
            number, oldest = connection.execute(waiting).one()
            away = select(func.count()).select_from(notify_channels).where(notify_channels.c.open_until_ms > now_ms)
            return Counts(totals, number, oldest, connection.execute(away).scalar_one())

        return await self._state.read(read)

    async def drop_before(self, before_ms: int) -> int:
        """Forget what was finished before a time; returns how many deliveries. What waits is never dropped."""

        def change(connection: Connection) -> int:
            old = (_d.state != queue.WAITING) & (_d.finished_ms < before_ms)
            ids = select(_d.id).where(old)
            connection.execute(delete(notify_attempts).where(notify_attempts.c.delivery.in_(ids)))
            return connection.execute(delete(notify_deliveries).where(old)).rowcount

        return await self._state.change(change)


def _one(connection: Connection, account: str | None, id_: str) -> Delivery:
    query = select(*_COLUMNS).where(_d.id == id_)
    if account is not None:
        query = query.where(_d.account == account)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"cannot find delivery {id_!r}; `trimtab notify deliveries` shows those that are kept")
    return _delivery(row)


def _delivery(row: Any) -> Delivery:
    values: dict[str, Any] = dict(row._mapping)
    return Delivery(**values | {"state": DeliveryState(values["state"])})
