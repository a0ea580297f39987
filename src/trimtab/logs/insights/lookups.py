"""`lookup`: which rows of which table a query means, found before it is planned, and the statement that reads them."""

from collections.abc import Awaitable, Callable

from trimtab.base.errors import NotFound
from trimtab.base.records import replace
from trimtab.logs.fields import Parameters
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.syntax import Command, Join, Lookup, Query
from trimtab.logs.lookups.tables import LookupTable

Find = Callable[[str], Awaitable[LookupTable]]
"""Finds a table by name. Raises NotFound."""


async def located(query: Query, find: Find) -> Query:
    """The query with every `lookup` in it saying where its rows are. Raises QueryProblem for what is not there."""
    commands: list[Command] = []
    for command in query.commands:
        match command:
            case Lookup():
                commands.append(await _located(command, find))
            case Join(right):
                commands.append(replace(command, right=await located(right, find)))
            case other:
                commands.append(other)
    return replace(query, commands=tuple(commands))


async def _located(lookup: Lookup, find: Find) -> Lookup:
    try:
        table = await find(lookup.table)
    except NotFound as problem:
        raise QueryProblem(str(problem), lookup.place.start, lookup.place.end) from None
    keys = [there for there, _ in lookup.on]
    output = lookup.output or tuple((name, name) for name in table.fields if name not in keys)
    for name in (*keys, *(there for there, _ in output)):
        if name not in table.fields:
            known = ", ".join(table.fields)
            why = f"the lookup table {table.name} has no field {name}; it has {known}"
            raise QueryProblem(why, lookup.place.start, lookup.place.end)
    return replace(lookup, output=output, rows=(table.account, table.region, table.updated_ms))


def rows_of(lookup: Lookup, prefix: str, parameters: Parameters) -> str:
    """The rows of a located table: keys as `<prefix>k0` …, values as `<prefix>o0` …; of equal keys the first row."""
    account, region, version = lookup.rows
    keys = [f"fields[{parameters.text(there)}] AS {prefix}k{place}" for place, (there, _) in enumerate(lookup.on)]
    values = [
        f"toNullable(fields[{parameters.text(there)}]) AS {prefix}o{place}"
        for place, (there, _) in enumerate(lookup.output)
    ]
    of_it = (
        f"account = {parameters.text(account)} AND region = {parameters.text(region)} "
        f"AND name = {parameters.text(lookup.table)} AND version = {parameters.bind(version, 'UInt64')}"
    )
    by = ", ".join(f"{prefix}k{place}" for place in range(len(lookup.on)))
    columns = ", ".join([*keys, *values])
    # Names are this module's own, values are bound.
    return f"SELECT {columns} FROM log_lookup_rows WHERE {of_it} ORDER BY row LIMIT 1 BY {by}"  # noqa: S608 - as said
