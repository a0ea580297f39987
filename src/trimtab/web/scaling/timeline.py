"""Replicas of a target over time, its demand over them, and a mark for everything that was done."""

from collections.abc import Sequence

import numpy as np

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.base.tags import Tags, make_tags
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.line_chart import Curve, LineChart, ValueAxis, draw_lines
from trimtab.charts.line_frame import Legend
from trimtab.charts.line_marks import SpanAlong
from trimtab.metrics.expressions.model import MetricStat, Query, Result
from trimtab.metrics.statistics import parse_statistic
from trimtab.scaling.demand import Evaluator
from trimtab.scaling.engine import metering
from trimtab.scaling.engine.model import Activity, Did, Mode, ScalableTarget, Status
from trimtab.web.chart_data import STEPS_S
from trimtab.web.scaling.picture import Drawing
from trimtab.web.window import Window

_POINTS = 420
_MOST_MARKS = 60
_BRIDGE = 2.6
_LABELS = 12
"""Texts of marks that have room beside each other."""
_WIDE, _NARROW = (1080, 320), (340, 280)


def step_of(window: Window, tick_s: int) -> int:
    """The period of the chart, in seconds: no finer than the target's tick."""
    wanted = max(tick_s, (window.end_ms - window.start_ms) / 1000 / _POINTS)
    return next((one for one in STEPS_S if one >= wanted), STEPS_S[-1])


async def draw(
    evaluator: Evaluator, scope: Scope, target: ScalableTarget, some: Sequence[Activity], window: Window
) -> Drawing | None:
    """The chart; None where nothing is known of the range."""
    step = step_of(window, target.service.tick_s)
    dimensions = make_tags({metering.TARGET: target.key.label})
    queries = [
        _query("ready", metering.TARGETS, metering.READY, dimensions, "Average", step),
        _query("wanted", metering.TARGETS, metering.WANTED, dimensions, "Maximum", step),
    ]
    signal = target.service.signal
    if signal is not None:
        queries.append(
            _query("demand", signal.namespace, signal.name, make_tags(signal.dimensions), signal.statistic, step)
        )
    step_ms = step * 1000
    start_ms, end_ms = window.start_ms // step_ms * step_ms, window.end_ms
    found = {one.query_id: one for one in await evaluator.evaluate(scope, queries, start_ms, end_ms)}
    if not any(len(one.times) for one in found.values()):
        return None
    ready = "ready" if target.mode is Mode.ACT else "ready, had it been done"
    slots = (("wanted", "wanted", 2, 1.0, False), ("ready", ready, 1, 1.0, False))
    curves = [_curve(found[id_], label, slot, step_ms, scale, right) for id_, label, slot, scale, right in slots]
    if "demand" in found and signal is not None:
        scale = 1 / step if signal.per_period else 1.0
        curves.append(_curve(found["demand"], f"{signal.name} a second", 6, step_ms, scale, True))
    shown = [one for one in some if window.start_ms <= one.start_ms < window.end_ms][:_MOST_MARKS]
    marks = _apart([_mark(one) for one in shown], (window.end_ms - window.start_ms) // _LABELS)
    axes = ValueAxis(low=0.0, label="replicas"), ValueAxis(low=0.0, label="a second")
    wide, narrow = (
        draw_lines(
            LineChart(
                curves, window.start_ms, end_ms, *size, left=axes[0], right=axes[1], along=marks,
                legend=Legend.BOTTOM, ink=PAGE_INK,
            )
        )
        for size in (_WIDE, _NARROW)
    )  # fmt: skip
    return Drawing(wide, narrow)


def _query(id_: str, namespace: str, name: str, dimensions: Tags, statistic: str, step: int) -> Query:
    return Query(id_, MetricStat(namespace, name, dimensions, parse_statistic(statistic, "statistic"), step))


def _curve(found: Result, label: str, slot: int, step_ms: int, scale: float, right: bool) -> Curve:
    values = np.asarray(found.values, dtype=np.float64) * scale
    return Curve(label, found.times, values, PAGE_INK.slot(slot), round(step_ms * _BRIDGE), right)


def _apart(marks: Sequence[SpanAlong], least_ms: int) -> list[SpanAlong]:
    """The marks, the newest first; a text that would lie on that of a newer one is left out."""
    found: list[SpanAlong] = []
    last_ms: int | None = None
    for one in marks:
        at_ms = one.start_ms or 0
        close = last_ms is not None and last_ms - at_ms < least_ms
        found.append(replace(one, label="") if close else one)
        last_ms = at_ms if one.label and not close else last_ms
    return found


def _mark(one: Activity) -> SpanAlong:
    bad = one.did in (Did.CHAOS, Did.REPLACE) or one.status in (Status.FAILED, Status.UNFULFILLED)
    label = {Did.CHAOS: "killed", Did.REPLACE: "replaced", Did.SCHEDULE: "scheduled"}.get(one.did, "")
    return SpanAlong(one.start_ms, label=label, color=PAGE_INK.mark if bad else PAGE_INK.slot(7))
