"""The picture of a visual by its kind. A new kind is one function and one line below."""

import re
from collections.abc import Callable, Mapping

from trimtab.base.records import replace
from trimtab.charts.ink import DARK_INK, LIGHT_INK
from trimtab.charts.png import MOST_PIXELS, to_png
from trimtab.charts.svg import Svg
from trimtab.reports.analyses.model import Shown
from trimtab.reports.analyses.pictures import bars, flows, grids, over_time, tables
from trimtab.reports.analyses.pictures.frame import Frame, nowhere

_DRAWN: Mapping[str, Callable[[Shown, Frame], Svg]] = {
    "line": over_time.draw,
    "columns": over_time.draw,
    "bars": bars.draw,
    "scatter": flows.draw_scatter,
    "table": tables.draw,
    "pivot": tables.draw,
    "heat": grids.draw_heat,
    "sankey": flows.draw_flows,
    "fleet": grids.draw_fleet,
    "kpi": tables.draw_tiles,
}
LEAST_WIDTH, MOST_WIDTH = 240, 2000
_FEWER = 60
_SIZE = re.compile(r'width="(\d+)" height="(\d+)"')


def draw(shown: Shown, frame: Frame) -> Svg:
    """The picture; one with links in it is a group of them and no image."""
    drawn = _DRAWN[shown.kind](shown, frame)
    return drawn if frame.lead is nowhere else Svg(drawn.replace('role="img"', 'role="group"', 1))


def standalone(shown: Shown, *, dark: bool = False, width: int = 960) -> Svg:
    """The picture with its title and own colours, for a file."""
    wide = min(max(width, LEAST_WIDTH), MOST_WIDTH)
    frame = Frame(wide, max(wide * 3 // 8, 220), DARK_INK if dark else LIGHT_INK, shown.title)
    return draw(shown, frame)


def png(shown: Shown, *, dark: bool = False, width: int = 960) -> bytes:
    """The picture as PNG; with fewer groups where it would be too large."""
    svg = standalone(shown, dark=dark, width=width)
    found = _SIZE.search(svg)
    if found and int(found[1]) * int(found[2]) > MOST_PIXELS:
        svg = standalone(replace(shown, rows=shown.rows[:_FEWER]), dark=dark, width=LEAST_WIDTH * 3)
    return to_png(svg)
