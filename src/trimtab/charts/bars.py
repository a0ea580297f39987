"""Bars inside table cells."""

from trimtab.charts.svg import Svg, element

_WIDTH, _HEIGHT = 72, 6
WARN_AT, BAD_AT = 0.8, 0.95
"""Shares from which a fill level is marked: the usual thresholds of disk and memory alarms."""


def meter(share: float | None, *, status: bool = True) -> Svg:
    """A small bar filled to `share` (0 to 1, cut at the ends). With `status` it is marked as it nears full.

    The number beside it says the same in text, so the bar is hidden from screen readers.
    """
    level = min(max(share or 0.0, 0.0), 1.0)
    mark = "" if not status or level < WARN_AT else " warn" if level < BAD_AT else " bad"
    radius = _HEIGHT / 2
    track = element("rect", {"class": "meter-track", "width": _WIDTH, "height": _HEIGHT, "rx": radius})
    parts = [track]
    if level > 0:
        filled = max(level * _WIDTH, _HEIGHT)
        parts.append(element("rect", {"class": "meter-fill" + mark, "width": filled, "height": _HEIGHT, "rx": radius}))
    return element("svg", {"class": "meter", "viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "aria-hidden": "true"}, *parts)
