"""Keys end and are replaced; service accounts own keys, people have groups and passwords; who is refused is counted."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; keys that are there go on without an end."""
    with op.batch_alter_table("access_keys") as batch:
        batch.add_column(sa.Column("expires_ms", sa.BigInteger))
        batch.add_column(sa.Column("replaced_by", sa.String(128)))
        batch.add_column(sa.Column("owner", sa.String(100)))
        batch.add_column(sa.Column("groups", sa.Text, nullable=False, server_default="[]"))
        batch.add_column(sa.Column("acting", sa.String(100)))
        batch.add_column(sa.Column("password", sa.Text))
    op.create_table(
        "access_grants",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("account", sa.String(12)),
        sa.Column("scope_rows", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("disabled_ms", sa.BigInteger),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("subject", sa.String(100), primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("untold", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "access_refusals",
        sa.Column("door", sa.String(32), primary_key=True),
        sa.Column("status", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("who", sa.String(100), primary_key=True),
        sa.Column("address", sa.String(100), primary_key=True),
        sa.Column("path", sa.String(100), nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("untold", sa.BigInteger, nullable=False),
    )
