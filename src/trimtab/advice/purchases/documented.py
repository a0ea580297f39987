"""AWS's own rules for what to commit to, as documented for Cost Explorer: what Cost Explorer's operations answer, and
the baseline that a plan of ours is shown beside. They look at the past alone.

    Savings Plans   what would cover each hour of the lookback is a candidate; each is simulated; the best is advised
    reservations    every count up to the most that ran is simulated over on-demand hours; the best is advised
"""

from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.advice.purchases.apply import order
from trimtab.advice.purchases.model import NANO, Floats, Ints, Plan, UseLine

MONTH_HOURS = 730
_MOST_CANDIDATES = 2_000


class Commitment(Struct, frozen=True):
    """What a rule advises to commit to, dollars an hour, over the hours that were looked at.

    `on_demand` is what the eligible use cost on demand, an hour on average; `covered` the part that the commitment
    would have covered; `used` how much of it would have been used. `rates`: smallest, mean and largest hour on demand.
    """

    hourly: float
    on_demand: float
    covered: float
    used: float
    rates: tuple[float, float, float]

    @property
    def savings(self) -> float:
        """Dollars an hour saved on average; negative where it costs more than it covers."""
        return self.covered - self.hourly

    @property
    def utilisation(self) -> float:
        """Share of the commitment that would have been used."""
        return self.used / self.hourly if self.hourly else 0.0


def best_commitment(lines: tuple[UseLine, ...], left: Ints, plan: Plan, *, sharing: bool = True) -> Commitment:
    """The best of the candidates for a plan of such shares over use that nothing covers yet (`left`, nano-dollars)."""
    places = order(lines, plan, sharing=sharing)
    value = left[places].astype(np.float64) / NANO
    price = value * np.asarray(plan.shares)[places][:, None]
    whole = value.sum(axis=0)
    rates = (float(whole.min()), float(whole.mean()), float(whole.max())) if whole.size else (0.0, 0.0, 0.0)
    best = Commitment(0.0, rates[1], 0.0, 0.0, rates)
    before = np.cumsum(price, axis=0) - price
    for candidate in _candidates(price.sum(axis=0)):
        pays = np.clip(candidate - before, 0.0, price)
        with np.errstate(invalid="ignore", divide="ignore"):
            covered = np.where(price > 0, value * pays / price, 0.0)
        found = Commitment(
            candidate, rates[1], float(covered.sum(axis=0).mean()), float(pays.sum(axis=0).mean()), rates
        )
        if found.savings > best.savings + 1e-12:
            best = found
    return best


def _candidates(hours: Floats) -> Floats:
    """What would cover each hour, in the tenths of a cent that a plan can be bought in; of very many the quantiles."""
    found = np.unique(np.floor(hours[hours > 0] * 1000) / 1000)
    if len(found) > _MOST_CANDIDATES:
        found = np.unique(np.floor(np.quantile(hours, np.linspace(0, 1, _MOST_CANDIDATES)) * 1000) / 1000)
    return found


class ReservationTerms(Struct, frozen=True):
    """What one reserved machine costs: once, and every month; `months` is the term."""

    upfront: Decimal
    monthly: Decimal = Decimal(0)
    months: int = 12

    @property
    def a_month(self) -> Decimal:
        """All of it, a month."""
        return self.upfront / self.months + self.monthly


class ReservationAdvice(Struct, frozen=True):
    """`count` machines to reserve and what follows, dollars a month. `break_even_months`: None where it never is.

    `utilisation` of the reserved hours, 0 to 1. The months until what was paid upfront is saved again, as Cost Explorer
    has it: upfront ÷ (saving + upfront ÷ months).
    """

    count: int
    utilisation: Decimal
    upfront: Decimal
    monthly: Decimal
    on_demand: Decimal
    savings: Decimal
    break_even_months: Decimal | None


def reserve(count: int, utilisation: Decimal, on_demand: Decimal, terms: ReservationTerms) -> ReservationAdvice:
    """What `count` reserved machines, used to `utilisation`, save against an hourly `on_demand` rate."""
    replaced = on_demand * count * utilisation * MONTH_HOURS
    upfront = terms.upfront * count
    savings = replaced - terms.a_month * count
    back = savings + upfront / terms.months
    even = upfront / back if back > 0 and savings > 0 else None
    return ReservationAdvice(count, utilisation, upfront, terms.monthly * count, replaced, savings, even)


def best_count(running: Floats, on_demand: Decimal, terms: ReservationTerms) -> ReservationAdvice:
    """The best count for machines that ran `running[hour]` on demand; count 0 where nothing saves."""
    nothing = reserve(0, Decimal(0), on_demand, terms)
    if not running.size or running.max() <= 0:
        return nothing
    counts = np.arange(1, int(np.ceil(running.max())) + 1)
    ordered = np.sort(running)
    below = np.searchsorted(ordered, counts, side="right")  # hours in which fewer ran than are reserved
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    used = (sums[below] + counts * (ordered.size - below)) / ordered.size  # of the reserved ones, an hour on average
    savings = used * float(on_demand) * MONTH_HOURS - counts * float(terms.a_month)
    count = int(counts[np.argmax(savings)])
    share = Decimal(str(round(float(np.minimum(running, count).mean()) / count, 12)))
    best = reserve(count, share, on_demand, terms)
    return best if best.savings > 0 else nothing
