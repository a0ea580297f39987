"""Extracts: the joined rows of heavy datasets, kept in a table of the engine and made again by a schedule.

Each scope that reads a dataset has an extract of its own, made within that scope: what an admin's holds, nobody else
reads. Rules on rows, filters and calculated fields apply when it is read, as on live rows. A new table is filled first
and named in the state then, so a reader sees the old rows or the new ones and never a part.
"""

import asyncio
import logging
import re
from collections.abc import Sequence

from msgspec import Struct, field

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded, QueryAborted, TrimtabError
from trimtab.base.ids import hash64, new_id
from trimtab.base.records import replace
from trimtab.jobs.schedule import parse as parse_schedule
from trimtab.reports.datasets.compiled import Compiled
from trimtab.reports.datasets.extract_store import Extract, ExtractStore
from trimtab.reports.datasets.field import ENGINE_TYPES
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.reader import Reader
from trimtab.reports.datasets.reading import DatasetReader, params_of
from trimtab.reports.datasets.source import Relation
from trimtab.reports.datasets.spec import Dataset, spec_of
from trimtab.reports.datasets.store import SpecStore, Stored
from trimtab.store.telemetry.client import ReadLimits, Telemetry
from trimtab.store.telemetry.table import Table

logger = logging.getLogger(__name__)

MOST_ROWS = 2_000_000
"""Rows of an extract: more are added up first, by `by`."""
_LIMITS = ReadLimits(seconds=300.0, memory_mb=2048, threads=2)
_UNREAD_MS = 14 * 86_400_000  # after which an extract is dropped: who comes back reads live once
_LINGER_MS = 600_000  # how long a replaced table stays: longer than any question takes
_RETRY_MS = 300_000
_SWEEP_MS = 3_600_000  # how often tables are looked for where no extract was made: some making may have died
_AT_ONCE = 2
_PREFIX = "dataset_extract_"
_NAME = re.compile(_PREFIX + r"\d+_[0-9a-f]{16}")


class _Sweep(Struct):
    """The last look for tables that no extract names: which were named then, and when that was."""

    named: frozenset[str] | None = None
    at_ms: int = 0


class Extracts(Struct, frozen=True):
    """Makes and drops extracts."""

    telemetry: Telemetry
    store: ExtractStore
    datasets: SpecStore
    reader: DatasetReader
    clock: Clock
    orphans: dict[str, int] = field(default_factory=dict)
    """Tables that no extract names any more, and when that was seen first: a reader may have begun before."""
    _sweep: _Sweep = field(default_factory=_Sweep)

    async def of(self, stored: Stored, spec: Dataset, scope: Scope) -> Extract | None:
        """The extract that a reader of this scope reads; None where none is made yet, or of an older spec."""
        if spec.extract is None:
            return None
        found = await self.store.asked(stored.id, scope)
        ready = found is not None and found.table and found.spec_version == stored.version
        return found if ready else None

    async def known(self, stored: Stored, spec: Dataset, scope: Scope) -> Extract | None:
        """The extract of a scope as it stands, made or not; asking does not have one made."""
        if spec.extract is None:
            return None
        return next((one for one in await self.store.of(stored.id) if one.scope == scope), None)

    async def turn(self) -> int:
        """Make what is due and drop what nobody reads; how many extracts were made."""
        known = {one.id: one for one in await self.datasets.everything()}
        now, made = self.clock.now_ms(), 0
        for one in await self.store.everything():
            stored = known.get(one.dataset)
            spec = spec_of(stored.spec) if stored else None
            if stored is None or spec is None or spec.extract is None or one.asked_ms < now - _UNREAD_MS:
                await self.store.forget(one.dataset, one.scope)
                continue
            late = one.spec_version != stored.version and not one.problem
            if made < _AT_ONCE and (late or (one.next_ms is not None and one.next_ms <= now)):
                await self._again(stored, spec, one)
                made += 1
        await self.sweep()
        return made

    async def refresh(self, stored: Stored, spec: Dataset, scope: Scope) -> Extract:
        """Make the extract of a scope now. Raises InvalidInput, LimitExceeded, QueryAborted, Unavailable."""
        before = await self.store.asked(stored.id, scope)
        if before is None:
            raise LimitExceeded(f"cannot extract {stored.name}: too many scopes read it")
        return await self._make(stored, spec, before)

    async def sweep(self) -> None:
        """Drop the tables that no extract names any more; the engine is asked where there may be any."""
        kept, now = frozenset(one.table for one in await self.store.everything()), self.clock.now_ms()
        if not self.orphans and kept == self._sweep.named and now < self._sweep.at_ms + _SWEEP_MS:
            return
        sql = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})"
        names = (await self.telemetry.fetch(sql, {"prefix": _PREFIX}))["name"].tolist()
        for name in map(str, names):
            if not _NAME.fullmatch(name) or name in kept:
                self.orphans.pop(name, None)
            elif now - self.orphans.setdefault(name, now) >= _LINGER_MS:
                await asyncio.to_thread(self.telemetry.command, f"DROP TABLE IF EXISTS {name}")
                del self.orphans[name]
        self._sweep.named, self._sweep.at_ms = kept, now

    async def drop_all(self) -> None:
        """Drop every table of extracts: for who wipes everything."""
        sql = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})"
        for name in map(str, (await self.telemetry.fetch(sql, {"prefix": _PREFIX}))["name"].tolist()):
            if _NAME.fullmatch(name):
                await asyncio.to_thread(self.telemetry.command, f"DROP TABLE IF EXISTS {name}")

    async def _again(self, stored: Stored, spec: Dataset, before: Extract) -> None:
        try:
            await self._make(stored, spec, before)
        except TrimtabError as problem:
            logger.warning("cannot extract the dataset %r: %s", stored.name, problem)
            later = self.clock.now_ms() + _RETRY_MS
            await self.store.put(replace(before, problem=str(problem)[:1000], next_ms=later))

    async def _make(self, stored: Stored, spec: Dataset, before: Extract) -> Extract:
        began = self.clock.now_ms()
        # Only who may read every source of a dataset opens its extract: `DatasetReader.admit` asks each reader.
        whole = Reader("extract", Role.ADMIN, before.scope)
        compiled = self.reader.compiled(spec, whole)
        names = frozenset(compiled.base)
        start, end = self.reader.span(spec, Query())
        relations = await self.reader.relations(compiled, whole, start, end, names)
        table = f"{_PREFIX}{began}_{hash64(new_id()):016x}"  # no other, also where two are made in a moment
        self._sweep.named = None  # it may replace one, or never be named
        await asyncio.to_thread(self._create, table, compiled)
        rows = await self._fill(table, compiled.rows(relations, names), compiled, relations)
        if rows > MOST_ROWS:
            await asyncio.to_thread(self.telemetry.command, f"DROP TABLE IF EXISTS {table}")
            raise QueryAborted(f"cannot extract {stored.name}: over {MOST_ROWS} rows; add it up with `by` first")
        assert spec.extract is not None  # noqa: S101 - both callers looked
        schedule = parse_schedule(spec.extract.schedule, spec.extract.zone, anchor_ms=stored.created_ms)
        until = {plan.use.alias: one.until_ms for plan, one in zip(compiled.joined.uses, relations, strict=True)}
        now = self.clock.now_ms()
        made = replace(
            before, spec_version=stored.version, table=table, columns=tuple(compiled.base), rows=rows,
            start_ms=start, end_ms=end, until_ms=until, made_ms=began, took_ms=now - began, problem="",
            next_ms=schedule.next_after(now),
        )  # fmt: skip
        await self.store.put(made)
        return made

    async def _fill(self, table: str, rows: str, compiled: Compiled, relations: Sequence[Relation]) -> int:
        """Have the engine write joined rows into a table, one more than may be at most; how many it wrote."""
        columns = ", ".join(typed.sql for _, typed in compiled.base.values())
        # The table's name and its columns are made here, what users wrote is bound.
        sql = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM ({rows}) LIMIT {MOST_ROWS + 1}"  # noqa: S608 - ours
        sql += " SETTINGS join_use_nulls = 1"
        params = params_of(compiled, relations)
        await asyncio.to_thread(self.telemetry.execute, sql, params, limits=_LIMITS)
        counted = await self.telemetry.fetch(f"SELECT count() AS rows FROM {table}")  # noqa: S608 - ours
        return int(counted["rows"][0])

    def _create(self, name: str, compiled: Compiled) -> None:
        columns = tuple((typed.sql, ENGINE_TYPES[one.type], "") for one, typed in compiled.base.values())
        self.telemetry.create(Table(name, columns, order_by="tuple()"))
