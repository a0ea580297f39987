"""The pictures of load tests: latency and throughput over load, utilisation over load, cost against latency."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from trimtab.charts.curve_chart import Band, CurveChart, Measure, MeasuredCurve, draw_curves
from trimtab.charts.svg import Svg
from trimtab.inference.result import Interval, Level, LoadTest
from trimtab.inference.sizing import Sizing, percentile_name

_SLOTS = {"p50": 3, "p95": 2, "p99": 1, "mean": 8}
_BUSY = {"cpu": "CPU", "process_cpu": "server's CPU", "busiest_core": "busiest core", "gpu": "GPU", "memory": "memory",
         "gpu_memory": "GPU memory", "kv_cache": "KV cache", "network": "network"}  # fmt: skip
_CEILING = 4.0  # times the objective: what an overload adds beyond says nothing
_WIDE = 640


def levels_of(test: LoadTest) -> list[Level]:
    """One level for each rate, the longest that was held, by what was offered."""
    best: dict[float, Level] = {}
    for one in test.levels:
        key = one.rate or one.offered
        if key not in best or best[key].seconds < one.seconds:
            best[key] = one
    return sorted((one for one in best.values() if one.requests), key=lambda one: one.offered)


def latency(test: LoadTest, width: int = _WIDE) -> Svg:
    """Latency percentiles with their intervals over what was offered, the objective, and the capacity."""
    levels = levels_of(test)
    curves = [
        MeasuredCurve(
            name, [_measure(one.offered, one.latency_ms[name]) for one in levels if name in one.latency_ms], slot
        )
        for name, slot in _SLOTS.items()
        if name != "mean"
    ]
    bands = [_capacity(test.capacity)] if test.capacity else []
    objective = test.slo_ms, f"objective: {percentile_name(test.slo_share)} {test.slo_ms:g} ms"
    return draw_curves(CurveChart(curves, "requests/s offered", "ms", bands, objective, _CEILING * test.slo_ms, width))


def throughput(test: LoadTest, width: int = _WIDE) -> Svg:
    """What was answered well over what was offered: where it bends, the server is full."""
    levels = levels_of(test)
    done = MeasuredCurve("answered well", [Measure(one.offered, one.throughput) for one in levels], 1)
    most = max((one.offered for one in levels), default=1.0)
    ideal = MeasuredCurve("offered", [Measure(0, 0), Measure(most, most)], 8)
    bands = [_capacity(test.capacity)] if test.capacity else []
    return draw_curves(CurveChart([done, ideal], "requests/s offered", "requests/s", bands, width=width))


def utilisation(test: LoadTest, width: int = _WIDE) -> Svg | None:
    """What was busy over what was offered, in percent; None where nothing was read."""
    levels = levels_of(test)
    names = [name for name in _BUSY if any(name in one.utilisation for one in levels)]
    if not names:
        return None
    curves = [
        MeasuredCurve(
            _BUSY[name], [Measure(one.offered, one.utilisation[name]) for one in levels if name in one.utilisation],
            number + 1,
        )
        for number, name in enumerate(names)
    ]  # fmt: skip
    return draw_curves(CurveChart(curves, "requests/s offered", "%", ceiling=100.0, width=width))


def growth(test: LoadTest, width: int = _WIDE) -> Svg | None:
    """Invocations a minute over users, of growing traffic; None of other tests."""
    if not test.windows:
        return None
    points = [Measure(one.users, one.per_min) for one in sorted(test.windows, key=lambda one: one.users)]
    return draw_curves(CurveChart([MeasuredCurve("invocations a minute", points, 1)], "users", "a minute", width=width))


def compared(tests: Mapping[str, LoadTest], width: int = 1080) -> tuple[Svg, Svg]:
    """Latency at the objective's percentile, and throughput, of several tests over what was offered."""
    latencies, throughputs, bands = [], [], []
    most = max((one.slo_ms for one in tests.values()), default=1.0)
    for slot, (label, test) in enumerate(tests.items(), 1):
        name, levels = percentile_name(test.slo_share), levels_of(test)
        points = [_measure(one.offered, one.latency_ms[name]) for one in levels if name in one.latency_ms]
        latencies.append(MeasuredCurve(f"{label} {name}", points, slot))
        throughputs.append(MeasuredCurve(label, [Measure(one.offered, one.throughput) for one in levels], slot))
        if test.capacity:
            bands.append(_capacity(test.capacity, slot, label))
    objective = most, f"objective: {most:g} ms"
    return (
        draw_curves(CurveChart(latencies, "requests/s offered", "ms", bands, objective, _CEILING * most, width)),
        draw_curves(CurveChart(throughputs, "requests/s offered", "requests/s", bands, width=width)),
    )


def pareto(rows: Sequence[Sizing], width: int = 1080) -> Svg | None:
    """Dollars a thousand requests against latency: the front is joined; None where no row has both."""
    known = [one for one in rows if one.per_1k is not None and one.latency_ms is not None]
    if not known:
        return None

    def points(chosen: Sequence[Sizing]) -> list[Measure]:
        return [
            Measure(float(one.per_1k or Decimal(0)), one.latency_ms or 0.0, title=f"{one.instance_type}: {one.per_1k}")
            for one in sorted(chosen, key=lambda one: one.per_1k or Decimal(0))
        ]

    front = MeasuredCurve("nothing is both faster and cheaper", points([one for one in known if one.on_front]), 1)
    beaten = MeasuredCurve("beaten", points([one for one in known if not one.on_front]), 8, line=False)
    curves = [front, beaten] if beaten.points else [front]
    return draw_curves(CurveChart(curves, f"{known[0].currency} a thousand requests", "ms", width=width))


def _measure(x: float, value: Interval) -> Measure:
    upper = value.upper if value.upper is not None else float("inf")
    return Measure(x, value.value, value.lower, upper, f"{x:,.4g}/s: {value.value:.4g} ms")


def _capacity(value: Interval, slot: int = 6, label: str = "capacity") -> Band:
    return Band(label, value.value, value.lower, value.upper if value.upper is not None else float("inf"), slot)
