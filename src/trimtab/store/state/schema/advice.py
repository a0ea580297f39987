"""Findings of the advisor, what was decided of them, the runs of checks, and the savings ledger."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# A finding as it was last found. `body` is the whole of it (JSON of `advice.finding.Finding`); the other columns are
# for filters and sorting; `cash` is decimal text, "" where not known. `state` is `active` or `resolved`; `decision` is
# "", `accepted`, `dismissed` or `suppressed` (until `until_ms`; 0: for good).
advice_findings = Table(
    "advice_findings",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("check_id", String(64), nullable=False),
    Column("pillar", String(32), nullable=False),
    Column("resource", String(1024), nullable=False),
    Column("account", String(64), nullable=False),
    Column("region", String(64), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("owner", String(256), nullable=False),
    Column("status", String(8), nullable=False),
    Column("effort", String(16), nullable=False),
    Column("cash", String(48), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("gpu_hours", Float, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("decision", String(16), nullable=False),
    Column("decided_by", String(256), nullable=False),
    Column("decided_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Index(None, "check_id"),
    Index(None, "state", "decision"),
    Index(None, "account"),
)

# What was decided of findings, in order.
advice_decisions = Table(
    "advice_decisions",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("finding", String(16), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("decision", String(16), nullable=False),
    Column("who", String(256), nullable=False),
    Column("reason", Text, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Index(None, "finding", "at_ms"),
)

# When each check last ran: how many resources it judged, which it could not (`undecided`, JSON of path → reason), and
# the problem where its facts could not be read. `asked_ms`: when a refresh was last asked for.
advice_checks = Table(
    "advice_checks",
    metadata,
    Column("check_id", String(64), primary_key=True),
    Column("ran_ms", BigInteger, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("looked_at", Integer, nullable=False),
    Column("flagged", Integer, nullable=False),
    Column("undecided", Text, nullable=False),
    Column("problem", Text, nullable=False),
)

# One recomputation: when, how long it took, and what changed (JSON: ids of new, gone and changed findings, and sums).
advice_runs = Table(
    "advice_runs",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Column("what", String(64), nullable=False),
    Column("changes", Text, nullable=False),
    Index(None, "at_ms"),
)

# Advice that was accepted or seen applied, and what came of it. Amounts are decimal text a month; `counterfactual`
# (JSON) holds what was measured, `grade` how well it was predicted. `verb` and `planned_ms` are of the plan that said
# what it adds (0: the check itself said it), `billed_as` is its machine as the bill names it.
advice_ledger = Table(
    "advice_ledger",
    metadata,
    Column("finding", String(16), primary_key=True),
    Column("check_id", String(64), nullable=False),
    Column("resource", String(1024), nullable=False),
    Column("account", String(64), nullable=False),
    Column("region", String(64), nullable=False),
    Column("owner", String(256), nullable=False),
    Column("state", String(16), nullable=False),
    Column("accepted_ms", BigInteger, nullable=False),
    Column("applied_ms", BigInteger, nullable=False),
    Column("proof", Text, nullable=False),
    Column("predicted", String(48), nullable=False),
    Column("predicted_gpu_hours", Float, nullable=False),
    Column("realised", String(48), nullable=False),
    Column("realised_total", String(48), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("measured_ms", BigInteger, nullable=False),
    Column("measured_days", Integer, nullable=False),
    Column("counterfactual", Text, nullable=False),
    Column("grade", String(16), nullable=False),
    Column("verb", String(16), nullable=False, server_default=""),
    Column("planned_ms", BigInteger, nullable=False, server_default="0"),
    Column("billed_as", String(1024), nullable=False, server_default=""),
    Index(None, "state"),
    Index(None, "check_id"),
)

# Support cases that were opened through the API: kept, and answered by nobody but people.
advice_cases = Table(
    "advice_cases",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("display_id", String(32), nullable=False),
    Column("status", String(32), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "account", "created_ms"),
)

# What accounts prefer (of Cost Optimization Hub, JSON), settings of checks, and when digests were sent; by key.
advice_preferences = Table(
    "advice_preferences",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("value", Text, nullable=False),
)
