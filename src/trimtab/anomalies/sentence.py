"""An anomaly in plain words."""

from trimtab.anomalies.model import Anomaly, Direction
from trimtab.anomalies.naming import called, place_of
from trimtab.anomalies.subjects import statistic_name
from trimtab.anomalies.together import Together
from trimtab.metrics.model import Series

_VERBS = {Direction.ABOVE: "rose to", Direction.BELOW: "fell to", Direction.SHAPE: "took an unusual course around"}
_MINUTE_MS = 60_000


def what_happened(series: Series, anomaly: Anomaly) -> str:
    """`cpu.utilization of host gpu-3 rose to 97 % (expected 20 to 45 %), for 40 minutes.`"""
    lasted = _length(anomaly.end_ms - anomaly.start_ms)
    when = f"for {lasted} so far" if anomaly.open else f"for {lasted}"
    return (
        f"{called(series)} of {place_of(series).words} {_VERBS[anomaly.direction]} {_amount(anomaly.value, series)} "
        f"({_expected(anomaly, series)}), {when}."
    )


def what_else(together: Together) -> str:
    """`14 other series changed with it, 9 of them of host gpu-3; power.draw of host gpu-3 moved first, …`"""
    number = len(together.changed)
    if not together.compared:
        return "There is no other series to compare it with."
    if not number:
        return f"None of the {together.compared:,} series around it changed with it."
    place, here = together.places()[0]
    head = f"{number} other series changed with it"
    if number == 1:
        head += f", of {place.words}"
    else:
        head += f", all of {place.words}" if here == number else f", {here} of them of {place.words}"
    early = [one for one in together.changed if one.lag_ms is not None and one.lag_ms < 0]
    if not early:
        return head + "."
    first = min(early, key=lambda one: (one.lag_ms or 0, -one.score))
    return (
        f"{head}; {called(first.series)} of {first.place.words} moved first, {_length(-(first.lag_ms or 0))} earlier."
    )


def _expected(anomaly: Anomaly, series: Series) -> str:
    if anomaly.low != anomaly.low or anomaly.high != anomaly.high:
        return "too little history to say what was expected"
    low, high = number(anomaly.low), number(anomaly.high)
    return f"expected {_amount(anomaly.high, series)}" if low == high else f"expected {low} to {high}{_unit(series)}"


def _amount(value: float, series: Series) -> str:
    return number(value) + _unit(series)


def _unit(series: Series) -> str:
    unit = {"Percent": "%", "%": "%", "None": "", "1": "", "Count": "", "By": "bytes"}.get(
        series.identity.unit, "" if series.identity.unit.startswith("{") else series.identity.unit
    )
    rate = statistic_name(series) == "Rate"
    text = f"{unit}/s" if rate else unit
    return f" {text}" if text else ""


def number(value: float) -> str:
    """Three significant digits, thousands apart."""
    if abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def _length(ms: int) -> str:
    minutes = max(round(ms / _MINUTE_MS), 1)
    if minutes < 120:
        return f"{minutes} minute{'s' if minutes != 1 else ''}"
    hours = minutes / 60
    return f"{hours:.0f} hours" if abs(hours - round(hours)) < 0.05 else f"{hours:.1f} hours"
