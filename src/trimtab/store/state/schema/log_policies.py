"""Policies of logs: what is masked in the events of a group or an account, and what AWS's clients want kept."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# Data protection of a log group.
log_group_policies = Table(
    "log_group_policies",
    metadata,
    Column("group", Integer, primary_key=True, autoincrement=False),  # a log group's id
    Column("document", Text, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)

# Policies of all log groups of an account, by type; types that end in /GROUP are of one group, whose id is the name.
log_account_policies = Table(
    "log_account_policies",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("type", String(64), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("document", Text, nullable=False),
    Column("selection", Text, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)

# Resource policies: kept and told, not enforced. `resource` is empty for one of the whole account.
log_resource_policies = Table(
    "log_resource_policies",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("resource", String(512), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("document", Text, nullable=False),
    Column("revision", String(36), nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)
