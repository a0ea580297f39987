"""A strip of states over time, and a small chart of a value with its threshold and the times that an alarm fired."""

import math
from collections.abc import Sequence

from trimtab.charts.expected import known_runs
from trimtab.charts.scales import LinearScale
from trimtab.charts.svg import Attributes, Svg, element, number

Stretch = tuple[int, int, str]
"""From, to (ms), and the class of the state: `good`, `bad` or `none`."""
_LEAST_PX = 1.0  # an alarm of a minute in a month would not be seen


def state_strip(
    stretches: Sequence[Stretch], start_ms: int, end_ms: int, *, width: int = 1000, height: int = 14, label: str = ""
) -> Svg:
    """One bar of coloured stretches; what is `bad` is drawn last and never thinner than a pixel."""
    x = LinearScale(start_ms, max(end_ms, start_ms + 1), 0, width)
    parts = [element("rect", {"class": "strip-none", "x": 0, "y": 0, "width": width, "height": height})]
    for first, last, name in sorted(stretches, key=lambda one: one[2] == "bad"):
        left, right = x(max(first, start_ms)), x(min(last, end_ms))
        size = max(right - left, _LEAST_PX if name == "bad" else 0.0)
        if size > 0:
            at = min(left, width - size)
            shape: Attributes = {"class": f"strip-{name}", "x": at, "y": 0, "width": size, "height": height}
            parts.append(element("rect", shape))
    frame: Attributes = {"class": "strip", "viewBox": f"0 0 {width} {height}", "preserveAspectRatio": "none"}
    told: Attributes = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    return element("svg", {**frame, **told}, *parts)


def alarm_line(
    values: Sequence[float],
    threshold: float | None,
    fired: Sequence[tuple[float, float]],
    *,
    low: Sequence[float] = (),
    high: Sequence[float] = (),
    width: int = 300,
    height: int = 60,
    label: str = "",
) -> Svg:
    """A line over evenly spaced values (NaN is a gap), its threshold or band, and the shares of time that it fired."""
    limits = [threshold] if threshold is not None else []
    known = [one for one in (*values, *limits, *low, *high) if math.isfinite(one)]
    least, most = (min(known), max(known)) if known else (0.0, 1.0)
    least = min(least, 0.0) if least > 0 and least < 0.5 * most else least
    x = LinearScale(0, max(len(values) - 1, 1), 0, width)
    y = LinearScale(least, most if most > least else least + 1.0, height - 3.0, 3.0)
    parts: list[Svg] = []
    for first, last in fired:
        left, size = first * width, max((last - first) * width, _LEAST_PX)
        parts.append(
            element("rect", {"class": "fired", "x": min(left, width - size), "y": 0, "width": size, "height": height})
        )
    edge = [(at, one, other) for at, (one, other) in enumerate(zip(low, high, strict=True)) if math.isfinite(one)]
    if len(edge) > 1:
        upper = [f"{number(x(at))},{number(y(top))}" for at, _, top in edge]
        lower = [f"{number(x(at))},{number(y(foot))}" for at, foot, _ in reversed(edge)]
        parts.append(element("polygon", {"class": "expected-band", "points": " ".join(upper + lower)}))
    for run in known_runs(values):
        points = " ".join(f"{number(x(at))},{number(y(value))}" for at, value in run)
        parts.append(element("polyline", {"class": "spark-line", "points": points}))
    if threshold is not None and math.isfinite(threshold):
        place = y(threshold)
        parts.append(element("line", {"class": "limit-line", "x1": 0, "x2": width, "y1": place, "y2": place}))
    frame: Attributes = {"class": "alarm-line", "viewBox": f"0 0 {width} {height}", "preserveAspectRatio": "none"}
    told: Attributes = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    return element("svg", {**frame, **told}, *parts)
