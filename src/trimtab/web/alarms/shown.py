"""A replay as the pages show it: the chart's payload, the strip of states, numbers in words."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.alarms.model import StateValue
from trimtab.alarms.replay.chart import looks_down, thin
from trimtab.alarms.replay.model import Replay, Trace
from trimtab.base import typed
from trimtab.base.records import replace
from trimtab.charts.states import Stretch, alarm_line, state_strip
from trimtab.charts.svg import Svg
from trimtab.metrics.statistics import parse_statistic
from trimtab.web import format as words
from trimtab.web.format import NUMBER, Unit, unit_of

_POINTS = 900  # of a chart that is about as many pixels wide
_MINI = 150
_CLASSES = {StateValue.OK: "good", StateValue.ALARM: "bad", StateValue.INSUFFICIENT_DATA: "none"}
_AVERAGE = parse_statistic("Average")
_SHADES = 400  # times in ALARM that are shaded on a chart: more are a wall


class ShownReplay(Struct, frozen=True):
    """A replay with its pictures. `drawn` is the payload of a time-series element, as JSON."""

    replay: Replay
    drawn: str
    strip: Svg
    sentence: str
    subtitle: str
    axis: int
    """Characters of the widest label of the value axis: the strip of states begins below the plot."""


def show_replay(replay: Replay) -> ShownReplay:
    """The pictures and words of a replay."""
    trace = thin(replay.trace, _POINTS)
    stands = ""
    if trace.period_s > replay.trace.period_s:
        which = "lowest" if looks_down(trace) else "highest"
        stands = f"the {which} of every {words.duration(trace.period_s * 1000)}"
    return ShownReplay(
        replay,
        msgspec.json.encode(_payload(replay, trace)).decode(),
        strip_of(replay),
        sentence(replay),
        stands,
        _axis(trace),
    )


def with_marks(shown: ShownReplay, marks: Sequence[Mapping[str, Any]]) -> ShownReplay:
    """The same with further moments on the chart, those outside of its range left out."""
    payload = typed.decode(shown.drawn)
    start, end = shown.replay.start_ms, shown.replay.end_ms
    payload["marks"]["along"] += [dict(mark) for mark in marks if start <= mark["start"] <= end]
    return replace(shown, drawn=msgspec.json.encode(payload).decode())


def strip_of(replay: Replay) -> Svg:
    """The states over the range."""
    return state_strip(stretches(replay), replay.start_ms, replay.end_ms, label=f"States: {sentence(replay)}")


def mini_chart(replay: Replay, label: str) -> Svg:
    """A small chart of the value, the threshold and the times in ALARM."""
    trace = thin(replay.trace, _MINI)
    span = max(replay.end_ms - replay.start_ms, 1)
    fired = [
        ((one.start_ms - replay.start_ms) / span, (one.end_ms - replay.start_ms) / span) for one in replay.episodes
    ]
    low = [] if trace.low is None else trace.low.tolist()
    high = [] if trace.high is None else trace.high.tolist()
    return alarm_line(trace.values.tolist(), trace.threshold, fired[:_SHADES], low=low, high=high, label=label)


def stretches(replay: Replay) -> list[Stretch]:
    """The states over the range, one after the other."""
    found: list[Stretch] = []
    state, since = replay.began, replay.start_ms
    for one in replay.transitions:
        found.append((since, one.at_ms, _CLASSES[state]))
        state, since = one.new, one.at_ms
    return [*found, (since, replay.end_ms, _CLASSES[state])]


def sentence(replay: Replay) -> str:
    """`would have fired 12 times in 30 d; 3.5 h in ALARM, 40 min at the longest`."""
    few = ("would not have fired", "would have fired once", "would have fired twice")
    told = few[replay.fired] if replay.fired < len(few) else f"would have fired {words.count(replay.fired)} times"
    if replay.began is StateValue.ALARM:
        told += ", and was in ALARM when the range began"
    told += f" in {words.duration(replay.end_ms - replay.start_ms)}"
    if replay.firing_ms:
        told += f"; {words.duration(replay.firing_ms)} in ALARM, {words.duration(replay.longest_ms)} at the longest"
    if replay.muted:
        told += f"; {words.count(replay.muted)} of them muted by a rule of today"
    return told


def unit_for(trace: Trace) -> Unit:
    """How the values of a trace are written."""
    return unit_of(trace.unit, trace.label, _AVERAGE) if trace.unit else NUMBER


def _payload(replay: Replay, trace: Trace) -> dict[str, Any]:
    step = trace.period_s * 1000
    t0 = int(trace.starts[0]) if len(trace.starts) else replay.start_ms
    count = int((trace.starts[-1] - t0) // step + 1) if len(trace.starts) else 1
    unit = unit_for(trace)
    series = [_line(trace.label, 1, None, _placed(trace, trace.values, t0, step, count))]
    if trace.low is not None and trace.high is not None:
        series.append(_line("band, upper", 8, "band", _placed(trace, trace.high, t0, step, count)))
        series.append(_line("band, lower", 8, "band", _placed(trace, trace.low, t0, step, count)))
    across = []
    if trace.threshold is not None:
        label = f"threshold {words.value(trace.threshold, unit)}"
        across.append(
            {"low": trace.threshold, "high": None, "band": False, "label": label, "color": None, "right": False}
        )
    along = [
        {"start": one.start_ms, "end": one.end_ms, "line": False, "label": "", "color": None, "bare": True}
        for one in replay.episodes[:_SHADES]
    ]
    return {
        "t0": t0, "step": step, "count": count, "offset": 0, "start": replay.start_ms, "end": replay.end_ms,
        "partial": False, "format": unit.format, "suffix": unit.suffix, "total": len(series),
        "marks": {"across": across, "along": along}, "series": series,
        "empty": "There are no points in this range.",
    }  # fmt: skip


def _axis(trace: Trace) -> int:
    known = [value for value in (*trace.values.tolist(), trace.threshold) if value is not None and math.isfinite(value)]
    widest = max(len(words.value(value, unit_for(trace))) for value in (max(known, default=0.0), 0.0))
    return min(max(widest, 3), 10)


def _line(label: str, slot: int, edge: str | None, values: list[float | None]) -> dict[str, Any]:
    return {"key": label, "label": label, "slot": slot, "gap": 3, "edge": edge, "values": values}


def _placed(trace: Trace, values: Any, t0: int, step: int, count: int) -> list[float | None]:
    found: list[float | None] = [None] * count
    for at, value in zip(((trace.starts - t0) // step).tolist(), values.tolist(), strict=True):
        if 0 <= at < count and not math.isnan(value):
            found[at] = float(f"{value:.6g}")
    return found
