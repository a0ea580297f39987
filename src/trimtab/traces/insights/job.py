"""Looks for services that fail more often than usual, group by group, and writes what it finds."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from sqlalchemy import Connection

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock, iso
from trimtab.base.errors import InvalidInput
from trimtab.base.ids import new_id
from trimtab.base.records import replace
from trimtab.events.outbox import emit
from trimtab.store.sql import load_queries
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import ReadLimits, Telemetry
from trimtab.traces.groups import DEFAULT_NAME, Group, TraceGroups, default_group
from trimtab.traces.insights.detect import (
    BASELINE_MINUTES,
    MINUTE_MS,
    WINDOW_MINUTES,
    Verdict,
    by_minute,
    judge,
    worst_first,
)
from trimtab.traces.insights.model import ACTIVE, CLOSED, Anomalous, Impact, Insight, Requests
from trimtab.traces.insights.store import InsightStore, put
from trimtab.traces.read import TraceReader
from trimtab.traces.root_causes import root_causes
from trimtab.traces.search import TraceQuery, TraceSearch

_QUERIES = load_queries("trimtab.traces")
_LIMITS = ReadLimits(seconds=60, memory_mb=512, threads=1)
LATE_MINUTES = 1
"""Spans arrive when they end, and a batch later: the minute that runs is not looked at."""
_SAMPLE = 50  # failed traces that are asked where the fault began
KEPT_MS = 30 * 86_400_000
"""How long ended insights are kept, as X-Ray keeps traces."""


class _Seen(Struct, frozen=True):
    """Of a group: rows (minute, total, faults) of each service, and of the entries of traces together."""

    services: Mapping[str, list[tuple[int, int, int]]]
    clients: list[tuple[int, int, int]]
    types: Mapping[str, str]


class InsightJob(Struct, frozen=True):
    """In one process at a time."""

    telemetry: Telemetry
    state: State
    reader: TraceReader
    clock: Clock
    may_write: Callable[[], bool] = lambda: True

    async def look(self) -> None:
        """Open, update and close insights. Raises QueryAborted, Unavailable."""
        groups, store = TraceGroups(self.state, self.clock), InsightStore(self.state)
        end_minute = self.clock.now_ms() // MINUTE_MS - LATE_MINUTES
        going = await store.active()
        for group in await self._groups(groups, end_minute, going):
            own = [
                one
                for one in going
                if (one.account, one.region, one.group) == (group.account, group.region, group.name)
            ]
            try:
                await self._group(group, TraceSearch(self.reader, groups), end_minute, own)
            except InvalidInput:  # its expression names a group that has gone: nothing can be told of it
                continue
        if self.may_write():
            await store.forget(self.clock.now_ms() - KEPT_MS)

    async def _groups(self, groups: TraceGroups, end_minute: int, going: Sequence[Insight]) -> list[Group]:
        """Groups to look at: those that are put, and the default ones of places that have traces."""
        put_ = await groups.with_insights()
        params = {"from": (end_minute - BASELINE_MINUTES) * MINUTE_MS, "to": end_minute * MINUTE_MS}
        found = await self.telemetry.fetch(_QUERIES["places"], params, limits=_LIMITS)
        places = set(zip(found["account"].tolist(), found["region"].tolist(), strict=True))
        places |= {(one.account, one.region) for one in going}
        listed: list[Group] = [group for group in put_ if group.name != DEFAULT_NAME]
        for account, region in sorted(places):
            known = await groups.get(account, region, DEFAULT_NAME)
            listed += [known] if known.insights else []
        return listed or [default_group(account, region) for account, region in sorted(places)]

    async def _group(self, group: Group, search: TraceSearch, end_minute: int, going: Sequence[Insight]) -> None:
        seen = await self._seen(group, search, end_minute)
        since = {one.service: end_minute - one.start_ms // MINUTE_MS for one in going}
        longest = max(since.values(), default=0)
        verdicts = {
            name: judge(*by_minute(rows, end_minute), leave_out=longest) for name, rows in seen.services.items()
        }
        worst = worst_first(verdicts)
        cause = await self._cause(group, search, end_minute, worst) if worst else ""
        found = {one.service: one for one in going}
        if cause and cause not in found:
            start_ms = (end_minute - WINDOW_MINUTES) * MINUTE_MS
            place = (new_id(), group.account, group.region, group.name)
            opened = Insight(*place, cause, seen.types.get(cause, ""), ACTIVE, start_ms, None, start_ms, _NOTHING)
            found[cause] = opened
        for service, insight in found.items():
            over = service != cause and verdicts.get(service, _CALM).calm
            await self._write(
                group, _told(insight, seen, verdicts, worst, end_minute, over), new=insight.impact is _NOTHING
            )

    async def _seen(self, group: Group, search: TraceSearch, end_minute: int) -> _Seen:
        start_ms, end_ms = (end_minute - BASELINE_MINUTES) * MINUTE_MS, end_minute * MINUTE_MS
        scope = Scope.of(group.account, group.region)
        where = await search.condition(scope, group.account, group.region, group.filter, start_ms, end_ms)
        sql = _QUERIES["faults"].replace("/*and*/", where.sql)
        columns = await self.telemetry.fetch(sql, where.params, limits=_LIMITS)
        services: dict[str, list[tuple[int, int, int]]] = {}
        clients: list[tuple[int, int, int]] = []
        types: dict[str, str] = {}
        names = ("service", "type", "root", "minute", "total", "faults")
        for service, type_, root, minute, total, faults in zip(
            *(columns[name].tolist() for name in names), strict=True
        ):
            services.setdefault(service, []).append((minute, total, faults))
            types[service] = type_ or types.get(service, "")
            if root:
                clients.append((minute, total, faults))
        return _Seen(services, clients, types)

    async def _cause(self, group: Group, search: TraceSearch, end_minute: int, worst: Sequence[str]) -> str:
        """The service at which most faults of now began; the worst one where traces do not tell."""
        start_ms, end_ms = (end_minute - WINDOW_MINUTES) * MINUTE_MS, end_minute * MINUTE_MS
        scope = Scope.of(group.account, group.region)
        failed = f"service() {{ fault }} AND ({group.filter})" if group.filter else "service() { fault }"
        query = TraceQuery(start_ms, end_ms, failed, _SAMPLE)
        found = await search.find(scope, group.account, group.region, query)
        votes = Counter(
            cause.services[-1].name for trace in found.traces for cause in root_causes(trace, "fault") if cause.services
        )
        return votes.most_common(1)[0][0] if votes else worst[0]

    async def _write(self, group: Group, insight: Insight, *, new: bool) -> None:
        if not self.may_write():
            return

        def write(connection: Connection) -> None:
            put(connection, insight)
            if group.notifications and (new or insight.state == CLOSED):
                kind = "insight.opened" if new else "insight.closed"
                told = {"id": insight.id, "group": group.name, "service": insight.service}
                facts = {"state": insight.state, "start_ms": insight.start_ms, "summary": insight.impact.summary}
                emit(connection, self.clock, kind, group.arn, told | facts)

        await self.state.change(write)


_NOTHING = Impact("", Requests(), Requests(), [])
_CALM = Verdict(0, 0, 0.0, 1.0)


def _told(
    insight: Insight, seen: _Seen, verdicts: Mapping[str, Verdict], worst: Sequence[str], end_minute: int, over: bool
) -> Insight:
    """The insight as it stands now."""
    end_ms = end_minute * MINUTE_MS
    rows = seen.services.get(insight.service, [])
    clients, cause = _since(seen.clients, insight.start_ms), _since(rows, insight.start_ms)
    services = [Anomalous(name, seen.types.get(name, "")) for name in worst] or insight.impact.services
    usual = verdicts[insight.service].usual if insight.service in verdicts else 0.0
    until = f"until {iso(end_ms)}" if over else "and goes on"
    failed = cause if cause.total else clients
    sentence = (
        f"{insight.service} fails more often than usual since {iso(insight.start_ms)} {until}: "
        f"{failed.faults} of {failed.total} requests, against {usual:.1%} before"
    )
    impact = Impact(sentence, clients, cause, services)
    state, ended = (CLOSED, end_ms) if over else (ACTIVE, None)
    return replace(insight, state=state, end_ms=ended, updated_ms=end_ms, impact=impact)


def _since(rows: Sequence[tuple[int, int, int]], start_ms: int) -> Requests:
    now = [(total, faults) for minute, total, faults in rows if minute * MINUTE_MS >= start_ms]
    return Requests(sum(faults for _, faults in now), sum(total for total, _ in now))
