"""Heat maps: one row of cells, each coloured by its share on one sequential ramp that follows the theme.

A cell that is down has a cross and a colour of its own, one of which nothing is known is hatched: what matters is
never said by colour alone. The ramp's steps are `.h0` (nothing) to `.h10` (all) in `frontend/styles/heat.css`.
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from trimtab.charts.svg import Svg, element, number

STEPS = 10
"""Steps of the ramp above zero: more than the eye can tell apart side by side, and each a round 10 %."""
NOTHING_BELOW = 0.005
"""A share that rounds to 0 %: drawn as none, so that a busy cell never looks idle nor an idle one busy."""
HATCH = "heat-hatch"
_SIZE, _GAP, _RADIUS = 16, 3, 3
_CROSS = 4.5  # from the cell's edge to the cross


class Mark(StrEnum):
    """What a cell is: a share, down, or unknown."""

    SHARE = "share"
    DOWN = "down"
    UNKNOWN = "unknown"


class Cell(Struct, frozen=True):
    """A cell. `share` is 0 to 1; `title` says in words everything that the cell stands for."""

    share: float | None
    title: str
    mark: Mark = Mark.SHARE


def step_of(share: float) -> int:
    """The step of the ramp for a share: 0 only for next to nothing."""
    if share < NOTHING_BELOW:
        return 0
    return min(max(int(share * STEPS) + 1, 1), STEPS)


def heat_row(cells: Sequence[Cell], label: str, *, columns: int = 8) -> Svg:
    """Cells side by side, `columns` in a line; `label` says it all to those who do not see it."""
    wide = min(len(cells), columns) or 1
    lines = -(-len(cells) // columns) or 1
    width, height = wide * (_SIZE + _GAP) - _GAP, lines * (_SIZE + _GAP) - _GAP
    drawn = [
        _cell(cell, at % columns * (_SIZE + _GAP), at // columns * (_SIZE + _GAP)) for at, cell in enumerate(cells)
    ]
    attributes: dict[str, str | int | float | None] = {
        "class": "heat-cells",
        "viewBox": f"0 0 {width} {height}",
        "width": width,
        "height": height,
        "role": "img",
        "aria-label": label,
    }
    return element("svg", attributes, *drawn)


def hatch() -> Svg:
    """The pattern of unknown cells, once a page, in an SVG without size."""
    line = element("path", {"d": "M-1 1 1 -1M0 5 5 0M4 6 6 4", "class": "heat-hatch-line"})
    pattern = element("pattern", {"id": HATCH, "width": 5, "height": 5, "patternUnits": "userSpaceOnUse"}, line)
    return element("svg", {"class": "offscreen", "width": 0, "height": 0, "aria-hidden": "true"}, pattern)


def ramp() -> Svg:
    """The legend's ramp, every step of it."""
    cells = [
        element("rect", {"class": f"heat h{step}", "x": step * 12, "y": 0, "width": 12, "height": 10})
        for step in range(STEPS + 1)
    ]
    width = (STEPS + 1) * 12
    return element(
        "svg",
        {"class": "heat-ramp", "viewBox": f"0 0 {width} 10", "width": width, "height": 10, "aria-hidden": "true"},
        *cells,
    )


def _cell(cell: Cell, x: float, y: float) -> Svg:
    name = element("title", {}, cell.title)
    box: dict[str, str | int | float | None] = {"x": x, "y": y, "width": _SIZE, "height": _SIZE, "rx": _RADIUS}
    if cell.mark is Mark.DOWN:
        low, high = _CROSS, _SIZE - _CROSS
        cross = f"M{number(x + low)} {number(y + low)}l{number(high - low)} {number(high - low)}"
        cross += f"m0 {number(low - high)}l{number(low - high)} {number(high - low)}"
        drawn = [element("rect", {"class": "heat down", **box}), element("path", {"class": "heat-cross", "d": cross})]
        return element("g", {}, name, *drawn)
    if cell.mark is Mark.UNKNOWN or cell.share is None:
        return element("rect", {"class": "heat unknown", "fill": f"url(#{HATCH})", **box}, name)
    return element("rect", {"class": f"heat h{step_of(cell.share)}", **box}, name)
