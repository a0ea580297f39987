"""The table of log events: every repeat of a row counts, so it is a multiset.

`group` and `stream_id` are surrogate ids of one incarnation of a log group and a stream: what is deleted and made again
under the same name has others, so that the old events need not be gone before the new ones come. `id` orders events of
equal times and, with `group` and `time`, is what `@ptr` points at.
"""

from trimtab.store.telemetry.table import DELTA, NAME, TIME, Table

_PACKED = "CODEC(ZSTD(1))"

LOG_EVENTS = Table(
    "log_events",
    (
        ("account", NAME, ""),
        ("region", NAME, ""),
        ("group", "UInt64", DELTA),
        ("log_group", NAME, ""),
        ("stream", "String", _PACKED),
        ("stream_id", "UInt64", DELTA),
        ("time", TIME, DELTA),
        ("ingested", TIME, DELTA),
        ("id", "UInt64", DELTA),
        ("severity", NAME, ""),
        ("trace_id", "String", _PACKED),
        ("span_id", "String", _PACKED),
        ("attributes", f"Map({NAME}, String)", _PACKED),  # of OpenTelemetry; those of a JSON message are in the message
        ("message", "String", "CODEC(ZSTD(3))"),
        # What the message was before data protection masked it; empty where nothing was. Only who may unmask reads it.
        ("original", "String", _PACKED),
    ),
    order_by="(account, region, group, time, id)",
    partition_by="toYYYYMMDD(time)",
    multiset=True,
    shard="cityHash64(group, id)",  # a large group is read by every shard
    indexes=(
        # A substring reads only the granules that may have it.
        "words message TYPE ngrambf_v1(4, 65536, 2, 7) GRANULARITY 1",
        "streams stream_id TYPE bloom_filter(0.01) GRANULARITY 4",
        "traces trace_id TYPE bloom_filter(0.01) GRANULARITY 4",
    ),
)
