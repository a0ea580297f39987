"""Names and labels under which series of every door are seen by PromQL.

    Prometheus remote write      its own name and labels, unchanged
    OTLP gauges, cumulative      name and labels with underscores for what is no letter, digit or underscore; the unit
    sums, histograms             and `_total` of a counter are added to the name, the service is `job` and its instance
                                 `instance`. Explicit histograms are `_bucket{le}`, `_sum` and `_count`, exponential
                                 ones native histograms
    CloudWatch, EMF, StatsD,     the metric's name and dimensions as they are (UTF-8), with `namespace`, `@aws.account`
    OTLP delta sums              and `@aws.region`; at each time the average is the value, beside `_sum` and `_count`

Sources: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility"; CloudWatch user guide, "PromQL
querying" (labels that begin with @).
"""

import re
from enum import StrEnum

from msgspec import Struct

from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.labels import NAME, Labels

PROMETHEUS = "Prometheus"
"""The namespace of what came by remote write."""
ACCOUNT, REGION, NAMESPACE = "@aws.account", "@aws.region", "namespace"
_NO_UNIT = frozenset(("", "None", "1"))
_OTHERS = re.compile(r"[^A-Za-z0-9_]+")
_ANNOTATION = re.compile(r"\{[^}]*\}")

_UNITS = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "TiBy": "tebibytes",
    "KBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "%": "percent",
}
_PER = {"s": "second", "m": "minute", "min": "minute", "h": "hour", "d": "day"}


class Part(StrEnum):
    """Which of a series' numbers an entry shows."""

    VALUE = ""
    SUM = "_sum"
    COUNT = "_count"
    BUCKET = "_bucket"
    NATIVE = "native"


class Entry(Struct, frozen=True):
    """A series as PromQL sees it; of buckets without `le`, which is known when they are read."""

    labels: Labels
    series: int
    kind: Kind
    part: Part = Part.VALUE


def entries(series: int, identity: Identity) -> list[Entry]:
    """Everything that PromQL sees of a series."""
    kind = identity.kind
    if identity.namespace == PROMETHEUS:
        named = sets.make({**dict(identity.dimensions), NAME: identity.name})
        return [Entry(named, series, kind, Part.NATIVE if kind is Kind.HISTOGRAM else Part.VALUE)]
    if kind is Kind.EVENTS:
        own = {
            NAMESPACE: identity.namespace,
            ACCOUNT: identity.account,
            REGION: identity.region,
            **dict(identity.dimensions),
        }
        parts = (Part.VALUE, Part.SUM, Part.COUNT)
        return [Entry(sets.make({**own, NAME: identity.name + part}), series, kind, part) for part in parts]
    name, labels = open_telemetry_name(identity), _open_telemetry_labels(identity)
    if kind is not Kind.HISTOGRAM:
        return [Entry(sets.make({**labels, NAME: name}), series, kind)]
    parts = (Part.BUCKET, Part.SUM, Part.COUNT)
    found = [Entry(sets.make({**labels, NAME: name + part}), series, kind, part) for part in parts]
    return [*found, Entry(sets.make({**labels, NAME: name}), series, kind, Part.NATIVE)]


def open_telemetry_name(identity: Identity) -> str:
    """The Prometheus name of an OpenTelemetry metric."""
    words = [word for word in _OTHERS.sub("_", identity.name).split("_") if word]
    for word in _unit_words(identity.unit):
        if word not in words:
            words.append(word)
    if identity.kind is Kind.COUNTER:
        words = [word for word in words if word != "total"] + ["total"]
    if identity.unit == "1" and identity.kind is Kind.GAUGE and "ratio" not in words:
        words.append("ratio")
    name = "_".join(words)
    return f"_{name}" if name[:1].isdigit() else name


def _unit_words(unit: str) -> list[str]:
    plain = _ANNOTATION.sub("", unit)
    if plain in _NO_UNIT:
        return []
    main, _, per = plain.partition("/")
    words = [] if main in _NO_UNIT else [_OTHERS.sub("_", _UNITS.get(main, main)).strip("_")]
    if per:
        words += ["per", _OTHERS.sub("_", _PER.get(per, per)).strip("_")]
    return [word for word in words if word]


def _open_telemetry_labels(identity: Identity) -> dict[str, str]:
    found = {"job": identity.namespace}
    for name, value in identity.dimensions:
        if name == "service.instance.id":
            found["instance"] = value
            continue
        plain = _OTHERS.sub("_", name)
        plain = f"key_{plain}" if plain[:1].isdigit() else plain
        found[plain] = f"{found[plain]};{value}" if plain in found and plain not in ("job",) else value
    return found
