"""The table of audit events: CloudTrail records as they came, with what they are searched by beside them.

A record that is read again replaces itself (its id is part of the key), so a file may be read any number of times.
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
        ("user_name", NAME, ""),
        ("user_type", NAME, ""),
        ("user_arn", NAME, ""),
        ("access_key_id", NAME, ""),
        ("source_ip", NAME, ""),
        ("user_agent", NAME, ""),
        ("error_code", NAME, ""),
        ("error_message", "String", _PACKED),
        ("resource_types", f"Array({NAME})", ""),
        ("resource_names", "Array(String)", _PACKED),
        ("request_id", "String", _PACKED),
        ("origin", NAME, ""),  # where it came from: trimtab, a trail's file, an account, PutAuditEvents
        ("record", "String", "CODEC(ZSTD(3))"),  # the whole record, JSON
        ("ingested", TIME, DELTA),
    ),
    order_by="(account, region, time, event_id)",
    partition_by="toYYYYMM(time)",
    replacing="ingested",
    indexes=(
        "names event_name TYPE set(100) GRANULARITY 4",
        "ids event_id TYPE bloom_filter(0.01) GRANULARITY 4",
        "resources resource_names TYPE bloom_filter(0.01) GRANULARITY 4",
    ),
)
