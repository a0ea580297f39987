"""Whose each row of the state is: a place for every table, and a reason where nobody's."""

from collections.abc import Mapping

from msgspec import Struct, field

from trimtab.base.records import replace


class Place(Struct, frozen=True):
    """How rows of a table belong to owners.

    `account`, `arn`: the column that is its account, or an ARN that has it. `team`, `user`: columns that are a name.
    `scope`: a column (JSON of rules) of what somebody who was bound to a team put. `of`: (table, its column → ours), a
    row goes with that one's. `by`: columns of who wrote it: that name is taken out and the row stays.
    `money`, `audit`: rows stay unless the bill's, or the audit's, are to go. `derived`: worked out anew from what is
    left, so all of it goes. `nobodys`: why rows belong to no owner.
    """

    account: str = ""
    arn: str = ""
    team: tuple[str, ...] = ()
    user: tuple[str, ...] = ()
    scope: str = ""
    of: tuple[tuple[str, Mapping[str, str]], ...] = ()
    by: tuple[str, ...] = ()
    money: bool = False
    audit: bool = False
    derived: bool = False
    nobodys: str = field(default="")


def _of(table: str, **columns: str) -> tuple[tuple[str, Mapping[str, str]], ...]:
    return ((table, columns),)


_ACCOUNT = Place(account="account")
_GROUP = Place(of=_of("log_groups", id="group"))
_JOB = Place(account="account", of=_of("runs", account="account", cluster="cluster", job="job"))
_TARGET = Place(of=_of("scaling_targets", id="target_id"))

PLACES: Mapping[str, Place] = {
    "access_grants": Place(account="account", scope="scope_rows"),
    "access_keys": Place(account="account", user=("name",), scope="scope_rows"),
    "access_refusals": Place(user=("who",)),
    "action_log": Place(nobodys="what was done to machines, as the audit tells it", by=("requested_by",)),
    "advice_cases": _ACCOUNT,
    "advice_checks": Place(derived=True),
    "advice_decisions": Place(of=_of("advice_findings", id="finding"), by=("who",)),
    "advice_findings": Place(account="account", team=("owner",), by=("decided_by",)),
    "advice_ledger": Place(account="account", team=("owner",)),
    "advice_preferences": _ACCOUNT,
    "advice_runs": Place(derived=True),
    "alarm_clocks": Place(nobodys="how far evaluation is"),
    "alarm_history": _ACCOUNT,
    "alarm_mute_rules": _ACCOUNT,
    "alarms": _ACCOUNT,
    "allocation_rules": Place(nobodys="rules of money, which books that are closed refer to", by=("created_by",)),
    "analyses": Place(account="account", user=("owner",), scope="scope_rows", by=("updated_by",)),
    "analysis_versions": Place(of=_of("analyses", id="id"), by=("updated_by",)),
    "analysis_watches": Place(account="account", user=("reader",), scope="scope_json"),
    "anomaly_mutes": Place(account="account", by=("muted_by",)),
    "anomaly_watch": Place(nobodys="how far detection is"),
    "audit_digests": Place(nobodys="hashes of records"),
    "audit_files": Place(nobodys="which files were read"),
    "audit_imports": Place(nobodys="which files were read"),
    "audit_progress": Place(nobodys="how far jobs are"),
    "audit_signing_keys": Place(nobodys="the installation's"),
    "audit_stores": Place(account="account", audit=True),
    "audit_tags": Place(arn="resource", audit=True),
    "audit_trails": Place(account="account", audit=True),
    "aws_accounts": _ACCOUNT,
    "aws_calls": _ACCOUNT,
    "aws_marks": _ACCOUNT,
    "aws_reads": _ACCOUNT,
    "aws_steps": Place(of=_of("aws_reads", id="read_id")),
    "batch_jobs": _ACCOUNT,
    "budget_action_history": Place(of=_of("budget_actions", id="action_id")),
    "budget_actions": Place(account="account", of=_of("budgets", account="account", name="budget")),
    "budget_notifications": Place(account="account", of=_of("budgets", account="account", name="budget")),
    "budget_periods": Place(account="account", of=_of("budgets", account="account", name="budget")),
    "budget_subscribers": Place(account="account", of=_of("budgets", account="account", name="budget")),
    "budgets": Place(account="account", scope="scope"),
    "canaries": _ACCOUNT,
    "canary_runs": Place(of=_of("canaries", id="canary")),
    "catalog_rates": Place(nobodys="what machines cost the installation"),
    "cluster_nodes": _ACCOUNT,
    "cost_allocation_tags": _ACCOUNT,
    "cost_anomalies": Place(account="account", of=_of("cost_monitors", arn="monitor"), by=("feedback_by",)),
    "cost_anomaly_subscriptions": Place(account="account", scope="scope"),
    "cost_anomaly_told": Place(of=_of("cost_anomaly_subscriptions", arn="subscription")),
    "cost_estimates": Place(nobodys="sums over everybody"),
    "cost_export_runs": Place(of=_of("cost_exports", arn="arn")),
    "cost_exports": _ACCOUNT,
    "cost_imports": Place(nobodys="receipts of bills"),
    "cost_monitors": Place(account="account", scope="scope"),
    "cost_periods": Place(nobodys="sums of bills, by which they reconcile"),
    "cost_reports": Place(account="account", user=("saved_by",), scope="scope_rows"),
    "cost_sources": Place(nobodys="where bills come from"),
    "cost_tag_backfills": _ACCOUNT,
    "dashboard_shares": Place(account="account", scope="scope", by=("created_by",)),
    "dashboard_versions": Place(account="account", scope="scope_rows", by=("modified_by",)),
    "dashboards": Place(account="account", scope="scope_rows", by=("modified_by",)),
    "dataset_extracts": Place(derived=True),
    "dataset_versions": Place(of=_of("datasets", id="id"), by=("updated_by",)),
    "datasets": Place(account="account", user=("owner",), scope="scope_rows", by=("updated_by",)),
    "detectors": _ACCOUNT,
    "drift_watches": _ACCOUNT,
    "drop_rules": Place(nobodys="what the installation does not keep"),
    "egress_entries": Place(nobodys="where the installation may connect to", by=("made_by",)),
    "egress_refusals": Place(derived=True),
    "endpoint_policies": Place(account="account", by=("made_by",)),
    "event_archived": Place(of=_of("event_archives", arn="archive")),
    "event_archives": _ACCOUNT,
    "event_attempts": Place(of=_of("event_deliveries", id="delivery")),
    "event_buses": _ACCOUNT,
    "event_connections": _ACCOUNT,
    "event_deliveries": _ACCOUNT,
    "event_destinations": _ACCOUNT,
    "event_inbox": Place(arn="bus"),
    "event_replays": _ACCOUNT,
    "event_rules": _ACCOUNT,
    "event_targets": Place(of=_of("event_rules", arn="rule")),
    "event_versions": Place(nobodys="how often rules changed"),
    "exchange_rate_sources": Place(nobodys="rates of currencies"),
    "exchange_rates": Place(nobodys="rates of currencies"),
    "fleet_clock": Place(nobodys="how far the ledger is"),
    "fleet_marks": _ACCOUNT,
    "forget_requests": Place(nobodys="this; the name goes when it is done"),
    "insight_rules": _ACCOUNT,
    "instance_prices": Place(nobodys="public prices"),
    "load_test_orders": Place(account="account", by=("asked_by",)),
    "load_tests": _ACCOUNT,
    "locks": Place(nobodys="who works"),
    "log_account_policies": _ACCOUNT,
    "log_anomalies": _ACCOUNT,
    "log_anomaly_detectors": _ACCOUNT,
    "log_deletions": _GROUP,
    "log_deliveries": _ACCOUNT,
    "log_destinations": _ACCOUNT,
    "log_export_tasks": _ACCOUNT,
    "log_forwards": _GROUP,
    "log_group_policies": _GROUP,
    "log_groups": _ACCOUNT,
    "log_lookup_tables": _ACCOUNT,
    "log_pattern_clocks": _GROUP,
    "log_patterns": _GROUP,
    "log_query_definitions": _ACCOUNT,
    "log_resource_policies": _ACCOUNT,
    "log_scheduled_queries": _ACCOUNT,
    "log_scheduled_runs": Place(of=_of("log_scheduled_queries", id="query")),
    "log_streams": _GROUP,
    "log_subscription_filters": _GROUP,
    "metric_filters": _GROUP,
    "metric_streams": _ACCOUNT,
    "node_reports": _ACCOUNT,
    "node_states": _ACCOUNT,
    "notify_attempts": Place(of=_of("notify_deliveries", id="delivery")),
    "notify_channels": _ACCOUNT,
    "notify_deliveries": Place(account="account", of=_of("notify_channels", id="channel")),
    "notify_firing": Place(of=_of("notify_channels", id="channel")),
    "notify_received": _ACCOUNT,
    "notify_subscriptions": Place(account="account", of=_of("notify_topics", arn="topic")),
    "notify_topics": _ACCOUNT,
    "notify_totals": Place(nobodys="counts over everybody"),
    "outbox": Place(nobodys="texts of events are emptied where they name the owner; cursors count the rows"),
    "outbox_cursors": Place(nobodys="how far subscribers are"),
    "owner_asks": Place(account="account", team=("owner",), by=("answered_by", "stop_by")),
    "pipeline_causes": Place(of=_of("pipeline_runs", id="run")),
    "pipeline_runs": _ACCOUNT,
    "pipelines": _ACCOUNT,
    "price_lists": Place(nobodys="public prices"),
    "price_products": Place(nobodys="public prices"),
    "price_terms": Place(nobodys="public prices"),
    "process_reports": Place(nobodys="what processes tell"),
    "purchase_facts": _ACCOUNT,
    "purchase_generations": Place(derived=True),
    "purchase_plans": Place(derived=True),
    "queue_quotas": Place(account="account", team=("team",), by=("made_by",)),
    "quicksight_resources": _ACCOUNT,
    "sign_in_failures": Place(user=("subject",)),
    "slos": _ACCOUNT,
    "state_seal": Place(nobodys="a known text, by which a key file is recognised"),
    "reader_teams": Place(team=("team",), user=("reader",)),
    "rejections": Place(of=_of("sources", id="source")),
    "report_schedules": Place(account="account", team=("owner",), by=("created_by",)),
    "report_writings": Place(account="account", team=("owner",)),
    "resource_readings": _ACCOUNT,
    "resources": Place(account="account", team=("owner",)),
    "rightsizing_enrolment": _ACCOUNT,
    "rightsizing_exports": _ACCOUNT,
    "rightsizing_preferences": _ACCOUNT,
    "rightsizing_recommendations": Place(account="account", team=("owner",)),
    "run_devices": _JOB,
    "run_profiles": replace(_JOB, by=("imported_by",)),
    "run_progress": _JOB,
    "run_states": _JOB,
    "runs": Place(account="account", team=("team",), user=("user",)),
    "savings_plans": _ACCOUNT,
    "scaling_activities": Place(account="account", of=_of("scaling_targets", id="target_id")),
    "scaling_documents": _ACCOUNT,
    "scaling_policies": _TARGET,
    "scaling_proposals": Place(of=_of("scaling_targets", id="target_id"), by=("by",)),
    "scaling_schedules": _TARGET,
    "scaling_targets": _ACCOUNT,
    "served_resources": _ACCOUNT,
    "sources": _ACCOUNT,
    "spot_prices": Place(nobodys="public prices"),
    "statement_lines": Place(account="account", team=("owner",), money=True),
    "statements": Place(nobodys="books that are closed", by=("closed_by",)),
    "tag_reports": _ACCOUNT,
    "tags": Place(arn="arn", team=("value",), user=("value",)),
    "trace_daemons": _ACCOUNT,
    "trace_groups": _ACCOUNT,
    "trace_insight_events": Place(of=_of("trace_insights", id="insight")),
    "trace_insights": _ACCOUNT,
    "trace_sampling_boosts": _ACCOUNT,
    "trace_sampling_reports": _ACCOUNT,
    "trace_sampling_rules": _ACCOUNT,
    "trace_settings": _ACCOUNT,
    "watched_objects": Place(nobodys="names of objects go with the place that is watched"),
    "watched_places": _ACCOUNT,
}
"""Every table."""
