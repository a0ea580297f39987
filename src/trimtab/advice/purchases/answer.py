"""A plan as it is kept and shown: what to buy, what that promises in each outcome, and what is held already.

Money is dollars (or the bill's currency), a month of 730 hours where nothing else is said; times are UTC ms.
"""

from decimal import Decimal

from msgspec import Struct, field

from trimtab.advice.purchases.apply import Figures
from trimtab.advice.purchases.model import AWS, AWS_KINDS, Payment, PlanKind


class Wanted(Struct, frozen=True):
    """What a plan may buy, and over what it is made.

    `days` of the bill are looked at, `months` ahead planned for. `caution` 0 to 1 weighs the low outcome more;
    `capital` is what money costs a year, as a share; `decline` by which share use falls a year beyond the first.
    `most_expiring`: the share of what is bought that may end in one calendar month; under 1 purchases are spread over
    several months. `tranches` spreads them over so many dates instead, `tranche_days` apart, an equal part each.
    `spot`: the share of on-demand instance use that may be interrupted. `owner`: the account that buys; "" is the one
    that holds most. `rightsizing`: over the use that the other actions of the plan leave. `currency`: which part
    of the bill; needed where it has several. `provider`: whose commitments; `kinds` are AWS's.
    """

    days: int = 60
    months: int = 12
    kinds: tuple[PlanKind, ...] = AWS_KINDS
    years: tuple[int, ...] = (1,)
    payments: tuple[Payment, ...] = (Payment.NO_UPFRONT,)
    caution: float = 0.0
    capital: float = 0.0
    decline: float = 0.15
    tranches: int = 1
    tranche_days: int = 90
    spot: float = 0.0
    owner: str = ""
    sharing: bool = True
    rightsizing: bool = True
    most_expiring: float = 1.0
    currency: str = ""
    provider: str = AWS

    @property
    def may_buy(self) -> tuple[PlanKind, ...]:
        """The plans that may be bought of its provider."""
        if self.provider == AWS:
            return tuple(one for one in self.kinds if one.provider == AWS)
        return tuple(one for one in PlanKind if one.provider == self.provider)


class Spread(Struct, frozen=True):
    """The share of a commitment used: its mean, and the hours of the 5th and 50th percentile."""

    mean: float
    low: float
    median: float


class Bought(Struct, frozen=True):
    """Something to buy. `hourly` is what it costs an hour; `amount` the commitment, or how many machines.

    `value` is the on-demand value that it covers in a month that it is in force, in the expected outcome, `saving`
    that less its cost. One that starts later is queued.
    `used` and `break_even_ms` by outcome: the day after which nothing would be lost even if use stopped; None where
    that never comes. `basis` and `source` say where the rates are from.
    """

    kind: str
    id: str
    owner: str
    scope: str
    years: int
    payment: str
    amount: Decimal
    hourly: Decimal
    upfront: Decimal
    start_ms: int
    end_ms: int
    value: float
    saving: float
    used: dict[str, Spread]
    break_even_ms: dict[str, int | None]
    basis: str
    source: str
    command: str


class Result(Struct, frozen=True):
    """One outcome: before and after, and what is saved a month."""

    before: Figures
    after: Figures
    saving: float


class Held(Struct, frozen=True):
    """A commitment that exists. `used` over the days looked at; `unused` is what its idle part costs a month.

    `ahead` is its use in the expected outcome until it ends, None where it has ended. One that was not in force in the
    days looked at (`seen` false) is judged by what is ahead.
    """

    id: str
    kind: str
    owner: str
    scope: str
    amount: Decimal
    hourly: Decimal
    start_ms: int | None
    end_ms: int | None
    used: float
    unused: float
    ahead: float | None = None
    seen: bool = True


class Expiry(Struct, frozen=True):
    """What ends in a calendar month (`2027-03`), dollars an hour; `share` is that of all that is bought."""

    month: str
    held: float
    bought: float
    share: float


class Stack(Struct, frozen=True):
    """Use at on-demand rates, dollars an hour, by how it is paid for: one row of `values` a label.

    `after` is the plan as of `on_ms`, when every purchase has begun; 0: as of now.
    """

    at_ms: tuple[int, ...]
    labels: tuple[str, ...]
    before: tuple[tuple[float, ...], ...]
    after: tuple[tuple[float, ...], ...]
    on_ms: int = 0


class Rule(Struct, frozen=True):
    """AWS's documented rule for one kind of plan, over the days looked at."""

    kind: PlanKind
    scope: str
    hourly: float
    saving: float
    utilisation: float


class Proof(Struct, frozen=True):
    """The plan that would have been made `days` before the bill ends, applied to those days.

    `promised` for a month, `low` in the low outcome, `came` what those days would have saved (scaled to a month);
    `savings_rate` of those days before and after, spot included.
    """

    days: int
    promised: float
    low: float
    came: float
    before: float
    after: float


class Answer(Struct, frozen=True):
    """A plan. `spot_saving` a month, of use that was asked to move to spot; `notes` what limits it."""

    made_ms: int
    currency: str
    start_ms: int
    end_ms: int
    forecast_error: float | None
    outcomes: dict[str, Result]
    bought: tuple[Bought, ...]
    held: tuple[Held, ...]
    stack: Stack
    documented: tuple[Rule, ...]
    proof: Proof | None
    how: str
    spot_saving: float = 0.0
    notes: tuple[str, ...] = field(default_factory=tuple)
    expiries: tuple[Expiry, ...] = field(default_factory=tuple)
    provider: str = AWS
