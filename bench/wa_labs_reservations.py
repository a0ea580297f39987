"""The Reserved Instance rows of `wa_labs_recommendations`: what Cost Explorer said, and what our documented rule says.

`rows(directory)` gives a line a row and figure that the row's inputs suffice for. The row's hourly use is not given,
so that its count and (where more ran than is reserved) its utilisation are inputs; the on-demand rate comes from our
catalogue, where it has one.
"""

import csv
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from trimtab.advice.purchases.documented import ReservationTerms, reserve
from trimtab.inventory.catalog.book import Catalog, load

_REGIONS = {"US East (N. Virginia)": "us-east-1", "EU (London)": "eu-west-2"}
_WRONG = Decimal("0.005")
"""Dollars, months or percentage points by which a figure may differ: half a cent."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one row: `ours` is None, with the reason, where the inputs do not suffice."""

    row: str
    figure: str
    theirs: Decimal
    ours: Decimal | None
    note: str = ""

    @property
    def wrong(self) -> bool:
        """Whether it differs without a reason."""
        return self.ours is not None and abs(self.ours - self.theirs) > _WRONG


def rows(directory: Path) -> list[Row]:
    """The figures of every RI row of the folder."""
    catalog = load()
    found = []
    for path in sorted(directory.glob("ec2_ri_recommendations*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), 1):
                found += _row(f"{path.name} {number} {row['instance_type']}", row, catalog)
    return found


def _row(name: str, row: dict[str, str], catalog: Catalog) -> list[Row]:
    count = int(row["recommended_quantity"])
    told = Decimal(row["projected_ri_utilization_pct"])
    saving, even = Decimal(row["estimated_monthly_savings_usd"]), Decimal(row["break_even_months"])
    upfront = Decimal(row["upfront_usd"])
    found = []
    if Decimal(row["max_hourly_usage"]) <= count:
        ours = Decimal(row["avg_hourly_usage"]) / count * 100
        found.append(Row(name, "utilisation", told, ours))
    else:
        found.append(Row(name, "utilisation", told, None, "more ran than is reserved and the hours are not given"))
    region = _REGIONS.get(row["location"], "")
    price = catalog.price(row["instance_type"], 0, region) if row["os"] == "Linux/UNIX" and region else None
    terms = ReservationTerms(upfront / count)
    if price is None or price.region != region:
        found.append(Row(name, "saving", saving, None, f"no on-demand rate of {row['os']} in {row['location']}"))
    else:
        found.append(Row(name, "saving", saving, reserve(count, told / 100, price.per_hour, terms).savings))
    hourly = (saving + upfront / 12) / (count * told / 100 * 730)  # the rate that their own saving rests on
    again = reserve(count, told / 100, hourly, terms).break_even_months
    close = again is not None and abs(again - even) <= _WRONG
    why = "" if close else "their break-even months do not follow from their own saving and upfront cost"
    found.append(Row(name, "break-even", even, again if close else None, why))
    return found
