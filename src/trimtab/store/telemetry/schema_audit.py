"""The table of audit events: CloudTrail records as they came, with what they are searched by beside them.

A record that is read again is dropped, and where two arrive at once the first counts: `version` falls with time.
"""

from trimtab.store.telemetry.table import DELTA, NAME, TIME, Table

_PACKED = "CODEC(ZSTD(1))"

AUDIT_EVENTS = Table(
    "audit_events",
    (
        ("account", NAME, ""),  # recipientAccountId
        ("region", NAME, ""),
        ("time", TIME, DELTA),  # eventTime
        ("event_id", "String", _PACKED),
        ("event_name", NAME, ""),
        ("event_source", NAME, ""),
        ("event_type", NAME, ""),
        ("category", NAME, ""),  # Management, Data, Insight, NetworkActivity
        ("read_only", "UInt8", ""),
        ("user_name", NAME, ""),  # of a role that was assumed, the role's
        ("session_name", NAME, ""),  # of a role that was assumed, the session's
        ("user_type", NAME, ""),
        ("user_arn", NAME, ""),
        ("access_key_id", NAME, ""),
        ("source_ip", NAME, ""),
        ("user_agent", NAME, ""),
        ("error_code", NAME, ""),
        ("error_message", "String", _PACKED),
        ("resource_types", f"Array({NAME})", ""),
        ("resource_names", "Array(String)", _PACKED),  # ARNs as they came, and their last parts
        ("touched", "Array(String)", _PACKED),  # further names of things in the request
        ("request_id", "String", _PACKED),
        ("origin", NAME, ""),  # where it came from: trimtab, a file, PutAuditEvents, insights
        ("record", "String", "CODEC(ZSTD(3))"),  # the whole record, JSON
        ("ingested", TIME, DELTA),
        ("version", "UInt64", DELTA),  # the earlier a row was taken, the higher
    ),
    order_by="(account, region, time, event_id)",
    partition_by="toYYYYMM(time)",
    replacing="version",
    shard="cityHash64(event_id)",
    indexes=(
        "names event_name TYPE set(100) GRANULARITY 4",
        "ids event_id TYPE bloom_filter(0.01) GRANULARITY 4",
        "resources resource_names TYPE bloom_filter(0.01) GRANULARITY 4",
        "taken ingested TYPE minmax GRANULARITY 1",
    ),
)
