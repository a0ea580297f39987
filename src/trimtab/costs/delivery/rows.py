"""The SQL of rows: lines of `cost_lines` as columns of a table, put together by its grain, then selected."""

from msgspec import Struct

from trimtab.costs.conditions import Conditions
from trimtab.costs.delivery.cur_columns import Column, Type
from trimtab.costs.delivery.tables import Chosen, Grain

_STARTS = {Grain.DAILY: "toStartOfDay(toDateTime(day, 'UTC'))", Grain.MONTHLY: "billing_period_start"}
_ENDS = {Grain.DAILY: "addDays(toStartOfDay(toDateTime(day, 'UTC')), 1)", Grain.MONTHLY: "billing_period_end"}


class Output(Struct, frozen=True):
    """A column of the file: its name, its type, and its SQL over the table's columns, which are named `i0`, `i1` …"""

    name: str
    type: Type
    sql: str


class Statement(Struct, frozen=True):
    """What runs over a table: its columns in the order of `inner`, outputs and condition over them."""

    table: Chosen
    inner: tuple[str, ...]
    outputs: tuple[Output, ...]
    condition: str
    conditions: Conditions
    limit: int | None


def sql_of(statement: Statement, lines: str, *, maps: bool) -> str:
    """The SELECT of the rows; `lines` is a condition of which lines of `cost_lines`. Without `maps` they are JSON."""
    table = statement.table
    outputs = ", ".join(f"{_shown(one, maps)} AS `{one.name}`" for one in statement.outputs)
    # Every name of it was looked up in our tables of columns, and every text is bound.
    if table.grain is Grain.HOURLY:
        inner = ", ".join(f"{table.columns[name].sql} AS i{n}" for n, name in enumerate(statement.inner))
        rows = f"SELECT {inner} FROM cost_lines {table.table.join} WHERE {lines}"  # noqa: S608 - see above
    else:
        rows = _together(statement, lines)
    limit = f" LIMIT {statement.limit}" if statement.limit is not None else ""
    return f"SELECT {outputs} FROM ({rows}) WHERE {statement.condition}{limit}"  # noqa: S608 - see above


def _shown(one: Output, maps: bool) -> str:
    return one.sql if maps or one.type is not Type.PAIRS else f"toJSONString({one.sql})"


def _together(statement: Statement, lines: str) -> str:
    """Lines that differ in nothing but their hour and their amounts are one: amounts are summed."""
    table = statement.table
    columns = {name: _timed(table.grain, name, one) for name, one in table.columns.items()}
    keys = [one.sql for one in columns.values() if not one.summed]
    inner = ", ".join(
        f"{_sum(columns[name]) if columns[name].summed else columns[name].sql} AS i{n}"
        for n, name in enumerate(statement.inner)
    )
    return f"SELECT {inner} FROM cost_lines WHERE {lines} GROUP BY {', '.join(keys)}"  # noqa: S608 - see above


def _sum(column: Column) -> str:
    return f"toDecimal128(sum(toDecimal256({column.sql}, 12)), 12)"


def _timed(grain: Grain, name: str, column: Column) -> Column:
    if name == "line_item_usage_start_date":
        return Column(column.type, _STARTS[grain])
    if name == "line_item_usage_end_date":
        return Column(column.type, _ENDS[grain])
    return column
