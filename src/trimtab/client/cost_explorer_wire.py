"""What travels when costs are asked for. Amounts and shares are decimal text, exact to the last digit."""

from msgspec import Struct, field

from trimtab.client.costs_wire import Amount
from trimtab.client.wire import Millis


class CostCell(Struct, frozen=True):
    """One group in one period and one currency. `unit` is that of its usage."""

    start_ms: Millis
    end_ms: Millis
    keys: list[str]
    currency: str
    unit: str
    amount: Amount


class Together(Struct, frozen=True):
    """Amounts of several currencies in one, each day by its own rate. `total` is null where `missing` says why."""

    currency: str
    total: Amount | None
    originals: dict[str, Amount]
    missing: dict[str, str]
    sources: list[str]


class CostTable(Struct, frozen=True):
    """Sums of a metric. `totals` are by currency: amounts of different currencies are never added."""

    start_ms: Millis
    end_ms: Millis
    granularity: str
    metric: str
    groups: list[str]
    cells: list[CostCell]
    totals: dict[str, Amount]
    together: Together | None = None


class ForecastPeriod(Struct, frozen=True):
    """What a period is expected to come to; `known` of it is on the bill already."""

    start_ms: Millis
    end_ms: Millis
    mean: Amount
    lower: Amount
    upper: Amount
    known: Amount


class ForecastModel(Struct, frozen=True):
    """A model's share of the answer, and its own error on the past."""

    name: str
    error: float | None
    weight: float


class ForecastChange(Struct, frozen=True):
    """An announced change of a price or commitment that a forecast counts on, and what it moves a day by."""

    at_ms: Millis
    note: str
    per_day: Amount


class ForecastLine(Struct, frozen=True):
    """A line of a month: what the bill has of it, and what it is expected to come to in all, with why."""

    name: str
    so_far: Amount
    expected: Amount
    lower: Amount
    upper: Amount
    why: str


class MonthClose(Struct, frozen=True):
    """The month in which the bill ends, as it will close. `use` is so far, `ahead` what is forecast of it.

    `error` (median of |forecast − month| ÷ month) and `coverage` are those of `replayed` closed months that were asked
    about on the same day; null without any. `note` says where closed months are too few.
    """

    start_ms: Millis
    end_ms: Millis
    use: Amount
    ahead: Amount
    known: Amount
    expected: Amount
    lower: Amount
    upper: Amount
    lines: list[ForecastLine]
    closed_months: int
    replayed: int
    error: float | None
    coverage: float | None
    note: str


class CostForecast(Struct, frozen=True):
    """Where a bill is going. `error`: Σ|actual − forecast| ÷ Σ|actual| by day when the past was replayed from `origins`
    days; `coverage`: the share of those days inside their intervals; `level`: the share that was aimed at."""

    metric: str
    currency: str
    unit: str
    known_until_ms: Millis
    level: float
    error: float | None
    coverage: float
    origins: int
    total: ForecastPeriod
    periods: list[ForecastPeriod]
    models: list[ForecastModel]
    changes: list[ForecastChange] = field(default_factory=list)
    note: str = ""
    closing: MonthClose | None = None


class FacetAmount(Struct, frozen=True):
    """A value with the billed cost of its lines."""

    value: str
    currency: str
    amount: Amount


class FacetValues(Struct, frozen=True):
    """What can be grouped and filtered by, and the values of one of them."""

    facets: list[str]
    values: list[FacetAmount]


class DriverItem(Struct, frozen=True):
    """One usage type, operation and purchase option before and after."""

    usage_type: str
    operation: str
    purchase: str
    charge: str
    before: Amount
    after: Amount
    quantity_before: Amount
    quantity_after: Amount
    price_effect: Amount


class CostDriver(Struct, frozen=True):
    """What moved together, with why in words; `parts` add up to `after − before`."""

    title: str
    text: str
    group: str
    service: str
    family: str
    unit: str
    before: Amount
    after: Amount
    quantity_before: Amount
    quantity_after: Amount
    parts: dict[str, Amount]
    items: list[DriverItem]


class CostChange(Struct, frozen=True):
    """A comparison in one currency; `parts` (quantity, price, mix, new, gone, other) add up to `after − before`."""

    currency: str
    before: Amount
    after: Amount
    text: str
    parts: dict[str, Amount]
    drivers: list[CostDriver]
    more: int


class CostChanges(Struct, frozen=True):
    """What changed between two periods."""

    baseline_start_ms: Millis
    baseline_end_ms: Millis
    start_ms: Millis
    end_ms: Millis
    metric: str
    changes: list[CostChange]


class CommitmentRow(Struct, frozen=True):
    """One commitment: reservation, Savings Plan, committed use discount. Shares are of 1; null where not known.

    `type` is its kind in its provider's words, `years` its term; null where no line tells it.
    """

    kind: str
    id: str
    provider: str
    name: str
    type: str
    years: int | None
    currency: str
    total: Amount
    used: Amount
    unused: Amount
    utilization: Amount | None
    on_demand: Amount
    net_savings: Amount
    hours: Amount
    unused_hours: Amount


class CoverageRow(Struct, frozen=True):
    """A group in a period: hours under a reservation, and spend (at on-demand rates) under a Savings Plan."""

    start_ms: Millis
    end_ms: Millis
    keys: list[str]
    currency: str
    reserved_hours: Amount
    on_demand_hours: Amount
    hours_covered: Amount | None
    plan_spend: Amount
    on_demand_spend: Amount
    spend_covered: Amount | None


class ProviderCoverage(Struct, frozen=True):
    """What a provider's commitments did for its own eligible use. `covered` and `on_demand` are at list prices.

    `paid` is what all eligible use cost, `unused` what of commitments nothing used.
    """

    provider: str
    currency: str
    covered: Amount
    on_demand: Amount
    coverage: Amount | None
    total: Amount
    used: Amount
    unused: Amount
    utilization: Amount | None
    paid: Amount
    savings: Amount
    savings_rate: Amount | None


class Commitments(Struct, frozen=True):
    """Coverage and utilisation of a range; `coverage` is of AWS, `providers` of each provider."""

    start_ms: Millis
    end_ms: Millis
    groups: list[str]
    commitments: list[CommitmentRow]
    coverage: list[CoverageRow]
    providers: list[ProviderCoverage]


class SavingsRateRow(Struct, frozen=True):
    """The effective savings rate of a group in a period. `paid` includes `unused`, what nothing used."""

    start_ms: Millis
    end_ms: Millis
    keys: list[str]
    currency: str
    on_demand: Amount
    paid: Amount
    unused: Amount
    savings: Amount
    rate: Amount | None


class SavingsRates(Struct, frozen=True):
    """Effective savings rates of a range, and over all of it by currency."""

    start_ms: Millis
    end_ms: Millis
    groups: list[str]
    rows: list[SavingsRateRow]
    total: list[SavingsRateRow]


class SavedReport(Struct, frozen=True):
    """A saved view of the Costs page: the query of its URL."""

    name: str
    query: str
    saved_ms: Millis
    saved_by: str


class SavedReports(Struct, frozen=True):
    """The saved views, by name."""

    reports: list[SavedReport]


class SaveReport(Struct, frozen=True, forbid_unknown_fields=True):
    """A view to keep."""

    query: str
