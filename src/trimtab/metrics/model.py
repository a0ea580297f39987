"""The one metric model: series with an identity, and four shapes of point, each with a table of its own.

    table               kind(s)                what a row is
    metric_values       EVENTS                 a raw value seen `count` times at `time`; identical rows all count
    metric_sets         EVENTS                 a statistic set (count, sum, minimum, maximum) at `time`
    metric_samples      GAUGE, COUNTER         one value per (series, time); a repeat replaces
    metric_histograms   HISTOGRAM              an explicit or exponential histogram per (series, time)

CloudWatch's values and statistic sets, and OTLP delta sums, are EVENTS. OTLP gauges and Prometheus
samples are GAUGE or, where cumulative and monotonic, COUNTER. Histograms are kept whole.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.base.ids import hash64
from trimtab.base.tags import Tags

_WITHIN_METRIC = 44
"""Bits of an id that tell the series of one metric apart: among 100,000 the odds are 1 in 3,500 that two collide, and
then the later one takes the next free id. The 20 above bring metrics apart; two that share them are only neighbours."""


SELF = "trimtab/Self"
"""The namespace of trimtab's own metrics."""


class Kind(StrEnum):
    """What a series' points mean, and so which tables hold them."""

    EVENTS = "events"
    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Identity(Struct, frozen=True):
    """What makes a series itself: two points with equal identities belong to one series.

    `dimensions` are CloudWatch dimensions, OTLP data-point attributes (with the resource attributes
    that name the thing measured) or Prometheus labels without `__name__`. `unit` is CloudWatch's
    (`Percent`, `Bytes`, …; `None` where none was given) or, for OTLP, UCUM text as sent.
    `resource` is the canonical `provider/account/region/kind/id` of inventory's resolver, "" where unmatched.
    """

    account: str
    region: str
    namespace: str
    name: str
    dimensions: Tags
    unit: str = "None"
    kind: Kind = Kind.EVENTS
    resource: str = ""

    def key(self) -> str:
        """The canonical text of the identity: what is hashed into the series id."""
        head = f"{self.account}\x1f{self.region}\x1f{self.namespace}\x1f{self.name}\x1f{self.unit}\x1f{self.kind}"
        return head + "\x1e" + "\x1e".join(f"{name}\x1f{value}" for name, value in self.dimensions)

    def series_id(self) -> int:
        """The 64-bit id under which points are stored, in this order: the series of one metric lie together.

        A question about a metric then reads a stretch of the table, where ids in any order would touch all of it.
        """
        return self.series_id_of(self.key())

    def series_id_of(self, key: str) -> int:
        """The same, for who has its key already."""
        return _metric(self.namespace, self.name) | hash64(key) & (1 << _WITHIN_METRIC) - 1


@lru_cache(maxsize=4096)
def _metric(namespace: str, name: str) -> int:
    """The upper bits of the ids of a metric's series."""
    return hash64(f"{namespace}\x1f{name}") >> _WITHIN_METRIC << _WITHIN_METRIC


@dataclass(frozen=True)
class Series:
    """A known series: its id, identity and when it was first and last seen (ms; last is 0 if unknown)."""

    id: int
    identity: Identity
    first_seen_ms: int = 0
    last_seen_ms: int = 0

    @cached_property
    def dimensions(self) -> dict[str, str]:
        """The dimensions as a mapping."""
        return dict(self.identity.dimensions)


class SeriesQuery(Struct, frozen=True):
    """Which series to find. Every part that is given must hold; the empty query finds all.

    `dimensions` are pairs that a series must have, and with `exact` the only ones that it has; `dimension_names` must
    be present with any value. `text` is free text: every word of it must be among the series' tokens, as CloudWatch's
    SEARCH splits them (`tokens.py`). `active_since_ms` asks for a point at or after that time. `limit` series are
    returned, those after the series with id `after` in the order of `SeriesRegistry.find`.
    """

    namespace: str | None = None
    name: str | None = None
    dimensions: Tags = ()
    exact: bool = False
    dimension_names: tuple[str, ...] = ()
    unit: str | None = None
    text: str = ""
    kinds: frozenset[Kind] | None = None
    active_since_ms: int | None = None
    limit: int | None = None
    after: int | None = None


# Fixed-width rows are numpy structured arrays whose bytes ARE the engine's RowBinary: little-endian, packed,
# columns in table order. Times are milliseconds since the epoch (DateTime64(3)).
VALUE_ROW = np.dtype([("series", "<u8"), ("time", "<i8"), ("value", "<f8"), ("count", "<f8")])
SET_ROW = np.dtype(
    [("series", "<u8"), ("time", "<i8"), ("count", "<f8"), ("sum", "<f8"), ("minimum", "<f8"), ("maximum", "<f8")]
)
SAMPLE_ROW = np.dtype([("series", "<u8"), ("time", "<i8"), ("value", "<f8")])

Rows = npt.NDArray[np.void]


class HistogramPoint(Struct, frozen=True):
    """An explicit (`bounds`, `counts`) or exponential (`scale` and the bucket runs) histogram at one time.

    `counts` has one more element than `bounds`; bucket i is (bounds[i-1], bounds[i]]. Exponential bucket
    `offset + i` is (base^(offset+i), base^(offset+i+1)] with base = 2^(2^-scale) (OpenTelemetry's data model).
    `start_ms` is the start of the interval counted; `cumulative` says whether counts run from there or are deltas.
    `minimum` and `maximum` are NaN where not sent.
    """

    series: int
    time_ms: int
    start_ms: int
    cumulative: bool
    count: int
    sum: float
    minimum: float
    maximum: float
    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    exponential: bool = False
    scale: int = 0
    zero_count: int = 0
    zero_threshold: float = 0.0
    positive_offset: int = 0
    positive: tuple[int, ...] = ()
    negative_offset: int = 0
    negative: tuple[int, ...] = ()


class MetricBatch(Struct, frozen=True):
    """What a door hands over in one acknowledged write. Any part may be empty."""

    values: Rows = field(default_factory=lambda: np.empty(0, VALUE_ROW))
    sets: Rows = field(default_factory=lambda: np.empty(0, SET_ROW))
    samples: Rows = field(default_factory=lambda: np.empty(0, SAMPLE_ROW))
    histograms: tuple[HistogramPoint, ...] = ()

    def __len__(self) -> int:
        """Rows in all parts."""
        return len(self.values) + len(self.sets) + len(self.samples) + len(self.histograms)
