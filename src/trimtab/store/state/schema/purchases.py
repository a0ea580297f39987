"""What is committed to beyond what the bill says, what may be bought, and what was planned."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from trimtab.store.state.schema.metadata import metadata

# A Savings Plan recorded through the savingsplans API. `offering` is its offering's id, amounts are decimal text;
# `state` is what was done to it ("", "returned", "deleted"), the rest follows from its times.
savings_plans = Table(
    "savings_plans",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("offering", String(36), nullable=False),
    Column("commitment", String(40), nullable=False),
    Column("upfront", String(40), nullable=False),
    Column("state", String(16), nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("token", String(128)),
    UniqueConstraint("account", "token"),
)

# What a user says of purchases, by kind: "rate" an own share, "offer" machines that can be rented or reserved,
# "term" from when to when a commitment of the bill runs. `form` is JSON; `account` whose key said it, "" of all.
purchase_facts = Table(
    "purchase_facts",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("name", String(512), primary_key=True),
    Column("form", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)

# Plans that were made: the question (`settings`) and the `answer`, both JSON; `problem` why there is none; `accounts`
# whose bill they are over, "" all of it.
purchase_plans = Table(
    "purchase_plans",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("made_ms", BigInteger, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Column("settings", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("accounts", String(255), nullable=False, server_default=""),
)
Index("ix_purchase_plans_made_ms", purchase_plans.c.made_ms)

# Requests of Cost Explorer to make its Savings Plans advice anew.
purchase_generations = Table(
    "purchase_generations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("started_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("status", String(16), nullable=False),
)
