"""The tables of spans: OpenTelemetry's and X-Ray's alike, a row a span (a segment, a subsegment).

A span that is sent again replaces the one before: X-Ray sends a segment in progress and then the whole. Ids are W3C's
(32 and 16 hex digits); an X-Ray trace id `1-5759e988-bd862e3fe1be46a994272793` is the same digits without `1-` and `-`.
`trace_times` tells on which days a trace has spans, so that one trace is read without a search.
"""

from trimtab.store.telemetry.table import DELTA, NAME, TIME, Table

_PACKED = "CODEC(ZSTD(1))"
_NUMBER = "CODEC(T64, ZSTD(1))"

SPANS = Table(
    "spans",
    (
        ("account", NAME, ""),
        ("region", NAME, ""),
        ("service", NAME, ""),  # service.name; the name of a segment
        ("time", TIME, DELTA),  # start, cut to the millisecond
        ("trace_id", "String", _PACKED),
        ("span_id", "String", _PACKED),
        ("parent_id", "String", _PACKED),  # empty: the root
        ("name", NAME, ""),  # operation
        ("kind", NAME, ""),  # server, client, internal, producer, consumer
        ("segment", "UInt8", ""),  # the entry of a request into its service: an X-Ray segment, a server's span, a root
        ("start_ns", "Int64", DELTA),
        ("duration_ns", "Int64", _NUMBER),
        ("status", NAME, ""),  # unset, ok, error
        ("fault", "UInt8", ""),  # X-Ray: a server's (5xx) fault, a client's (4xx) error, a throttle (429)
        ("error", "UInt8", ""),
        ("throttle", "UInt8", ""),
        ("partial", "UInt8", ""),  # in progress: no end yet
        ("http_method", NAME, ""),
        ("http_status", "UInt16", _NUMBER),
        ("http_url", "String", _PACKED),
        ("peer", NAME, ""),  # what a client span called: peer.service, server.address, db.system, an AWS service
        ("origin", NAME, ""),  # of a segment what it runs on (AWS::EC2::Instance …); of a client span the peer's type
        ("resource", "String", _PACKED),  # the identity that `inventory` resolved: pod, host, function
        ("sampling", "Float64", ""),  # 1 ÷ the probability with which the trace was kept; 1 where unknown
        ("resource_attributes", f"Map({NAME}, String)", _PACKED),
        ("attributes", f"Map({NAME}, String)", _PACKED),  # of the span; X-Ray's annotations and metadata by their names
        ("events", "String", _PACKED),  # JSON: exceptions and other span events
        ("links", "String", _PACKED),  # JSON: linked spans
        ("document", "String", "CODEC(ZSTD(3))"),  # an X-Ray segment as it came, in the row of the segment
        ("ingested", TIME, DELTA),
    ),
    order_by="(account, region, service, time, trace_id, span_id)",
    partition_by="toYYYYMMDD(time)",
    replacing="ingested",
    shard="cityHash64(trace_id)",  # the spans of a trace lie together
    indexes=(
        "traces trace_id TYPE bloom_filter(0.01) GRANULARITY 1",
        "durations duration_ns TYPE minmax GRANULARITY 8",
        "attribute_values mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 8",
    ),
    granule=1024,  # spans of one trace lie in as many granules: an eighth of the engine's own, an eighth to read
)
TRACE_TIMES = Table(
    "trace_times",
    (
        ("account", NAME, ""),
        ("region", NAME, ""),
        ("trace_id", "String", _PACKED),
        ("day", "Date", ""),
    ),
    order_by="(account, region, trace_id, day)",
    replacing="",
    shard="cityHash64(trace_id)",
)
TRACE_TABLES = (SPANS, TRACE_TIMES)
