"""Reads bills: sums by metric, group and period, and the values that a dimension or a tag takes.

    rows = await CostReader(telemetry).costs(scope, CostQuery(start_ms, end_ms, (Metric.UNBLENDED,),
        Granularity.DAILY, (Dimension.SERVICE, Tag("team")), Where(Dimension.RECORD_TYPE, ("Usage",))))

Amounts go in and out as Decimal. A scope's accounts see their own lines, and a payer all that it pays.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.costs.conditions import Conditions, facets_of
from trimtab.costs.daily import Daily, pivot
from trimtab.costs.facets import in_daily, summed
from trimtab.costs.model import And, CostQuery, CostRow, Dimension, Facet, Filter, Granularity, Metric, Where
from trimtab.costs.periods import period_of
from trimtab.costs.read_sql import DAY_MS, HOUR, check, keys_of, statement_of, time_condition
from trimtab.costs.readers.rate_card_charges import AS_MEASURED, POWER
from trimtab.costs.tag_keys import merged
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Telemetry

_QUERIES = load_queries("trimtab.costs")
_WHOLE = 0.5
"""A day's last hour must have half as many lines as the day before's: a report that is being written ends before it."""
_LAST_PART = "arrayElement(splitByChar('/', resource_id), -1)"


class FacetValue(Struct, frozen=True):
    """A value of a dimension, tag or category, with the billed cost of its lines in one currency."""

    value: str
    currency: str
    billed: Decimal


class HourCosts(Struct, frozen=True):
    """What the 24 hours of a day (since 1970) of a resource cost in one currency, by metric: as floats, for weights."""

    resource: str
    currency: str
    day: int
    hours: Mapping[Metric, npt.NDArray[np.float64]]


class MachineTime(Struct, frozen=True):
    """How much time of a resource the lines of a day (since 1970) and one kind of use count, in `unit`.

    `hours`: of each of its 24 hours, where lines tell them apart.
    """

    resource: str
    called: str
    account: str
    region: str
    instance_type: str
    unit: str
    day: int
    quantity: float
    hours: npt.NDArray[np.float64] | None


class PowerCost(Struct, frozen=True):
    """Electricity of a resource in one currency: its cost, what of that was measured, the kilowatt-hours drawn."""

    resource: str
    currency: str
    cost: Decimal
    measured: Decimal
    kwh: Decimal


class CommitmentFacts(Struct, frozen=True):
    """A commitment's name, its type in its provider's words, and its term in years; None where no line tells it."""

    name: str
    type: str
    years: int | None


_YEARS = re.compile(r"\b([135])[\s_-]*(?:yr|years?)", re.IGNORECASE)
_MONTHS_A_YEAR = 12


def years_of(months: str, texts: Iterable[str]) -> int | None:
    """The term that lines tell: Azure's FOCUS has months (x_SkuTerm), AWS and Google say years in their texts."""
    if months.isascii() and months.isdecimal() and int(months) >= _MONTHS_A_YEAR:
        return int(months) // _MONTHS_A_YEAR
    found = {int(match[1]) for text in texts for match in _YEARS.finditer(text)}
    return found.pop() if len(found) == 1 else None


class Bounds(Struct, frozen=True):
    """Which groups matter: those that cost `least` in all, of days that differ by `swing`; `most` of them."""

    least: float
    swing: float
    most: int

    @property
    def params(self) -> dict[str, float]:
        """As the statement binds them."""
        return {"least": self.least, "swing": self.swing, "most": self.most}


class CostReader:
    """The reading side of the room."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    async def costs(self, scope: Scope, query: CostQuery) -> list[CostRow]:
        """The sums of `query`, by period, keys and currency. Raises InvalidInput, QueryAborted, Unavailable."""
        statement = statement_of(query, scope)
        found = await self._telemetry.fetch(statement.sql, statement.params)
        keys = [found[f"key{at}"] for at in range(len(query.group_by))]
        amounts = [found[f"amount{at}"] for at in range(len(query.metrics))]
        rows = []
        for at, period in enumerate(found["period"].tolist()):
            start, end = period_of(query, period * 1000)
            rows.append(
                CostRow(
                    start,
                    end,
                    tuple(str(column[at]) for column in keys),
                    str(found["currency"][at]),
                    str(found["unit"][at]),
                    int(found["line_count"][at]),
                    tuple(Decimal(str(column[at])) for column in amounts),
                )
            )
        return rows

    async def daily(self, scope: Scope, query: CostQuery) -> Daily:
        """The first metric of a DAILY `query` as arrays: for many series. Raises as `costs`."""
        statement = statement_of(query, scope)
        found = await self._telemetry.fetch(statement.sql, statement.params)
        keys = [found[f"key{at}"].tolist() for at in range(len(query.group_by))]
        days = found["period"].astype(np.int64) * 1000
        return pivot(query, days, [*keys, found["currency"].tolist()], found["amount0"].astype(np.float64))

    async def moving(self, scope: Scope, query: CostQuery, currency: str, bounds: Bounds) -> Daily:
        """The first metric of a DAILY `query`, of the groups of a currency that `bounds` let through.

        For many series: the engine adds up and chooses. Raises as `costs`.
        """
        check(query)
        conditions = Conditions()
        only = Where(Dimension.CURRENCY, (currency,))
        where = " AND ".join(
            (
                time_condition(query.start_ms, query.end_ms, conditions, hourly=False),
                conditions.scope(scope),
                conditions.of(only if query.where is None else And((query.where, only))),
            )
        )
        keys, joins = keys_of(query.group_by, conditions)
        groups = [f"toString({key})" for key in keys]
        names = [f"key{at}" for at in range(len(groups))]
        days = (query.end_ms - query.start_ms) // DAY_MS
        by_day = in_daily((*query.group_by, *facets_of(query.where)), query.metrics)
        words = {
            "keys": ", ".join(f"{group} AS {name}" for group, name in zip(groups, names, strict=True)),
            "names": ", ".join(names),
            "groups": ", ".join(groups),
            "days": str(days),
            "amount": summed(query.metrics[0]),
            "table": ("cost_daily" if by_day else "cost_lines") + joins,
            "where": where,
        }
        sql = _QUERIES["moving"]
        for name, word in words.items():
            sql = sql.replace(f"/*{name}*/", word)
        params = {**conditions.params, "first": _day(query.start_ms), **bounds.params}
        table = await self._telemetry.table(sql, params)
        amounts = table["amounts"].combine_chunks().flatten().to_numpy().reshape(-1, days)
        values = zip(*(table[name].to_pylist() for name in names), strict=True)
        return Daily(query.start_ms, [(*value, currency) for value in values], amounts)

    async def total(self, scope: Scope, start_ms: int, end_ms: int, metric: Metric) -> dict[str, Decimal]:
        """One metric over `[start_ms, end_ms)`, by currency."""
        rows = await self.costs(scope, CostQuery(start_ms, end_ms, (metric,)))
        return {row.currency: row.amounts[0] for row in rows}

    async def values(
        self,
        scope: Scope,
        start_ms: int,
        end_ms: int,
        facet: Facet,
        *,
        where: Filter | None = None,
        search: str = "",
    ) -> list[FacetValue]:
        """What `facet` is in the period, the most expensive first; `search` keeps those that contain it."""
        rows = await self.costs(scope, CostQuery(start_ms, end_ms, (Metric.BILLED,), group_by=(facet,), where=where))
        wanted = search.lower()
        found = [FacetValue(row.keys[0], row.currency, row.amounts[0]) for row in rows if wanted in row.keys[0].lower()]
        return sorted(found, key=lambda one: (-one.billed, one.value))

    async def hours_apart(self, start_ms: int, end_ms: int, where: Filter) -> list[HourCosts]:
        """What each hour of a day cost, by resource, of days (UTC) on which hours differ and are told by lines.

        Such as of a machine that a commitment covers in some hours, of spot, or that was billed for some hours only.
        Everybody's: no scope applies.
        """
        conditions = Conditions()
        parts = (time_condition(start_ms, end_ms, conditions, hourly=False), conditions.of(where))
        sql = _QUERIES["hours_apart"].replace("/*hour*/", HOUR).replace("/*where*/", " AND ".join(parts))
        table = await self._telemetry.table(sql, conditions.params)
        metrics = {Metric.UNBLENDED: "billed", Metric.AMORTIZED: "amortised", Metric.NET_AMORTIZED: "net_amortised"}
        hours = {
            metric: table[name].combine_chunks().flatten().to_numpy().reshape(-1, 24)
            for metric, name in metrics.items()
        }
        keys = zip(*(table[name].to_pylist() for name in ("resource", "currency", "day")), strict=True)
        return [
            HourCosts(resource, currency, day, {metric: values[at] for metric, values in hours.items()})
            for at, (resource, currency, day) in enumerate(keys)
        ]

    async def machine_time(
        self, start_ms: int, end_ms: int, where: Filter, types: Iterable[str], names: Iterable[str]
    ) -> list[MachineTime]:
        """How much time of machines lines of `[start_ms, end_ms)`, in whole days, count by day and kind of use.

        Of machines of some instance types, and of those that have one of `names`: as the last part of their id, or as
        the name beside it. Everybody's: no scope applies.
        """
        conditions = Conditions()
        some = [conditions.bind(sorted(one), "Array(String)") for one in (types, names)]
        parts = (
            time_condition(start_ms, end_ms, conditions, hourly=False),
            conditions.of(where),
            f"(instance_type IN {some[0]} OR resource_name IN {some[1]} OR {_LAST_PART} IN {some[1]})",
        )
        sql = _QUERIES["machine_time"].replace("/*hour*/", HOUR).replace("/*where*/", " AND ".join(parts))
        table = await self._telemetry.table(sql, conditions.params)
        hours = table["by_hour"].combine_chunks().flatten().to_numpy().reshape(-1, 24)
        return [
            MachineTime(
                row["resource"], row["called"], row["account"], row["region"], row["type"], row["unit"], row["on_day"],
                row["quantity"], hours[at] if row["apart"] else None,
            )
            for at, row in enumerate(table.drop_columns(["by_hour"]).to_pylist())
        ]  # fmt: skip

    async def power(self, scope: Scope, start_ms: int, end_ms: int) -> list[PowerCost]:
        """The electricity that rate cards tell of in `[start_ms, end_ms)`, in whole days."""
        conditions = Conditions()
        parts = (time_condition(start_ms, end_ms, conditions, hourly=False), conditions.scope(scope))
        sql = _QUERIES["power"].replace("/*where*/", " AND ".join(parts))
        params = {**conditions.params, "measured": AS_MEASURED, "service": POWER}
        rows = (await self._telemetry.table(sql, params)).to_pylist()
        return [
            PowerCost(row["resource"], row["currency"], *(Decimal(row[name]) for name in ("cost", "measured", "kwh")))
            for row in rows
        ]

    async def commitment_facts(self, scope: Scope, start_ms: int, end_ms: int) -> dict[str, CommitmentFacts]:
        """What the lines of `[start_ms, end_ms)`, in whole days, say of each commitment beside amounts, by its id."""
        conditions = Conditions()
        parts = (time_condition(start_ms, end_ms, conditions, hourly=False), conditions.scope(scope))
        sql = _QUERIES["commitments"].replace("/*where*/", " AND ".join(parts))
        rows = (await self._telemetry.table(sql, conditions.params)).to_pylist()
        return {
            row["id"]: CommitmentFacts(row["name"], row["type"], years_of(row["months"], row["texts"])) for row in rows
        }

    async def tag_keys(
        self,
        scope: Scope,
        start_ms: int,
        end_ms: int,
        *,
        categories: bool = False,
        where: Filter | None = None,
        exact: bool = False,
    ) -> list[str]:
        """The keys of tags (or the names of cost categories) on lines of `[start_ms, end_ms)`, sorted.

        Spellings of one key are one; `exact` gives every spelling.
        """
        conditions = Conditions()
        params: dict[str, Any] = {
            "kind": "categories" if categories else "tags",
            "first": _day(start_ms),
            "last": _day(end_ms - 1),
        }
        sql = _QUERIES["category_keys" if categories else "tag_keys"]
        sql = sql.replace("/*scope*/", f"{conditions.scope(scope)} AND {conditions.of(where)}")
        if not in_daily(facets_of(where), ()):
            sql = sql.replace("cost_daily", "cost_lines")
        found = await self._telemetry.fetch(sql, params | conditions.params)
        keys = [str(key) for key in found["key"]]
        return keys if categories or exact else merged(keys)

    async def extent(self) -> tuple[int, int] | None:
        """The first day with a line and the day after the last, in ms; None where no bill was imported."""
        found = await self._telemetry.fetch(_QUERIES["extent"])
        if not int(found["lines"][0]):
            return None
        return int(found["first"][0]) * DAY_MS, (int(found["last"][0]) + 1) * DAY_MS

    async def closed_until(self, now_ms: int) -> int | None:
        """The end of the last day that bills have whole; None where there is none.

        A bill of hourly lines has a day whole once its last hour is there; today is never whole.
        """
        extent = await self.extent()
        if extent is None:
            return None
        end = min(extent[1], now_ms // DAY_MS * DAY_MS)
        if end <= extent[0]:
            return end
        rows = await self.costs(EVERYTHING, CostQuery(end - 2 * DAY_MS, end, (Metric.LINES,), Granularity.HOURLY))
        last = {(row.end_ms - end) // DAY_MS: row.lines for row in rows if row.end_ms in (end - DAY_MS, end)}
        return end - DAY_MS if last.get(0, 0) < _WHOLE * last.get(-1, 0) else end


def _day(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d}"
