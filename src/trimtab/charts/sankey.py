"""A Sankey diagram: what flows from layer to layer, ribbons as wide as their amounts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import PAGE_INK, Ink
from trimtab.charts.line_frame import cut
from trimtab.charts.palette import OTHER
from trimtab.charts.shades import label_at, linked, title_at
from trimtab.charts.svg import Attributes, Svg, element, number

_NODE_PX, _GAP_PX, _PAD_PX, _LEAST_PX = 12, 9, 12, 1.0
_LABEL_SHARE, _BESIDE_PX, _CHARACTER_PX = 0.22, 5, 6.1


class Flow(Struct, frozen=True):
    """An amount along a path with a name in each layer."""

    path: tuple[str, ...]
    amount: float


class SankeyNode(Struct, frozen=True):
    """What is said of a node: its value in words, and in few, its colour, where it leads."""

    text: str
    short: str
    color: str
    href: str = ""


class Sankey(Struct, frozen=True):
    """The chart. `nodes` by layer and name; `layers` are the names of the layers."""

    flows: Sequence[Flow]
    layers: Sequence[str]
    nodes: Mapping[tuple[int, str], SankeyNode]
    label: str
    width: int = 1080
    height: int = 420
    ink: Ink = PAGE_INK
    title: str = ""


class _Place(Struct):
    """A node where it is drawn; `left` and `right` are how far its sides are taken by ribbons."""

    x: float
    top: float
    size: float
    left: float = 0.0
    right: float = 0.0


def draw_sankey(chart: Sankey) -> Svg:
    """The chart; `label` says what it shows to those who do not see it."""
    ink = chart.ink
    parts = [element("rect", {"width": chart.width, "height": chart.height, "fill": ink.panel})]
    parts += title_at(chart.title, ink, chart.width)
    places = _places(chart)
    parts += _ribbons(chart, places)
    for (layer, name), place in places.items():
        parts.append(_node(chart, layer, name, place))
    if not chart.flows:
        parts.append(label_at("No data in this range", chart.width / 2, chart.height / 2, ink.muted, "middle"))
    return picture(chart.width, chart.height, parts, {"role": "img", "aria-label": chart.label})


def _places(chart: Sankey) -> dict[tuple[int, str], _Place]:
    sums: dict[tuple[int, str], float] = defaultdict(float)
    for flow in chart.flows:
        for layer, name in enumerate(flow.path):
            sums[layer, name] += flow.amount
    count = len(chart.layers)
    most = max((sum(1 for layer, _ in sums if layer == at) for at in range(count)), default=0)
    top = (48.0 if chart.title else 28.0) + _PAD_PX / 2
    room = max(chart.height - top - _PAD_PX - _GAP_PX * max(most - 1, 0), 40.0)
    scale = room / max(sum(flow.amount for flow in chart.flows), 1e-12)
    last = _last(chart)
    found = {}
    for layer in range(count):
        x = _PAD_PX + (last - _PAD_PX) * layer / max(count - 1, 1)
        names = sorted((name for at, name in sums if at == layer), key=lambda name: (name == OTHER, -sums[layer, name]))
        y = top
        for name in names:
            size = max(sums[layer, name] * scale, _LEAST_PX)
            found[layer, name] = _Place(x, y, size)
            y += size + _GAP_PX
    return found


def _last(chart: Sankey) -> float:
    """Where the nodes of the last layer are."""
    return chart.width * (1 - _LABEL_SHARE) - _NODE_PX


def _ribbons(chart: Sankey, places: Mapping[tuple[int, str], _Place]) -> list[Svg]:
    parts = []
    for layer in range(len(chart.layers) - 1):
        pairs: dict[tuple[str, str], float] = defaultdict(float)
        for flow in chart.flows:
            pairs[flow.path[layer], flow.path[layer + 1]] += flow.amount
        order = sorted(pairs, key=lambda pair: (places[layer, pair[0]].top, places[layer + 1, pair[1]].top))
        whole = sum(pairs.values()) or 1.0
        height = sum(place.size for (at, _), place in places.items() if at == layer)
        for pair in order:
            one, other = places[layer, pair[0]], places[layer + 1, pair[1]]
            thick = pairs[pair] / whole * height
            parts.append(_ribbon(chart, (layer, pair[0]), pair[1], one, other, thick))
            one.right += thick
            other.left += thick
    return parts


def _ribbon(chart: Sankey, source: tuple[int, str], target: str, one: _Place, other: _Place, thick: float) -> Svg:
    x0, x1 = one.x + _NODE_PX, other.x
    y0, y1 = one.top + one.right, other.top + other.left
    middle = (x0 + x1) / 2
    path = (
        f"M{number(x0)} {number(y0)}C{number(middle)} {number(y0)} {number(middle)} {number(y1)} {number(x1)} "
        f"{number(y1)}v{number(thick)}C{number(middle)} {number(y1 + thick)} {number(middle)} {number(y0 + thick)} "
        f"{number(x0)} {number(y0 + thick)}z"
    )
    share = thick / one.size if one.size else 0.0
    words = f"{source[1]} → {target}: {share:.0%} of {chart.nodes[source].text}"
    return element("path", {"d": path, "fill": chart.nodes[source].color, "fill-opacity": 0.35},
                   element("title", {}, words))  # fmt: skip


def _node(chart: Sankey, layer: int, name: str, place: _Place) -> Svg:
    told, ink = chart.nodes[layer, name], chart.ink
    box: Attributes = {"x": place.x, "y": place.top, "width": _NODE_PX, "height": place.size, "fill": told.color}
    drawn = [element("rect", box, element("title", {}, f"{name} · {told.text} ({chart.layers[layer]})"))]
    if place.size >= 9 or layer == len(chart.layers) - 1:
        ends = layer == len(chart.layers) - 1
        wide = chart.width * _LABEL_SHARE if ends else _last(chart) / max(len(chart.layers) - 1, 1) - _NODE_PX
        words = f" · {told.short}"
        spot = place.x + _NODE_PX + _BESIDE_PX, place.top + place.size / 2 + 4
        drawn.append(
            label_at(cut(name, int((wide - 2 * _BESIDE_PX) / _CHARACTER_PX) - len(words)) + words, *spot, ink.text)
        )
    return linked(told.href, *drawn)
