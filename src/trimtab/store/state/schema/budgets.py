"""Budgets, their notifications, subscribers, actions and histories."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# A budget. `form` is the Budgets API's (JSON, times in ms), `scope` what of the bill its maker may see (JSON);
# `standing` is how it stood when it was last judged (JSON), `judged_ms` when.
budgets = Table(
    "budgets",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("form", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("judged_ms", BigInteger, nullable=False),
)

# When to tell. `key` is all that makes it one of its budget; `period_ms` the period for which `state` holds.
budget_notifications = Table(
    "budget_notifications",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("budget", String(100), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("type", String(16), nullable=False),
    Column("comparison", String(16), nullable=False),
    Column("threshold", String(40), nullable=False),
    Column("threshold_type", String(16), nullable=False),
    Column("state", String(8), nullable=False),
    Column("period_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

# Whom to tell. `owner` is the key of a notification or the id of an action.
budget_subscribers = Table(
    "budget_subscribers",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("budget", String(100), primary_key=True),
    Column("owner", String(100), primary_key=True),
    Column("type", String(8), primary_key=True),
    Column("address", String(512), primary_key=True),
    Column("created_ms", BigInteger, nullable=False),
)

# What is done at a crossing. `attempt` counts executions: with the id and the period it is the key of one execution.
budget_actions = Table(
    "budget_actions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("budget", String(100), nullable=False),
    Column("form", Text, nullable=False),
    Column("status", String(32), nullable=False),
    Column("period_ms", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index(None, "account", "budget"),
    Index(None, "status"),
)

# What became of an action, and the action as it was then (`action`, JSON).
budget_action_history = Table(
    "budget_action_history",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("action_id", String(36), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("status", String(32), nullable=False),
    Column("event_type", String(32), nullable=False),
    Column("message", Text, nullable=False),
    Column("action", Text, nullable=False),
    Index(None, "action_id", "at_ms"),
)

# The limit and the amount of each period, as they were when it was last judged. Amounts are decimal text.
budget_periods = Table(
    "budget_periods",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("budget", String(100), primary_key=True),
    Column("start_ms", BigInteger, primary_key=True),
    Column("end_ms", BigInteger, nullable=False),
    Column("budgeted", String(40), nullable=False),
    Column("actual", String(40), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("judged_ms", BigInteger, nullable=False),
)
