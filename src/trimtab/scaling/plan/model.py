"""What a joint plan is asked and answers.

A *replica* is one machine of a type that was measured. Rates are requests a second, latencies ms, money US dollars in
`Decimal`, a month 730 hours as AWS counts it.
"""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.capacity.curve import Curve
from trimtab.capacity.simulate.fleet import Array

MONTH_HOURS = 730
MOST_SERVERS = 12
EVERY = "*"
"""The type of a changed price that holds for all types."""


class Offer(Struct, frozen=True):
    """A commitment on offer: an hour costs `share` of the on-demand price, used or not, for `years`.

    `basis` says what the share rests on (own, bill, published, assumed).
    """

    name: str
    share: Decimal
    years: int = 1
    basis: str = ""


class Server(Struct, frozen=True):
    """A machine type on which the service was measured. `capacity` at the measured objective comes with the curve.

    `spot_per_hour` None: not sold as spot, or no price is known. `interruptions` is their mean number an hour of one
    replica. `setup_s` is how long the server took to listen; `test` names the load test.
    """

    type: str
    curve: Curve
    per_hour: Decimal
    setup_s: float = 0.0
    slo_ms: float = 0.0
    test: str = ""
    measured_ms: int = 0
    offers: tuple[Offer, ...] = ()
    spot_per_hour: Decimal | None = None
    interruptions: float = 0.0
    basis: str = ""


class Question(Struct, frozen=True):
    """A service's demand (a value each `tick_s`), its objective, what it may run on, and what is supposed.

    `percentile` of requests are within `slo_ms`; at most `allowed` of them may come while it is broken. `traffic` and
    `prices` (by type, or EVERY) multiply what is known. The service runs in `zones` zones; with `zone_fails` the risk
    that counts is the one while the fullest of them is gone. `launch_s` is the least time a launch takes. `spot` off
    leaves spot out; `years` are the terms that may be bought.
    """

    demand: Array
    servers: tuple[Server, ...]
    slo_ms: float
    percentile: str = "p99"
    allowed: float = 0.01
    tick_s: float = 60.0
    traffic: float = 1.0
    prices: Mapping[str, float] = field(default_factory=dict)
    zones: int = 3
    zone_fails: bool = False
    launch_s: float = 300.0
    spot: bool = True
    years: tuple[int, ...] = (1, 3)

    def __post_init__(self) -> None:
        if not 1 <= len(self.servers) <= MOST_SERVERS:
            raise InvalidInput(
                f"cannot plan over {len(self.servers)} measured types; expected 1 to {MOST_SERVERS}", field="servers"
            )
        if not self.slo_ms > 0 or not 0 < self.allowed < 1:
            raise InvalidInput("cannot plan: expected slo_ms above 0 and allowed between 0 and 1", field="slo_ms")
        if not 0 < self.traffic <= 1000 or any(not 0 < one <= 1000 for one in self.prices.values()):
            raise InvalidInput("cannot plan: expected factors above 0, up to 1000", field="traffic")
        if not 1 <= self.zones <= 10 or not 60 <= self.launch_s + 60 <= 86_400:
            raise InvalidInput("cannot plan: expected 1 to 10 zones and launch_s 0 to 86,340", field="zones")

    def price(self, server: Server) -> Decimal:
        """Its hour on demand, as supposed."""
        return server.per_hour * self.factor(server)

    def factor(self, server: Server) -> Decimal:
        """What its prices are multiplied by."""
        return Decimal(str(self.prices.get(server.type, self.prices.get(EVERY, 1.0))))


class Choice(Struct, frozen=True):
    """One way to run and pay for the service.

    `monthly` is expected over the outlook, `least` and `most` with little and with much traffic. `risk` is the expected
    share of requests that come while the objective is broken; `zone_risk` the same while the fullest zone is gone and
    not replaced yet; `spare_risk` with one replica gone. `committed` replicas are bought for the term of `offer`.
    """

    type: str
    policy: str
    purchase: str
    monthly: Decimal
    least: Decimal
    most: Decimal
    risk: float
    zone_risk: float
    spare_risk: float
    mean_replicas: float
    peak: int
    committed: int
    spot_share: float
    capacity: float
    latency_ms: float | None
    why: str
    on_front: bool = False
    within: bool = False

    def counted(self, *, zone_fails: bool) -> float:
        """The risk that counts."""
        return self.zone_risk if zone_fails else self.risk


class Outlook(Struct, frozen=True):
    """The coming month's traffic as multiples of what was: little, likely, much (10, 50, 90 %), and why."""

    low: float
    middle: float
    high: float
    why: str

    @property
    def weighed(self) -> tuple[tuple[float, float], ...]:
        """(factor, weight): Swanson's rule takes a distribution's mean as 0.3, 0.4, 0.3 of its 10, 50, 90 %."""
        return (self.low, 0.3), (self.middle, 0.4), (self.high, 0.3)


class Measured(Struct, frozen=True):
    """A type as the plan used it: capacity of one replica at the objective (None: it does not meet it), and a word."""

    type: str
    capacity: float | None
    per_hour: Decimal
    per_million: Decimal | None
    why: str


class Plan(Struct, frozen=True):
    """The answer: every choice worth showing, cheapest first; `best` is the cheapest within the objective."""

    outlook: Outlook
    measured: tuple[Measured, ...]
    choices: tuple[Choice, ...]
    best: Choice | None
    considered: int
    peak: float
    needed: Array
    ready: Array
    words: tuple[str, ...]

    @property
    def front(self) -> list[Choice]:
        """The Pareto front, cheapest first."""
        return [one for one in self.choices if one.on_front]
