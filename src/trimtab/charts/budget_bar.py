"""A budget as a bar: what was spent, what is expected beyond it, and the limit as a line."""

from trimtab.charts.svg import Attributes, Svg, element

_WIDTH, _HEIGHT, _BAR = 220, 16, 8


def budget_bar(actual: float | None, forecast: float | None, limit: float | None) -> Svg:
    """The bar on a scale that holds all three; over the limit it is marked.

    The numbers beside it say the same in text, so the bar is hidden from screen readers.
    """
    known = [value for value in (actual, forecast, limit) if value is not None]
    most = max([*known, 0.0]) * 1.05 or 1.0
    top, radius = (_HEIGHT - _BAR) / 2, _BAR / 2
    base: Attributes = {"x": 0, "y": top, "height": _BAR, "rx": radius}
    parts = [element("rect", {**base, "class": "meter-track", "width": _WIDTH})]
    for value, opacity in ((forecast, "0.35"), (actual, None)):
        if value is not None and value > 0:
            mark = " bad" if limit is not None and value > limit else ""
            filled = max(value / most * _WIDTH, _BAR)
            parts.append(element("rect", {**base, "class": f"meter-fill{mark}", "width": filled, "opacity": opacity}))
    if limit is not None:
        at = min(limit / most * _WIDTH, _WIDTH - 1)
        line: Attributes = {"x1": at, "x2": at, "y1": 0, "y2": _HEIGHT, "stroke": "currentColor", "stroke-width": 2}
        parts.append(element("line", line))
    box = f"0 0 {_WIDTH} {_HEIGHT}"
    return element("svg", {"viewBox": box, "width": _WIDTH, "height": _HEIGHT, "aria-hidden": "true"}, *parts)
