"""Answers of the query API as JSON, in Prometheus' form: `[seconds, "value"]`. Points are written by Arrow, not one by
one: a month of minutes of a hundred series is four million.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trimtab.base.later import Later
from trimtab.metrics.promql.engine import Answer, Series
from trimtab.metrics.promql.histograms.model import Histogram
from trimtab.metrics.promql.histograms.quantiles import buckets_of
from trimtab.metrics.promql.language.literals import general
from trimtab.metrics.promql.language.syntax import Type

pc = Later("pyarrow.compute")

_TYPES = {Type.VECTOR: "vector", Type.MATRIX: "matrix", Type.SCALAR: "scalar", Type.STRING: "string"}
_LEFT_OPEN, _RIGHT_OPEN, _CLOSED = 0, 1, 3  # Prometheus' boundary rules of buckets


def answer_body(answer: Answer, at_ms: int, stats: bytes = b"") -> bytes:
    """The whole body. `at_ms` is the time of an instant query."""
    parts = [
        b'{"status":"success","data":{"resultType":"',
        _TYPES[answer.type].encode(),
        b'","result":',
        result(answer, at_ms),
        b',"stats":' + stats if stats else b"",
        b"}",
    ]
    for name, messages in ((b"warnings", answer.warnings), (b"infos", answer.infos)):
        if messages:
            parts += [b',"', name, b'":', msgspec.json.encode(messages)]
    return b"".join((*parts, b"}"))


def result(answer: Answer, at_ms: int) -> bytes:
    """The result alone."""
    match answer.type:
        case Type.STRING:
            text = answer.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            return b"[" + _seconds(at_ms) + b"," + msgspec.json.encode(text) + b"]"
        case Type.SCALAR:
            return b"[" + _seconds(at_ms) + b',"' + general(float(answer.series[0].values[0])).encode() + b'"]'
        case Type.VECTOR:
            return b"[" + b",".join(_single(series, at_ms) for series in answer.series) + b"]"
    return b"[" + b",".join(_several(answer.series)) + b"]"


def _single(series: Series, at_ms: int) -> bytes:
    if series.histograms:
        value = b'"histogram":[' + _seconds(at_ms) + b"," + histogram(series.histograms[0]) + b"]"
    else:
        value = b'"value":[' + _seconds(at_ms) + b',"' + general(float(series.values[0])).encode() + b'"]'
    return b'{"metric":' + _metric(series) + b"," + value + b"}"


def _several(found: Sequence[Series]) -> list[bytes]:
    written = points(found)
    bodies = []
    for series, values in zip(found, written, strict=True):
        parts = [b'{"metric":', _metric(series)]
        if values:
            parts += [b',"values":[', values.encode(), b"]"]
        if series.histograms:
            rows = zip(series.histogram_times.tolist(), series.histograms, strict=True)
            cells = b",".join(b"[" + _seconds(at) + b"," + histogram(value) + b"]" for at, value in rows)
            parts += [b',"histograms":[', cells, b"]"]
        bodies.append(b"".join((*parts, b"}")))
    return bodies


def points(found: Sequence[Series]) -> list[str]:
    """The points of each series, `[seconds,"value"],…`."""
    if not found:
        return []
    times = np.concatenate([series.times for series in found])
    values = np.concatenate([series.values for series in found])
    lengths = np.array([len(series.times) for series in found])
    seconds = pa.array(times / 1000) if np.any(times % 1000) else pa.array(times // 1000)
    rows = pc.binary_join_element_wise("[", pc.cast(seconds, pa.string()), ',"', numbers(values), '"]', "")
    edges = pa.array(np.append(0, np.cumsum(lengths)), pa.int64())
    joined: list[str] = pc.binary_join(pa.LargeListArray.from_arrays(edges, rows), ",").to_pylist()
    return joined


def numbers(values: npt.NDArray[np.float64]) -> pa.Array:
    """Values as text: the shortest that reads back as the same, NaN, +Inf and -Inf."""
    text = pc.cast(pa.array(values), pa.string())
    if np.isfinite(values).all():
        return text
    for flags, name in ((np.isnan(values), "NaN"), (np.isposinf(values), "+Inf"), (np.isneginf(values), "-Inf")):
        text = pc.if_else(pa.array(flags), name, text)
    return text


def histogram(value: Histogram) -> bytes:
    """A native histogram: count, sum, and buckets as (boundary rule, lower, upper, count)."""
    found = buckets_of(value)
    rows = zip(found.low.tolist(), found.high.tolist(), found.count.tolist(), strict=True)
    buckets = [
        (_rule(value, low, high), general(low), general(high), general(count)) for low, high, count in rows if count
    ]
    body: dict[str, object] = {"count": general(value.count), "sum": general(value.sum)}
    return msgspec.json.encode(body | {"buckets": buckets} if buckets else body)


def _rule(value: Histogram, low: float, high: float) -> int:
    if value.is_custom:
        return _LEFT_OPEN
    if low <= 0 <= high:
        return _CLOSED
    return _RIGHT_OPEN if high < 0 else _LEFT_OPEN


def _metric(series: Series) -> bytes:
    return msgspec.json.encode({_text(name): _text(value) for name, value in series.labels})


def _text(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _seconds(time_ms: int) -> bytes:
    return general(time_ms / 1000).encode() if time_ms % 1000 else str(time_ms // 1000).encode()
