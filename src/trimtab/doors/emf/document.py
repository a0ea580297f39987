"""One document of the embedded metric format: what it measures, and what of it is wrong.

Source: CloudWatch User Guide, "Specification: Embedded metric format". A document is a JSON object whose `_aws` says
which members of the root are metrics and which are dimensions. Beyond the specification, which has numbers and arrays
of numbers only, a metric may be {"Values", "Counts"} or {"Min", "Max", "Sum", "Count"}, as OpenTelemetry's EMF exporter
writes histograms.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.tags import Tags, make_tags
from trimtab.doors.aws.cloudwatch.datum import RESOLUTIONS, UNITS
from trimtab.doors.aws.cloudwatch.limits import (
    FUTURE_MS,
    MAX_ABSOLUTE,
    MAX_DIMENSION_VALUE,
    MAX_DIMENSIONS,
    MAX_NAME,
    PAST_MS,
)
from trimtab.doors.held import Statistics
from trimtab.doors.writing import Refused

MAX_METRICS = 100
"""MetricDefinitions in one directive."""
MAX_VALUES = 100
"""Numbers in one metric's array."""
MOST_POINTS = 30_000
"""Points of one document: what three dimension sets make of 100 metrics of 100 values. Repeated sets would multiply."""
_EXAMPLE = 300  # characters of a document that the ledger keeps
_SET = ("Count", "Sum", "Min", "Max")


class Point(Struct, frozen=True):
    """What one metric of a document measured under one set of dimensions.

    `values` are (value, count); `statistics` is (count, sum, minimum, maximum) where a set was sent instead.
    """

    namespace: str
    name: str
    unit: str
    dimensions: Tags
    time_ms: int
    values: tuple[tuple[float, float], ...] = ()
    statistics: Statistics | None = None

    @property
    def rows(self) -> int:
        """How many rows it takes."""
        return len(self.values) + (self.statistics is not None)


class _Fault(Exception):
    """One part of a document is wrong: (reason, what was particular)."""


def read_document(line: bytes, now_ms: int) -> tuple[list[Point], list[Refused]]:
    """The points of a document, and the parts of it that are refused. Raises InvalidInput for one refused whole."""
    try:
        root = typed.decode(line)
    except (ValueError, RecursionError):  # msgspec's own are ValueErrors; the other is of arrays in arrays in arrays
        raise InvalidInput("a document is not JSON") from None
    if not isinstance(root, dict) or not isinstance(root.get("_aws"), dict):
        raise InvalidInput("a document has no _aws object")
    meta = root["_aws"]
    time_ms = _time(meta.get("Timestamp"), now_ms)
    directives = meta.get("CloudWatchMetrics", [])
    if not isinstance(directives, list):
        raise InvalidInput("_aws.CloudWatchMetrics is not an array")
    points: list[Point] = []
    refused: list[Refused] = []
    rows = 0
    for directive in directives:
        try:
            namespace, sets, metrics = _directive(directive)
        except _Fault as fault:
            refused.append(_refusal(fault))
            continue
        dimensions = list(_resolved(root, sets, refused))
        for metric in metrics:
            try:
                made = list(_measured(root, namespace, metric, dimensions, time_ms))
            except _Fault as fault:
                refused.append(_refusal(fault))
                continue
            rows += sum(point.rows for point in made)
            if rows > MOST_POINTS:
                raise InvalidInput(f"a document makes more than {MOST_POINTS} points")
            points += made
    return points, refused


def _time(time_ms: Any, now_ms: int) -> int:
    if isinstance(time_ms, bool) or not isinstance(time_ms, int):
        raise InvalidInput("_aws.Timestamp is not a number of milliseconds")
    if not now_ms - PAST_MS <= time_ms <= now_ms + FUTURE_MS:
        raise InvalidInput("_aws.Timestamp is not between 14 days ago and two hours from now")
    return time_ms


def _directive(directive: Any) -> tuple[str, list[list[str]], list[dict[str, Any]]]:
    if not isinstance(directive, dict):
        raise _Fault("a directive is not an object", _shown(directive))
    namespace, sets, metrics = (directive.get(key) for key in ("Namespace", "Dimensions", "Metrics"))
    if not isinstance(namespace, str) or not 0 < len(namespace) <= MAX_NAME:
        raise _Fault(f"a Namespace is not text of 1 to {MAX_NAME} characters", _shown(namespace))
    if not isinstance(metrics, list) or len(metrics) > MAX_METRICS:
        raise _Fault(f"Metrics is not an array of at most {MAX_METRICS} definitions", namespace)
    sets = [[]] if sets in (None, []) else sets
    if not isinstance(sets, list) or not all(isinstance(one, list) for one in sets):
        raise _Fault("Dimensions is not an array of arrays", namespace)
    if any(len(one) > MAX_DIMENSIONS for one in sets):
        raise _Fault(f"a dimension set has more than {MAX_DIMENSIONS} keys", namespace)
    return namespace, sets, metrics


def _resolved(root: dict[str, Any], sets: list[list[str]], refused: list[Refused]) -> Iterator[Tags]:
    """The dimension sets with their values; those without one are refused."""
    for keys in sets:
        try:
            yield make_tags({key: _dimension(root, key) for key in keys})
        except _Fault as fault:
            refused.append(_refusal(fault))


def _dimension(root: dict[str, Any], key: Any) -> str:
    if not isinstance(key, str) or not 0 < len(key) <= MAX_NAME or key == "_aws":
        raise _Fault(f"a dimension key is not text of 1 to {MAX_NAME} characters", _shown(key))
    value = root.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_DIMENSION_VALUE:
        raise _Fault(f"a dimension is not a member of the root with text of 1 to {MAX_DIMENSION_VALUE} characters", key)
    return value


def _measured(
    root: dict[str, Any], namespace: str, metric: Any, dimensions: list[Tags], time_ms: int
) -> Iterator[Point]:
    if not isinstance(metric, dict) or not isinstance(metric.get("Name"), str):
        raise _Fault("a metric definition has no Name", namespace)
    name, unit = metric["Name"], metric.get("Unit", "None")
    if not 0 < len(name) <= MAX_NAME or name == "_aws":
        raise _Fault(f"a metric's Name is not text of 1 to {MAX_NAME} characters", f"{namespace} {name}")
    if unit not in UNITS:
        raise _Fault("a metric's Unit is none of CloudWatch's", f"{namespace} {name} {_shown(unit)}")
    if metric.get("StorageResolution", 60) not in RESOLUTIONS:
        raise _Fault("a metric's StorageResolution is neither 1 nor 60", f"{namespace} {name}")
    values, statistics = _values(root.get(name), f"{namespace} {name}")
    if len(dimensions) > MOST_POINTS:
        raise InvalidInput(f"a document makes more than {MOST_POINTS} points")
    for one in dimensions:
        yield Point(namespace, name, unit, one, time_ms, values, statistics)


def _values(value: Any, example: str) -> tuple[tuple[tuple[float, float], ...], Statistics | None]:
    if isinstance(value, list):
        if len(value) > MAX_VALUES:
            raise _Fault(f"a metric has more than {MAX_VALUES} values", example)
        return tuple((_number(item, example), 1.0) for item in value), None
    if not isinstance(value, dict):
        return ((_number(value, example), 1.0),), None
    if "Values" in value:
        numbers = value["Values"]
        counts = value.get("Counts", [1] * len(numbers) if isinstance(numbers, list) else None)
        if not isinstance(numbers, list) or not isinstance(counts, list) or len(numbers) != len(counts):
            raise _Fault("a metric's Values and Counts are not arrays of the same length", example)
        pairs = tuple((_number(a, example), _number(b, example)) for a, b in zip(numbers, counts, strict=True))
        if any(count <= 0 for _, count in pairs):
            raise _Fault("a metric has a count that is not above zero", example)
        return pairs, None
    count, total, low, high = (_number(value.get(key), example) for key in _SET)
    if count <= 0 or low > high:
        raise _Fault("a metric's statistic set cannot be", example)
    return (), (count, total, low, high)


def _number(value: Any, example: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Fault("a metric is not a member of the root with a number or an array of numbers", example)
    if not abs(value) <= MAX_ABSOLUTE:
        raise _Fault("a metric's value is not a number of at most 2^360", example)
    return float(value)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else f"a {type(value).__name__}"


def _refusal(fault: _Fault) -> Refused:
    reason, example = fault.args
    return Refused(reason, example[:_EXAMPLE], 1)
