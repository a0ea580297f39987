"""What waits to be sent on, in the state database: put in the write that it comes of, taken away when it has arrived.

A body is claimed for a while before it is sent, so that of several processes one sends it; one that dies leaves it to
be sent again, under the same id.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, Update, delete, func, insert, select, update

from trimtab.base.clock import Clock
from trimtab.logs.forwarding.model import Kind
from trimtab.notify.backoff import delay_s
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_forwarding import log_forwards, log_subscription_filters
from trimtab.store.state.schema.log_schedules import log_scheduled_runs
from trimtab.store.state.upcoming import NOW, Upcoming

CLAIM_MS = 60_000
"""How long a body belongs to who took it: three times as long as one HTTP request may take."""
GIVE_UP_MS = 86_400_000
"""How long a body is tried, as CloudWatch Logs documents for subscriptions."""
MOST_WAITING = 20_000
"""Bodies of one filter; the oldest are given up for newer ones. At 256 KiB before compression that is some GB."""
_REASON = 500
_queue, _filters = log_forwards.c, log_subscription_filters.c


class Forward(Struct, frozen=True):
    """One body: `group` and `name` are of its filter, 0 and "" where none sent it. `id` never changes."""

    id: str
    kind: Kind
    target: str
    events: int
    body: bytes
    group: int = 0
    name: str = ""
    seq: int = 0
    created_ms: int = 0
    attempts: int = 0


def put(connection: Connection, forwards: Sequence[Forward], now_ms: int) -> None:
    """Add bodies that are not there yet, in the caller's transaction."""
    ids = [one.id for one in forwards]
    known = set(connection.execute(select(_queue.id).where(_queue.id.in_(ids))).scalars())
    rows = [
        {
            "id": one.id, "group": one.group, "name": one.name, "kind": str(one.kind), "target": one.target,
            "events": one.events, "body": one.body, "created_ms": now_ms, "attempts": 0, "next_ms": now_ms,
        }
        for one in forwards
        if one.id not in known
    ]  # fmt: skip
    if rows:
        connection.execute(insert(log_forwards), rows)


class ForwardQueue:
    """The queue as those who send see it."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._any = Upcoming(state, select(NOW).select_from(log_forwards))

    async def put(self, forwards: Sequence[Forward]) -> None:
        """Add bodies that are not there yet."""
        now_ms = self._clock.now_ms()
        await self._state.change(lambda connection: put(connection, forwards, now_ms))

    async def take(self, kinds: Sequence[Kind], limit: int) -> list[Forward]:
        """Claim what is due: the oldest body of each filter, so that those of one arrive in order."""
        now_ms = self._clock.now_ms()
        if not await self._any.due(now_ms):
            return []
        oldest = select(func.min(_queue.seq)).group_by(_queue.group, _queue.name, _queue.target)
        wanted = select(log_forwards).where(
            _queue.seq.in_(oldest), _queue.kind.in_(list(map(str, kinds))), _queue.next_ms <= now_ms
        )

        def claim(connection: Connection) -> list[Forward]:
            taken = []
            for row in connection.execute(wanted.order_by(_queue.next_ms).limit(limit)).all():
                mine = (_queue.seq == row.seq) & (_queue.next_ms == row.next_ms)
                if connection.execute(update(log_forwards).where(mine).values(next_ms=now_ms + CLAIM_MS)).rowcount:
                    taken.append(
                        Forward(
                            row.id, Kind(row.kind), row.target, row.events, row.body, row.group, row.name, row.seq,
                            row.created_ms, row.attempts,
                        )
                    )  # fmt: skip
            return taken

        return await self._state.change(claim)

    async def arrived(self, one: Forward) -> None:
        """Note that a body arrived."""
        now_ms = self._clock.now_ms()
        counted = {"sent": _filters.sent + one.events, "last_ok_ms": now_ms}
        delivered = _run_of(one).values(delivery="COMPLETE", delivery_error="")

        def write(connection: Connection) -> None:
            connection.execute(delete(log_forwards).where(_queue.seq == one.seq))
            connection.execute(_of(one).values(**counted) if one.name else delivered)

        await self._state.change(write)

    async def failed(self, one: Forward, reason: str, *, final: bool, retry_after_s: float = 0.0) -> None:
        """Note that a body did not arrive: it is tried again later, or given up where that is `final` or too old."""
        now_ms = self._clock.now_ms()
        given_up = final or now_ms - one.created_ms >= GIVE_UP_MS
        noted = {"last_error_ms": now_ms, "last_error": reason[:_REASON]}
        told = {"delivery_error": reason[:_REASON], **({"delivery": "FAILED"} if given_up else {})}
        next_ms = now_ms + round(1000 * delay_s(one.id, one.attempts + 1, retry_after_s))

        def write(connection: Connection) -> None:
            mine = _queue.seq == one.seq
            if not one.name:
                connection.execute(_run_of(one).values(told))
            if given_up:
                connection.execute(delete(log_forwards).where(mine))
                connection.execute(_of(one).values(dropped=_filters.dropped + one.events, **noted))
            else:
                connection.execute(update(log_forwards).where(mine).values(attempts=one.attempts + 1, next_ms=next_ms))
                connection.execute(_of(one).values(**noted))

        await self._state.change(write)

    async def trim(self) -> int:
        """Give up the oldest bodies of filters that have more than MOST_WAITING; how many."""
        if not await self._any.due(self._clock.now_ms()):
            return 0
        full = (
            select(_queue.group, _queue.name, func.count().label("waiting"))
            .group_by(_queue.group, _queue.name)
            .having(func.count() > MOST_WAITING)
        )

        def write(connection: Connection) -> int:
            given_up = 0
            for row in connection.execute(full).all():
                mine = (_queue.group == row.group) & (_queue.name == row.name)
                surplus = select(_queue.seq, _queue.events).where(mine).order_by(_queue.seq)
                old = connection.execute(surplus.limit(row.waiting - MOST_WAITING)).all()
                connection.execute(delete(log_forwards).where(mine, _queue.seq <= old[-1].seq))
                lost = update(log_subscription_filters).where(_filters.group == row.group, _filters.name == row.name)
                connection.execute(lost.values(dropped=_filters.dropped + sum(one.events for one in old)))
                given_up += len(old)
            return given_up

        return await self._state.change(write)


def _run_of(one: Forward) -> Update:
    """An update of the run of a scheduled query whose result a body is: it has the run's id."""
    return update(log_scheduled_runs).where(log_scheduled_runs.c.id == one.id)


def _of(one: Forward) -> Update:
    """An update of the filter that a body is of."""
    return update(log_subscription_filters).where(_filters.group == one.group, _filters.name == one.name)
