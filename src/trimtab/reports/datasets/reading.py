"""Reads datasets: the sources at the same time, within the reader's scope, then one statement, within limits."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pyarrow as pa
from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.base.clock import Clock, to_ms
from trimtab.base.errors import AccessDenied, InvalidInput, Unavailable
from trimtab.base.later import Later
from trimtab.base.records import replace
from trimtab.reports.datasets.compiled import Compiled, compile_spec
from trimtab.reports.datasets.extract_store import Extract
from trimtab.reports.datasets.field import Field
from trimtab.reports.datasets.outside import ReadOutside
from trimtab.reports.datasets.query import Asked, Query
from trimtab.reports.datasets.reader import Reader
from trimtab.reports.datasets.rows import relation_of
from trimtab.reports.datasets.source import Relation, Rows, Source, Window
from trimtab.reports.datasets.sources.times import bounded
from trimtab.reports.datasets.spec import MOST_RANGE_MS, Dataset
from trimtab.store.telemetry.client import BlockRefused, ReadLimits, Telemetry, refusal

pc = Later("pyarrow.compute")
MINUTE_MS = 60_000
DAY_MS = 86_400_000
LIMITS = ReadLimits(seconds=30.0, memory_mb=1024, threads=2)
"""Of one question: a wide one ends with an error, it does not take the machine."""
_FIRST_MS, _LAST_MS = to_ms(datetime(1, 1, 1, tzinfo=UTC)), to_ms(datetime(9999, 12, 31, tzinfo=UTC))
_KEPT_MS = 60_000  # how long what a room's reader answered serves the same scope and window again
_MOST_KEPT = 24


class Answer(Struct, frozen=True):
    """What a question found: a table with one column a field. `until_ms` are the ages of the sources, by alias.

    `more`: there are further rows behind the limit. `extracted_ms`: when the rows were extracted; None: read now.
    """

    table: pa.Table
    fields: Sequence[Field]
    start_ms: int
    end_ms: int
    until_ms: Mapping[str, int | None]
    notes: Sequence[str] = ()
    more: bool = False
    extracted_ms: int | None = None


class DatasetReader:
    """Answers questions to datasets, always within the scope of who asks."""

    def __init__(
        self, telemetry: Telemetry, sources: Mapping[str, Source], clock: Clock, outside: ReadOutside | None = None
    ) -> None:
        self.telemetry = telemetry
        self.sources = sources
        self.outside = outside
        self._clock = clock
        self._kept: OrderedDict[tuple[str, Window], tuple[int, Relation]] = OrderedDict()
        self._reading: dict[tuple[str, Window], asyncio.Future[Relation]] = {}

    def compiled(self, spec: Dataset, reader: Reader | None = None, query: Query | None = None) -> Compiled:
        """A dataset made ready. Raises InvalidInput, with the place in the spec."""
        given = query.parameters if query else None
        return compile_spec(spec, self.sources, self._clock.now_ms(), reader, given, outside=self.outside)

    def span(self, spec: Dataset, query: Query) -> tuple[int, int]:
        """The range that is read: what is asked, else the dataset's own, of days from the first one's beginning.

        Raises InvalidInput for one that is empty or too long.
        """
        now = self._clock.now_ms()
        end = bounded(query.end_ms if query.end_ms is not None else -(-now // MINUTE_MS) * MINUTE_MS)
        start = bounded(query.start_ms if query.start_ms is not None else end - spec.range_ms)
        if query.start_ms is None and spec.range_ms % DAY_MS == 0:
            start = start // DAY_MS * DAY_MS
        if not 0 < end - start <= MOST_RANGE_MS + DAY_MS:
            raise InvalidInput(
                f"cannot read dataset: got a range of {(end - start) / DAY_MS:g} days; expected up to 400",
                field="start",
            )
        return start, end

    async def run(self, spec: Dataset, reader: Reader, query: Query) -> Answer:
        """Answer a question from the sources. Raises InvalidInput, QueryAborted, Unavailable."""
        compiled = self.compiled(spec, reader, query)
        asked = compiled.ask(query)
        condition, reads = compiled.rules(reader)
        names = asked.reads | reads
        start, end = self.span(spec, query)
        relations = await self.relations(compiled, reader, start, end, names)
        statement = compiled.statement(compiled.rows(relations, names), one_more(asked), condition)
        table = await self.table(statement, params_of(compiled, relations))
        until = {plan.use.alias: one.until_ms for plan, one in zip(compiled.joined.uses, relations, strict=True)}
        notes = [*compiled.joined.notes, *(one.note for one in relations if one.note)]
        return answered(table, asked, Answer(table, (), start, end, until, notes))

    async def extracted(self, spec: Dataset, reader: Reader, query: Query, extract: Extract) -> Answer:
        """Answer a question from an extract of the reader's own scope. Raises as `run`."""
        compiled = self.compiled(spec, reader, query)
        admit(compiled, reader)
        asked = compiled.ask(query)
        condition, reads = compiled.rules(reader)
        names = asked.reads | reads
        columns = [typed.sql for name, (_, typed) in compiled.base.items() if name in names]
        # The table's name is made by `extracts` alone, and so are its columns.
        rows = f"SELECT {', '.join(columns) or '1 AS none'} FROM {extract.table}"  # noqa: S608 - written here
        statement = compiled.statement(rows, one_more(asked), condition)
        table = await self.table(statement, dict(compiled.environment.bindings.params))
        told = Answer(table, (), extract.start_ms, extract.end_ms, extract.until_ms, compiled.joined.notes)
        return answered(table, asked, replace(told, extracted_ms=extract.made_ms))

    async def relations(
        self, compiled: Compiled, reader: Reader, start_ms: int, end_ms: int, names: frozenset[str]
    ) -> list[Relation]:
        """Every source of a dataset, within a reader's scope and a range. Raises AccessDenied for one not for them."""
        admit(compiled, reader)
        needed = compiled.joined.needed(names)
        return list(
            await asyncio.gather(
                *(
                    self._relation(plan.source, Window(reader.scope, start_ms, end_ms, plan.wanted(needed[at])))
                    for at, plan in enumerate(compiled.joined.uses)
                )
            )
        )

    async def table(self, statement: str, params: Mapping[str, object]) -> pa.Table:
        """Run a statement that was made here. What the engine refuses of it is the question's fault: InvalidInput."""
        try:
            return _calendar(await self.telemetry.table(statement, params, limits=LIMITS))
        except (BlockRefused, Unavailable) as problem:
            told = refusal(problem)
            if told is None:
                raise
            raise InvalidInput(f"cannot answer the question: {told}") from None

    def forget(self) -> None:
        """Empty what is remembered of readers' answers."""
        self._kept.clear()

    async def _relation(self, source: Source, window: Window) -> Relation:
        """A source as the engine reads it; what a room's reader answered is kept for its scope for a minute.

        Who asks for what is being read waits for that reading.
        """
        if source.whole:
            every = frozenset(one.name for one in source.fields)
            window = replace(window, wanted=every - (source.finer - window.wanted))
        key = source.name, window
        kept = self._kept.get(key)
        if kept is not None and self._clock.now_ms() - kept[0] < _KEPT_MS:
            return kept[1]
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.ensure_future(self._read(source, window))
            reading.add_done_callback(lambda _: self._reading.pop(key, None))
        return await asyncio.shield(reading)

    async def _read(self, source: Source, window: Window) -> Relation:
        found = await source.read(window)
        if not isinstance(found, Rows):
            return found
        relation = await asyncio.to_thread(relation_of, source, found)
        if not source.fresh:
            self._kept[source.name, window] = self._clock.now_ms(), relation
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return relation


def admit(compiled: Compiled, reader: Reader) -> None:
    """Raise AccessDenied where a dataset has a source that is not for this reader."""
    for plan in compiled.joined.uses:
        if not Role(reader.role).includes(plan.source.role):
            raise AccessDenied(
                f"cannot read {plan.source.name}: {reader.name!r} has role {reader.role}; needs {plan.source.role}"
            )


def one_more(asked: Asked) -> Asked:
    """The same question with a row more, which tells whether there are more."""
    return replace(asked, limit=asked.limit + 1)


def params_of(compiled: Compiled, relations: Sequence[Relation], prefix: str = "") -> dict[str, object]:
    """Every bound value of a statement: those of expressions and those of sources."""
    found: dict[str, object] = dict(compiled.environment.bindings.params)
    for at, relation in enumerate(relations):
        found |= {f"{prefix}s{at}_{name}": value for name, value in relation.params.items()}
    return found


def answered(table: pa.Table, asked: Asked, answer: Answer) -> Answer:
    """The answer with the columns' own names, cut to the limit."""
    more = table.num_rows > asked.limit
    named = table.slice(0, asked.limit).rename_columns([one.name for one, _ in asked.columns])
    return replace(answer, table=named, fields=[one for one, _ in asked.columns], more=more)


def _calendar(table: pa.Table) -> pa.Table:
    """The table with nothing instead of times that no calendar has, as adding a great number of years to one gives."""
    for at, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            column = table.column(at)
            ms = column.cast(pa.timestamp("ms", field.type.tz), safe=False).cast(pa.int64())
            there = pc.and_(pc.greater_equal(ms, _FIRST_MS), pc.less_equal(ms, _LAST_MS))
            table = table.set_column(at, field, pc.if_else(there, column, pa.scalar(None, field.type)))
    return table
