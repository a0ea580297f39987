"""Known patterns, their anomalies and detectors in the state database."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.base.records import asdict
from trimtab.events.outbox import emit
from trimtab.logs.patterns.anomalies import KnownPattern, LogAnomaly, Suppression, Unusual
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_anomalies import log_anomalies, log_pattern_clocks, log_patterns

PATTERN_EVENT = "log.pattern_anomaly"
"""The kind of event in the outbox that a new or gone pattern makes; its subject is the anomaly's id."""
MOST = 1000
"""Anomalies that one read gives."""


class PatternClock(Struct, frozen=True):
    """Lines of a group were counted in `[since_ms, until_ms)`."""

    since_ms: int
    until_ms: int


class Counted(Struct, frozen=True):
    """What counting a group made: its patterns as they are now, the anomalies that began, and those that changed."""

    group: int
    before: PatternClock | None
    after: PatternClock
    patterns: Sequence[KnownPattern]
    made: Sequence[LogAnomaly] = ()
    changed: Sequence[LogAnomaly] = ()


class AnomalyFilter(Struct, frozen=True):
    """Which anomalies: those that touch `[start_ms, end_ms)`; of groups by (account, region, name) where given."""

    start_ms: int = 0
    end_ms: int = 9_000_000_000_000
    groups: frozenset[tuple[str, str, str]] | None = None
    suppressed: bool | None = None
    limit: int = MOST


class LogAnomalyStore:
    """Every known pattern and anomaly, over the state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def clocks(self) -> dict[int, PatternClock]:
        """How far the lines of each group were counted."""

        def work(connection: Connection) -> dict[int, PatternClock]:
            rows = connection.execute(select(log_pattern_clocks))
            return {row.group: PatternClock(row.since_ms, row.until_ms) for row in rows}

        return await self._state.read(work)

    async def patterns(self, groups: Iterable[int]) -> dict[int, list[KnownPattern]]:
        """The known patterns of groups."""
        return await self._state.read(partial(_patterns, groups=sorted(set(groups))))

    async def active(self, groups: Iterable[int]) -> dict[int, list[LogAnomaly]]:
        """The anomalies of groups that go on."""

        def work(connection: Connection) -> dict[int, list[LogAnomaly]]:
            found: dict[int, list[LogAnomaly]] = {}
            mine = log_anomalies.c.group.in_(sorted(set(groups)))
            for row in connection.execute(select(log_anomalies).where(log_anomalies.c.active == 1, mine)).mappings():
                found.setdefault(row["group"], []).append(_anomaly(dict(row)))
            return found

        return await self._state.read(work)

    async def write(self, counted: Counted) -> None:
        """Write what counting made, with its events, in one transaction. Raises Conflict where another process did."""
        await self._state.change(partial(self._write, counted=counted))

    async def listed(self, scope: Scope, wanted: AnomalyFilter) -> list[LogAnomaly]:
        """Anomalies that a scope's accounts and regions cover, the last begun first."""

        def work(connection: Connection) -> list[LogAnomaly]:
            query = select(log_anomalies).where(*_within(scope, wanted)).order_by(log_anomalies.c.first_ms.desc())
            rows = connection.execute(query.limit(MOST)).mappings()
            found = [_anomaly(dict(row)) for row in rows]
            if wanted.groups is not None:
                found = [one for one in found if (one.account, one.region, one.log_group) in wanted.groups]
            if wanted.suppressed is not None:
                quiet = (Suppression.SUPPRESSED, Suppression.BASELINE)
                found = [one for one in found if (one.state in quiet) is wanted.suppressed]
            return found[: wanted.limit]

        return await self._state.read(work)

    async def suppress(
        self,
        account: str,
        region: str,
        *,
        anomaly: str = "",
        pattern: str = "",
        state: Suppression,
        until_ms: int | None = None,
    ) -> int:
        """Say that an anomaly, or those of a pattern, are known (`state`); how many that were. Raises NotFound."""
        columns = log_anomalies.c
        which = columns.id == anomaly if anomaly else columns.pattern == pattern
        active = state is Suppression.ACTIVE
        values = {
            "state": state.value,
            "suppressed_ms": None if active else self._clock.now_ms(),
            "suppressed_until_ms": None if active else until_ms or 0,
        }

        def work(connection: Connection) -> int:
            mine = and_(columns.account == account, columns.region == region, which)
            return int(connection.execute(update(log_anomalies).where(mine).values(values)).rowcount)

        changed = await self._state.change(work)
        if not changed:
            raise NotFound(f"cannot find the anomaly {anomaly or pattern}: there is none of this id")
        return changed

    def _write(self, connection: Connection, counted: Counted) -> None:
        _advance(connection, counted)
        mine = log_patterns.c.group == counted.group
        connection.execute(delete(log_patterns).where(mine))
        if counted.patterns:
            connection.execute(insert(log_patterns), [asdict(one) for one in counted.patterns])
        if counted.made:
            connection.execute(insert(log_anomalies), [_row(counted.group, one) for one in counted.made])
        for one in counted.changed:
            values = {"last_ms": one.last_ms, "active": int(one.active), "counts": _counts(one.counts)}
            connection.execute(update(log_anomalies).where(log_anomalies.c.id == one.id).values(values))
        for one in counted.made:
            emit(connection, self._clock, PATTERN_EVENT, one.id, _event(one))


def _advance(connection: Connection, counted: Counted) -> None:
    columns, after = log_pattern_clocks.c, counted.after
    values = {"since_ms": after.since_ms, "until_ms": after.until_ms}
    if counted.before is None:
        known = connection.execute(select(columns.group).where(columns.group == counted.group)).first()
        if known is None:
            connection.execute(insert(log_pattern_clocks).values(group=counted.group, **values))
            return
    else:
        mine = and_(columns.group == counted.group, columns.until_ms == counted.before.until_ms)
        if connection.execute(update(log_pattern_clocks).where(mine).values(values)).rowcount:
            return
    raise Conflict(f"cannot write patterns of group {counted.group}: another process counted them first")


def _patterns(connection: Connection, groups: Sequence[int]) -> dict[int, list[KnownPattern]]:
    found: dict[int, list[KnownPattern]] = {}
    for at in range(0, len(groups), 500):
        rows = connection.execute(select(log_patterns).where(log_patterns.c.group.in_(groups[at : at + 500])))
        for row in rows.mappings():
            found.setdefault(row["group"], []).append(KnownPattern(**row))
    return found


def _within(scope: Scope, wanted: AnomalyFilter) -> list[ColumnElement[bool]]:
    columns = log_anomalies.c
    conditions = [columns.first_ms < wanted.end_ms, (columns.last_ms >= wanted.start_ms) | (columns.active == 1)]
    if scope.accounts is not None:
        conditions.append(columns.account.in_(sorted(scope.accounts)))
    if scope.regions is not None:
        conditions.append(columns.region.in_(sorted(scope.regions)))
    return conditions


def _row(group: int, one: LogAnomaly) -> dict[str, Any]:
    values = {name: value for name, value in asdict(one).items() if name != "series"}
    unusual, state = one.unusual.value, one.state.value
    more = {"unusual": unusual, "state": state, "active": int(one.active), "counts": _counts(one.counts)}
    return {**values, **more, "group": group}


def _anomaly(row: Mapping[str, Any]) -> LogAnomaly:
    values = {name: value for name, value in row.items() if name != "group"}
    counts = {int(slot): lines for slot, lines in json.loads(row["counts"]).items()}
    unusual, state = Unusual(row["unusual"]), Suppression(row["state"])
    return LogAnomaly(**{**values, "unusual": unusual, "state": state, "active": bool(row["active"]), "counts": counts})


def _counts(counts: Mapping[int, int]) -> str:
    return json.dumps({str(slot): lines for slot, lines in counts.items()}, separators=(",", ":"))


def _event(one: LogAnomaly) -> dict[str, Any]:
    return {
        "title": f"{one.log_group}: a pattern is {one.unusual.value}",
        "text": one.description,
        "severity": "warning" if one.severity == "error" else "info",
        "account": one.account,
        "region": one.region,
        "log_group": one.log_group,
        "pattern": one.pattern,
        "template": one.template,
        "example": one.example,
        "unusual": one.unusual.value,
        "priority": one.priority.value,
        "link": "/logs?tab=patterns",
    }
