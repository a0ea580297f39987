"""What release 0.2.0 has that 0.1.0 had not: lives of nodes, exchange rates, the list of places that it may connect
to, rules of what is not kept, people, groups and ends of keys, sealed secrets, forgetting, profiles and progress of
runs, quotas, objectives and canaries, what owners are asked, investigations, and sign-ins of QuickSight's sources."""

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

from trimtab.base.clock import SystemClock
from trimtab.store.state.migrations.declared import make

revision = "0065"
down_revision = "0042"
branch_labels = None
depends_on = None

_ANY = re.compile(r"https?://[^\s\"'\\<>*]+")
_LISTENS = re.compile(r"\"TRIMTAB_URL\w*\"\s*:\s*\"(https?://[^\s\"\\]+)\"")
_SENT_TO = (
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
_MADE_BY_SOMEONE = ("dashboards", "dashboard_versions", "datasets", "analyses", "cost_reports")
_OF_NODES = (("gpu_type", 128), ("instance_type", 128), ("instance_id", 256))


def upgrade() -> None:
    """Add tables and columns, and give what is there already what it needs to go on as before."""
    connection = op.get_bind()
    people = connection.execute(sa.text("SELECT kind, name, form, changed_ms FROM purchase_facts")).mappings().all()
    op.drop_table("purchase_facts")
    make(connection, "0065_release_0_2_0.sql")
    for row in people:  # what was said of purchases was said for the whole installation
        connection.execute(
            sa.text(
                "INSERT INTO purchase_facts (account, kind, name, form, changed_ms) "
                "VALUES ('', :kind, :name, :form, :changed_ms)"
            ),
            dict(row),
        )
    _nodes()
    _columns()
    _list_what_is_sent_to(connection)


def _columns() -> None:
    with op.batch_alter_table("advice_ledger") as batch:
        batch.add_column(sa.Column("verb", sa.String(16), nullable=False, server_default=""))
        batch.add_column(sa.Column("planned_ms", sa.BigInteger, nullable=False, server_default="0"))
        batch.add_column(sa.Column("billed_as", sa.String(1024), nullable=False, server_default=""))
    with op.batch_alter_table("purchase_plans") as batch:
        batch.add_column(sa.Column("accounts", sa.String(255), nullable=False, server_default=""))
    with op.batch_alter_table("access_keys") as batch:  # those that are there see every row, and have no end
        batch.add_column(sa.Column("scope_rows", sa.Text, nullable=False, server_default="[]"))
        batch.add_column(sa.Column("expires_ms", sa.BigInteger))
        batch.add_column(sa.Column("replaced_by", sa.String(128)))
        batch.add_column(sa.Column("owner", sa.String(100)))
        batch.add_column(sa.Column("groups", sa.Text, nullable=False, server_default="[]"))
        batch.add_column(sa.Column("acting", sa.String(100)))
        batch.add_column(sa.Column("password", sa.Text))
    for table in _MADE_BY_SOMEONE:  # what is there was made by callers that nothing bound
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("scope_rows", sa.Text, nullable=False, server_default="[]"))
    with op.batch_alter_table("notify_subscriptions") as batch:  # sealed, they are longer than they were
        batch.alter_column("token", existing_type=sa.String(64), type_=sa.Text, existing_nullable=False)
    with op.batch_alter_table("event_destinations") as batch:
        batch.alter_column("endpoint", existing_type=sa.String(2048), type_=sa.Text, existing_nullable=False)
    with op.batch_alter_table("report_writings") as batch:
        batch.alter_column("accounts", existing_type=sa.Text, existing_nullable=False, server_default=None)


def _nodes() -> None:
    """Earlier stretches get what is known of their node now."""
    for name, length in _OF_NODES:
        op.add_column("node_states", sa.Column(name, sa.String(length), nullable=False, server_default=""))
        op.execute(
            f"UPDATE node_states SET {name} = (SELECT {name} FROM cluster_nodes WHERE "  # noqa: S608 - names above
            "cluster_nodes.account = node_states.account AND cluster_nodes.cluster = node_states.cluster AND "
            "cluster_nodes.name = node_states.name) WHERE EXISTS (SELECT 1 FROM cluster_nodes WHERE "
            "cluster_nodes.account = node_states.account AND cluster_nodes.cluster = node_states.cluster AND "
            "cluster_nodes.name = node_states.name)"
        )
    # A node that is powered down was reported as up, without GPUs: a node that has some at other times was that then.
    op.execute(
        "UPDATE node_states SET condition = 'powered down' WHERE condition = 'up' AND gpus = 0 AND EXISTS (SELECT 1 "
        "FROM node_states AS other WHERE other.account = node_states.account AND other.cluster = node_states.cluster "
        "AND other.name = node_states.name AND other.gpus > 0)"
    )
    op.execute(
        "UPDATE cluster_nodes SET condition = 'powered down' WHERE condition = 'up' AND gpus = 0 AND "
        "(state LIKE '%POWERED%DOWN%' OR state LIKE '%~%')"
    )


def _list_what_is_sent_to(connection: sa.Connection) -> None:
    """Put every host and port beyond the public internet that something sends to on the list."""
    text: str
    noted: dict[tuple[str, int], str] = {}
    for table, column, pattern in _SENT_TO:
        for text in connection.execute(sa.select(sa.column(column)).select_from(sa.table(table))).scalars():
            for place in _places(pattern, text):
                noted.setdefault(place, f"was in use when the list began ({table})")
    made_ms = SystemClock().now_ms()
    for (host, port), note in sorted(noted.items()):
        connection.execute(
            sa.text(
                "INSERT INTO egress_entries (host, port, note, made_by, made_ms, audited) "
                "VALUES (:host, :port, :note, 'upgrade', :made_ms, 0)"
            ),
            {"host": host, "port": port, "note": note, "made_ms": made_ms},
        )


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
