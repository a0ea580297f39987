"""Values large, each with its name, and how it has changed."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.line_frame import cut
from trimtab.charts.shades import label_at, title_at
from trimtab.charts.svg import Svg, element

_LEAST_PX, _HEIGHT = 190, 78
_DIGIT_PX, _GAP_PX = 15.6, 24  # of a value's text, and beside it


class Figure(Struct, frozen=True):
    """A value in words, its name, and a line below it."""

    name: str
    value: str
    note: str = ""


class Figures(Struct, frozen=True):
    """The picture; its height follows from how many there are."""

    figures: Sequence[Figure]
    label: str
    width: int = 1080
    ink: Ink = PAGE_INK
    title: str = ""


def draw_figures(chart: Figures) -> Svg:
    """The picture; `label` says what it shows to those who do not see it."""
    ink = chart.ink
    columns = _columns(chart)
    wide = chart.width / columns
    top = 30 if chart.title else 0
    height = top + -(-max(len(chart.figures), 1) // columns) * _HEIGHT
    parts: list[Svg] = [element("rect", {"width": chart.width, "height": height, "fill": ink.panel})]
    parts += title_at(chart.title, ink, chart.width)
    for at, one in enumerate(chart.figures):
        x, y = at % columns * wide + 12, top + at // columns * _HEIGHT
        room = int(wide / 7)
        parts.append(label_at(cut(one.name, room), x, y + 16, ink.muted, size=12))
        parts.append(label_at(one.value, x, y + 46, ink.text, size=26, bold=True))
        parts.append(label_at(cut(one.note, room), x, y + 66, ink.muted, size=12))
    return picture(chart.width, height, parts, {"role": "img", "aria-label": chart.label})


def _columns(chart: Figures) -> int:
    """As many as there is room for beside the longest value, and no row much shorter than the others."""
    longest = max((len(one.value) for one in chart.figures), default=0)
    fit = int(chart.width // max(_LEAST_PX, longest * _DIGIT_PX + _GAP_PX))
    number = max(len(chart.figures), 1)
    return -(-number // -(-number // max(min(fit, number), 1)))
