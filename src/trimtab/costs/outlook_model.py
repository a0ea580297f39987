"""The question that an outlook answers, and the answer."""

from decimal import Decimal

from msgspec import Struct

from trimtab.costs.announced import AppliedChange
from trimtab.costs.closing.month import Closing
from trimtab.costs.model import Filter, Granularity, Metric
from trimtab.timeseries.forecast.model import Judged


class OutlookQuery(Struct, frozen=True):
    """`[start_ms, end_ms)` by day or month; `level` the share of outcomes that intervals are to hold (0 to 1)."""

    start_ms: int
    end_ms: int
    metric: Metric = Metric.UNBLENDED
    granularity: Granularity = Granularity.DAILY
    where: Filter | None = None
    level: float = 0.8
    currency: str = ""
    """In which amounts of several currencies are forecast, where rates say how; "" for the presentation currency."""


class Expected(Struct, frozen=True):
    """What a period is expected to come to. `known`: how much of it the bill has already."""

    start_ms: int
    end_ms: int
    mean: Decimal
    lower: Decimal
    upper: Decimal
    known: Decimal


class Outlook(Struct, frozen=True):
    """The answer. `known_until_ms`: where the bill ends and the forecast begins.

    `error`: Σ|actual − forecast| ÷ Σ|actual| by day when the same past was replayed from `origins` days; `coverage`:
    the share of those days inside their intervals; `weighed`: which models the answer is made of.
    """

    currency: str
    unit: str
    metric: Metric
    periods: tuple[Expected, ...]
    total: Expected
    known_until_ms: int
    level: float
    error: float
    coverage: float
    origins: int
    weighed: tuple[Judged, ...]
    changes: tuple[AppliedChange, ...] = ()
    note: str = ""
    """What of the bill is in other currencies, and what became of it."""
    closing: Closing | None = None
    """The month in which the bill ends as it will close; None of units, and where the question ends before it."""
