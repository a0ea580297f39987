"""Small bills as text, and what the room answers of them."""

import csv
import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.unit.costs.conftest import Room, run

from trimtab.access.scope import Scope
from trimtab.costs.model import CostQuery, Facet, Filter, Granularity, Metric

Row = Mapping[str, str]

CUR2 = {
    "bill_payer_account_id": "100000000001",
    "bill_billing_period_start_date": "2026-08-01T00:00:00.000Z",
    "bill_billing_period_end_date": "2026-09-01T00:00:00.000Z",
    "line_item_line_item_type": "Usage",
    "line_item_usage_account_id": "200000000002",
    "line_item_usage_start_date": "2026-08-03T05:00:00.000Z",
    "line_item_usage_end_date": "2026-08-03T06:00:00.000Z",
    "line_item_product_code": "AmazonEC2",
    "line_item_usage_type": "BoxUsage:p5.48xlarge",
    "line_item_currency_code": "USD",
    "line_item_usage_amount": "1",
    "line_item_unblended_cost": "0",
}
"""A line of CUR 2.0 that costs nothing."""

FOCUS = {
    "BillingAccountId": "payer-1",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-08-01T00:00:00Z",
    "BillingPeriodEnd": "2026-09-01T00:00:00Z",
    "ChargePeriodStart": "2026-08-03T05:00:00Z",
    "ChargePeriodEnd": "2026-08-03T06:00:00Z",
    "ChargeCategory": "Usage",
    "ServiceName": "Compute",
    "BilledCost": "0",
    "EffectiveCost": "0",
    "Tags": "{}",
}
"""A line of FOCUS that costs nothing."""


def table(base: Row, *rows: Row, delimiter: str = ",") -> str:
    """A CSV of `rows`, each over `base`."""
    names = list(dict.fromkeys([*base, *(name for row in rows for name in row)]))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows({**base, **row} for row in rows)
    return out.getvalue()


def sums(room: Room, *facets: Facet, metric: Metric = Metric.BILLED, where: Filter | None = None) -> dict[Any, Decimal]:
    """One metric over everything, by one facet (keys are its values) or several (keys are tuples)."""
    extent = run(room.reader.extent())
    assert extent is not None
    query = CostQuery(*extent, (metric,), Granularity.TOTAL, facets, where)
    rows = run(room.reader.costs(Scope(), query))
    return {row.keys if len(facets) != 1 else row.keys[0]: row.amounts[0] for row in rows}


def one(room: Room, *metrics: Metric) -> tuple[Decimal, ...]:
    """Metrics over everything that is held."""
    extent = run(room.reader.extent())
    assert extent is not None
    rows = run(room.reader.costs(Scope(), CostQuery(*extent, metrics)))
    assert 1 == len(rows)
    return rows[0].amounts
