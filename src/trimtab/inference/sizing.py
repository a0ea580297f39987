"""From load tests to a fleet: which type, how many, scaled at which target, on spot or not, and whether at once at all.

Pure: tests, prices and what is asked go in, rows come out. Rates are requests per second, latencies ms.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.inference.cost import Price
from trimtab.inference.result import Interval, Level, LoadTest

TARGET_SHARE = 0.7
"""Of the capacity, at which a fleet scales: what arrives while new instances start must fit into the rest."""
_NOTICE_S = 120.0  # that spot capacity of EC2 is told before it is taken
_BATCH_GAIN = Decimal("0.7")  # at once must cost so much more than batch before waiting is worth a word
_DIGITS = Decimal("0.000001")
_MILLION = 1_000_000

PriceOf = Callable[[str], Price | None]
"""The list price of a machine type; None where it is not known."""


class Wanted(Struct, frozen=True):
    """What a fleet must bear: `peak` and `mean` requests a second (0: not known), held at `share` of each capacity."""

    peak: float = 0.0
    mean: float = 0.0
    share: float = TARGET_SHARE

    def __post_init__(self) -> None:
        if not 0 <= self.mean <= self.peak <= 1e9 or not 0.05 <= self.share <= 1:
            raise InvalidInput(
                f"cannot size for a peak of {self.peak:g}/s, a mean of {self.mean:g}/s and a share of {self.share:g}: "
                "expected a mean up to the peak, and a share from 0.05 to 1"
            )


class Known(Struct, frozen=True):
    """A test with its id; `estimate` where its capacity was not measured but estimated, and on what it rests."""

    id: str
    test: LoadTest
    estimate: str = ""


class Sizing(Struct, frozen=True):
    """A type × count × target. Money is None where the type has no list price, `latency_ms` where nothing was timed.

    `latency_ms` is the percentile of the objective at the load nearest to the capacity; `target_per_min` invocations
    a minute of each instance at which the fleet scales; `joules` a request's energy where power was measured.
    """

    test_id: str
    name: str
    instance_type: str
    parameters: Mapping[str, str]
    capacity: Interval
    latency_ms: float | None
    count: int
    target_per_min: float
    per_hour: Decimal | None
    currency: str
    basis: str
    fleet_per_hour: Decimal | None
    per_1k: Decimal | None
    per_1m_tokens: Decimal | None
    setup_s: float
    busy: Mapping[str, float] = field(default_factory=dict)
    joules: float | None = None
    bottleneck: str = ""
    spot: str = ""
    batch: str = ""
    estimate: str = ""
    on_front: bool = True

    @property
    def policy(self) -> "Policy":
        """It as a policy of an endpoint."""
        return Policy(
            self.instance_type, self.count, max(1, math.floor(self.target_per_min)), self.test_id, dict(self.parameters)
        )


class Policy(Struct, frozen=True):
    """How an endpoint is to be run: `count` instances of a type for the peak, scaled by target tracking.

    `target_per_min` is SageMakerVariantInvocationsPerInstance: invocations a minute of each instance.
    """

    instance_type: str
    count: int
    target_per_min: float
    test_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


def sizings(tests: Sequence[Known], price_of: PriceOf, wanted: Wanted) -> list[Sizing]:
    """The newest test with a capacity of each type and parameters, the cheapest a thousand requests first."""
    newest: dict[tuple[str, tuple[tuple[str, str], ...]], Known] = {}
    for one in sorted(tests, key=lambda known: known.test.started_ms):
        if capacity_of(one.test) is not None:
            key = one.test.instance_type or one.test.machine, tuple(sorted(one.test.parameters.items()))
            newest[key] = one
    found = [_sizing(one, price_of(one.test.instance_type), wanted) for one in newest.values()]
    marked = [replace(one, on_front=not any(_beats(other, one) for other in found)) for one in found]
    return sorted(marked, key=lambda one: (one.per_1k is None, one.per_1k or 0, one.instance_type))


def capacity_of(test: LoadTest) -> Interval | None:
    """The most requests a second of a test: of a search, else where the invocations of growing traffic levelled out."""
    if test.capacity is not None and test.capacity.value > 0:
        return test.capacity
    good = [one for one in test.windows if one.errors < 0.01]
    if not good:
        return None
    most = max(one.per_min for one in good) / 60
    return Interval(most, most, None) if most > 0 else None


def _sizing(one: Known, price: Price | None, wanted: Wanted) -> Sizing:
    test = one.test
    capacity = capacity_of(test) or Interval(0, 0, None)
    target = wanted.share * capacity.value
    count = max(1, math.ceil(wanted.peak / target)) if wanted.peak else 1
    near = nearest(test, capacity.value)
    busy = dict(near.utilisation) if near else {}
    watts = busy.pop("watts", None)
    for part in ("gpu_watts", "cpu_watts"):  # they are no shares of anything
        busy.pop(part, None)
    return Sizing(
        test_id=one.id,
        name=test.name,
        instance_type=test.instance_type or test.machine,
        parameters=dict(test.parameters),
        capacity=capacity,
        latency_ms=_latency(test, near),
        count=count,
        target_per_min=60 * target,
        per_hour=price.per_hour if price else None,
        currency=price.currency if price else "USD",
        basis=price.basis if price else "",
        fleet_per_hour=price.per_hour * count if price else None,
        per_1k=price.per_thousand(capacity.value) if price else None,
        per_1m_tokens=_per_tokens(test, price),
        setup_s=test.setup_s,
        busy=busy,
        joules=watts / near.throughput if watts and near and near.throughput else None,
        bottleneck=test.bottleneck,
        spot=spot_words(test.setup_s, count),
        batch=batch_words(price, count, _most_throughput(test), wanted.mean),
        estimate=one.estimate,
    )


def nearest(test: LoadTest, rate: float) -> Level | None:
    """The level that was held nearest to a rate."""
    return min(test.levels, key=lambda level: abs((level.rate or level.throughput) - rate), default=None)


def percentile_name(share: float) -> str:
    """The percentile of an objective's share among those that levels have: p99 for 0.99."""
    return min(("p50", "p90", "p95", "p99"), key=lambda name: abs(int(name[1:]) / 100 - share))


def _latency(test: LoadTest, near: Level | None) -> float | None:
    name = percentile_name(test.slo_share)
    if test.windows and test.capacity is None:
        best = max(test.windows, key=lambda one: one.per_min)
        return best.p99_ms if name == "p99" else best.p95_ms
    return near.latency_ms[name].value if near and name in near.latency_ms else None


def _most_throughput(test: LoadTest) -> float:
    """The most that was answered a second at any load: what a batch job, which no latency limits, can use."""
    return max((one.throughput for one in test.levels), default=0.0)


def _per_tokens(test: LoadTest, price: Price | None) -> Decimal | None:
    tokens = max((one.tokens_per_s for one in test.levels if one.verdict != "misses"), default=0.0)
    if price is None or tokens <= 0:
        return None
    return (price.per_hour * _MILLION / (3600 * Decimal(str(tokens)))).quantize(_DIGITS, ROUND_HALF_EVEN)


def spot_words(setup_s: float, count: int) -> str:
    """Whether spot capacity suits a fleet, and why."""
    if not setup_s:
        return "not known: the test did not time how long a server takes to start"
    if setup_s > _NOTICE_S:
        return f"no: a server starts in {setup_s:.0f} s, and spot capacity is taken {_NOTICE_S:.0f} s after its notice"
    if count < 2:
        return "no: a single instance that is taken leaves nobody to answer"
    return f"yes, for {count - 1} of {count}: a replacement starts in {setup_s:.0f} s; the notice is {_NOTICE_S:.0f} s"


def batch_words(price: Price | None, count: int, throughput: float, mean: float) -> str:
    """Whether requests that may wait had better be a batch job, by what both would cost a thousand."""
    if price is None or not mean or throughput <= 0:
        return ""
    at_once = price.per_hour * count / (3600 * Decimal(str(mean))) * 1000
    batch = price.per_thousand(throughput)
    if batch is None:
        return ""
    share = 1 - batch / at_once
    if share < _BATCH_GAIN:
        return f"at once: a batch job would save {max(share, Decimal(0)):.0%} of the cost"
    return (
        f"batch, where answers may wait: {batch:.6f} a thousand instead of {at_once:.6f}, since the fleet of the peak "
        f"is used to {mean / (throughput * count):.0%} on average"
    )


def _beats(one: Sizing, other: Sizing) -> bool:
    """Whether another is as fast and as cheap, and better in one of the two (Pareto)."""
    if one.per_1k is None or other.per_1k is None or one.latency_ms is None or other.latency_ms is None:
        return False
    as_good = one.per_1k <= other.per_1k and one.latency_ms <= other.latency_ms
    return as_good and (one.per_1k < other.per_1k or one.latency_ms < other.latency_ms)
