"""`costs`: the bill's lines with FOCUS columns, exact; sums by day where these know every field that is looked at."""

from collections.abc import Mapping

from trimtab.access.principal import Role
from trimtab.costs.conditions import Conditions
from trimtab.costs.read_sql import HOUR, time_condition
from trimtab.reports.datasets.field import Field, integer, labels, money, number, text, time
from trimtab.reports.datasets.source import Relation, Source, Window
from trimtab.reports.datasets.sources.times import days_of
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema_costs import DAILY_NAMES, SUMS

DAY_MS = 86_400_000
_QUERIES = load_queries("trimtab.reports.datasets.sources")
_BARE = "if(startsWith(resource_id, 'arn:'), splitByRegexp('[/:]', resource_id)[-1], resource_id)"
_NAMES: Mapping[str, tuple[str, str]] = {
    "account": ("sub_account_id", "Account that used it."),
    "region": ("region_id", "Region."),
    "payer": ("billing_account_id", "Account that pays."),
    "service": ("service_name", "Service."),
    "currency": ("billing_currency", "Currency of every amount."),
    **{
        name: (name, f"FOCUS or AWS column {name}.")
        for name in DAILY_NAMES
        if name not in ("sub_account_id", "region_id", "billing_account_id", "service_name", "billing_currency")
    },
}
_LINE_NAMES: Mapping[str, tuple[str, str]] = {
    "account_name": ("sub_account_name", "Name of the account."),
    "resource_id": (_BARE, "Resource by its own id, as in the inventory."),
    "resource_billed": ("resource_id", "Resource as the bill writes it."),
    "resource_name": ("resource_name", "Name of the resource."),
    "resource_type": ("resource_type", "Type of the resource."),
    "charge_description": ("charge_description", "What the line says."),
    "sku_id": ("sku_id", "SKU."),
    "invoice_id": ("invoice_id", "Invoice."),
    "pricing_category": ("pricing_category", "On demand, committed, dynamic …"),
}
_MONEY = tuple(name for name in SUMS if name.endswith("_cost"))
_QUANTITIES = tuple(name for name in SUMS if not name.endswith("_cost"))
_LINE_ONLY = frozenset((*_LINE_NAMES, "time", "hour", "period_end", "tags", "cost_categories", "split_cost"))
FIELDS: tuple[Field, ...] = (
    time("day", "Day of the charge, within its billing period."),
    *(text(name, says) for name, (_, says) in _NAMES.items()),
    *(money(name, f"FOCUS or AWS column {name}.") for name in _MONEY),
    *(number(name, f"FOCUS or AWS column {name}.") for name in _QUANTITIES),
    integer("lines", "Lines of the bill."),
    time("time", "Beginning of the charge."),
    time("hour", "Hour of the charge."),
    time("period_end", "End of the charge."),
    *(text(name, says) for name, (_, says) in _LINE_NAMES.items()),
    money("split_cost", "A container's share of its machine's cost; beside the bill, not in it."),
    labels("tags", "Tags on the line."),
    labels("cost_categories", "Cost categories on the line."),
)
_COLUMNS: Mapping[str, str] = {
    "day": "toDateTime(day, 'UTC')",
    **{name: sql for name, (sql, _) in {**_NAMES, **_LINE_NAMES}.items()},
    **{name: name for name in (*_MONEY, *_QUANTITIES)},
    "time": "charge_period_start",
    "hour": HOUR,
    "period_end": "charge_period_end",
    "split_cost": "split_cost",
    "tags": "tags",
    "cost_categories": "cost_categories",
}


def costs(telemetry: Telemetry) -> Source:
    """The source over a store."""

    async def read(window: Window) -> Relation:
        daily = not window.wanted & _LINE_ONLY
        conditions = Conditions()
        first, last = days_of(window.start_ms, window.end_ms)
        where = (time_condition(first, last, conditions, hourly=False), conditions.scope(window.scope))
        sql = _QUERIES["costs"].replace("/*table*/", "cost_daily" if daily else "cost_lines")
        columns = {**_COLUMNS, "lines": "lines" if daily else "1"}
        found = await telemetry.fetch(_QUERIES["bill_extent"])
        until = (int(found["last"][0]) + 1) * DAY_MS if int(found["lines"][0]) else None
        return Relation(sql.replace("/*and*/", " AND ".join(where)), columns, conditions.params, until)

    return Source("costs", "Costs", "a line of a bill (or all equal lines of a day)", FIELDS, read, Role.FINANCE)
