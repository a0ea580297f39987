"""Words of the backtest: what the plan of a past day would have promised, and what it came to."""

from decimal import Decimal

from msgspec import Struct

ZERO = Decimal(0)


class VerbOutcome(Struct, frozen=True):
    """What the actions of one verb promised and came to, a month."""

    verb: str
    promised: Decimal
    came: Decimal


class LeftOut(Struct, frozen=True):
    """A check that cannot be judged as of a past day (or machines that were changed since), and why."""

    name: str
    reason: str


class Backtest(Struct, frozen=True):
    """The plan of `as_of_ms`, made of what was known then, against the `days` that came after it. Money is a month.

    `promised` is that plan's total, `came` the invoice of the days that came without its set less that with it;
    commitments are applied again in both. `at_prices` is what it came to at the prices and discounts of then: the rest
    of `came` is what they changed by since, which no plan knows. `low` and `high` are what it promised for its least
    and most favourable week.
    """

    currency: str
    as_of_ms: int
    days: int
    findings: int
    promised: Decimal
    low: Decimal
    high: Decimal
    came: Decimal
    at_prices: Decimal
    verbs: tuple[VerbOutcome, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    made_ms: int = 0

    @property
    def ratio(self) -> float | None:
        """What it came to at the prices of then ÷ promised; None where nothing was promised."""
        return float(self.at_prices / self.promised) if self.promised else None
