"""A map of a fleet: a cell a GPU in rows of hosts below their clusters, its colour by its share of the largest."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.heat_grid import Square
from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.line_frame import cut
from trimtab.charts.shades import label_at, linked, ramp_of, step_of, title_at
from trimtab.charts.svg import Attributes, Svg, element

_SIZE, _GAP, _ROW_PX, _PAD_PX = 16, 3, 22, 12
_NAME_PX, _MOST_COLUMNS = 116, 8


class MapRow(Struct, frozen=True):
    """A host with its cells."""

    name: str
    cells: Sequence[Square]
    href: str = ""


class MapGroup(Struct, frozen=True):
    """A cluster with its hosts; without a name, hosts alone."""

    name: str
    rows: Sequence[MapRow]


class CellMap(Struct, frozen=True):
    """The chart; its height follows from its rows. `scale` says what the ramp's ends are."""

    groups: Sequence[MapGroup]
    label: str
    scale: tuple[str, str]
    width: int = 1080
    ink: Ink = PAGE_INK
    title: str = ""


def draw_cell_map(chart: CellMap) -> Svg:
    """The chart; `label` says what it shows to those who do not see it."""
    ink, ramp = chart.ink, ramp_of(chart.ink)
    most = max((len(row.cells) for group in chart.groups for row in group.rows), default=1)
    wide = _NAME_PX + min(most, _MOST_COLUMNS) * (_SIZE + _GAP) + 24
    lines = max(-(-most // _MOST_COLUMNS), 1)
    columns = max(int((chart.width - 2 * _PAD_PX) // wide), 1)
    y = 34.0 if chart.title else float(_PAD_PX)
    parts: list[Svg] = []
    parts += title_at(chart.title, ink, chart.width)
    for group in chart.groups:
        if group.name:
            parts.append(label_at(group.name, _PAD_PX, y + 12, ink.text, size=12, bold=True))
            y += 20
        for at, row in enumerate(group.rows):
            place = _PAD_PX + at % columns * wide, y + at // columns * (_ROW_PX + (lines - 1) * (_SIZE + _GAP))
            parts += _row(row, *place, ink, ramp)
        y += -(-len(group.rows) // columns) * (_ROW_PX + (lines - 1) * (_SIZE + _GAP)) + 8
    if not chart.groups:
        parts.append(label_at("No data in this range", chart.width / 2, y + 20, ink.muted, "middle"))
        y += 40
    boxes = [element("rect", {"x": 60 + at * 12, "y": y, "width": 12, "height": 10, "fill": fill})
             for at, fill in enumerate(ramp)]  # fmt: skip
    parts += [label_at(chart.scale[0], 54, y + 9, ink.muted, "end"), *boxes]
    parts.append(label_at(chart.scale[1], 66 + len(ramp) * 12, y + 9, ink.muted))
    height = int(y + 24)
    panel = element("rect", {"width": chart.width, "height": height, "fill": ink.panel})
    return picture(chart.width, height, [panel, *parts], {"role": "img", "aria-label": chart.label})


def _row(row: MapRow, x: float, y: float, ink: Ink, ramp: Sequence[str]) -> list[Svg]:
    found = [linked(row.href, label_at(cut(row.name, 18), x + _NAME_PX - 8, y + 13, ink.text, "end"))]
    for at, one in enumerate(row.cells):
        box: Attributes = {
            "x": x + _NAME_PX + at % _MOST_COLUMNS * (_SIZE + _GAP),
            "y": y + at // _MOST_COLUMNS * (_SIZE + _GAP),
            "width": _SIZE,
            "height": _SIZE,
            "rx": 3,
            "stroke": ink.muted,
            "stroke-width": 0.6,
        }
        words = element("title", {}, one.title)
        known = one.share is not None
        fill = ramp[step_of(one.share or 0.0)] if known else ink.panel
        dashes = None if known else "2 2"
        found.append(linked(one.href, element("rect", {**box, "fill": fill, "stroke-dasharray": dashes}, words)))
    return found
