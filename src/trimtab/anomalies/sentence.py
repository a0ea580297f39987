"""An anomaly in plain words."""

import math

from trimtab.anomalies.model import Anomaly, Direction
from trimtab.anomalies.naming import called, place_of
from trimtab.anomalies.subjects import statistic_name
from trimtab.anomalies.together import Together
from trimtab.metrics.model import Series

_VERBS = {Direction.ABOVE: "rose to", Direction.BELOW: "fell to", Direction.SHAPE: "took an unusual course around"}
_MINUTE_MS = 60_000
_BYTES, _BINARY = ("By", "Bytes"), ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_UNITS = {"Percent": "%", "%": "%", "None": "", "": "", "1": "", "Count": "", "Seconds": "s", "Milliseconds": "ms"}


def what_happened(series: Series, anomaly: Anomaly) -> str:
    """`cpu.utilization of host gpu-3 rose to 97 % (expected 20 to 45 %), for 40 minutes.`"""
    lasted = _length(anomaly.end_ms - anomaly.start_ms)
    when = f"for {lasted} so far" if anomaly.open else f"for {lasted}"
    reached = f"{_VERBS[anomaly.direction]} {amount(anomaly.value, series, _digits(anomaly))}"
    return f"{called(series)} of {place_of(series).words} {reached} ({_expected(anomaly, series)}), {when}."


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
    if math.isnan(anomaly.low) or math.isnan(anomaly.high):
        return "too little history to say what was expected"
    digits, nothing = _digits(anomaly), 1e-9 * abs(anomaly.value)
    ends = (0.0 if abs(one) < nothing else one for one in (anomaly.low, anomaly.high))
    low, high = (amount(one, series, digits) for one in ends)
    if low == high:
        return f"expected {high}"
    unit = low.partition(" ")[2]
    return f"expected {low.removesuffix(unit).strip() if unit == high.partition(' ')[2] else low} to {high}"


def _digits(anomaly: Anomaly) -> int:
    """The significant digits, three if they do, with which a value can be told from what was expected."""
    apart = min(abs(anomaly.value - anomaly.low), abs(anomaly.value - anomaly.high))
    size = max(abs(anomaly.value), abs(anomaly.low), abs(anomaly.high))
    if not (math.isfinite(apart) and apart > 0.0 and size > 0.0):
        return 3
    return min(max(3, 1 + math.ceil(math.log10(size / apart))), 9)


def amount(value: float, series: Series, digits: int = 3) -> str:
    """A value with the unit of its series: `601 GiB`, `45.1 W`, `12 /s`."""
    unit = series.identity.unit
    rate = "/s" if statistic_name(series) == "Rate" else ""
    if unit in _BYTES:
        size, scaled = abs(value), 0
        while size >= 1024 and scaled < len(_BINARY) - 1:
            size, scaled = size / 1024, scaled + 1
        return f"{number(math.copysign(size, value), digits)} {_BINARY[scaled]}{rate}"
    if unit == "1" and series.identity.name.endswith(("utilization", "ratio")) and not rate:
        return f"{number(value * 100.0, digits)} %"
    plain = "" if unit.startswith("{") else _UNITS.get(unit, unit)
    return number(value, digits) + (f" {plain}{rate}" if plain or rate else "")


def number(value: float, digits: int = 3) -> str:
    """As many significant digits, thousands apart."""
    if abs(value) >= 1000:
        return f"{float(f'{value:.{digits}g}'):,.0f}"
    return f"{value:.{digits}g}"


def _length(ms: int) -> str:
    minutes = max(round(ms / _MINUTE_MS), 1)
    if minutes < 120:
        return f"{minutes} minute{'s' if minutes != 1 else ''}"
    hours = minutes / 60
    return f"{hours:.0f} hours" if abs(hours - round(hours)) < 0.05 else f"{hours:.1f} hours"
