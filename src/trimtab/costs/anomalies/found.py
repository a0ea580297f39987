"""What was found: kept once whatever is judged again, revised when the bill is, and what people said of it."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.ids import new_id
from trimtab.costs.anomalies.incidents import led
from trimtab.costs.anomalies.model import FEEDBACK, Anomaly, Finding, Monitor
from trimtab.costs.anomalies.rows import anomaly_of, body_of, monitor_of, sees
from trimtab.store.state.database import State
from trimtab.store.state.schema.cost_anomalies import cost_anomalies, cost_anomaly_told, cost_monitors

_columns = cost_anomalies.c


class Wanted(Struct, frozen=True):
    """Which anomalies: those whose last day is in `[start_ms, end_ms)`. None and "" take any."""

    start_ms: int = 0
    end_ms: int | None = None
    monitor: str = ""
    feedback: str = ""
    least: Decimal | None = None
    open_only: bool = False


class FoundStore:
    """The anomalies of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def listed(self, scope: Scope, wanted: Wanted) -> list[Anomaly]:
        """The incidents that `scope` sees, the last to begin first, of one day by their impact.

        An incident is its narrowest anomaly, with the `others` of other monitors. Of one monitor all its own are told.
        """
        parts = [_columns.end_ms > wanted.start_ms]
        if wanted.monitor:
            parts.append(_columns.monitor == wanted.monitor)

        def read(connection: Connection) -> list[Anomaly]:
            seen = _monitors(connection, scope)
            rows = connection.execute(select(cost_anomalies).where(*parts))
            return [anomaly_of(row) for row in rows if row.monitor in seen]

        kept = [one for one in led(await self._state.read(read)) if _passes(one, wanted)]
        return sorted(kept, key=lambda one: (-one.finding.start_ms, -one.finding.impact.total, one.id))

    async def one(self, scope: Scope, id_: str) -> Anomaly:
        """An anomaly; one that leads an incident with its `others`. Raises NotFound."""
        anomaly = await self._state.read(lambda connection: _one(connection, scope, id_))
        incidents = await self.listed(scope, Wanted(start_ms=anomaly.finding.start_ms))
        return next((one for one in incidents if one.id == id_), anomaly)

    async def say(self, scope: Scope, id_: str, feedback: str, by: str) -> Anomaly:
        """Note whether it was one. Raises NotFound, InvalidInput."""
        if feedback not in FEEDBACK:
            raise InvalidInput(f"Feedback must be one of {', '.join(FEEDBACK)}, got {feedback!r}", field="Feedback")
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Anomaly:
            _one(connection, scope, id_)
            values = {"feedback": feedback, "feedback_by": by[:256], "feedback_ms": now_ms}
            connection.execute(update(cost_anomalies).where(_columns.id == id_).values(values))
            return _one(connection, scope, id_)

        return await self._state.change(write)


def revise(
    connection: Connection, monitor: Monitor, found: Sequence[Finding], span: tuple[int, int], now_ms: int
) -> None:
    """Have a monitor's anomalies that end in `span` be `found`, in the caller's transaction.

    One that overlaps a finding of the same value, or whose days are next to it, is the same, and keeps its id and what
    was said of it; what the bill no longer shows goes, unless somebody said that it was one.
    """
    mine = (_columns.monitor == monitor.arn) & (_columns.end_ms > span[0])
    known = [anomaly_of(row) for row in connection.execute(select(cost_anomalies).where(mine)).all()]
    left = {one.id: one for one in known}
    pairs: list[tuple[Anomaly, Finding]] = []
    fresh = list(found)
    for apart_ms in (-1, 0):  # first those that overlap; then days in a row, of which the bill told in two parts
        unknown, fresh = fresh, []
        for finding in unknown:
            alike = [one for one in left.values() if _same(one.finding, finding, apart_ms)]
            same = min(alike, key=lambda one: one.finding.origin != finding.origin, default=None)
            if same is None:
                fresh.append(finding)
                continue
            del left[same.id]
            pairs.append((same, finding))
    for finding in fresh:
        connection.execute(insert(cost_anomalies).values(**_new(monitor, finding, now_ms)))
    for same, finding in pairs:
        if same.finding != finding:
            values = {**_dated(finding), "body": body_of(finding), "changed_ms": now_ms}
            connection.execute(update(cost_anomalies).where(_columns.id == same.id).values(values))
    gone = [id_ for id_, one in left.items() if one.feedback != "YES"]
    connection.execute(delete(cost_anomalies).where(_columns.id.in_(gone)))
    connection.execute(delete(cost_anomaly_told).where(cost_anomaly_told.c.anomaly.in_(gone)))


def _passes(anomaly: Anomaly, wanted: Wanted) -> bool:
    found = anomaly.finding
    return (
        (wanted.end_ms is None or found.end_ms <= wanted.end_ms)
        and wanted.feedback in ("", anomaly.feedback)
        and (found.open or not wanted.open_only)
        and (wanted.least is None or found.impact.total >= wanted.least)
    )


def known_in(connection: Connection, monitor: str, start_ms: int) -> list[Anomaly]:
    """The anomalies of a monitor that end after `start_ms`."""
    mine = (_columns.monitor == monitor) & (_columns.end_ms > start_ms)
    return [anomaly_of(row) for row in connection.execute(select(cost_anomalies).where(mine)).all()]


def _same(known: Finding, new: Finding, apart_ms: int) -> bool:
    """Whether both are of the same place, as far as it is known, and of days that are at most `apart_ms` apart.

    Late lines tell the place better.
    """
    alike = (known.value, known.currency) == (new.value, new.currency)
    nested = known.origin.holds(new.origin) or new.origin.holds(known.origin)
    between = max(known.start_ms - new.end_ms, new.start_ms - known.end_ms)
    return alike and nested and between <= apart_ms


def _new(monitor: Monitor, finding: Finding, now_ms: int) -> dict[str, object]:
    return {
        "id": new_id(),
        "monitor": monitor.arn,
        "account": monitor.account,
        "value": finding.value,
        "currency": finding.currency,
        **_dated(finding),
        "body": body_of(finding),
        "found_ms": now_ms,
        "changed_ms": now_ms,
        "feedback": "",
        "feedback_by": "",
        "feedback_ms": 0,
    }


def _dated(finding: Finding) -> dict[str, int]:
    return {"start_ms": finding.start_ms, "end_ms": finding.end_ms, "open": int(finding.open)}


def _monitors(connection: Connection, scope: Scope) -> set[str]:
    rows = connection.execute(select(cost_monitors).where(cost_monitors.c.deleted_ms == 0))
    return {one.arn for one in map(monitor_of, rows) if sees(scope, one.account, one.scope)}


def _one(connection: Connection, scope: Scope, id_: str) -> Anomaly:
    row = connection.execute(select(cost_anomalies).where(_columns.id == id_)).first()
    if row is None or row.monitor not in _monitors(connection, scope):
        raise NotFound(f"cannot find cost anomaly {id_!r}: there is none with this id")
    return anomaly_of(row)
