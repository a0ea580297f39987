"""Records as OTLP 1.0: messages of ExportMetricsServiceRequest, each behind its length as a varint.

    resource     cloud.provider, cloud.account.id, cloud.region, aws.exporter.arn (the stream)
    metric       amazonaws.com/<namespace>/<name>, its unit in UCUM, one summary: count, sum, quantiles 0 (the least
                 value) and 1 (the greatest) and those asked for, attributes Namespace, MetricName and Dimensions

Sources: CloudWatch user guide, "OpenTelemetry 1.0.0 format"; opentelemetry-proto 1.x, whose field numbers these are.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence

from trimtab.metric_streams.model import Stream
from trimtab.metric_streams.records import Record
from trimtab.metrics.model import Identity

_FIXED64, _BYTES = 1, 2  # wire types
_MINUTE_NS = 60_000_000_000
_UNITS = {
    "None": "1", "Count": "{Count}", "Percent": "%", "Seconds": "s", "Milliseconds": "ms", "Microseconds": "us",
    "Bytes": "By", "Kilobytes": "kBy", "Megabytes": "MBy", "Gigabytes": "GBy", "Terabytes": "TBy", "Bits": "bit",
    "Kilobits": "kbit", "Megabits": "Mbit", "Gigabits": "Gbit", "Terabits": "Tbit",
}  # fmt: skip


def message(stream: Stream, records: Sequence[Record]) -> bytes:
    """One message with its length before it; records of one account and region have a resource of their own."""
    places: dict[tuple[str, str], list[Record]] = {}
    for one in records:
        places.setdefault((one.identity.account, one.identity.region), []).append(one)
    body = b"".join(_field(1, _resource_metrics(stream, *place, some)) for place, some in places.items())
    return _varint(len(body)) + body


def _resource_metrics(stream: Stream, account: str, region: str, records: Iterable[Record]) -> bytes:
    about = (("cloud.provider", "aws"), ("cloud.account.id", account), ("cloud.region", region),
             ("aws.exporter.arn", stream.arn))  # fmt: skip
    resource = b"".join(_field(1, _pair(key, _text(value))) for key, value in about)
    return _field(1, resource) + _field(2, b"".join(_field(2, _metric(one)) for one in records))


def _metric(one: Record) -> bytes:
    own = one.identity
    name = f"amazonaws.com/{own.namespace}/{own.name}".encode()
    return _field(1, name) + _field(3, unit(own.unit).encode()) + _field(11, _field(1, _point(one)))


def _point(one: Record) -> bytes:
    quantiles = {0.0: one.least, 1.0: one.most, **_percentiles(one.more)}
    start_ns = one.time_ms * 1_000_000
    return b"".join(
        (
            *(_field(7, pair) for pair in _attributes(one.identity)),
            _fixed(2, start_ns),
            _fixed(3, start_ns + _MINUTE_NS),
            _fixed(4, round(one.count)),
            _double(5, one.sum),
            *(_field(6, _double(1, level) + _double(2, value)) for level, value in sorted(quantiles.items())),
        )
    )


def _attributes(own: Identity) -> list[bytes]:
    dimensions = b"".join(_field(1, _pair(key, _text(value))) for key, value in own.dimensions)
    return [
        _pair("Namespace", _text(own.namespace)),
        _pair("MetricName", _text(own.name)),
        _pair("Dimensions", _field(6, dimensions)),
    ]


def _percentiles(more: Mapping[str, float]) -> dict[float, float]:
    return {float(name.removeprefix("p")) / 100: value for name, value in more.items()}


def unit(name: str) -> str:
    """A unit of CloudWatch in UCUM; others stay as they are."""
    whole, slash, per = name.partition("/")
    return _UNITS.get(whole, whole) + ("/s" if slash and per == "Second" else slash + per)


def _pair(key: str, value: bytes) -> bytes:
    """A KeyValue."""
    return _field(1, key.encode()) + _field(2, value)


def _text(value: str) -> bytes:
    """An AnyValue of a text."""
    return _field(1, value.encode())


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _fixed(number: int, value: int) -> bytes:
    return _varint(number << 3 | _FIXED64) + struct.pack("<Q", value)


def _double(number: int, value: float) -> bytes:
    return _varint(number << 3 | _FIXED64) + struct.pack("<d", value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
