"""Points over two measures, on axes from zero, each with its name, and a link where it leads somewhere."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.line_frame import Legend, cut, frame_of
from trimtab.charts.scales import LinearScale, extent_from_zero
from trimtab.charts.shades import label_at, linked
from trimtab.charts.svg import Attributes, Svg, element
from trimtab.charts.ticks import short, value_ticks

_LEFT, _RIGHT, _BOTTOM = 56, 20, 44
_NAMED = 14
"""Points that are named in the picture, the largest first; the pointer names all."""
_MOST_NAME, _CHARACTER_PX, _LINE_PX = 24, 6.1, 12


class Spot(Struct, frozen=True):
    """A point: its place, its name, its colour, how large it is beside the largest (0 to 1), and where it leads."""

    x: float
    y: float
    name: str
    title: str
    color: str
    size: float = 0.2
    href: str = ""


class Points(Struct, frozen=True):
    """The chart, with what its axes are called."""

    spots: Sequence[Spot]
    x_label: str
    y_label: str
    label: str
    names: Sequence[tuple[str, str]] = ()
    width: int = 1080
    height: int = 320
    ink: Ink = PAGE_INK
    title: str = ""


def draw_points(chart: Points) -> Svg:
    """The chart; `label` says what it shows to those who do not see it."""
    ink = chart.ink
    frame = frame_of(
        chart.width, chart.height, chart.title, [one for one, _ in chart.names], Legend.BOTTOM, two_axes=False
    )
    left, right, top, bottom = float(_LEFT), float(chart.width - _RIGHT), frame.top, frame.bottom - 16
    across = value_ticks(*extent_from_zero([one.x for one in chart.spots]), max(int((right - left) / 90), 2))
    upward = value_ticks(*extent_from_zero([one.y for one in chart.spots]), max(int((bottom - top) / 40), 2))
    x, y = LinearScale(across[0], across[-1], left, right), LinearScale(upward[0], upward[-1], bottom, top)
    parts = [element("rect", {"width": chart.width, "height": chart.height, "fill": ink.panel}), *frame.head(ink)]
    for tick in upward:
        line: Attributes = {"x1": left, "x2": right, "y1": y(tick), "y2": y(tick)}
        parts.append(element("line", {**line, "stroke": ink.grid}))
        parts.append(label_at(short(tick), left - 6, y(tick) + 4, ink.muted, "end"))
    parts += [label_at(short(tick), x(tick), bottom + 16, ink.muted, "middle") for tick in across]
    parts.append(label_at(chart.x_label, right, bottom + 32, ink.muted, "end"))
    parts.append(label_at(chart.y_label, 4, top - 8, ink.muted))
    taken: list[_Place] = []
    for at, one in enumerate(sorted(chart.spots, key=lambda one: -one.size)):
        place = _place(one, x(one.x), y(one.y), right, taken) if at < _NAMED else None
        taken += [place] if place else []
        parts.append(_spot(one, x(one.x), y(one.y), place, ink))
    parts += frame.names(chart.names, ink)
    if not chart.spots:
        parts.append(frame.note("No data in this range", ink))
    return picture(chart.width, chart.height, parts, {"role": "img", "aria-label": chart.label})


class _Place(Struct, frozen=True):
    """Where a name is written: its nearer end, its baseline, its other end."""

    x: float
    y: float
    far: float

    def covers(self, other: "_Place") -> bool:
        """Whether two names would be written over each other."""
        mine, its = sorted((self.x, self.far)), sorted((other.x, other.far))
        return abs(self.y - other.y) < _LINE_PX and mine[0] < its[1] and its[0] < mine[1]


def _place(one: Spot, x: float, y: float, right: float, taken: Sequence[_Place]) -> _Place | None:
    """Beside the spot, or a line or two above or below; None where every place is taken."""
    away = _radius(one) + 3
    side = -1 if x > right - 110 else 1
    start, width = x + side * away, len(cut(one.name, _MOST_NAME)) * _CHARACTER_PX
    for lines in (0, -1, 1, -2, 2):
        place = _Place(start, y + 4 + lines * _LINE_PX, start + side * width)
        if not any(place.covers(other) for other in taken):
            return place
    return None


def _radius(one: Spot) -> float:
    return 4.0 + 9.0 * float(one.size**0.5)


def _spot(one: Spot, x: float, y: float, place: _Place | None, ink: Ink) -> Svg:
    shape: Attributes = {"cx": x, "cy": y, "r": _radius(one), "fill": one.color, "fill-opacity": 0.75,
                         "stroke": ink.panel}  # fmt: skip
    drawn = [element("circle", shape, element("title", {}, one.title))]
    if place is not None:
        side = "end" if place.far < place.x else "start"
        drawn.append(label_at(cut(one.name, _MOST_NAME), place.x, place.y, ink.text, side))
    return linked(one.href, *drawn)
