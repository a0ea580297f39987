"""Every state table: small mutable records. One MetaData for SQLite and PostgreSQL; Alembic migrates them."""

from trimtab.store.state.schema.access import access_keys
from trimtab.store.state.schema.actions import action_log
from trimtab.store.state.schema.alarms import alarm_clocks, alarm_history, alarm_mute_rules, alarms
from trimtab.store.state.schema.anomalies import anomaly_mutes, anomaly_watch
from trimtab.store.state.schema.audit import (
    audit_digests,
    audit_files,
    audit_imports,
    audit_progress,
    audit_signing_keys,
    audit_stores,
    audit_tags,
    audit_trails,
)
from trimtab.store.state.schema.budgets import (
    budget_action_history,
    budget_actions,
    budget_notifications,
    budget_periods,
    budget_subscribers,
    budgets,
)
from trimtab.store.state.schema.cost_reports import cost_reports
from trimtab.store.state.schema.costs import cost_imports, cost_periods, cost_sources
from trimtab.store.state.schema.dashboards import dashboard_shares, dashboard_versions, dashboards
from trimtab.store.state.schema.detectors import detectors
from trimtab.store.state.schema.events import outbox, outbox_cursors
from trimtab.store.state.schema.inventory import catalog_rates, rejections, resources, sources, tags
from trimtab.store.state.schema.jobs import locks
from trimtab.store.state.schema.log_anomalies import (
    log_anomalies,
    log_anomaly_detectors,
    log_pattern_clocks,
    log_patterns,
)
from trimtab.store.state.schema.log_exports import log_export_tasks
from trimtab.store.state.schema.log_filters import metric_filters
from trimtab.store.state.schema.log_forwarding import log_destinations, log_forwards, log_subscription_filters
from trimtab.store.state.schema.log_lookups import log_lookup_tables
from trimtab.store.state.schema.log_policies import log_account_policies, log_group_policies, log_resource_policies
from trimtab.store.state.schema.log_queries import log_query_definitions
from trimtab.store.state.schema.log_schedules import log_scheduled_queries, log_scheduled_runs
from trimtab.store.state.schema.logs import log_deletions, log_groups, log_streams
from trimtab.store.state.schema.metadata import metadata
from trimtab.store.state.schema.notify import (
    notify_attempts,
    notify_channels,
    notify_deliveries,
    notify_firing,
    notify_received,
    notify_subscriptions,
    notify_topics,
    notify_totals,
)
from trimtab.store.state.schema.runs import cluster_nodes, node_states, run_devices, run_states, runs
from trimtab.store.state.schema.statements import allocation_rules, statement_lines, statements
from trimtab.store.state.schema.traces import (
    trace_daemons,
    trace_groups,
    trace_insight_events,
    trace_insights,
    trace_sampling_boosts,
    trace_sampling_reports,
    trace_sampling_rules,
    trace_settings,
)
from trimtab.store.state.schema.triggers import (
    drift_watches,
    event_archived,
    event_archives,
    event_attempts,
    event_buses,
    event_connections,
    event_deliveries,
    event_destinations,
    event_inbox,
    event_replays,
    event_rules,
    event_targets,
    event_versions,
    pipeline_causes,
    pipeline_runs,
    pipelines,
    watched_objects,
    watched_places,
)

__all__ = [
    "access_keys",
    "action_log",
    "alarm_clocks",
    "alarm_history",
    "alarm_mute_rules",
    "alarms",
    "allocation_rules",
    "anomaly_mutes",
    "anomaly_watch",
    "audit_digests",
    "audit_files",
    "audit_imports",
    "audit_progress",
    "audit_signing_keys",
    "audit_stores",
    "audit_tags",
    "audit_trails",
    "budget_action_history",
    "budget_actions",
    "budget_notifications",
    "budget_periods",
    "budget_subscribers",
    "budgets",
    "catalog_rates",
    "cluster_nodes",
    "cost_imports",
    "cost_periods",
    "cost_reports",
    "cost_sources",
    "dashboard_shares",
    "dashboard_versions",
    "dashboards",
    "detectors",
    "drift_watches",
    "event_archived",
    "event_archives",
    "event_attempts",
    "event_buses",
    "event_connections",
    "event_deliveries",
    "event_destinations",
    "event_inbox",
    "event_replays",
    "event_rules",
    "event_targets",
    "event_versions",
    "locks",
    "log_account_policies",
    "log_anomalies",
    "log_anomaly_detectors",
    "log_deletions",
    "log_destinations",
    "log_export_tasks",
    "log_forwards",
    "log_group_policies",
    "log_groups",
    "log_lookup_tables",
    "log_pattern_clocks",
    "log_patterns",
    "log_query_definitions",
    "log_resource_policies",
    "log_scheduled_queries",
    "log_scheduled_runs",
    "log_streams",
    "log_subscription_filters",
    "metadata",
    "metric_filters",
    "node_states",
    "notify_attempts",
    "notify_channels",
    "notify_deliveries",
    "notify_firing",
    "notify_received",
    "notify_subscriptions",
    "notify_topics",
    "notify_totals",
    "outbox",
    "outbox_cursors",
    "pipeline_causes",
    "pipeline_runs",
    "pipelines",
    "rejections",
    "resources",
    "run_devices",
    "run_states",
    "runs",
    "sources",
    "statement_lines",
    "statements",
    "tags",
    "trace_daemons",
    "trace_groups",
    "trace_insight_events",
    "trace_insights",
    "trace_sampling_boosts",
    "trace_sampling_reports",
    "trace_sampling_rules",
    "trace_settings",
    "watched_objects",
    "watched_places",
]
