"""The plans of all currencies as one, in the presentation currency: each converted by the rate of the day it was made.

The total is the sum of the plans' totals as they are shown, in whole coins; a currency without a rate is left out of it
and named.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from trimtab.advice.plan.model import ZERO, Plan
from trimtab.base.clock import to_datetime
from trimtab.costs.currencies.convert import RateBook, rounded, to_digits

_RATE_DIGITS = 6


class PlanPart(Struct, frozen=True):
    """One currency's plan: its own total, and what that comes to; `rate` of one unit and its day, None for its own.

    `low` and `high` are the converted totals of the least and the most favourable week, `billed` the invoice a month.
    """

    currency: str
    original: Decimal
    total: Decimal
    low: Decimal
    high: Decimal
    billed: Decimal
    rate: Decimal | None
    day: date | None
    sources: tuple[str, ...]


class PlansTogether(Struct, frozen=True):
    """All plans in one currency; `missing` says by currency why its plan is left out."""

    currency: str
    parts: tuple[PlanPart, ...]
    missing: Mapping[str, str]

    def sum(self, name: str) -> Decimal:
        """The parts' `total`, `low`, `high` or `billed` added up."""
        return sum((getattr(one, name) for one in self.parts), ZERO)


def together(plans: Sequence[Plan], to: str, book: RateBook) -> PlansTogether | None:
    """The plans in a currency; None where there is nothing to convert."""
    if {one.currency for one in plans} <= {to}:
        return None
    parts, missing = [], {}
    for plan in plans:
        worth = book.worth(plan.currency, to, to_datetime(plan.made_ms).date())
        if isinstance(worth, str):
            missing[plan.currency] = worth
            continue
        own = plan.currency == to
        amounts = (plan.total, plan.low, plan.high, plan.billed)
        total, low, high, billed = (rounded(Fraction(one) * worth.factor, to) for one in amounts)
        parts.append(
            PlanPart(
                currency=plan.currency, original=plan.total, total=total, low=low, high=high, billed=billed,
                rate=None if own else to_digits(worth.factor, _RATE_DIGITS), day=worth.day, sources=worth.sources,
            )
        )  # fmt: skip
    return PlansTogether(to, tuple(parts), missing)
