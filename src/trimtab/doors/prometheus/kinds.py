"""Whether a Prometheus series is a counter or a gauge: remote write 1.0 does not say it with the samples, 2.0 may.

In 1.0 metadata says it, but comes apart from the samples, a minute after the start and not again for a while. So the
name decides where metadata is not there yet, and once a series is registered it keeps its kind: two kinds would be two
series. Families of the type histogram or summary are counters in their `_bucket`, `_sum` and `_count` series.
"""

from msgspec import Struct

from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.wire import LENGTH, VARINT
from trimtab.metrics.model import Kind

COUNTER_SUFFIXES = ("_total", "_count", "_sum", "_bucket")
"""Source: Prometheus documentation, "Metric and label naming", and the text format of histograms and summaries."""
_OF_A_FAMILY = ("_total", "_bucket", "_sum", "_count")
_PARTS = ("_bucket", "_sum", "_count")  # series of a histogram or summary
_TYPES = ("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")
_TYPE, _FAMILY, _HELP, _UNIT = 1, 2, 4, 5  # fields of prometheus.MetricMetadata
MAX_FAMILIES = 50_000
"""Metadata kept; a large Prometheus has some thousand families."""


class Metadata(Struct, frozen=True):
    """What a sender said of a metric family. `type` is one of Prometheus' in lower case."""

    family: str
    type: str
    unit: str
    help: str


class Families:
    """The metadata of one account's families."""

    def __init__(self) -> None:
        self._known: dict[str, Metadata] = {}

    def remember(self, metadata: Metadata) -> None:
        """Keep what was said last."""
        if len(self._known) < MAX_FAMILIES or metadata.family in self._known:
            self._known[metadata.family] = metadata

    def get(self, name: str) -> Metadata | None:
        """What is known of the family that the series name `name` belongs to."""
        known = self._known.get(name)
        if known is None and self._known:
            for suffix in _OF_A_FAMILY:
                if name.endswith(suffix) and (found := self._known.get(name.removesuffix(suffix))):
                    return found
        return known

    def kind(self, name: str) -> Kind:
        """Counter or gauge, by metadata, else by the name."""
        known = self._known.get(name)
        if known is not None and known.type != "unknown":
            return Kind.COUNTER if known.type == "counter" else Kind.GAUGE
        known = self.get(name)
        if known is not None and known.type in ("gauge", "gaugehistogram", "info", "stateset"):
            return Kind.GAUGE
        return Kind.COUNTER if name.endswith(COUNTER_SUFFIXES) else Kind.GAUGE


def read_metadata(body: bytes, start: int, end: int) -> Metadata:
    """A MetricMetadata message. Raises Malformed."""
    texts = {_FAMILY: "", _HELP: "", _UNIT: ""}
    type_ = 0
    for field, kind, _, begin, stop in wire.fields(body, start, end):
        if field == _TYPE and kind == VARINT:
            type_ = wire.varint(body, begin, stop)[0]
        elif field in texts and kind == LENGTH:
            texts[field] = wire.text(body, begin, stop)
    named = _TYPES[type_] if type_ < len(_TYPES) else "unknown"
    return Metadata(texts[_FAMILY], named, texts[_UNIT], texts[_HELP])


def metadata_of(series: str, type_: int, unit: str, help_: str) -> Metadata | None:
    """What remote write 2.0 says beside the samples of `series`; None where it does not say the type."""
    named = _TYPES[type_] if type_ < len(_TYPES) else "unknown"
    if named == "unknown":
        return None
    family = series
    if named in ("histogram", "gaugehistogram", "summary"):
        family = next((series.removesuffix(end) for end in _PARTS if series.endswith(end)), series)
    return Metadata(family, named, unit, help_)
