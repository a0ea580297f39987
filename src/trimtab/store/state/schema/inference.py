"""Load tests, and what SageMaker's API keeps of models, endpoints and jobs."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# A finished load test. `test` is the JSON that `trimtab loadtest run` gave.
load_tests = Table(
    "load_tests",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("name", String(128), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
    Column("test", Text, nullable=False),
)
Index("ix_load_tests_account_name_started_ms", load_tests.c.account, load_tests.c.name, load_tests.c.started_ms)

# What SageMaker's API made: `kind` is of `inventory.served.model` (model, endpoint, training-job, pipeline …), `form`
# the request (JSON, times in ms), `state` what became of it (JSON).
served_resources = Table(
    "served_resources",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("status", String(32), nullable=False),
    Column("form", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)
Index("ix_served_resources_kind_status", served_resources.c.kind, served_resources.c.status)

# How an endpoint is to be sized and scaled, as someone chose it from its load tests. `form` is the JSON of a
# `sizing.Policy`; whoever scales the endpoint reads it.
endpoint_policies = Table(
    "endpoint_policies",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("endpoint", String(256), primary_key=True),
    Column("form", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("made_by", String(256), nullable=False),
)

# Load tests that were asked of the server: always of an endpoint that is registered, never of a URL or a command.
load_test_orders = Table(
    "load_test_orders",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("endpoint", String(256), nullable=False),
    Column("status", String(16), nullable=False),
    Column("form", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("test_id", String(36), nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("asked_by", String(256), nullable=False),
)
Index("ix_load_test_orders_status", load_test_orders.c.status)
