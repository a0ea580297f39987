"""The capacity plan's pictures: the choices by cost and risk, and the replicas of the chosen one."""

import numpy as np

from trimtab.charts.ink import PAGE_INK
from trimtab.charts.line_chart import Curve, LineChart, ValueAxis, draw_lines
from trimtab.charts.line_frame import Legend
from trimtab.charts.scatter import Point, Scatter, draw_scatter
from trimtab.charts.svg import Svg
from trimtab.scaling.plan.room import TICK_S, Planned
from trimtab.scaling.plan.words import dollars, share
from trimtab.scaling.simulation import thinned
from trimtab.web.scaling.picture import POINTS, Drawing

_COLOURS = 7
"""Types that get a colour of their own; the eighth is for the rest."""


def front(planned: Planned) -> Drawing:
    """Every choice worth showing, in two widths."""
    plan, zone_fails = planned.plan, planned.question.zone_fails
    types = list(dict.fromkeys(one.type for one in plan.choices))
    slots = {type_: min(at, _COLOURS) + 1 for at, type_ in enumerate(types)}
    points = []
    for one in plan.choices:
        risk = one.counted(zone_fails=zone_fails)
        title = f"{one.type}, {one.policy}, {one.purchase}: {dollars(one.monthly)} a month, {share(risk)}"
        points.append(Point(float(one.monthly), risk, slots[one.type], title, one.on_front, one == plan.best))
    risk_label = "requests out of the objective while a zone is gone" if zone_fails else "requests out of the objective"
    names = [(type_, slots[type_]) for type_ in types[: _COLOURS + 1]]
    wide, narrow = (
        draw_scatter(Scatter(points, planned.question.allowed, "$ a month", risk_label, names, *size))
        for size in ((1080, 340), (340, 300))
    )
    return Drawing(wide, narrow)


def replicas(planned: Planned) -> Drawing:
    """What is needed at the expected traffic, and what the chosen policy has in service, in two widths."""
    plan = planned.plan
    step = TICK_S * 1000 * max(1, -(-len(plan.needed) // POINTS))
    needed, ready = np.array(thinned(plan.needed, POINTS)), np.array(thinned(plan.ready, POINTS))
    times = planned.start_ms + step * np.arange(len(needed))
    curves = [
        Curve("needed", times, needed, PAGE_INK.slot(7), step),
        Curve("in service", times, ready, PAGE_INK.slot(1), step),
    ]
    end_ms = planned.start_ms + len(plan.needed) * TICK_S * 1000
    axis = ValueAxis(low=0.0, label="replicas")

    def drawn(width: int, height: int) -> Svg:
        return draw_lines(
            LineChart(curves, planned.start_ms, end_ms, width, height, left=axis, legend=Legend.BOTTOM, ink=PAGE_INK)
        )

    return Drawing(drawn(1080, 260), drawn(340, 240))
