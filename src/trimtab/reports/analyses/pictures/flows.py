"""Sankey diagrams of what flows from grouping to grouping, and points over two measures."""

from collections import defaultdict

from trimtab.charts.palette import slots
from trimtab.charts.points import Points, Spot, draw_points
from trimtab.charts.sankey import Flow, Sankey, SankeyNode, draw_sankey
from trimtab.charts.svg import Svg
from trimtab.reports.analyses.model import Key, Shown, Value, number_of, words_of
from trimtab.reports.analyses.pictures.frame import Frame
from trimtab.reports.analyses.values import added
from trimtab.reports.analyses.words import row_words, short_text, unit_words, value_text


def draw_flows(shown: Shown, frame: Frame) -> Svg:
    """The flows of the first amount; what is not above zero does not flow."""
    flows, keys = [], dict[tuple[int, str], Key]()
    sums: dict[tuple[int, str], list[Value]] = defaultdict(list)
    for row in shown.rows:
        amount = number_of(row.values[0])
        if amount is None or amount <= 0:
            continue
        path = tuple(words_of(one, key) for one, key in zip(shown.dimensions, row.keys, strict=True))
        flows.append(Flow(path, amount))
        for at, name in enumerate(path):
            sums[at, name].append(row.values[0])
            keys[at, name] = row.keys[at]
    nodes = {}
    for layer in range(len(shown.dimensions)):
        names = [name for at, name in sums if at == layer]
        for name, slot in zip(names, slots(names), strict=True):
            whole = added(sums[layer, name])
            texts = value_text(shown.amounts[0], whole), short_text(shown.amounts[0], whole)
            lead = frame.lead([(layer, keys[layer, name])])
            nodes[layer, name] = SankeyNode(*texts, frame.ink.slot(slot), lead)
    most = max((sum(1 for at, _ in nodes if at == layer) for layer in range(len(shown.dimensions))), default=0)
    height = max(frame.height + 80, 40 + most * 26)
    layers = [one.label for one in shown.dimensions]
    return draw_sankey(Sankey(flows, layers, nodes, shown.title, frame.width, height, frame.ink, frame.title))


def undrawn(shown: Shown) -> str:
    """What of a Sankey diagram cannot be drawn, in words; empty where all is."""
    below = [row.values[0] for row in shown.rows if row.values[0] is not None and row.values[0] < 0]
    if shown.kind != "sankey" or not below:
        return ""
    return f"{value_text(shown.amounts[0], added(below))} of credits flow nowhere and are not drawn; the table has them"


def draw_scatter(shown: Shown, frame: Frame) -> Svg:
    """A point a group: the first amount across, the second upwards (rows where there is one), the third its size."""
    across, upward = shown.amounts[0], shown.amounts[min(1, len(shown.amounts) - 1)]
    sizes = [number_of(row.values[2]) or 0.0 if len(row.values) > 2 else 1.0 for row in shown.rows]
    most = max(sizes, default=0.0)
    grouped = len(shown.dimensions) > 1
    groups = [words_of(shown.dimensions[-1], row.keys[-1]) if grouped else "" for row in shown.rows]
    names = list(dict.fromkeys(groups))
    colors = dict(zip(names, slots(names), strict=True)) if grouped else {"": 1}
    spots = []
    for row, size, group in zip(shown.rows, sizes, groups, strict=True):
        x, y = number_of(row.values[0]), number_of(row.values[min(1, len(row.values) - 1)])
        if x is None or y is None:
            continue
        share = size / most if most and len(row.values) > 2 else 0.25
        lead = frame.lead(list(enumerate(row.keys)))
        name = words_of(shown.dimensions[0], row.keys[0])
        spots.append(Spot(x, y, name, row_words(shown, row), frame.ink.slot(colors[group]), share, lead))
    legend = [(name, frame.ink.slot(slot)) for name, slot in colors.items() if name]
    words = unit_words(across), unit_words(upward)
    return draw_points(
        Points(spots, *words, shown.title, legend, frame.width, frame.height + 40, frame.ink, frame.title)
    )
