"""Thresholds that raise alarms: which visuals are watched, for whom, and what was published of them.

A visual over one metric becomes an alarm on that metric (`metric_alarms.py`). Any other is answered by a schedule, in
the scope of who asked for it, and published as the metric `trimtab/Analyses` `Value`, which an ordinary alarm judges.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import scope_of_text, scope_text
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.reports.analyses.spec import Threshold
from trimtab.store.state.database import State
from trimtab.store.state.schema.datasets import analysis_watches

NAMESPACE, METRIC = "trimtab/Analyses", "Value"
MOST_WATCHES = 200
"""Of an account."""
_watches = analysis_watches.c


class Watch(Struct, frozen=True):
    """A visual that is watched. `every_ms` is how often it is answered, as `principal` would see it."""

    id: str
    account: str
    region: str
    analysis: str
    visual: str
    alarm: str
    limit: Threshold
    every_ms: int
    principal: Principal
    created_ms: int
    next_ms: int
    value: float | None = None
    value_ms: int | None = None
    problem: str = ""


class WatchStore:
    """The watched visuals of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(self, watch: Watch) -> Watch:
        """Keep a watch in place of one of its alarm. Raises LimitExceeded."""
        now = self._clock.now_ms()
        made = replace(watch, id=watch.id or new_id(), created_ms=now, next_ms=now)

        def write(connection: Connection) -> Watch:
            known = select(_watches.id).where(_watches.account == made.account)
            if len(connection.execute(known).all()) >= MOST_WATCHES:
                raise LimitExceeded(f"cannot watch the visual: {MOST_WATCHES} are watched, as many as may be")
            same = (_watches.account == made.account) & (_watches.region == made.region)
            connection.execute(delete(analysis_watches).where(same & (_watches.alarm == made.alarm)))
            connection.execute(insert(analysis_watches).values(_row(made)))
            return made

        return await self._state.change(write)

    async def listed(self, account: str, analysis: str = "") -> list[Watch]:
        """The watches of an account, those of one analysis where it is named."""
        query = select(analysis_watches).where(_watches.account == account).order_by(_watches.alarm)
        if analysis:
            query = query.where(_watches.analysis == analysis)
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(query).mappings()])

    async def due(self, now_ms: int, limit: int) -> list[Watch]:
        """Those whose time has come, the longest waiting first."""
        query = select(analysis_watches).where(_watches.next_ms <= now_ms).order_by(_watches.next_ms).limit(limit)
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(query).mappings()])

    async def note(self, watch: Watch, value: float | None, problem: str) -> None:
        """Keep what an answer was, and set when it is due again: at the next whole `every_ms`."""
        now = self._clock.now_ms()
        told: dict[str, Any] = {"next_ms": now // watch.every_ms * watch.every_ms + watch.every_ms, "problem": problem}
        if value is not None:
            told |= {"value": value, "value_ms": now}
        change = update(analysis_watches).where(_watches.id == watch.id).values(told)
        await self._state.change(lambda connection: connection.execute(change))

    async def remove(self, account: str, analysis: str, alarm: str = "") -> list[Watch]:
        """Forget the watches of an analysis, or the one of an alarm; what they were. Raises NotFound for the one."""
        found = [one for one in await self.listed(account, analysis) if not alarm or one.alarm == alarm]
        if alarm and not found:
            raise NotFound(f"no visual of {analysis[:140]} is watched by the alarm {alarm[:140]}")
        ids = [one.id for one in found]
        gone = delete(analysis_watches).where(_watches.id.in_(ids))
        await self._state.change(lambda connection: connection.execute(gone))
        return found


def _row(watch: Watch) -> Mapping[str, Any]:
    plain = ("id", "account", "region", "analysis", "visual", "alarm", "every_ms", "created_ms", "next_ms", "value",
             "value_ms", "problem")  # fmt: skip
    return {
        **{name: getattr(watch, name) for name in plain},
        "limit_json": msgspec.json.encode(watch.limit).decode(),
        "reader": watch.principal.name,
        "role": watch.principal.role.value,
        "scope_json": scope_text(watch.principal.scope),
    }


def _read(row: RowMapping) -> Watch:
    scope = scope_of_text(row["scope_json"])
    principal = Principal(
        row["reader"], row["account"] if scope.accounts is not None else None, Role(row["role"]), scope
    )
    limit = typed.decode(row["limit_json"].encode(), type=Threshold)
    return Watch(
        row["id"], row["account"], row["region"], row["analysis"], row["visual"], row["alarm"], limit, row["every_ms"],
        principal, row["created_ms"], row["next_ms"], row["value"], row["value_ms"], row["problem"],
    )  # fmt: skip
