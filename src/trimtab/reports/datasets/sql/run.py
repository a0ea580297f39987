"""SQL over datasets and sources, within what the reader may see: each table is a SELECT that holds scope and rules."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.reports.datasets.compiled import compile_spec, seen
from trimtab.reports.datasets.expressions import Environment
from trimtab.reports.datasets.field import NUMERIC, Field, Part, Type
from trimtab.reports.datasets.language.typed import Bindings
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.reader import Reader
from trimtab.reports.datasets.reading import Answer, DatasetReader, params_of
from trimtab.reports.datasets.spec import Dataset, Use
from trimtab.reports.datasets.sql.table import Output, Table

MOST_ROWS = 1_000_000
MOST_TABLES = 12
_CASTS = {
    Type.MONEY: "CAST({} AS Nullable(Decimal(38, 12)))",
    Type.BOOL: "CAST({} AS Nullable(Bool))",
    Type.INTEGER: "CAST({} AS Nullable(Int64))",
    Type.NUMBER: "CAST({} AS Nullable(Float64))",
    Type.TEXT: "CAST({} AS Nullable(String))",
    Type.TIME: "CAST({} AS Nullable(DateTime64(3, 'UTC')))",
}
Named = Callable[[str], Awaitable[Dataset]]
"""The dataset of a name that the reader may open. Raises NotFound."""


class SqlQuery(Struct, frozen=True):
    """A statement. The range is of sources that are named as they are, and of datasets where it is given."""

    sql: str
    limit: int = 10_000
    start_ms: int | None = None
    end_ms: int | None = None
    range: str = "14d"


class _Found(Struct, frozen=True):
    table: Table
    params: Mapping[str, Any]
    until: Mapping[str, int | None]
    notes: tuple[str, ...]


class SqlReader(Struct, frozen=True):
    """Runs statements. Sources are found by their names, everything else among datasets."""

    datasets: DatasetReader
    clock: Clock

    async def run(self, query: SqlQuery, reader: Reader, named: Named) -> Answer:
        """Answer a statement. Raises SqlProblem, NotFound, AccessDenied, QueryAborted, Unavailable."""
        if not 1 <= query.limit <= MOST_ROWS:
            raise InvalidInput(f"cannot run SQL: got limit {query.limit}; expected 1 to {MOST_ROWS}", field="limit")
        from trimtab.reports.datasets.sql.select import Planner  # its parser takes half a second to load
        from trimtab.reports.datasets.sql.statement import columns_in, read_statement, tables_in  # as above

        tree = read_statement(query.sql)
        names = sorted(tables_in(tree))
        if len(names) > MOST_TABLES:
            raise InvalidInput(f"cannot run SQL: it reads {len(names)} tables, of at most {MOST_TABLES}", field="sql")
        columns = columns_in(tree)
        found = await asyncio.gather(
            *(self._table(name, at, columns, query, reader, named) for at, name in enumerate(names))
        )
        tables = {name: one.table for name, one in zip(names, found, strict=True)}
        bindings = Bindings("q")
        planner = Planner(Environment(self.clock.now_ms(), bindings=bindings), tables.__getitem__)
        planned = planner.query(tree, {})
        shown = ", ".join(
            f"{_CASTS.get(one.type, '{}').format(f'o{at}')} AS c{at}" for at, one in enumerate(planned.outputs)
        )
        # The statement was written anew from looked-up names and bound values; see `statement.py`.
        sql = f"SELECT {shown} FROM ({planned.sql}) LIMIT {query.limit + 1} SETTINGS join_use_nulls = 1"  # noqa: S608 - written here
        params = dict(bindings.params)
        for one in found:
            params |= one.params
        table = await self.datasets.table(sql, params)
        start, end = self.datasets.span(_of_source("", query), _window(query))
        fields = [_field(name, one.type) for name, one in zip(_once(planned.outputs), planned.outputs, strict=True)]
        named_table = table.slice(0, query.limit).rename_columns([one.name for one in fields])
        until = {alias: at for one in found for alias, at in one.until.items()}
        notes = tuple(note for one in found for note in one.notes)
        return Answer(named_table, fields, start, end, until, notes, table.num_rows > query.limit)

    async def _table(
        self, name: str, at: int, columns: frozenset[str] | None, query: SqlQuery, reader: Reader, named: Named
    ) -> _Found:
        """A source or dataset as a SELECT of the columns that the statement speaks of."""
        spec = _of_source(name, query) if name in self.datasets.sources else await named(name)
        bindings = Bindings(f"t{at}e")
        own = self.datasets
        compiled = compile_spec(spec, own.sources, self.clock.now_ms(), reader, bindings=bindings, outside=own.outside)
        whole = compiled.ask(Query())
        shown = [one for one, _ in whole.columns if columns is None or one.name in columns]
        asked = compiled.ask(Query(columns=tuple((one.name, "") for one in shown or [whole.columns[0][0]])))
        condition, reads = compiled.rules(reader)
        wanted = asked.reads | reads
        start, end = self.datasets.span(spec, _window(query))
        relations = await self.datasets.relations(compiled, reader, start, end, wanted)
        rows = seen(compiled.rows(relations, wanted, f"t{at}"), condition)
        outputs = [Output(one.name, one.type) for one, _ in asked.columns]
        until = {f"{name}.{plan.use.alias}" if len(relations) > 1 else name: one.until_ms
                 for plan, one in zip(compiled.joined.uses, relations, strict=True)}  # fmt: skip
        notes = (*compiled.joined.notes, *(one.note for one in relations if one.note))
        return _Found(
            Table(replace(asked, limit=0).select(rows), outputs), params_of(compiled, relations, f"t{at}"), until, notes
        )


def _window(query: SqlQuery) -> Query:
    return Query(start_ms=query.start_ms, end_ms=query.end_ms)


def _of_source(name: str, query: SqlQuery) -> Dataset:
    return Dataset([Use(name)], range=query.range)


def _field(name: str, type_: Type) -> Field:
    return Field(name, type_, part=Part.MEASURE if type_ in NUMERIC else Part.DIMENSION)


def _once(outputs: Sequence[Output]) -> list[str]:
    """The names of columns; one that is there twice gets a number."""
    found: list[str] = []
    for one in outputs:
        number = sum(name == one.name or name.startswith(f"{one.name}_") for name in found)
        found.append(f"{one.name}_{number}" if one.name in found else one.name)
    return found
