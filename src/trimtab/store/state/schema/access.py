"""Who may come in."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import DUE, metadata

# A row a credential. `scope_rows` are the rules by tags that what it sees must pass (access/scope.py).
# `replaced_by` is the key that was made to take its place, `owner` the service account whose grant it gives in place of
# its own. Of people, `groups` (JSON) are the groups that they are of, `acting` is the one that they act as, `role` is
# empty for those with no grant of their own, and `password` is a hash (access/passwords.py).
# `secret` is the secret itself for AWS keys, which SigV4 must know, and SHA-256 for tokens.
access_keys = Table(
    "access_keys",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("account", String(12)),
    Column("secret", Text, nullable=False),
    Column("name", String(256), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("last_used_ms", BigInteger),
    Column("revoked_ms", BigInteger),
    Column("scope_rows", Text, nullable=False, server_default="[]"),
    Column("expires_ms", BigInteger),
    Column("replaced_by", String(128)),
    Column("owner", String(100)),
    Column("groups", Text, nullable=False, server_default="[]"),
    Column("acting", String(100)),
    Column("password", Text),
)

# Named grants: groups of people, and service accounts (`kind`), whose keys name them as `owner`.
access_grants = Table(
    "access_grants",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("account", String(12)),
    Column("scope_rows", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("disabled_ms", BigInteger),
)

# Failed sign-ins by name and by network address (`kind`): see access/lockout.py. The audit was not told of `untold`.
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("subject", String(100), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False, info=DUE),
    Column("untold", BigInteger, nullable=False),
)

# Requests that were refused, counted (access/refusals.py). The audit was not told of `untold`.
access_refusals = Table(
    "access_refusals",
    metadata,
    Column("door", String(32), primary_key=True),
    Column("status", Integer, primary_key=True, autoincrement=False),
    Column("who", String(100), primary_key=True),
    Column("address", String(100), primary_key=True),
    Column("path", String(100), nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("untold", BigInteger, nullable=False),
)
