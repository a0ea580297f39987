"""Where trimtab may connect to beyond the public internet. What is configured already goes on as it did: its places are
on the list. And what processes tell of themselves."""

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

from trimtab.base.clock import SystemClock

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

_ANY = re.compile(r"https?://[^\s\"'\\<>*]+")
_LISTENS = re.compile(r"\"TRIMTAB_URL\w*\"\s*:\s*\"(https?://[^\s\"\\]+)\"")
_COLUMNS = (
    ("notify_channels", "endpoint", _ANY),
    ("event_targets", "arn", _ANY),
    ("event_destinations", "endpoint", _ANY),
    ("event_connections", "secret", _ANY),
    ("pipelines", "form", _ANY),
    ("log_subscription_filters", "destination", _ANY),
    ("log_destinations", "target", _ANY),
    ("log_scheduled_queries", "destination", _ANY),
    ("metric_streams", "form", _ANY),
    ("aws_accounts", "form", _ANY),
    ("served_resources", "form", _LISTENS),
    ("scaling_documents", "document", _LISTENS),
)


def upgrade() -> None:
    """Create the tables, and list every host and port that something sends to."""
    entries = op.create_table(
        "egress_entries",
        sa.Column("host", sa.String(255), primary_key=True),
        sa.Column("port", sa.Integer, primary_key=True),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("made_by", sa.String(256), nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("audited", sa.Integer, nullable=False),
    )
    op.create_table(
        "egress_refusals",
        sa.Column("host", sa.String(255), primary_key=True),
        sa.Column("port", sa.Integer, primary_key=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("asked_by", sa.String(256), nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("audited", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "process_reports",
        sa.Column("process", sa.String(64), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
    )
    connection = op.get_bind()
    text: str
    found: dict[tuple[str, int], str] = {}
    for table, column, pattern in _COLUMNS:
        for text in connection.execute(sa.select(sa.column(column)).select_from(sa.table(table))).scalars():
            for place in _places(pattern, text):
                found.setdefault(place, f"was in use when the list began ({table})")
    made_ms = SystemClock().now_ms()
    rows = [
        {"host": host, "port": port, "note": note, "made_by": "upgrade", "made_ms": made_ms, "audited": 0}
        for (host, port), note in sorted(found.items())
    ]
    if rows:
        op.bulk_insert(entries, rows)


def _places(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, int]]:
    for url in pattern.findall(text):
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            continue
        try:
            public = ipaddress.ip_address(host).is_global
        except ValueError:
            public = not host
        if not public and len(host) <= 255:
            yield host, port
