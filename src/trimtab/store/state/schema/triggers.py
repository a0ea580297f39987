"""Event buses, rules and targets, what was delivered, and the pipelines that they start: see the room `triggers`."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import DUE, REACHED, metadata

# Buses that were made, and the default ones that something was set of. `options` is JSON.
event_buses = Table(
    "event_buses",
    metadata,
    Column("arn", String(512), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(256), nullable=False),
    Column("description", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)

# Rules of buses. `due_ms` is when one with a schedule fires next; `zone` is the time zone of its schedule.
event_rules = Table(
    "event_rules",
    metadata,
    Column("arn", String(700), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("bus", String(512), nullable=False),
    Column("name", String(64), nullable=False),
    Column("pattern", Text),
    Column("schedule", String(256)),
    Column("zone", String(64), nullable=False),
    Column("state", String(64), nullable=False),
    Column("description", Text, nullable=False),
    Column("role", String(1600), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, info=DUE),
    Index(None, "bus", "name", unique=True),
    Index(None, "due_ms"),
)

# Targets of rules; `form` is the target as it was put (JSON).
event_targets = Table(
    "event_targets",
    metadata,
    Column("rule", String(700), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("arn", String(1600), nullable=False),
    Column("form", Text, nullable=False),
    Index(None, "arn"),
)

# One row: grows whenever what events are matched with changes, so that every process notices.
event_versions = Table(
    "event_versions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
)

# Events that a rule or an archive wanted. `key` is what makes one the same over repeats; `body` is the event (JSON).
event_inbox = Table(
    "event_inbox",
    metadata,
    Column("key", String(36), primary_key=True),
    Column("id", String(64), nullable=False),
    Column("bus", String(512), nullable=False),
    Column("source", String(256), nullable=False),
    Column("detail_type", String(256), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("rules", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "received_ms"),
)

# One event for one target of one rule: the queue and the log in one. `input` is what is sent.
event_deliveries = Table(
    "event_deliveries",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("event", String(36), nullable=False),
    Column("title", String(600), nullable=False),
    Column("rule", String(700), nullable=False),
    Column("target", String(64), nullable=False),
    Column("arn", String(1600), nullable=False),
    Column("form", Text, nullable=False),
    Column("input", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_ms", BigInteger, nullable=False, info=DUE),
    Column("created_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    Column("status", Integer),
    Column("reason", Text, nullable=False),
    Column("dead_letter", Text, nullable=False),
    Index(None, "state", "next_ms"),
    Index(None, "rule", "seq"),
    Index(None, "created_ms"),
)

# Every time something was sent to a target, and what came of it.
event_attempts = Table(
    "event_attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("delivery", String(36), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("status", Integer),
    Column("reason", Text, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Index(None, "delivery"),
)

# Archives of buses, and the events in them.
event_archives = Table(
    "event_archives",
    metadata,
    Column("arn", String(512), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("bus", String(512), nullable=False),
    Column("description", Text, nullable=False),
    Column("pattern", Text),
    Column("retention_days", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)
event_archived = Table(
    "event_archived",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("archive", String(512), nullable=False),
    Column("key", String(36), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "archive", "key", unique=True),
    Index(None, "archive", "at_ms"),
)

# Replays of archives. `position` is the last row of the archive that was replayed.
event_replays = Table(
    "event_replays",
    metadata,
    Column("arn", String(512), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("description", Text, nullable=False),
    Column("archive", String(512), nullable=False),
    Column("bus", String(512), nullable=False),
    Column("rules", Text, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("replayed_ms", BigInteger),
    Column("started_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
)

# How to sign in to API destinations. `secret` (JSON) never leaves the server.
event_connections = Table(
    "event_connections",
    metadata,
    Column("arn", String(512), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("description", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("shown", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("state", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("authorized_ms", BigInteger),
    Index(None, "account", "region", "name", unique=True),
)
event_destinations = Table(
    "event_destinations",
    metadata,
    Column("arn", String(512), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("description", Text, nullable=False),
    Column("connection", String(512), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("method", String(16), nullable=False),
    Column("rate", Integer),
    Column("created_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Index(None, "account", "region", "name", unique=True),
)

# Pipelines that rules start at most once in a cool-down. `form` (JSON) says how; `last_ms` is the last start's cause.
pipelines = Table(
    "pipelines",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("form", Text, nullable=False),
    Column("cooldown_s", BigInteger, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

# What was started, when and why. `id` is made of the pipeline and the cause: whoever plans it again plans the same.
pipeline_runs = Table(
    "pipeline_runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("pipeline", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("form", Text, nullable=False),
    Column("delivery", String(36), nullable=False),
    Column("rule", String(700), nullable=False),
    Column("why", Text, nullable=False),
    Column("input", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_ms", BigInteger, nullable=False, info=DUE),
    Column("created_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("finished_ms", BigInteger),
    Column("external", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("output", Text, nullable=False),
    Index(None, "account", "region", "pipeline", "at_ms"),
    Index(None, "state", "next_ms"),
)

# Which deliveries caused a run, or would have had it not been for the cool-down.
pipeline_causes = Table(
    "pipeline_causes",
    metadata,
    Column("delivery", String(36), primary_key=True),
    Column("run", String(36), nullable=False),
    Column("event", String(36), nullable=False),
    Column("rule", String(700), nullable=False),
    Column("title", String(600), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("folded", Integer, nullable=False),
    Index(None, "run", "at_ms"),
)

# Folders and S3 prefixes that are looked at for new objects, and what was seen in them.
watched_places = Table(
    "watched_places",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("url", String(2048), nullable=False),
    Column("every_s", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("looked_ms", BigInteger, info=REACHED),
    Column("objects", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)
watched_objects = Table(
    "watched_objects",
    metadata,
    Column("place", String(160), primary_key=True),
    Column("name", String(1024), primary_key=True),
    Column("stamp", String(128), nullable=False),
)

# Metrics whose distribution is compared with how it was. `form` is JSON; `scores` what came of the last look.
drift_watches = Table(
    "drift_watches",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("form", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("scores", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("looked_ms", BigInteger, info=REACHED),
    Column("changed_ms", BigInteger),
    Column("reason", Text, nullable=False),
)
