"""Prometheus' messages as protobuf classes, declared by hand: remote write 1.0, and 2.0 (names that end in V2)."""

from types import SimpleNamespace
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto

# message → fields: name, number, type, repeated
_MESSAGES: dict[str, list[tuple[str, int, Any, bool]]] = {
    "Label": [("name", 1, "string", False), ("value", 2, "string", False)],
    "Sample": [("value", 1, "double", False), ("timestamp", 2, "int64", False)],
    "Exemplar": [("labels", 1, "Label", True), ("value", 2, "double", False), ("timestamp", 3, "int64", False)],
    "BucketSpan": [("offset", 1, "sint32", False), ("length", 2, "uint32", False)],
    "Histogram": [
        ("count_int", 1, "uint64", False),
        ("count_float", 2, "double", False),
        ("sum", 3, "double", False),
        ("schema", 4, "sint32", False),
        ("zero_threshold", 5, "double", False),
        ("zero_count_int", 6, "uint64", False),
        ("zero_count_float", 7, "double", False),
        ("negative_spans", 8, "BucketSpan", True),
        ("negative_deltas", 9, "sint64", True),
        ("negative_counts", 10, "double", True),
        ("positive_spans", 11, "BucketSpan", True),
        ("positive_deltas", 12, "sint64", True),
        ("positive_counts", 13, "double", True),
        ("timestamp", 15, "int64", False),
        ("custom_values", 16, "double", True),
    ],
    "TimeSeries": [
        ("labels", 1, "Label", True),
        ("samples", 2, "Sample", True),
        ("exemplars", 3, "Exemplar", True),
        ("histograms", 4, "Histogram", True),
    ],
    "MetricMetadata": [
        ("type", 1, "int32", False),
        ("metric_family_name", 2, "string", False),
        ("help", 4, "string", False),
        ("unit", 5, "string", False),
    ],
    "WriteRequest": [("timeseries", 1, "TimeSeries", True), ("metadata", 3, "MetricMetadata", True)],
    # remote write 2.0; HistogramV2 is Histogram and a start
    "SampleV2": [
        ("value", 1, "double", False),
        ("timestamp", 2, "int64", False),
        ("start_timestamp", 3, "int64", False),
    ],
    "ExemplarV2": [("labels_refs", 1, "uint32", True), ("value", 2, "double", False), ("timestamp", 3, "int64", False)],
    "MetadataV2": [("type", 1, "int32", False), ("help_ref", 3, "uint32", False), ("unit_ref", 4, "uint32", False)],
    "TimeSeriesV2": [
        ("labels_refs", 1, "uint32", True),
        ("samples", 2, "SampleV2", True),
        ("histograms", 3, "HistogramV2", True),
        ("exemplars", 4, "ExemplarV2", True),
        ("metadata", 5, "MetadataV2", False),
        ("created_timestamp", 6, "int64", False),
    ],
    "Request": [("symbols", 4, "string", True), ("timeseries", 5, "TimeSeriesV2", True)],
}
# remote read
_MESSAGES["LabelMatcher"] = [("type", 1, "int32", False), ("name", 2, "string", False), ("value", 3, "string", False)]
_MESSAGES["Query"] = [
    ("start_timestamp_ms", 1, "int64", False),
    ("end_timestamp_ms", 2, "int64", False),
    ("matchers", 3, "LabelMatcher", True),
]
_MESSAGES["ReadRequest"] = [("queries", 1, "Query", True)]
_MESSAGES["QueryResult"] = [("timeseries", 1, "TimeSeries", True)]
_MESSAGES["ReadResponse"] = [("results", 1, "QueryResult", True)]
_MESSAGES["HistogramV2"] = [*_MESSAGES["Histogram"], ("start_timestamp", 17, "int64", False)]

MEDIA_V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"


def messages() -> SimpleNamespace:
    """The message classes by name."""
    file = descriptor_pb2.FileDescriptorProto(name="prom.proto", package="p", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, number, type_, repeated in fields:
            made = message.field.add(name=field_name, number=number)
            made.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            if type_ in _MESSAGES:
                made.type, made.type_name = _FIELD.TYPE_MESSAGE, f".p.{type_}"
            else:
                made.type = getattr(_FIELD, f"TYPE_{type_.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = message_factory.GetMessageClassesForFiles(["prom.proto"], pool)
    return SimpleNamespace(**{name.removeprefix("p."): made for name, made in classes.items()})
