"""A function's memory curve from its own versions, where they ran with different sizes."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.charts.curve_chart import CurveChart, Measure, MeasuredCurve, draw_curves
from trimtab.charts.svg import Svg
from trimtab.inventory.catalog.functions import function_price
from trimtab.logs.serverless.model import FunctionUse
from trimtab.scaling.provisioned.memory import LEAST_MB, MOST_MB, Measured, Size, Tuned, tune

_X86 = "x86_64"


def memory_curve(versions: Sequence[FunctionUse]) -> Tuned | None:
    """The curve; None where fewer than two sizes ran often enough. The newest version of a size counts.

    Durations are medians: a mean would count what waited for something else.
    """
    newest: dict[int, FunctionUse] = {}
    for one in versions:
        size = one.memory_mb
        if size is None or not LEAST_MB <= size <= MOST_MB or one.p50_ms <= 0:
            continue
        if size not in newest or one.last_ms > newest[size].last_ms:
            newest[size] = one
    if len(newest) < 2:
        return None
    some = next(iter(newest.values()))
    price = function_price(some.region, some.architecture or _X86, max(one.last_ms for one in newest.values()))
    if price is None:
        return None
    try:
        found = tune([Measured(size, one.invocations, one.p50_ms, one.p95_ms) for size, one in newest.items()], price)
    except InvalidInput:  # too few runs of every size
        return None
    return found if sum(one.runs > 0 for one in found.sizes) > 1 else None


class MemoryPictures(Struct, frozen=True):
    """How long a run takes and what a million cost, each over memory."""

    took: Svg
    cost: Svg


def memory_pictures(found: Tuned) -> MemoryPictures:
    """The curve as two pictures: measured sizes as points, what the line tells of others between them."""
    took = [(one, one.mean_ms, f"{one.mean_ms:,.0f} ms") for one in found.sizes]
    cost = [(one, float(one.per_million), f"${one.per_million:,.2f} a million") for one in found.sizes]
    return MemoryPictures(_picture(took, "ms"), _picture(cost, "$ a million"))


def _picture(values: Sequence[tuple[Size, float, str]], unit: str) -> Svg:
    points = [
        (one, Measure(one.memory_mb, value, title=f"{one.memory_mb:,} MB: {said}")) for one, value, said in values
    ]
    told, measured = [point for _, point in points], [point for one, point in points if one.runs]
    curves = [MeasuredCurve("estimated", told, 8), MeasuredCurve("measured", measured, 1, line=False)]
    return draw_curves(CurveChart(curves, "MB", unit, width=520, height=240))
