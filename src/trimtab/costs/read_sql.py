"""The SQL of a `CostQuery`: sums by day where they know everything that is asked, else the lines themselves."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import to_datetime
from trimtab.base.errors import InvalidInput
from trimtab.costs.conditions import Conditions, facets_of
from trimtab.costs.facets import METRIC_COLUMNS, expression, in_daily, set_column, summed
from trimtab.costs.model import CostQuery, Dimension, Facet, Granularity, Metric

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MAX_GROUPS = 12  # far more than any view has columns for; what commitments may cover is told apart by eleven

# A charge that starts outside its billing period counts at that period's edge.
HOUR = (
    "toStartOfHour(greatest(least(charge_period_start, billing_period_end - 1), billing_period_start))"  # of the lines
)
PERIODS = {
    Granularity.HOURLY: f"toUnixTimestamp({HOUR})",
    Granularity.DAILY: "toUnixTimestamp(toDateTime(day, 'UTC'))",
    Granularity.MONTHLY: "toUnixTimestamp(toDateTime(toStartOfMonth(day), 'UTC'))",
    Granularity.TOTAL: "toUInt32(0)",
}


class Statement(Struct, frozen=True):
    """SQL with its parameters; it answers period, key0 …, currency, unit, lines, amount0 … as text."""

    sql: str
    params: dict[str, Any]


def statement_of(query: CostQuery, scope: Scope) -> Statement:
    """The statement of `query`. Raises InvalidInput for bounds that do not fit the granularity."""
    check(query)
    hourly = query.granularity is Granularity.HOURLY
    daily = not hourly and in_daily((*query.group_by, *facets_of(query.where)), query.metrics)
    conditions = Conditions()
    keys, joins = keys_of(query.group_by, conditions)
    where = " AND ".join(
        (
            time_condition(query.start_ms, query.end_ms, conditions, hourly=hourly),
            conditions.scope(scope),
            conditions.of(query.where),
        )
    )
    table, lines = ("cost_daily", "sum(lines)") if daily else ("cost_lines", "count()")
    columns = [
        f"{PERIODS[query.granularity]} AS period",
        *(f"toString({key}) AS key{at}" for at, key in enumerate(keys)),
        "toString(billing_currency) AS currency",
        "if(uniqExactIf(consumed_unit, consumed_quantity != 0) = 1, "
        "toString(anyIf(consumed_unit, consumed_quantity != 0)), 'N/A') AS unit",
        f"toUInt64({lines}) AS line_count",
        *(f"{_sum(metric, lines)} AS amount{at}" for at, metric in enumerate(query.metrics)),
    ]
    groups = ", ".join(("period", *(f"key{at}" for at in range(len(keys))), "currency"))
    sql = f"SELECT {', '.join(columns)}\nFROM {table}{joins}\nWHERE {where}\nGROUP BY {groups}\nORDER BY {groups}"
    return Statement(sql, conditions.params)


def check(query: CostQuery) -> None:
    """Raise InvalidInput unless the bounds are whole hours or days, in order, and there is something to sum."""
    step, word = (HOUR_MS, "hours") if query.granularity is Granularity.HOURLY else (DAY_MS, "days")
    if query.start_ms % step or query.end_ms % step or query.end_ms <= query.start_ms:
        raise InvalidInput(
            f"cannot sum costs: got {query.start_ms} to {query.end_ms}; expected start before end in whole UTC {word}"
        )
    if not query.metrics:
        raise InvalidInput("cannot sum costs: got no metric; expected at least one, such as UnblendedCost")
    if len(query.group_by) > MAX_GROUPS:
        raise InvalidInput(f"cannot group costs: got {len(query.group_by)} groups; expected at most {MAX_GROUPS}")


def time_condition(start_ms: int, end_ms: int, conditions: Conditions, *, hourly: bool) -> str:
    """The condition that lines are in `[start_ms, end_ms)`."""
    first = conditions.bind(to_datetime(start_ms).date(), "Date")
    last = conditions.bind(to_datetime(end_ms - 1).date(), "Date")
    month = conditions.bind(int(f"{to_datetime(end_ms - 1):%Y%m}"), "UInt32")
    condition = f"day >= {first} AND day <= {last} AND month <= {month}"  # periods may start months before
    if hourly:
        start = conditions.bind(start_ms // 1000, "UInt32")
        end = conditions.bind(end_ms // 1000, "UInt32")
        condition += f" AND {HOUR} >= toDateTime({start}, 'UTC') AND {HOUR} < toDateTime({end}, 'UTC')"
    return condition


def keys_of(group_by: Sequence[Facet], conditions: Conditions) -> tuple[list[str], str]:
    """The key expressions, and the joins that tags and categories need."""
    keys, joins = [], ""
    for at, facet in enumerate(group_by):
        if isinstance(facet, Dimension):
            keys.append(expression(facet))
            continue
        column, kind, value = set_column(facet, conditions.bind)
        joins += (
            f"\nANY LEFT JOIN (SELECT set, any({value}) AS value FROM cost_sets WHERE kind = '{kind}' "  # noqa: S608 - our own words
            f"GROUP BY set) AS sets{at} ON sets{at}.set = {column}"
        )
        keys.append(f"sets{at}.value")
    return keys, joins


def _sum(metric: Metric, lines: str) -> str:
    known = metric in METRIC_COLUMNS
    return f"toString(sum(toDecimal256({summed(metric)}, 12)))" if known else f"toString({lines})"
