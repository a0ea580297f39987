"""Words of planning a batch job: the work, what machines do of it, and the ways to buy them."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.capacity.spot.model import Availability

ON_DEMAND, SPOT = "on demand", "spot"


class Capacity(Struct, frozen=True):
    """How many spot machines were to be had: `counts[zone, tick]`, in ticks of `gap_h` hours.

    Records that say but 0 and 1 speak of all the machines of a job together.
    """

    zones: tuple[str, ...]
    gap_h: float
    counts: npt.NDArray[np.int64]

    @property
    def hours(self) -> float:
        """How long it is."""
        return float(self.counts.shape[1] * self.gap_h)

    def of(self, machines: int) -> Availability:
        """Where so many were to be had at once."""
        wanted = machines if self.counts.max(initial=0) > 1 else 1
        return Availability(self.zones, self.gap_h, (self.counts >= wanted).astype(np.uint8))


class Work(Struct, frozen=True):
    """What is to be done, and within what: hours from now, and an amount of money.

    `most` machines at once; `delay_h` is what the start of one takes before it works.
    """

    records: float
    deadline_h: float | None = None
    budget: Decimal | None = None
    most: int = 64
    delay_h: float = 0.05


class Machine(Struct, frozen=True):
    """What a type does: records per second of one, what an hour of it costs, and how that is known.

    `spot_per_hour` None: no price of spot is known. `available` is where its spot capacity was to be had.
    """

    type: str
    records_per_s: float
    per_hour: Decimal
    currency: str
    rate_basis: str
    price_basis: str
    spot_per_hour: Decimal | None = None
    spot_basis: str = ""
    available: Capacity | None = None


class Option(Struct, frozen=True):
    """So many machines of a type, bought in one way: hours to the end and cost, on average and at worst.

    Of spot `late` is the share of replayed starts that missed the deadline, `starts` how many there were, `rule` the
    rule that moves between spot and on demand, and `by_rule` what others would have cost.
    """

    type: str
    count: int
    purchase: str
    hours: float
    worst_hours: float
    cost: Decimal
    worst_cost: Decimal
    currency: str
    fits_deadline: bool
    fits_budget: bool
    rule: str = ""
    late: float = 0.0
    starts: int = 0
    by_rule: dict[str, Decimal] = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Whether it meets both."""
        return self.fits_deadline and self.fits_budget


class Plan(Struct, frozen=True):
    """The answer: the cheapest option that fits, what stands beside it, and all of it in words.

    `chosen` None: nothing fits, and the words say what is nearest. `left_out` says why of types without a price.
    """

    chosen: Option | None
    options: tuple[Option, ...]
    words: str
    left_out: tuple[str, ...] = ()
