"""Runs of schedulers, the GPUs they held, what they waited for, and the nodes of clusters: see `inventory.runs`."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# A row a run: what its scheduler last said of it. `node_names` and `tags` are JSON; `seen_ms` is when it was last
# reported, `changed_ms` when something of it last changed.
runs = Table(
    "runs",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("cluster", String(128), primary_key=True),
    Column("job", String(512), primary_key=True),
    Column("scheduler", String(32), nullable=False),
    Column("name", String(512), nullable=False),
    Column("user", String(256), nullable=False),
    Column("team", String(256), nullable=False),
    Column("queue", String(256), nullable=False),
    Column("state", String(32), nullable=False),
    Column("reason", String(512), nullable=False),
    Column("exit_code", Integer),
    Column("submit_ms", BigInteger, nullable=False),
    Column("start_ms", BigInteger),
    Column("end_ms", BigInteger),
    Column("gpus", Float, nullable=False),
    Column("gpu_type", String(128), nullable=False),
    Column("nodes", Integer, nullable=False),
    Column("node_names", Text, nullable=False),
    Column("whole_nodes", Boolean, nullable=False),
    Column("tasks", Integer, nullable=False),
    Column("tags", Text, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Index(None, "submit_ms"),
    Index(None, "start_ms"),
    Index(None, "end_ms"),
)

# The GPUs of a run: a row a node (of pods: a pod's part of a node). `indexes` and `uuids` are JSON lists, empty where
# the scheduler names none.
run_devices = Table(
    "run_devices",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("cluster", String(128), primary_key=True),
    Column("job", String(512), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("node", String(256), nullable=False),
    Column("gpus", Float, nullable=False),
    Column("indexes", Text, nullable=False),
    Column("uuids", Text, nullable=False),
    Column("pod", String(512), nullable=False),
    Column("start_ms", BigInteger),
    Column("end_ms", BigInteger),
    Column("pod_uid", String(64), nullable=False, server_default=""),
)

# What a run waited for, as stretches of time in which its state and reason did not change.
run_states = Table(
    "run_states",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("cluster", String(128), primary_key=True),
    Column("job", String(512), primary_key=True),
    Column("from_ms", BigInteger, primary_key=True),
    Column("to_ms", BigInteger, nullable=False),
    Column("state", String(32), nullable=False),
    Column("reason", String(512), nullable=False),
    Index(None, "to_ms"),
)

# What files of profiles say of a run, a row a file: `profile` is JSON (`profiles.store`).
run_profiles = Table(
    "run_profiles",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("cluster", String(128), primary_key=True),
    Column("job", String(512), primary_key=True),
    Column("file", String(256), primary_key=True),
    Column("imported_ms", BigInteger, nullable=False),
    Column("imported_by", String(256), nullable=False),
    Column("profile", Text, nullable=False),
)

# What was told of the progress of a run: `marks` a JSON list of lists (see `progress.store`), `workload` and `sources`
# JSON too. A run may be told of before its scheduler is.
run_progress = Table(
    "run_progress",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("cluster", String(128), primary_key=True),
    Column("job", String(512), primary_key=True),
    Column("marks", Text, nullable=False),
    Column("workload", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)

# What teams are entitled to, a row a team: the rows of one `from_ms` are all of a cluster's quotas from then on, to the
# next `from_ms`. Either `gpus` or `share` (of the cluster's GPUs) is given; `queues` is a JSON list.
queue_quotas = Table(
    "queue_quotas",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("cluster", String(128), primary_key=True),
    Column("from_ms", BigInteger, primary_key=True),
    Column("team", String(256), primary_key=True),
    Column("gpus", Float),
    Column("share", Float),
    Column("cohort", String(256), nullable=False),
    Column("queues", Text, nullable=False),
    Column("made_by", String(256), nullable=False),
)

# The nodes of a cluster as they were last reported. `partitions`, `features` and `labels` are JSON.
cluster_nodes = Table(
    "cluster_nodes",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("cluster", String(128), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("condition", String(16), nullable=False),
    Column("state", String(256), nullable=False),
    Column("reason", String(512), nullable=False),
    Column("gpus", Float, nullable=False),
    Column("allocated", Float, nullable=False),
    Column("gpu_type", String(128), nullable=False),
    Column("instance_type", String(128), nullable=False),
    Column("instance_id", String(256), nullable=False),
    Column("partitions", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("gone_ms", BigInteger),
)

# What nodes were, as stretches of time in which nothing of it changed. Where a node was not there is no row.
node_states = Table(
    "node_states",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("cluster", String(128), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("from_ms", BigInteger, primary_key=True),
    Column("to_ms", BigInteger, nullable=False),
    Column("condition", String(16), nullable=False),
    Column("reason", String(512), nullable=False),
    Column("gpus", Float, nullable=False),
    Column("allocated", Float, nullable=False),
    Column("gpu_type", String(128), nullable=False, server_default=""),
    Column("instance_type", String(128), nullable=False, server_default=""),
    Column("instance_id", String(256), nullable=False, server_default=""),
    Index(None, "to_ms"),
)

# When nodes were reported, a row a cluster and hour: `whole` is the JSON list of times (ms) of reports that named every
# node, `named` a JSON object of the times of the others by node. With the stretches they say what each report said.
node_reports = Table(
    "node_reports",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("cluster", String(128), primary_key=True),
    Column("hour_ms", BigInteger, primary_key=True),
    Column("whole", Text, nullable=False),
    Column("named", Text, nullable=False),
)

# What changed of runs and nodes, in the order in which it was committed: from `from_day_ms` to before `to_day_ms` (days
# in UTC) the nodes in the JSON list `nodes` may be other than they were.
fleet_marks = Table(
    "fleet_marks",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True),
    Column("account", String(64), nullable=False),
    Column("cluster", String(128), nullable=False),
    Column("nodes", Text, nullable=False),
    Column("from_day_ms", BigInteger, nullable=False),
    Column("to_day_ms", BigInteger, nullable=False),
)

# One row: the newest version of `fleet_marks`, the newest that was pruned, and the one that was newest at a moment.
fleet_clock = Table(
    "fleet_clock",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("pruned", BigInteger, nullable=False),
    Column("noted", BigInteger, nullable=False),
    Column("noted_ms", BigInteger, nullable=False),
)
