"""Anomalies as pages show them: links to charts and alarms, rows with their small pictures, the chart's data."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.anomalies.model import BEFORE, SLOT_MS, Anomaly
from trimtab.anomalies.naming import called, place_of
from trimtab.anomalies.occasions import Occasion
from trimtab.anomalies.sentence import what_happened
from trimtab.anomalies.subjects import statistic_name
from trimtab.charts.expected import Moment, expected_line
from trimtab.charts.svg import Svg
from trimtab.metrics.model import Series
from trimtab.metrics.statistics import parse_statistic
from trimtab.web.format import Unit, instant, unit_of, value
from trimtab.web.panels import EXPLORER
from trimtab.web.view import link

_BAND_SLOT = 8
"""Grey, as bands are everywhere."""
_AROUND_MS = 3 * 3_600_000
_TOP_SCORE = 4.0
_NAMED = 20
"""Others of an occasion that a list names: a network that fails has hundreds."""


class Row(Struct, frozen=True):
    """An occasion in a list, under its strongest anomaly `one`; `more` is how many others the place and time have."""

    one: Anomaly
    series: Series
    what: str
    picture: Svg
    occasion: Occasion

    @property
    def more(self) -> int:
        """How many others there are."""
        return len(self.occasion.members) - 1

    @property
    def others(self) -> tuple[tuple[str, str], ...]:
        """Name and page of the first of the others."""
        members = self.occasion.members[1 : 1 + _NAMED]
        return tuple((called(series), f"/anomalies/{one.id}") for one, series in members)

    @property
    def href(self) -> str:
        """Its own page."""
        return f"/anomalies/{self.one.id}"

    @property
    def explore(self) -> str:
        """Its chart in the explorer, some hours around it."""
        return explore_link(self.series, self.one.start_ms - _AROUND_MS, self.one.end_ms + _AROUND_MS)

    @property
    def alarm(self) -> str:
        """The form of an alarm on its series."""
        return alarm_link(self.series)


def rows_of(found: Sequence[Occasion]) -> list[Row]:
    """The rows of a list, in its order."""
    rows = []
    for occasion in found:
        one, series = occasion.lead
        what = what_happened(series, one)
        rows.append(Row(one, series, what, picture_of(one, what), occasion))
    return rows


def picture_of(one: Anomaly, label: str) -> Svg:
    """The line of an anomaly over what was expected."""
    hot = (BEFORE, BEFORE + max((one.end_ms - one.start_ms) // SLOT_MS, 1))
    return expected_line(one.points, one.lows, one.highs, hot, label=label)


def moments_of(found: Sequence[Occasion]) -> list[Moment]:
    """Occasions on a strip of time."""
    moments = []
    for occasion in found:
        one, series = occasion.lead
        title = f"{instant(occasion.start_ms)} {what_happened(series, one)}"
        href = f"/anomalies/{one.id}"
        moments.append(Moment(occasion.start_ms, occasion.end_ms, one.rank / _TOP_SCORE, title, href))
    return moments


def unit_for(series: Series) -> Unit:
    """How values of a series are written, by the statistic that is watched."""
    return unit_of(series.identity.unit, series.identity.name, parse_statistic(statistic_name(series)))


def expected_words(one: Anomaly, series: Series) -> str:
    """What was expected at the peak."""
    if not (math.isfinite(one.low) and math.isfinite(one.high)):
        return "not enough history"
    unit = unit_for(series)
    return f"{value(one.low, unit)} to {value(one.high, unit)}"


def explore_link(series: Series, start_ms: int, end_ms: int) -> str:
    """The chart of one series in the explorer."""
    pairs = [("m", f"{series.identity.namespace}|{series.identity.name}")]
    pairs += [("where", f"{key}={text}") for key, text in series.identity.dimensions]
    pairs += [("stat", statistic_name(series)), ("from", str(start_ms)), ("to", str(end_ms))]
    return link(EXPLORER, pairs)


def alarm_link(series: Series) -> str:
    """The form of a new alarm, filled in with a series: it compares the metric with its band."""
    pairs = [("namespace", series.identity.namespace), ("metric", series.identity.name)]
    pairs += [("dimension", f"{key}={text}") for key, text in series.identity.dimensions]
    return link("/alarms/new", [*pairs, ("stat", statistic_name(series)), ("period", "300"), ("kind", "band")])


def chart_payload(one: Anomaly, series: Series, marks: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """An anomaly as the time-series element draws it: the line, the two edges of what was expected, and moments."""
    unit, count = unit_for(series), len(one.points)
    lines = (
        (f"{called(series)}", 1, None, one.points),
        ("expected at most", _BAND_SLOT, "expected", one.highs),
        ("expected at least", _BAND_SLOT, "expected", one.lows),
    )
    start_ms, end_ms = one.picture_ms, one.picture_ms + count * SLOT_MS
    hot = {"start": one.start_ms, "end": one.end_ms, "line": False, "label": "unusual", "color": None}
    return {
        "t0": one.picture_ms, "step": SLOT_MS, "count": count, "offset": 0, "start": one.picture_ms, "end": end_ms,
        "partial": False, "format": unit.format, "suffix": unit.suffix, "total": 1,
        "marks": {"across": [], "along": [hot, *(one for one in marks if one["start"] >= start_ms)]},
        "series": [
            {"key": label, "label": label, "slot": slot, "gap": 3, "edge": edge, "values": [_short(x) for x in values]}
            for label, slot, edge, values in lines
        ],
    }  # fmt: skip


def place_words(series: Series) -> str:
    """What a series belongs to."""
    return place_of(series).words


def _short(number: float) -> float | None:
    return float(f"{number:.6g}") if math.isfinite(number) else None
