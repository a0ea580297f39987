"""Naming what limits."""

from trimtab.capacity.curve import Curve, CurvePoint, Interval
from trimtab.inference.bottleneck import bottleneck


def _point(rate: float, mean_ms: float, errors: float = 0.0, **busy: float) -> CurvePoint:
    mean = Interval(mean_ms, mean_ms, mean_ms)
    return CurvePoint(rate, rate, 1.0, {"mean": mean}, Interval(1, 1, 1), errors, 100, 1.0, busy)


def test_what_became_busy_with_the_load_limits() -> None:
    curve = Curve((_point(1, 10, cpu=20, gpu=10), _point(10, 40, cpu=30, gpu=97)))
    assert ("gpu", 97) == (bottleneck(curve).name, bottleneck(curve).percent)


def test_what_was_busy_before_does_not() -> None:
    assert "queue" == bottleneck(Curve((_point(1, 10, cpu=95), _point(10, 40, cpu=96)))).name


def test_a_queue_without_anything_busy_is_the_servers_own_concurrency() -> None:
    found = bottleneck(Curve((_point(1, 20), _point(200, 90))))
    assert "queue" == found.name
    assert "about 4 at a time" in found.sentence


def test_refusals_are_named() -> None:
    assert "errors" == bottleneck(Curve((_point(1, 10), _point(10, 11, errors=0.2)))).name


def test_nothing_is_named_without_a_limit() -> None:
    assert "none" == bottleneck(Curve((_point(1, 10), _point(2, 11)))).name
    assert "none" == bottleneck(Curve(())).name
