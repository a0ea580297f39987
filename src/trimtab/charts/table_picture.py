"""A table as a picture, for where there is no page: its first rows, and how many more there are."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import LIGHT_INK, Ink
from trimtab.charts.line_frame import cut
from trimtab.charts.shades import label_at, title_at
from trimtab.charts.svg import Attributes, Svg, element

_ROW_PX, _PAD_PX = 22, 12
_MOST_ROWS, _MOST_COLUMNS = 40, 14


class TablePicture(Struct, frozen=True):
    """Heads and rows in words; `numbers` are the columns that are set to the right."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int]
    label: str
    width: int = 1080
    ink: Ink = LIGHT_INK
    title: str = ""


def draw_table(chart: TablePicture) -> Svg:
    """The picture."""
    ink, heads = chart.ink, chart.heads[:_MOST_COLUMNS]
    rows = [row[:_MOST_COLUMNS] for row in chart.rows[:_MOST_ROWS]]
    longest = [max([len(head), *(len(row[at]) for row in rows)]) for at, head in enumerate(heads)]
    room = chart.width - 2 * _PAD_PX
    whole = max(sum(min(one, 40) + 2 for one in longest), 1)
    widths = [room * (min(one, 40) + 2) / whole for one in longest]
    top = 34 if chart.title else _PAD_PX
    more = len(chart.rows) - len(rows)
    height = int(top + (len(rows) + 1 + bool(more)) * _ROW_PX + _PAD_PX)
    parts: list[Svg] = [element("rect", {"width": chart.width, "height": height, "fill": ink.panel})]
    parts += title_at(chart.title, ink, chart.width)
    for place, row in enumerate([heads, *rows]):
        y = top + place * _ROW_PX
        line: Attributes = {"x1": _PAD_PX, "x2": chart.width - _PAD_PX, "y1": y + _ROW_PX, "y2": y + _ROW_PX}
        parts.append(element("line", {**line, "stroke": ink.grid}))
        x = float(_PAD_PX)
        for at, text in enumerate(row):
            right = at in chart.numbers
            spot = x + widths[at] - 4 if right else x
            fill = ink.muted if place == 0 else ink.text
            parts.append(label_at(cut(text, int(widths[at] / 6)), spot, y + 15, fill, "end" if right else "start"))
            x += widths[at]
    if more > 0:
        parts.append(label_at(f"and {more} more rows", _PAD_PX, top + (len(rows) + 1) * _ROW_PX + 15, ink.muted))
    return picture(chart.width, height, parts, {"role": "img", "aria-label": chart.label})
