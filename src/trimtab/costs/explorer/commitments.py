"""Reservations and Savings Plans: how much of what was committed was used, how much of the usage they covered, and the
effective savings rate. Pure: sums of the bill in, answers out; what cannot be said is None.

`CommitmentUse`, of one commitment in one period:
    total       what the commitment cost in the period, upfront part included (amortised)
    used        the part of it that usage took
    recurring   the part that was billed in the period; the rest was paid upfront
    on_demand   what the covered usage would have cost at public on-demand rates
    covered     what it cost at the commitment's rates
    hours, unused_hours    of reservations, in hours of the reserved size

Effective savings rate (FinOps Foundation): (on-demand equivalent − what was paid, unused commitments included) ÷
on-demand equivalent, over usage that commitments can cover.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal

from msgspec import Struct, field
from msgspec.structs import fields

ZERO = Decimal(0)
_DIGIT = Decimal(1).scaleb(-12)
_WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)


class CommitmentUse(Struct, frozen=True):
    """What one or several commitments cost and covered, in one currency."""

    total: Decimal = ZERO
    used: Decimal = ZERO
    recurring: Decimal = ZERO
    on_demand: Decimal = ZERO
    covered: Decimal = ZERO
    hours: Decimal = ZERO
    unused_hours: Decimal = ZERO

    def plus(self, other: "CommitmentUse") -> "CommitmentUse":
        """Both together."""
        return CommitmentUse(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def part(self, days: int, of: int) -> "CommitmentUse":
        """The share of `days` out of `of`: a month's fee, of which a bill has one line, over its days."""
        if days == of:
            return self
        scaled = (_WIDE.divide(_WIDE.multiply(getattr(self, one.name), Decimal(days)), of) for one in fields(self))
        return CommitmentUse(*(_WIDE.quantize(amount, _DIGIT) for amount in scaled))

    @property
    def unused(self) -> Decimal:
        """What was paid for and not used."""
        return self.total - self.used

    @property
    def upfront(self) -> Decimal:
        """The part of the cost that was paid before."""
        return self.total - self.recurring

    @property
    def used_hours(self) -> Decimal:
        """Reserved hours that ran."""
        return self.hours - self.unused_hours

    @property
    def utilization(self) -> Decimal | None:
        """Share of the commitment that was used, 0 to 1: by hours where they are known, else by cost."""
        return share(self.used_hours, self.hours) if self.hours else share(self.used, self.total)

    @property
    def net_savings(self) -> Decimal:
        """What on-demand would have cost more, everything that was committed to deducted."""
        return self.on_demand - self.total

    @property
    def potential_savings(self) -> Decimal | None:
        """The savings at full use."""
        rate = self.utilization
        return None if not rate else _WIDE.quantize(_WIDE.divide(self.on_demand, rate), _DIGIT) - self.total


class HourCoverage(Struct, frozen=True):
    """Instance hours that could run under a reservation: with one, and on demand. `units` are normalised."""

    reserved: Decimal = ZERO
    on_demand: Decimal = ZERO
    reserved_units: Decimal = ZERO
    on_demand_units: Decimal = ZERO
    on_demand_cost: Decimal = ZERO

    def plus(self, other: "HourCoverage") -> "HourCoverage":
        """Both together."""
        return HourCoverage(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def total(self) -> Decimal:
        """All of them."""
        return self.reserved + self.on_demand

    @property
    def share(self) -> Decimal | None:
        """The reserved share, 0 to 1."""
        return share(self.reserved, self.total)

    @property
    def units_share(self) -> Decimal | None:
        """The reserved share of normalised units."""
        return share(self.reserved_units, self.reserved_units + self.on_demand_units)


class SpendCoverage(Struct, frozen=True):
    """Spend that Savings Plans could cover, at on-demand rates: covered, and not."""

    covered: Decimal = ZERO
    on_demand: Decimal = ZERO

    def plus(self, other: "SpendCoverage") -> "SpendCoverage":
        """Both together."""
        return SpendCoverage(self.covered + other.covered, self.on_demand + other.on_demand)

    @property
    def total(self) -> Decimal:
        """All of it."""
        return self.covered + self.on_demand

    @property
    def share(self) -> Decimal | None:
        """The covered share, 0 to 1."""
        return share(self.covered, self.total)


class SavingsRate(Struct, frozen=True):
    """On-demand equivalent of usage that commitments can cover, and what was paid for it.

    `unused` is the part of `paid` that is for commitments that nothing used.
    """

    on_demand: Decimal = ZERO
    paid: Decimal = ZERO
    unused: Decimal = ZERO

    def plus(self, other: "SavingsRate") -> "SavingsRate":
        """Both together."""
        return SavingsRate(self.on_demand + other.on_demand, self.paid + other.paid, self.unused + other.unused)

    @property
    def savings(self) -> Decimal:
        """What was realised; negative where commitments cost more than they saved."""
        return self.on_demand - self.paid

    @property
    def rate(self) -> Decimal | None:
        """The effective savings rate; None where nothing could be covered."""
        return share(self.savings, self.on_demand)


class ProviderUse(Struct, frozen=True):
    """What the commitments of one provider did for its own eligible use, in one currency.

    `coverage` is of use at list prices, `use` what the commitments cost and how much of that was used, `rate` what all
    eligible use cost in the end.
    """

    coverage: SpendCoverage = field(default_factory=SpendCoverage)
    use: CommitmentUse = field(default_factory=CommitmentUse)
    rate: SavingsRate = field(default_factory=SavingsRate)

    @property
    def utilization(self) -> Decimal | None:
        """Share of what commitments cost that was used, 0 to 1, by cost: hours of several kinds do not add up."""
        return share(self.use.used, self.use.total)


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """`part / whole` to 12 digits; None where there is no whole."""
    return None if whole <= 0 else _WIDE.quantize(_WIDE.divide(part, whole), _DIGIT)


def total_use(several: Iterable[CommitmentUse]) -> CommitmentUse:
    """All of them together."""
    found = CommitmentUse()
    for one in several:
        found = found.plus(one)
    return found
