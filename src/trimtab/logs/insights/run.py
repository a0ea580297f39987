"""Runs Logs Insights queries: which groups they read, the statement, and what came of it."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import AccessDenied, InvalidInput, LimitExceeded, NotFound, Unavailable
from trimtab.logs.fields import Parameters
from trimtab.logs.groups import LogGroups
from trimtab.logs.insights import select
from trimtab.logs.insights.lookups import located
from trimtab.logs.insights.parser import parse
from trimtab.logs.insights.pattern_steps import PatternStep, pattern_step, shapes
from trimtab.logs.insights.pattern_steps import rows as pattern_rows
from trimtab.logs.insights.plan import DEFAULT_ROWS, MATCHED, SETTINGS, Planner, Statement, check_size, plan
from trimtab.logs.insights.sources import MAX_GROUPS
from trimtab.logs.insights.syntax import Call, In, Join, Query, Source, Unmask, walk
from trimtab.logs.lookups.tables import LookupTable, LookupTables
from trimtab.logs.model import Group
from trimtab.logs.read import LogReader
from trimtab.store.telemetry.client import BlockRefused, Columns, ReadLimits, Telemetry, refusal

TIMEOUT_S = 3600.0
"""How long a query may run, as documented."""
_BAD_REGEX = "CANNOT_COMPILE_REGEXP"
_COUNTED = "SELECT count() AS records FROM log_events WHERE "
_SIZED = "SELECT count() AS records, sum(message.size) AS bytes FROM log_events WHERE "  # reads no message
_SLICE = " AND intDiv(toUnixTimestamp64Milli(time), {slice:Int64}) % 16 = 7"
SIZED = 1_000_000
"""Events whose sizes are summed; of more it is estimated from every 16th of many slices of the range."""
_SLICES = 256


class Ask(Struct, frozen=True):
    """A query over `[start_ms, end_ms)` of log groups of one account and region; `SOURCE` in the text names others."""

    text: str
    account: str
    region: str
    groups: Sequence[str]
    start_ms: int
    end_ms: int
    limit: int = DEFAULT_ROWS
    language: str = "CWLI"
    unmask: bool = False
    """Whether who asks may see what data protection masked."""


class Scanned(Struct, frozen=True):
    """What a query read: events that its filters let pass, events of its range, and the bytes of their messages."""

    matched: int
    records: int
    bytes: int
    groups: int


class Found(Struct, frozen=True):
    """Rows of an answer, each with a text or None for each of `names`."""

    names: tuple[str, ...]
    rows: list[tuple[str | None, ...]]
    scanned: Scanned


class Prepared(Struct, frozen=True):
    """A query ready to run."""

    statement: Statement
    where: str
    groups: int
    step: PatternStep | None = None


class LogInsights:
    """Runs queries over what a scope covers."""

    def __init__(
        self,
        telemetry: Telemetry,
        reader: LogReader,
        groups: LogGroups,
        clock: Clock,
        lookups: LookupTables | None = None,
    ) -> None:
        self._telemetry = telemetry
        self._reader = reader
        self._groups = groups
        self._clock = clock
        self._lookups = lookups

    async def prepare(self, scope: Scope, ask: Ask) -> Prepared:
        """The statement of a query. Raises QueryProblem for its text, NotFound for a group, LimitExceeded.

        Raises AccessDenied where it unmasks and its caller may not.
        """
        query = await located(parse_in(ask.language, ask.text), partial(self._table, scope, ask))
        if not ask.unmask and any(map(_unmasks, _queries(query))):
            raise AccessDenied("cannot unmask: a key with the role admin may; take unmask out of the query")
        parameters = Parameters()
        windows: dict[Query, str] = {}
        read = 0
        step, edges = pattern_step(query), (ask.start_ms, ask.end_ms)
        for place, one in enumerate(_queries(query)):
            groups, start_ms, end_ms = await self._range(scope, ask, one.source)
            if one is query and step is not None:
                edges = start_ms, end_ms  # of the range itself; the window begins where the earlier one does
                start_ms -= step.shift_ms(start_ms, end_ms)
            window = await self._reader.window(scope, groups, start_ms, end_ms)
            # Each of several windows of a statement has parameters of its own.
            windows[one] = window.where.replace("{w_", f"{{w{place}_")
            parameters.values.update({f"w{place}_{key[2:]}": value for key, value in window.params.items()})
            read = read or len(groups)
        now_ms, where = self._clock.now_ms(), windows[query]
        if step is None:
            made = plan(query, windows.__getitem__, parameters, now_ms, ask.limit)
            return Prepared(made, where, read)
        windows[step.before] = where
        planner = Planner(step.before, windows.__getitem__, parameters, now_ms)
        sql = shapes(step, planner, *edges) + SETTINGS
        check_size(query, sql, parameters)
        made = Statement(sql, parameters.values, (), planner.matched())
        return Prepared(made, where, read, step)

    async def run(self, scope: Scope, ask: Ask, limits: ReadLimits | None = None) -> Found:
        """The answer of a query, as fresh as what was written. Raises as prepare, and QueryAborted, Unavailable."""
        prepared = await self.prepare(scope, ask)
        await self._reader.fresh()
        statement, values = prepared.statement, prepared.statement.parameters
        try:
            found, (records, size) = await asyncio.gather(
                self._telemetry.fetch(statement.sql, values, limits=limits), self._scanned(prepared, ask, limits)
            )
            carried = found.pop(MATCHED, None)
            names, rows = pattern_rows(prepared.step, found) if prepared.step else (statement.names, _rows(found))
            matched = records
            if statement.matched is None:
                pass
            elif carried is not None and len(carried):
                matched = int(carried[0])
            elif len(rows) < statement.whole:
                matched = len(rows)
            else:
                matched = int((await self._telemetry.fetch(statement.matched, values, limits=limits))["matched"][0])
        except (BlockRefused, Unavailable) as problem:
            if _BAD_REGEX in str(problem):
                raise InvalidInput("the engine does not take a regular expression of the query") from None
            if (told := refusal(problem)) is not None:
                raise InvalidInput(f"the engine does not take the query: {told}") from None
            raise
        facts = Scanned(matched, records, size, prepared.groups)
        return Found(names, rows, facts)

    async def _table(self, scope: Scope, ask: Ask, name: str) -> LookupTable:
        if self._lookups is None or scope.rows:  # a lookup table is of no team: who is bound to tags has none
            raise NotFound(f"cannot find the lookup table {name!r}: there are none here")
        return await self._lookups.get(ask.account, ask.region, name)

    async def _scanned(self, prepared: Prepared, ask: Ask, limits: ReadLimits | None) -> tuple[int, int]:
        """How many events the range has, and the bytes of their messages."""
        where, values = prepared.where, dict(prepared.statement.parameters)
        records = int((await self._telemetry.fetch(_COUNTED + where, values, limits=limits))["records"][0])
        if records > SIZED:
            sliced = {**values, "slice": max((ask.end_ms - ask.start_ms) // _SLICES, 1)}
            some = await self._telemetry.fetch(_SIZED + where + _SLICE, sliced, limits=limits)
            if counted := int(some["records"][0]):
                return records, int(some["bytes"][0]) * records // counted
        every = await self._telemetry.fetch(_SIZED + where, values, limits=limits)
        return records, int(every["bytes"][0] or 0)

    async def _range(self, scope: Scope, ask: Ask, source: Source | None) -> tuple[list[Group], int, int]:
        """Which groups a query, or one inside it, reads, and when."""
        if source is None:
            return await self._named(scope, ask, ask.groups), ask.start_ms, ask.end_ms
        now_ms = self._clock.now_ms()
        start_ms = ask.start_ms if source.start is None else now_ms - source.start * 1000
        end_ms = ask.end_ms if source.end is None else now_ms - source.end * 1000
        if source.names:
            return await self._named(scope, ask, source.names), start_ms, end_ms
        found: list[Group] = []
        for account in source.accounts or (ask.account,):
            for prefix in source.prefixes or ("",):
                listed = await self._groups.listed(account, ask.region, prefix=prefix, limit=1000)
                found.extend(group for group in listed if not source.classes or group.class_ in source.classes)
        return list({group.id: group for group in found}.values()), start_ms, end_ms

    async def _named(self, scope: Scope, ask: Ask, names: Sequence[str]) -> list[Group]:
        if len(names) > MAX_GROUPS:
            raise LimitExceeded(f"cannot query {len(names)} log groups; expected at most {MAX_GROUPS}")
        missing: list[str] = []
        found: list[Group] = []
        for name in dict.fromkeys(names):
            try:
                found.append(await self._reader.group(scope, ask.account, ask.region, name))
            except NotFound:
                missing.append(name)
        if missing:
            raise NotFound(f"Log group '{missing[0]}' does not exist for account ID '{ask.account}'")
        return found


def parse_in(language: str, text: str) -> Query:
    """The parsed query, in Logs Insights' language (CWLI) or in SQL. Raises QueryProblem; InvalidInput for another."""
    readers = {"CWLI": parse, "SQL": select.parse}
    if language not in readers:
        raise InvalidInput(f"cannot read a query in {language}: expected one of {', '.join(readers)}")
    return readers[language](text)


def _queries(query: Query) -> Iterator[Query]:
    """A query and those inside it, itself first."""
    yield query
    for command in query.commands:
        if isinstance(command, Join):
            yield from _queries(command.right)
        for expression in walk(command):
            if isinstance(expression, In) and isinstance(expression.values, Query):
                yield from _queries(expression.values)


def _unmasks(query: Query) -> bool:
    return any(isinstance(command, Unmask) for command in query.commands) or any(
        isinstance(expression, Call) and expression.name == "unmask"
        for command in query.commands
        for expression in walk(command)
    )


def _rows(columns: Columns) -> list[tuple[str | None, ...]]:
    """Rows of texts; the engine's missing values are None."""
    lists: list[list[Any]] = [column.tolist() for column in columns.values()]
    return list(zip(*lists, strict=True))
