"""What travels over `/rest/v1/costs/estimate`. Amounts are decimal text; times are ms UTC."""

from msgspec import Struct, field

from trimtab.client.wire import Millis


class EstimatedGroup(Struct, frozen=True):
    """A group in one currency. `today` is what of today is over, `open_days` all that is not billed yet.

    `lower` and `upper` hold 80 % of `open_days` by the past errors, null before enough days were compared; `error` is
    the median error of a day's estimate over `compared_days` days. `bases` are amounts by what they rest on: metered,
    counted use, carried on, list price. `unpriced` lines have no known price and are in no amount.
    """

    name: str
    currency: str
    today: str
    open_days: str
    lower: str | None
    upper: str | None
    error: float | None
    compared_days: int
    bases: dict[str, str]
    unpriced: int


class ComparedDay(Struct, frozen=True):
    """A closed day: its estimate, from the days before it alone, and what was billed, both without what comes at the
    close of the month. `missing` says what was not there to estimate, and why; `silent`: telemetry was, so that the
    difference is no error of the estimate."""

    day_ms: Millis
    estimated: str
    billed: str
    missing: str = ""
    silent: bool = False


class EstimatedLine(Struct, frozen=True):
    """A line of a day that is not billed; `amount` is null where nothing says a price, and `note` says what to do."""

    day_ms: Millis
    account: str
    service: str
    usage_type: str
    resource: str
    basis: str
    quantity: str
    unit: str
    amount: str | None
    currency: str
    note: str


class CostEstimate(Struct, frozen=True):
    """The live estimate, made at `at_ms`: the bill ends at `billed_until_ms`. `meters`: machines that are watched.
    `missing` says what of the days is not in it, and why."""

    at_ms: Millis
    billed_until_ms: Millis
    metric: str
    by: str
    groups: list[EstimatedGroup]
    total: list[EstimatedGroup]
    compared: list[ComparedDay]
    lines: list[EstimatedLine]
    meters: int
    missing: list[str] = field(default_factory=list)
