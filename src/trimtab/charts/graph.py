"""A directed graph in layers from left to right: who calls whom, as one SVG.

Nodes stand one layer behind the farthest of their callers (calls that go round in circles are left out of that);
within a layer they are ordered by where their neighbours stand, so that few edges cross. Deterministic.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.charts.bar_chart import picture
from trimtab.charts.ink import LIGHT_INK, Ink
from trimtab.charts.line_frame import cut
from trimtab.charts.svg import Attributes, Svg, element

NODE_W, NODE_H = 176, 62
_GAP_X, _GAP_Y, _PAD = 68, 22, 8
_SWEEPS = 6
_CHARACTER_PX = 6.9
_THIN, _THICK = 1.2, 6.0
_NEAR = 0.66
ARROW = "graph-arrow"


class Node(Struct, frozen=True):
    """A box: its name, lines below it, and where a click leads. `color` is its frame's; `dashed`: inferred."""

    name: str
    lines: Sequence[str]
    href: str
    color: str
    title: str = ""
    dashed: bool = False
    chosen: bool = False
    bad_share: float = 0.0


class Edge(Struct, frozen=True):
    """An arrow between two names; `weight` (0 to 1) makes it thick, `label` stands at its middle."""

    source: str
    target: str
    label: str
    title: str
    weight: float
    color: str
    href: str = ""


def draw_graph(nodes: Sequence[Node], edges: Sequence[Edge], label: str = "", ink: Ink = LIGHT_INK) -> Svg:
    """The picture, as large as the graph needs."""
    names = [node.name for node in nodes]
    pairs = [(edge.source, edge.target) for edge in edges]
    columns = layers(names, pairs)
    tallest = max((len(column) for column in columns), default=1)
    width = 2 * _PAD + len(columns) * NODE_W + max(len(columns) - 1, 0) * _GAP_X
    height = 2 * _PAD + tallest * NODE_H + max(tallest - 1, 0) * _GAP_Y
    spots: dict[str, tuple[float, float]] = {}
    for at, column in enumerate(columns):
        own = len(column) * NODE_H + (len(column) - 1) * _GAP_Y
        top = (height - own) / 2
        for row, name in enumerate(column):
            spots[name] = (_PAD + at * (NODE_W + _GAP_X), top + row * (NODE_H + _GAP_Y))
    known = [edge for edge in edges if edge.source in spots and edge.target in spots]
    parts = [_arrow_head(ink), *(_edge(edge, spots, ink) for edge in known)]
    parts += [_node(node, spots[node.name], ink) for node in nodes]
    parts += [_label(edge, spots, ink) for edge in known if edge.label]
    return picture(width, height, parts, {"class": "graph", "role": "group", "aria-label": label})


def layers(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """The names of each layer from left to right, each from top to bottom."""
    forward = _without_circles(names, edges)
    depth = _depths(names, forward)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in sorted(names):
        columns[depth[name]].append(name)
    above: dict[str, list[str]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for source, target in forward:
        above[target].append(source)
        below[source].append(target)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        order = range(1, len(columns)) if down else range(len(columns) - 2, -1, -1)
        for at in order:
            columns[at] = _by_neighbours(columns[at], above if down else below, columns)
    return columns


def _by_neighbours(column: list[str], beside: Mapping[str, list[str]], columns: list[list[str]]) -> list[str]:
    place = {name: row / max(len(one), 1) for one in columns for row, name in enumerate(one)}
    own = {name: row for row, name in enumerate(column)}

    def middle(name: str) -> tuple[float, int]:
        near = beside.get(name)
        return (sum(place[one] for one in near) / len(near) if near else place[name], own[name])

    return sorted(column, key=middle)


def _without_circles(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Edges without those that lead back to where a walk came from."""
    targets: dict[str, list[str]] = defaultdict(list)
    entered: dict[str, int] = dict.fromkeys(names, 0)
    for source, target in sorted(set(edges)):
        if source != target and source in entered and target in entered:
            targets[source].append(target)
            entered[target] += 1
    kept: list[tuple[str, str]] = []
    state: dict[str, int] = {}
    for start in sorted(names, key=lambda name: (entered[name], name)):
        walk = [(start, 0)] if start not in state else []
        while walk:
            name, at = walk.pop()
            state[name] = 1
            if at == len(targets[name]):
                state[name] = 2
                continue
            walk.append((name, at + 1))
            target = targets[name][at]
            if state.get(target) == 1:
                continue
            kept.append((name, target))
            if target not in state:
                walk.append((target, 0))
    return kept


def _depths(names: Sequence[str], forward: Sequence[tuple[str, str]]) -> dict[str, int]:
    depth = dict.fromkeys(names, 0)
    for _ in names:
        moved = False
        for source, target in forward:
            if depth[target] < depth[source] + 1:
                depth[target] = depth[source] + 1
                moved = True
        if not moved:
            break
    return depth


def _arrow_head(ink: Ink) -> Svg:
    shape = element("path", {"d": "M0 0 8 4 0 8z", "fill": ink.muted})
    size: Attributes = {"id": ARROW, "viewBox": "0 0 8 8", "refX": 7, "refY": 4, "orient": "auto"}
    marker = element("marker", {**size, "markerWidth": 8, "markerHeight": 8, "markerUnits": "userSpaceOnUse"}, shape)
    return element("defs", {}, marker)


def _ends(edge: Edge, spots: Mapping[str, tuple[float, float]]) -> tuple[float, float, float, float]:
    (left, top), (right, bottom) = spots[edge.source], spots[edge.target]
    if right > left:
        return left + NODE_W, top + NODE_H / 2, right, bottom + NODE_H / 2
    return left, top + NODE_H / 2 + 8, right + NODE_W, bottom + NODE_H / 2 + 8


def _edge(edge: Edge, spots: Mapping[str, tuple[float, float]], ink: Ink) -> Svg:
    x0, y0, x1, y1 = _ends(edge, spots)
    bend = max(abs(x1 - x0) / 2, 36)
    towards = 1 if x1 >= x0 else -1
    path = f"M{x0:.1f} {y0:.1f}C{x0 + towards * bend:.1f} {y0:.1f} {x1 - towards * bend:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
    line: Attributes = {"d": path, "fill": "none", "stroke": edge.color or ink.muted}
    line |= {"stroke-width": _THIN + (_THICK - _THIN) * edge.weight, "marker-end": f"url(#{ARROW})", "opacity": 0.75}
    return element("path", line, element("title", {}, edge.title))


def _label(edge: Edge, spots: Mapping[str, tuple[float, float]], ink: Ink) -> Svg:
    x0, y0, x1, y1 = _ends(edge, spots)
    # Near the callee: arrows of one caller begin in one place.
    rise = _NEAR * _NEAR * (3 - 2 * _NEAR)
    spot: Attributes = {"x": x0 + _NEAR * (x1 - x0), "y": y0 + rise * (y1 - y0) - 5}
    spot |= {"text-anchor": "middle", "fill": ink.muted}
    text = element("text", {**spot, "stroke": ink.panel, "stroke-width": 4, "paint-order": "stroke"}, edge.label)
    return element("a", {"href": edge.href}, text) if edge.href else text


def _node(node: Node, spot: tuple[float, float], ink: Ink) -> Svg:
    left, top = spot
    frame: Attributes = {"x": left, "y": top, "width": NODE_W, "height": NODE_H, "rx": 8, "fill": ink.panel}
    frame |= {"stroke": node.color, "stroke-width": 3 if node.chosen else 1.5}
    parts = [
        element("title", {}, node.title or node.name),
        element("rect", {**frame, "stroke-dasharray": "5 4" if node.dashed else None}),
    ]
    if node.bad_share > 0:
        wide = max((NODE_W - 16) * min(node.bad_share, 1.0), 3)
        parts.append(
            element("rect", {"x": left + 8, "y": top + NODE_H - 6, "width": wide, "height": 3, "fill": ink.mark})
        )
    head: Attributes = {"x": left + 12, "y": top + 21, "fill": ink.text, "font-size": 13, "font-weight": 600}
    parts.append(element("text", head, cut(node.name, int((NODE_W - 20) / _CHARACTER_PX))))
    for row, line in enumerate(node.lines):
        parts.append(element("text", {"x": left + 12, "y": top + 37 + row * 14, "fill": ink.muted}, line))
    return element("a", {"href": node.href}, *parts)
