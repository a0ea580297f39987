"""What people say of purchases, and plans over a bill, know whose they are."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there is of the whole installation."""
    op.create_table(
        "purchase_facts_of_accounts",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("name", sa.String(512), primary_key=True),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO purchase_facts_of_accounts (account, kind, name, form, changed_ms) "
        "SELECT '', kind, name, form, changed_ms FROM purchase_facts"
    )
    op.drop_table("purchase_facts")
    op.rename_table("purchase_facts_of_accounts", "purchase_facts")
    with op.batch_alter_table("purchase_plans") as batch:
        batch.add_column(sa.Column("accounts", sa.String(255), nullable=False, server_default=""))
