"""The Reserved Instance rows of `wa_labs_recommendations`: what Cost Explorer said, and what our documented rule says.

`rows(directory)` gives a line a row and figure. Hours are not given, so that the count and (where more ran than is
reserved) the utilisation are inputs; the on-demand rate is that of our catalogue and of AWS's price list for other
systems, where it has one. A figure that differs is *wrong*, unless the row contradicts itself, which is told by its own
figures, whatever our rule says:

    utilisation   of A used on average, m at least and M at most, N reserved ones are used A ÷ N where M ≤ N, and
                  between two bounds else; a figure beyond them cannot be of these hours
    saving        saving + what is paid a month, and upfront ÷ break-even + what recurs, are both what the replaced
                  hours cost on demand; where the two differ only one can hold, and ours must agree with that one

How it is paid is told by the row too: a partial upfront payment is about half (AWS), so that twelve recurring months
are about as much again. Where the upfront cost is far more, it is all upfront, and the recurring cost beside it is
that of the partial option, which is not paid.
"""

import csv
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from wa_labs_rightsizing import price_of

from trimtab.advice.purchases.documented import MONTH_HOURS, ReservationTerms, reserve
from trimtab.inventory.catalog.book import Catalog, load
from trimtab.inventory.catalog.model import InstanceType

_WRONG = Decimal("0.005")
"""Dollars, months or percentage points by which a figure may differ: half a cent."""
_SAME = Decimal("0.002")
"""The share by which two statements of one cost may differ: rates and upfront costs are rounded."""

_MOST_OF_PARTIAL = Decimal("1.5")
"""Upfront cost ÷ twelve recurring months up to which a payment is a partial one: about 1, as AWS says."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one row: `ours` is None, with the reason, where the inputs do not suffice.

    `contradiction` says why the row's own figures cannot all hold; "" where they can.
    """

    row: str
    figure: str
    theirs: Decimal
    ours: Decimal | None
    note: str = ""
    contradiction: str = ""

    @property
    def differs(self) -> bool:
        """Whether ours is another figure."""
        return self.ours is not None and abs(self.ours - self.theirs) > _WRONG

    @property
    def wrong(self) -> bool:
        """Whether it differs without a reason."""
        return self.differs and not self.contradiction

    @property
    def words(self) -> str:
        """The difference in words."""
        return "; ".join(part for part in (self.note, self.contradiction) if part)


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
    upfront, recurring = Decimal(row["upfront_usd"]), _recurring(row)
    terms = ReservationTerms(upfront / count, recurring / count)
    utilisation = _utilisation(name, row, count, told)
    if utilisation.contradiction and utilisation.ours is not None:
        told = utilisation.ours  # what the hours say; the saving may still follow from them
    by_saving = saving + upfront / 12 + recurring
    by_even = upfront / even + recurring if even else None
    apart = by_even is not None and abs(by_saving - by_even) > _SAME * by_saving
    contradiction = _apart(by_saving, by_even) if apart and by_even is not None else ""
    price = price_of(_type(row["instance_type"], catalog), row["os"], row["location"])
    if price is None:
        missing = f"no on-demand rate of {row['os']} in {row['location']}"
        again = reserve(count, told / 100, by_saving / (count * told / 100 * MONTH_HOURS), terms).break_even_months
        saved = Row(name, "saving", saving, None, missing)
        return [utilisation, saved, Row(name, "break-even", even, None if apart else again, contradiction)]
    ours = reserve(count, told / 100, price, terms)
    listed = _rates(count, told, price, by_saving, by_even)
    saved = Row(name, "saving", saving, ours.savings, listed)
    back = Row(name, "break-even", even, ours.break_even_months, listed)
    if apart and saved.differs != back.differs:  # ours agrees with one of two figures that cannot both hold
        saved, back = replace(saved, contradiction=contradiction), replace(back, contradiction=contradiction)
    return [utilisation, saved, back]


def _type(name: str, catalog: Catalog) -> InstanceType:
    return catalog.types.get(name) or InstanceType(name, 0, 0.0, "", 0.0, "", None, "the row")


def _recurring(row: dict[str, str]) -> Decimal:
    """What recurs a month of how the row is paid for: nothing where it is all upfront."""
    upfront, recurring = Decimal(row["upfront_usd"]), Decimal(row["recurring_monthly_usd"] or 0)
    return recurring if upfront < _MOST_OF_PARTIAL * 12 * recurring else Decimal(0)


def _utilisation(name: str, row: dict[str, str], count: int, told: Decimal) -> Row:
    least, mean, most = (Decimal(row[f"{one}_hourly_usage"]) for one in ("min", "avg", "max"))
    low, high = _bounds(least, mean, most, count)
    contradiction = ""
    if not low - _WRONG <= told <= high + _WRONG:
        contradiction = (
            f"the row contradicts itself: of {mean:f} used on average ({least:f} to {most:f}) "
            f"{count} reserved are used {low:.2f} to {high:.2f} %, not {told:.2f} %"
        )
    if most <= count:
        return Row(name, "utilisation", told, mean / count * 100, "", contradiction)
    note = f"more ran than is reserved and the hours are not given: {low:.2f} to {high:.2f} % are possible"
    return Row(name, "utilisation", told, None, note, contradiction)


def _bounds(least: Decimal, mean: Decimal, most: Decimal, count: int) -> tuple[Decimal, Decimal]:
    """What share of `count` can be used, in percent, of hours with such a smallest, mean and largest use."""
    high = min(Decimal(1), mean / count)
    if most <= count:
        return mean / count * 100, high * 100
    first, last = min(least, Decimal(count)), Decimal(count)
    low = first + (mean - least) / (most - least) * (last - first) if most > least else first
    return low / count * 100, high * 100


def _rates(count: int, told: Decimal, price: Decimal, by_saving: Decimal, by_even: Decimal | None) -> str:
    """The on-demand rates that the row's figures rest on, beside that of the price list."""
    hours = count * told / 100 * MONTH_HOURS
    rest = f", its break-even on {by_even / hours:.5f}" if by_even is not None else ""
    return f"its saving rests on {by_saving / hours:.5f} an hour{rest}, the price list has {price:f}"


def _apart(by_saving: Decimal, by_even: Decimal) -> str:
    return (
        f"the row contradicts itself: by its saving the replaced hours cost {by_saving:.2f} a month, "
        f"by its break-even {by_even:.2f}"
    )
