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
from collections.abc import Mapping
from enum import IntEnum, StrEnum

from msgspec import Struct

from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.labels import NAME, Labels

PROMETHEUS = "Prometheus"
"""The namespace of what came by remote write."""
ACCOUNT, REGION, NAMESPACE = "@aws.account", "@aws.region", "namespace"
JOB, INSTANCE, _INSTANCE_ID = "job", "instance", "service.instance.id"
JOINT = ";"
"""Between the values of attributes that become one label."""
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


class Form(IntEnum):
    """How a door's series get their names and labels: see the table above."""

    PROMETHEUS = 0
    EVENTS = 1
    OPEN_TELEMETRY = 2


class Entry(Struct, frozen=True):
    """A series as PromQL sees it; of buckets without `le`, which is known when they are read."""

    labels: Labels
    series: int
    kind: Kind
    part: Part = Part.VALUE


def named(identity: Identity) -> tuple[tuple[str, Part], ...]:
    """The metric names under which a series is seen, each with the number that it shows.

    They follow from its form, name, unit and kind alone.
    """
    kind = identity.kind
    match form_of(identity):
        case Form.PROMETHEUS:
            return ((identity.name, Part.NATIVE if kind is Kind.HISTOGRAM else Part.VALUE),)
        case Form.EVENTS:
            return tuple((identity.name + part, part) for part in (Part.VALUE, Part.SUM, Part.COUNT))
    name = open_telemetry_name(identity)
    if kind is not Kind.HISTOGRAM:
        return ((name, Part.VALUE),)
    parts = (Part.BUCKET, Part.SUM, Part.COUNT)
    return (*((name + part, part) for part in parts), (name, Part.NATIVE))


def entry(series: int, identity: Identity, name: str, part: Part) -> Entry:
    """A series under one of its names."""
    match form_of(identity):
        case Form.PROMETHEUS:  # most are: made without a mapping, in half of the time
            pairs = [(NAME, name), *(pair for pair in identity.dimensions if pair[1] and pair[0] != NAME)]
            pairs.sort()
            return Entry(tuple(pairs), series, identity.kind, part)
        case Form.EVENTS:
            labels = {
                NAMESPACE: identity.namespace,
                ACCOUNT: identity.account,
                REGION: identity.region,
                **dict(identity.dimensions),
            }
        case _:
            labels = _open_telemetry_labels(identity)
    return Entry(sets.make({**labels, NAME: name}), series, identity.kind, part)


def form_of(identity: Identity) -> Form:
    """By which of the ways above a series gets its names and labels."""
    if identity.namespace == PROMETHEUS:
        return Form.PROMETHEUS
    return Form.EVENTS if identity.kind is Kind.EVENTS else Form.OPEN_TELEMETRY


OWN_LABELS: Mapping[Form, tuple[str, ...]] = {
    Form.PROMETHEUS: (),
    Form.EVENTS: (NAMESPACE, ACCOUNT, REGION),
    Form.OPEN_TELEMETRY: (JOB,),
}
"""The labels that a form makes of what is no dimension; a dimension of that name comes before it."""


def label_of(dimension: str, form: Form) -> str:
    """The label that a dimension becomes."""
    if form is not Form.OPEN_TELEMETRY:
        return dimension
    if dimension == _INSTANCE_ID:
        return INSTANCE
    plain = _OTHERS.sub("_", dimension)
    return f"key_{plain}" if plain[:1].isdigit() else plain


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
    found = {JOB: identity.namespace}
    for name, value in identity.dimensions:
        label = label_of(name, Form.OPEN_TELEMETRY)
        several = label in found and label != JOB and name != _INSTANCE_ID
        found[label] = f"{found[label]}{JOINT}{value}" if several else value
    return found
