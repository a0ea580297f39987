"""Drawings of the trace pages: parts of a percentile, the service map, histograms of latency."""

from collections.abc import Sequence

from trimtab.bottlenecks.service_map import ServiceEdge, ServiceMap, Traffic, nodes_by_name, upper_ms
from trimtab.charts.bar_chart import picture
from trimtab.charts.graph import Edge, Node, draw_graph
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.line_frame import cut
from trimtab.charts.scales import LinearScale
from trimtab.charts.svg import Attributes, Svg, element
from trimtab.web.traces.rows import PartRow, ms_text
from trimtab.web.view import View

_ROW_PX, _BAR_PX = 40, 10
_SLOWER = 1.2
"""Times as slow as in the baseline from which a component is shown as slower."""
_FAILS = 0.01
_CHARACTER_PX = 6.4


def parts_picture(rows: Sequence[PartRow], *, with_baseline: bool, width: int) -> Svg:
    """Bars of the parts: the baseline in grey above, now in the accent below, the interval of 90 % as a line."""
    names = int(width * 0.46)
    x = LinearScale(0, 100, names + 8, width - 96)
    parts: list[Svg] = []
    for at, row in enumerate(rows):
        top = at * _ROW_PX + 4
        head: Attributes = {"x": 0, "y": top + 13, "fill": PAGE_INK.text, "font-size": 12, "font-weight": 600}
        sub: Attributes = {"x": 0, "y": top + 28, "fill": PAGE_INK.muted}
        parts.append(element("text", head, cut(row.label, int(names / (_CHARACTER_PX + 0.5)))))
        parts.append(
            element("text", sub, cut(row.detail, int(names / _CHARACTER_PX)), element("title", {}, row.detail))
        )
        if with_baseline:
            was: Attributes = {"x": x(0), "y": top + 2, "width": max(x(row.before) - x(0), 1), "height": _BAR_PX}
            parts.append(element("rect", {**was, "rx": 2, "fill": PAGE_INK.slot(8), "opacity": 0.55}))
        low = top + (_BAR_PX + 4 if with_baseline else 8)
        now: Attributes = {"x": x(0), "y": low, "width": max(x(row.width) - x(0), 1), "height": _BAR_PX}
        parts.append(element("rect", {**now, "rx": 2, "fill": PAGE_INK.slot(1)}))
        line: Attributes = {"x1": x(row.low), "x2": x(row.high), "y1": low + _BAR_PX / 2, "y2": low + _BAR_PX / 2}
        parts.append(element("line", {**line, "stroke": PAGE_INK.text, "stroke-width": 1.5}))
        parts += _values(row, with_baseline, width, top)
    return picture(width, max(len(rows), 1) * _ROW_PX + 4, parts, {"role": "img", "aria-label": _said(rows)})


def map_picture(found: ServiceMap, before: ServiceMap | None, view: View, seconds: float) -> Svg:
    """The service map; what is slower than in the baseline, or fails, is framed in red and says so."""
    was = nodes_by_name(before) if before else {}
    most = max((edge.traffic.requests for edge in found.edges), default=1.0)
    edges_before = {(edge.caller, edge.callee): edge for edge in before.edges} if before else {}
    nodes = []
    for node in found.nodes:
        rate = f"{_rate(node.traffic.requests / seconds)} · p99 {ms_text(node.traffic.p99_ms)}"
        old = was.get(node.name)
        change = _change(node.traffic, old.traffic if old else None)
        bad = node.traffic.failed > _FAILS
        words = f"{100 * node.traffic.failed:.1f} % failed" if bad else change
        nodes.append(
            Node(
                node.name,
                [rate, words],
                view.url(node=node.name),
                "var(--bad)" if bad or change.startswith("slower") else "var(--line-strong)",
                f"{node.name}: p50 {ms_text(node.traffic.p50_ms)}, p99 {ms_text(node.traffic.p99_ms)}, "
                f"{100 * node.traffic.failed:.2f} % failed",
                node.inferred,
                view.get("node") == node.name,
                node.traffic.failed,
            )
        )
    edges = [_arrow(edge, edges_before.get((edge.caller, edge.callee)), most, seconds) for edge in found.edges]
    return draw_graph(nodes, edges, f"service map of {len(nodes)} components", PAGE_INK)


def latency_picture(now: Traffic, before: Traffic | None, width: int = 520, height: int = 150) -> Svg:
    """The histogram of a component's latency in octaves: the baseline's shape behind it, in grey."""
    used = [at for at, count in enumerate(now.histogram) if count or (before and before.histogram[at])]
    first, last = (min(used), max(used)) if used else (0, 1)
    bins = range(first, last + 1)
    whole, whole_before = max(now.requests, 1e-9), max(before.requests if before else 0.0, 1e-9)
    shares = [now.histogram[at] / whole for at in bins]
    shares_before = [before.histogram[at] / whole_before if before else 0.0 for at in bins]
    top = max(*shares, *shares_before, 0.01)
    y = LinearScale(0, top, height - 24, 10)
    step = (width - 16) / max(len(shares), 1)
    parts: list[Svg] = []
    for at, (share, old) in enumerate(zip(shares, shares_before, strict=True)):
        left = 8 + at * step
        box: Attributes = {"x": left + 1, "width": max(step - 2, 1), "rx": 2}
        title = element("title", {}, f"up to {ms_text(upper_ms(first + at))}: {100 * share:.1f} %")
        if before:
            parts.append(
                element("rect", {**box, "y": y(old), "height": y(0) - y(old), "fill": PAGE_INK.slot(8), "opacity": 0.4})
            )
        inner: Attributes = {"x": left + step * 0.2, "width": max(step * 0.6, 1), "rx": 2, "fill": PAGE_INK.slot(1)}
        parts.append(element("rect", {**inner, "y": y(share), "height": max(y(0) - y(share), 0)}, title))
        if at % max(len(shares) // 8, 1) == 0:
            spot: Attributes = {"x": left + step, "y": height - 8, "text-anchor": "end", "fill": PAGE_INK.muted}
            parts.append(element("text", spot, ms_text(upper_ms(first + at))))
    said = f"latency: p50 {ms_text(now.p50_ms)}, p99 {ms_text(now.p99_ms)}"
    return picture(width, height, parts, {"role": "img", "aria-label": said})


def _arrow(edge: ServiceEdge, before: ServiceEdge | None, most: float, seconds: float) -> Edge:
    traffic = edge.traffic
    change = _change(traffic, before.traffic if before else None)
    bad = traffic.failed > _FAILS or change.startswith("slower")
    title = (
        f"{edge.caller} → {edge.callee}: {_rate(traffic.requests / seconds)}, p50 {ms_text(traffic.p50_ms)}, "
        f"p99 {ms_text(traffic.p99_ms)}, wait {ms_text(edge.wire_ms)}, {100 * traffic.failed:.2f} % failed {change}"
    )
    return Edge(
        edge.caller, edge.callee, ms_text(traffic.p50_ms), title, traffic.requests / most, "var(--bad)" if bad else ""
    )


def _change(now: Traffic, before: Traffic | None) -> str:
    """How the p99 moved against the baseline, in words; "" without one."""
    if before is None or before.p99_ms <= 0:
        return ""
    ratio = now.p99_ms / before.p99_ms
    if ratio >= _SLOWER:
        return f"slower: {ratio:.1f}× the baseline"
    return f"faster: {ratio:.2f}× the baseline" if ratio <= 1 / _SLOWER else "as the baseline"


def _rate(per_second: float) -> str:
    return f"{per_second:.1f}/s" if per_second >= 1 else f"{per_second * 60:.1f}/min"


def _values(row: PartRow, with_baseline: bool, width: int, top: float) -> list[Svg]:
    spot: Attributes = {"x": width, "text-anchor": "end"}
    now = element("text", {**spot, "y": top + 13, "fill": PAGE_INK.text, "font-size": 12}, ms_text(row.share.ms))
    if not with_baseline:
        return [now, element("text", {**spot, "y": top + 28, "fill": PAGE_INK.muted}, f"{100 * row.share.share:.0f} %")]
    change = row.share.change_ms
    text = f"{'+' if change >= 0 else '−'}{ms_text(abs(change))}" + ("" if row.sure else " ?")
    fill = PAGE_INK.mark if row.sure and change > 0 else PAGE_INK.muted
    return [now, element("text", {**spot, "y": top + 28, "fill": fill}, text)]


def _said(rows: Sequence[PartRow]) -> str:
    return "; ".join(f"{row.label} {row.detail} {ms_text(row.share.ms)}" for row in rows)
