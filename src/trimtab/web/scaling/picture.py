"""Replicas over time: what was needed, and what each policy had in service."""

from typing import NamedTuple

import numpy as np

from trimtab.charts.ink import PAGE_INK
from trimtab.charts.line_chart import Curve, LineChart, ValueAxis, draw_lines
from trimtab.charts.line_frame import Legend
from trimtab.charts.svg import Svg
from trimtab.scaling.simulation import Simulation, thinned

POINTS = 420
SHOWN = 3
"""Policies that are drawn beside what is needed: more lines hide each other."""


_WIDE, _NARROW = (1080, 300), (340, 260)
"""Widths and heights, in pixels."""


class Drawing(NamedTuple):
    """The chart in two widths."""

    wide: Svg
    narrow: Svg


def draw(found: Simulation, tick_s: float, start_ms: int) -> Drawing:
    """The chart."""
    step = round(tick_s * 1000) * max(1, -(-len(found.needed) // POINTS))
    needed = np.array(thinned(found.needed, POINTS))
    times = start_ms + step * np.arange(len(needed))
    curves = [Curve("needed", times, needed, PAGE_INK.slot(7), step)]
    for slot, one in enumerate(found.policies[:SHOWN]):
        curves.append(Curve(one.name, times, np.array(thinned(one.ready, POINTS)), PAGE_INK.slot(slot), step))
    end_ms = start_ms + round(len(found.needed) * tick_s * 1000)
    axis = ValueAxis(low=0.0, label="replicas")
    wide, narrow = (
        draw_lines(LineChart(curves, start_ms, end_ms, *size, left=axis, legend=Legend.BOTTOM, ink=PAGE_INK))
        for size in (_WIDE, _NARROW)
    )
    return Drawing(wide, narrow)
