"""Sums of a bill in the fine grain that allocation rules look at: by dimensions and by the tags that rules name.

Of the tags of a line only those that are asked for count, so that a tag of its own on every resource makes no more
cells. Keys of tags are compared without case; they come back as the bill writes them.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.costs.conditions import Conditions, facets_of
from trimtab.costs.facets import METRIC_COLUMNS, expression, in_daily, summed
from trimtab.costs.model import Dimension, Filter, Granularity, Metric
from trimtab.costs.read_sql import DAY_MS, PERIODS, time_condition
from trimtab.store.telemetry.client import Telemetry

MOST_CELLS = 2_000_000
"""A finer grain would not fit a process; rules that ask for it are told so."""


class CellQuery(Struct, frozen=True):
    """What to add up. `billing_month` (YYYYMM) takes exactly what that month was billed, whatever its days.

    Without one, lines of `[start_ms, end_ms)` count, in whole days (hours where HOURLY). `tags` are keys in lower case,
    `categories` names of the bill's own cost categories. `top` keeps that many cells, the largest in the first metric.
    """

    metrics: tuple[Metric, ...]
    dimensions: tuple[Dimension, ...] = ()
    tags: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    billing_month: int = 0
    start_ms: int = 0
    end_ms: int = 0
    granularity: Granularity = Granularity.MONTHLY
    where: Filter | None = None
    top: int = 0


class Cell(Struct, frozen=True):
    """One sum. `period_ms` is the start of its period; `units` those of the usage in it."""

    period_ms: int
    dimensions: tuple[str, ...]
    tags: Mapping[str, str]
    categories: Mapping[str, str]
    currency: str
    units: frozenset[str]
    lines: int
    amounts: tuple[Decimal, ...]


class CellReader:
    """Reads cells."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    async def cells(self, scope: Scope, query: CellQuery) -> list[Cell]:
        """The cells of `query`, in no order. Raises InvalidInput where they are too many, QueryAborted, Unavailable."""
        sql, params = _statement(query, scope)
        found = await self._telemetry.fetch(sql, params)
        periods = found["period"].tolist()
        if len(periods) > MOST_CELLS:
            raise InvalidInput(
                f"cannot allocate: the rules divide the bill into more than {MOST_CELLS} cells; look at fewer "
                "dimensions, or at a shorter time"
            )
        keys = [found[f"key{at}"].tolist() for at in range(len(query.dimensions))]
        tags, categories = found["tags"].tolist(), found["categories"].tolist()
        currencies, units, lines = found["currency"].tolist(), found["units"].tolist(), found["line_count"].tolist()
        amounts = [found[f"amount{at}"].tolist() for at in range(len(query.metrics))]
        return [
            Cell(
                int(period) * 1000,
                tuple(column[at] for column in keys),
                _pairs(tags[at]),
                _pairs(categories[at]),
                currencies[at],
                frozenset(units[at].split("\n")) if units[at] else frozenset(),
                int(lines[at]),
                tuple(Decimal(column[at]) for column in amounts),
            )
            for at, period in enumerate(periods)
        ]


@lru_cache(maxsize=65_536)
def _pairs(text: str) -> Mapping[str, str]:
    found: dict[str, str] = json.loads(text)
    return found


def _statement(query: CellQuery, scope: Scope) -> tuple[str, dict[str, Any]]:
    conditions = Conditions()
    hourly = query.granularity is Granularity.HOURLY
    daily = not hourly and in_daily((*query.dimensions, *facets_of(query.where)), query.metrics)
    tags, tag_join = _set("tags", "tag_set", conditions, query.tags, fold=True)
    categories, category_join = _set("categories", "category_set", conditions, query.categories, fold=False)
    table, lines = ("cost_daily", "sum(lines)") if daily else ("cost_lines", "count()")
    keys = [f"toString({expression(one)}) AS key{at}" for at, one in enumerate(query.dimensions)]
    where = " AND ".join((_time(query, conditions), conditions.scope(scope), conditions.of(query.where)))
    sums = [
        f"toString(sum(toDecimal256({summed(metric)}, 12))) AS amount{at}"
        if metric in METRIC_COLUMNS
        else f"toString({lines}) AS amount{at}"
        for at, metric in enumerate(query.metrics)
    ]
    columns = [
        f"{PERIODS[query.granularity]} AS period",
        *keys,
        f"{tags} AS tags",
        f"{categories} AS categories",
        "toString(billing_currency) AS currency",
        "arrayStringConcat(groupUniqArrayIf(toString(consumed_unit), consumed_quantity != 0), '\\n') AS units",
        f"toUInt64({lines}) AS line_count",
        *sums,
    ]
    groups = ", ".join(("period", *(f"key{at}" for at in range(len(keys))), "tags", "categories", "currency"))
    sql = (
        f"SELECT {', '.join(columns)}\nFROM {table}{tag_join}{category_join}\nWHERE {where}\nGROUP BY {groups}"
        + (f"\nORDER BY abs(toDecimal256(amount0, 12)) DESC, {groups}\nLIMIT {query.top}" if query.top else "")
        + (f"\nLIMIT {MOST_CELLS + 1}" if not query.top else "")
    )
    return sql, conditions.params


def _time(query: CellQuery, conditions: Conditions) -> str:
    if query.billing_month:
        return f"month = {conditions.bind(query.billing_month, 'UInt32')}"
    step = 3_600_000 if query.granularity is Granularity.HOURLY else DAY_MS
    if query.start_ms % step or query.end_ms % step or query.end_ms <= query.start_ms:
        raise InvalidInput(
            f"cannot sum costs: got {query.start_ms} to {query.end_ms}; expected whole UTC days, in order"
        )
    return time_condition(query.start_ms, query.end_ms, conditions, hourly=query.granularity is Granularity.HOURLY)


def _set(kind: str, column: str, conditions: Conditions, keys: frozenset[str], *, fold: bool) -> tuple[str, str]:
    """The JSON of the wanted pairs of a line's set, and the join that brings them."""
    if not keys:
        return "'{}'", ""
    bound = conditions.bind(sorted(keys), "Array(String)")
    key = "lowerUTF8(toString(k))" if fold else "toString(k)"
    join = (
        f"\nANY LEFT JOIN (SELECT set, toJSONString(mapSort(mapFilter((k, v) -> v != '' AND has({bound}, {key}), "  # noqa: S608 - our own words and bound values
        f"any(pairs)))) AS value FROM cost_sets WHERE kind = '{kind}' GROUP BY set) AS {kind}_of "
        f"ON {kind}_of.set = {column}"
    )
    return f"if({kind}_of.value = '', '{{}}', {kind}_of.value)", join
