"""Load tests of the reranker on five machine types, as its people would have recorded them: what a joint plan needs.

A type's queue is the demo's own: the 99th percentile is the least latency ÷ (1 − load), and the knee is where the
objective is missed. What a type bears, of what the company's own L4 bears, is about what the makers' data sheets say.
"""

from decimal import Decimal

from trimtab.client.api import Client
from trimtab.client.load_tests import LoadTests
from trimtab.client.load_tests_wire import Interval, Level, LoadTest, Overhead
from trimtab.client.prices import Prices
from trimtab.client.prices_wire import SpotPoint
from trimtab.demo.endpoints import ENDPOINTS
from trimtab.demo.world import World

MEASURED = "search-rerank"
SLO_MS, SLO_SHARE = 80.0, 0.99
TYPES = (
    # type, throughput and speed beside the L4's, seconds to start
    ("g6.xlarge", 1.0, 1.0, 95.0),
    ("g5.xlarge", 1.18, 1.1, 110.0),
    ("g4dn.xlarge", 0.46, 0.55, 120.0),
    ("g6e.xlarge", 2.25, 1.7, 105.0),
    ("c7i.4xlarge", 0.16, 0.11, 40.0),
)
_LOADS = (0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.88, 0.95)
_SECONDS = 60.0
_BOUNDS = 0.04
"""Half of an interval, of its value."""
SPOT = {"g6.xlarge": "0.37", "g5.xlarge": "0.52", "g4dn.xlarge": "0.22", "g6e.xlarge": "1.08"}
"""What an hour costs as spot in the cheapest zone: the demo's own numbers."""
_REGION, _ZONES = "us-east-1", (("us-east-1a", "1.00"), ("us-east-1b", "1.07"), ("us-east-1d", "1.16"))
_DAY_MS = 86_400_000
_MEASURED_DAYS = 3
_TAIL = 2.2
"""The 99th percentile of an unloaded server, of its mean."""


def put_load_tests(client: Client, world: World) -> None:
    """Record the tests that are not there yet."""
    api = LoadTests(client)
    there = {one.test.instance_type for one in api.listed(MEASURED)}
    started_ms = (world.anchor_ms // _DAY_MS - _MEASURED_DAYS) * _DAY_MS + 10 * 3_600_000
    for number, row in enumerate(TYPES):
        if row[0] not in there:
            api.record(load_test(*row, started_ms + number * 1_800_000))
    if len(there) < len(TYPES):
        Prices(client).put_spot(_spot(world.anchor_ms))


def _spot(anchor_ms: int) -> list[SpotPoint]:
    """Spot prices of a fortnight ago that held since."""
    return [
        SpotPoint(type_, zone, anchor_ms - 14 * _DAY_MS, f"{Decimal(price) * Decimal(factor):.4f}", region=_REGION)
        for type_, price in SPOT.items()
        for zone, factor in _ZONES
    ]


def load_test(type_: str, throughput: float, speed: float, setup_s: float, started_ms: int) -> LoadTest:
    """The test of a type."""
    endpoint = next(one for one in ENDPOINTS if one.name == MEASURED)
    most, mean_ms = endpoint.capacity * throughput, 1000 * endpoint.first_s / speed
    levels = [_level(most, share, mean_ms) for share in _LOADS]
    crossing = most * (1 - _TAIL * mean_ms / SLO_MS)
    capacity = Interval(crossing, crossing * (1 - _BOUNDS), crossing * (1 + _BOUNDS)) if crossing > 0 else None
    return LoadTest(
        MEASURED,
        f"http://{MEASURED}.{type_.replace('.', '-')}.internal:8000/v2/models/reranker/infer",
        "kserve",
        "search for capacity",
        started_ms,
        _SECONDS * len(levels),
        SLO_MS,
        SLO_SHARE,
        levels,
        Overhead(cpu_us_per_request=210.0, core_share=0.05, lag_p99_ms=0.4, limited=False),
        capacity,
        "the capacity is certain enough" if capacity else "the objective is missed at the least load",
        "gpu" if capacity else "cpu",
        endpoint=MEASURED,
        instance_type=type_,
        machine=type_,
        setup_s=setup_s,
    )


def _level(most: float, share: float, mean_ms: float) -> Level:
    rate = most * share
    slow = 1 / (1 - share)

    def bounds(value: float) -> Interval:
        return Interval(round(value, 3), round(value * (1 - _BOUNDS), 3), round(value * (1 + _BOUNDS), 3))

    p99 = mean_ms * _TAIL * slow
    within = min(1.0, 1 - 0.01 * (p99 / SLO_MS) ** 4)
    return Level(
        rate=round(rate, 3),
        offered=round(rate, 3),
        throughput=round(rate, 3),
        concurrency=round(rate * mean_ms * slow / 1000, 3),
        seconds=_SECONDS,
        requests=round(rate * _SECONDS),
        errors=0.0,
        verdict="meets" if p99 <= SLO_MS else "misses",
        attainment=Interval(max(0.0, within), max(0.0, within - 0.002), min(1.0, within + 0.002)),
        latency_ms={
            "mean": bounds(mean_ms * slow),
            "p50": bounds(mean_ms * 0.8 * slow),
            "p95": bounds(mean_ms * 1.6 * slow),
            "p99": bounds(p99),
        },
        utilisation={"gpu": round(100 * share, 1)},
    )
