"""Checks one datum of PutMetricData the thorough way, and turns it into rows."""

import math
from typing import Any, get_args

from trimtab.base.tags import make_tags
from trimtab.doors.aws.cloudwatch.complaints import (
    Complaints,
    bad_value,
    exclusive,
    must_be_in,
    too_many,
)
from trimtab.doors.aws.cloudwatch.limits import FUTURE_MS, MAX_ABSOLUTE, MAX_VALUES, PAST_MS, Unit
from trimtab.doors.aws.cloudwatch.names import check_dimensions, check_metric_name
from trimtab.metrics.model import Identity

Datum = dict[str, Any]
ValueRow = tuple[int, int, float, float]
SetRow = tuple[int, int, float, float, float, float]

UNITS: tuple[str, ...] = get_args(Unit)
RESOLUTIONS = (1, 60)
_SET = ("SampleCount", "Sum", "Minimum", "Maximum")


def check_datum(datum: Datum, path: str, now_ms: int, complaints: Complaints) -> None:
    """Add to `complaints` all that is wrong with `datum`, which stands at `path` (`MetricData.member.1`)."""
    check_metric_name(datum.get("MetricName"), f"{path}.MetricName", complaints)
    check_dimensions(_pairs(datum), f"{path}.Dimensions", complaints)
    _check_time(datum.get("Timestamp"), f"{path}.Timestamp", now_ms, complaints)
    unit = datum.get("Unit")
    if unit is not None and unit not in UNITS:
        complaints.invalid(must_be_in(f"{path}.Unit", UNITS))
    resolution = datum.get("StorageResolution")
    if resolution is not None and resolution not in RESOLUTIONS:
        complaints.invalid(must_be_in(f"{path}.StorageResolution", RESOLUTIONS))
    _check_shape(datum, path, complaints)


def identity_of(datum: Datum, account: str, region: str, namespace: str) -> Identity:
    """The series of a checked datum."""
    dimensions = make_tags((item["Name"], item["Value"]) for item in datum.get("Dimensions", ()))
    return Identity(account, region, namespace, datum["MetricName"], dimensions, datum.get("Unit", "None"))


def rows_of(datum: Datum, series_id: int, now_ms: int) -> tuple[list[ValueRow], list[SetRow]]:
    """The rows of a checked datum: raw values with counts, and one statistic set."""
    time = datum.get("Timestamp", now_ms)
    if "Value" in datum:
        return [(series_id, time, datum["Value"], 1.0)], []
    sets = []
    if "StatisticValues" in datum:
        sets.append((series_id, time, *(datum["StatisticValues"][name] for name in _SET)))
    values = datum.get("Values", [])
    counts = datum.get("Counts") or [1.0] * len(values)
    return [(series_id, time, value, count) for value, count in zip(values, counts, strict=True)], sets


def _pairs(datum: Datum) -> list[tuple[str | None, str | None]]:
    return [(item.get("Name"), item.get("Value")) for item in datum.get("Dimensions", ())]


def _check_time(time_ms: int | None, path: str, now_ms: int, complaints: Complaints) -> None:
    if time_ms is None:
        return
    if time_ms < now_ms - PAST_MS:
        complaints.invalid(f"The parameter {path} must specify a time within the past two weeks.")
    elif time_ms > now_ms + FUTURE_MS:
        complaints.invalid(f"The parameter {path} must specify a time no more than two hours in the future.")


def _check_shape(datum: Datum, path: str, complaints: Complaints) -> None:
    """Value alone, or Values (with Counts), StatisticValues or both, each of it finite and in range."""
    given = [name for name in ("Value", "Values", "StatisticValues") if name in datum]
    if not given:
        complaints.combination(
            f"At least one of the parameters {path}.Value, {path}.Values and {path}.StatisticValues must be specified."
        )
    for other in given[1:] if "Value" in datum else ():  # Values and StatisticValues are taken together
        complaints.combination(exclusive(f"{path}.Value", f"{path}.{other}"))
    if "Counts" in datum and "Values" not in datum:
        complaints.combination(f"The parameter {path}.Counts needs the parameter {path}.Values.")
    if "Value" in datum:
        _check_number(datum["Value"], f"{path}.Value", complaints)
    if "Values" in datum:
        _check_values(datum, path, complaints)
    if "StatisticValues" in datum:
        _check_set(datum["StatisticValues"], f"{path}.StatisticValues", complaints)


def _check_number(value: float, path: str, complaints: Complaints) -> bool:
    if math.isfinite(value) and abs(value) <= MAX_ABSOLUTE:
        return True
    complaints.invalid(bad_value(_shown(value), path))
    return False


def _shown(value: float) -> str:
    """A number as the service prints it: Java's words for what is not finite."""
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))


def _check_values(datum: Datum, path: str, complaints: Complaints) -> None:
    values, counts = datum["Values"], datum.get("Counts")
    if not values:
        complaints.missing(f"{path}.Values")
    if len(values) > MAX_VALUES:
        complaints.invalid(too_many(f"{path}.Values", MAX_VALUES))
        return
    for number, value in enumerate(values, 1):
        _check_number(value, f"{path}.Values.member.{number}", complaints)
    if not counts:  # an empty list stands for none: every count is 1
        return
    if len(counts) > MAX_VALUES:
        complaints.invalid(too_many(f"{path}.Counts", MAX_VALUES))
    elif len(counts) != len(values):
        complaints.invalid(f"The parameters {path}.Values and {path}.Counts must be of the same size.")
    for number, count in enumerate(counts, 1):
        name = f"{path}.Counts.member.{number}"
        if _check_number(count, name, complaints) and count <= 0:
            complaints.invalid(bad_value(_shown(count), name))


def _check_set(values: Datum, path: str, complaints: Complaints) -> None:
    good = True
    for name in _SET:
        if name not in values:
            complaints.missing(f"{path}.{name}")
            good = False
        else:
            good &= _check_number(values[name], f"{path}.{name}", complaints)
    if not good:
        return
    if values["SampleCount"] <= 0:
        complaints.invalid(bad_value(_shown(values["SampleCount"]), f"{path}.SampleCount"))
    if values["Minimum"] > values["Maximum"]:
        complaints.invalid(f"The parameter {path}.Minimum must be less than or equal to {path}.Maximum.")
