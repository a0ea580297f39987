"""Recorded load tests as capacity curves: by what was served and on which type, the newest test of each."""

from collections.abc import Sequence
from math import inf

from msgspec import Struct

from trimtab.base import typed
from trimtab.capacity.curve import Curve, CurvePoint
from trimtab.capacity.curve import Interval as Bounds
from trimtab.inference.result import Interval, Level, LoadTest
from trimtab.inference.store import RecordedTest


class MeasuredType(Struct, frozen=True):
    """A service on a type: its curve, how long it took to listen, and the test it is from."""

    service: str
    type: str
    curve: Curve
    setup_s: float
    slo_ms: float
    test: str
    measured_ms: int


def measured(tests: Sequence[RecordedTest]) -> list[MeasuredType]:
    """The newest test with points of every service and type that is named; `tests` are the newest first."""
    found: dict[tuple[str, str], MeasuredType] = {}
    for one in tests:
        test = typed.decode(one.test, type=LoadTest)
        service = test.endpoint or test.name
        key = service, test.instance_type
        if test.instance_type and test.levels and key not in found:
            curve = curve_of(test)
            found[key] = MeasuredType(*key, curve, test.setup_s, test.slo_ms, one.id, test.started_ms)
    return list(found.values())


def curve_of(test: LoadTest) -> Curve:
    """The curve of a test: of levels at the same rate the one with most requests."""
    best: dict[float, Level] = {}
    for level in test.levels:
        kept = best.get(level.rate)
        if kept is None or level.requests > kept.requests:
            best[level.rate] = level
    points = sorted((_point(one) for one in best.values()), key=lambda one: one.offered)
    return Curve(tuple(points), _bounds(test.capacity) if test.capacity else None, test.bottleneck)


def _point(level: Level) -> CurvePoint:
    latencies = {name: _bounds(one) for name, one in level.latency_ms.items()}
    return CurvePoint(
        level.offered or level.rate,
        level.throughput,
        level.concurrency,
        latencies,
        _bounds(level.attainment),
        level.errors,
        level.requests,
        level.seconds,
        level.utilisation,
    )


def _bounds(one: Interval) -> Bounds:
    return Bounds(one.value, one.lower, inf if one.upper is None else one.upper)
