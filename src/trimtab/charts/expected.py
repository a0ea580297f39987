"""A small line over the band of what was expected of it, and moments on a strip of time."""

import math
from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.scales import LinearScale
from trimtab.charts.svg import Svg, element, number
from trimtab.charts.ticks import time_ticks

_PADDING = 3.0
_STRIP_HEIGHT, _STRIP_FOOT = 84, 18


def expected_line(
    values: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    hot: tuple[int, int],
    *,
    width: int = 200,
    height: int = 44,
    label: str = "",
) -> Svg:
    """A line over the band from `lows` to `highs`; `hot` are the indices (half-open) that are set off.

    NaN is a gap. The y axis runs over all that is drawn; `label` describes it to those who do not see it.
    """
    known = [one for one in (*values, *lows, *highs) if math.isfinite(one)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    x = LinearScale(0, max(len(values) - 1, 1), 1, width - 1)
    y = LinearScale(low, high if high > low else low + 1.0, height - _PADDING, _PADDING)
    parts: list[Svg] = []
    edge = [(at, one, other) for at, (one, other) in enumerate(zip(lows, highs, strict=True)) if math.isfinite(one)]
    if len(edge) > 1:
        upper = [f"{number(x(at))},{number(y(top))}" for at, _, top in edge]
        lower = [f"{number(x(at))},{number(y(foot))}" for at, foot, _ in reversed(edge)]
        parts.append(element("polygon", {"class": "expected-band", "points": " ".join(upper + lower)}))
    left, right = x(max(hot[0] - 0.5, 0)), x(min(hot[1] - 0.5, max(len(values) - 1, 1)))
    size = max(right - left, 2.0)
    parts.append(element("rect", {"class": "expected-hot", "x": left, "y": 0, "width": size, "height": height}))
    for run in known_runs(values):
        points = " ".join(f"{number(x(at))},{number(y(value))}" for at, value in run)
        parts.append(element("polyline", {"class": "expected-line", "points": points}))
    told = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    frame = {"class": "expected", "viewBox": f"0 0 {width} {height}", "preserveAspectRatio": "none"}
    return element("svg", {**frame, **told}, *parts)


class Moment(Struct, frozen=True):
    """Something that began at `start_ms`, as tall as `height` (0 to 1); `href` leads to it, `title` says what it is."""

    start_ms: int
    end_ms: int
    height: float
    title: str
    href: str


def strip(moments: Sequence[Moment], start_ms: int, end_ms: int, *, width: int = 1000, label: str = "") -> Svg:
    """Moments as bars on a strip of time from `start_ms` to `end_ms`, with clock times (UTC) below."""
    x = LinearScale(start_ms, end_ms, 0, width)
    foot = _STRIP_HEIGHT - _STRIP_FOOT
    parts: list[Svg] = []
    for at, text in time_ticks(start_ms, end_ms, 8):
        place = x(at)
        parts.append(element("line", {"class": "moments-grid", "x1": place, "x2": place, "y1": 0, "y2": foot}))
        anchor = "start" if place < 30 else "end" if place > width - 30 else "middle"
        low = _STRIP_HEIGHT - 4
        parts.append(element("text", {"class": "moments-tick", "x": place, "y": low, "text-anchor": anchor}, text))
    parts.append(element("line", {"class": "moments-foot", "x1": 0, "x2": width, "y1": foot, "y2": foot}))
    for one in moments:
        left = x(max(one.start_ms, start_ms))
        size = max(x(min(one.end_ms, end_ms)) - left, 3.0)
        tall = max(min(one.height, 1.0), 0.08) * (foot - 2)
        bar = element(
            "rect",
            {"class": "moments-bar", "x": left, "y": foot - tall, "width": size, "height": tall, "rx": 1.5},
            element("title", {}, one.title),
        )
        parts.append(element("a", {"href": one.href, "tabindex": "-1"}, bar))
    told = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    return element("svg", {"class": "moments", "viewBox": f"0 0 {width} {_STRIP_HEIGHT}", **told}, *parts)


def known_runs(values: Sequence[float]) -> list[list[tuple[int, float]]]:
    """The places and values of neighbours that are known, two at the least."""
    runs: list[list[tuple[int, float]]] = [[]]
    for at, value in enumerate(values):
        if math.isfinite(value):
            runs[-1].append((at, value))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]
