-- Every table of release 0.1.0, in the words of PostgreSQL: migrations/declared.py has them in those of SQLite.

CREATE TABLE access_keys (
    id VARCHAR(128) NOT NULL, kind VARCHAR(16) NOT NULL, account VARCHAR(12), secret TEXT NOT NULL,
    name VARCHAR(256) NOT NULL, role VARCHAR(16) NOT NULL, created_ms BIGINT NOT NULL, last_used_ms BIGINT,
    revoked_ms BIGINT, CONSTRAINT pk_access_keys PRIMARY KEY (id)
);

CREATE TABLE tags (
    arn VARCHAR(1024) NOT NULL, "key" VARCHAR(128) NOT NULL, value VARCHAR(256) NOT NULL,
    CONSTRAINT pk_tags PRIMARY KEY (arn, "key")
);

CREATE TABLE sources (
    id VARCHAR(512) NOT NULL, door VARCHAR(32) NOT NULL, name VARCHAR(256) NOT NULL, account VARCHAR(64) NOT NULL,
    region VARCHAR(64) NOT NULL, detail TEXT NOT NULL, first_seen_ms BIGINT NOT NULL, last_seen_ms BIGINT NOT NULL,
    rows BIGINT NOT NULL, bytes BIGINT NOT NULL, rejected BIGINT NOT NULL, CONSTRAINT pk_sources PRIMARY KEY (id)
);

CREATE TABLE rejections (
    id SERIAL NOT NULL, source VARCHAR(512) NOT NULL, at_ms BIGINT NOT NULL, reason TEXT NOT NULL,
    example TEXT NOT NULL, rows BIGINT NOT NULL, CONSTRAINT pk_rejections PRIMARY KEY (id)
);
CREATE INDEX ix_rejections_at_ms ON rejections (at_ms);

CREATE TABLE outbox (
    position SERIAL NOT NULL, id VARCHAR(36) NOT NULL, kind VARCHAR(128) NOT NULL, subject VARCHAR(1024) NOT NULL,
    at_ms BIGINT NOT NULL, body TEXT NOT NULL, CONSTRAINT pk_outbox PRIMARY KEY (position),
    CONSTRAINT uq_outbox_id UNIQUE (id)
);

CREATE TABLE outbox_cursors (
    subscriber VARCHAR(128) NOT NULL, position BIGINT NOT NULL,
    CONSTRAINT pk_outbox_cursors PRIMARY KEY (subscriber)
);

CREATE TABLE action_log (
    id VARCHAR(36) NOT NULL, actuator VARCHAR(128) NOT NULL, target VARCHAR(1024) NOT NULL,
    requested_by VARCHAR(256) NOT NULL, dry_run INTEGER NOT NULL, "plan" TEXT NOT NULL, state VARCHAR(16) NOT NULL,
    outcome TEXT NOT NULL, at_ms BIGINT NOT NULL, CONSTRAINT pk_action_log PRIMARY KEY (id)
);
CREATE INDEX ix_action_log_at_ms ON action_log (at_ms);

CREATE TABLE locks (
    name VARCHAR(128) NOT NULL, holder VARCHAR(36) NOT NULL, until_ms BIGINT NOT NULL,
    CONSTRAINT pk_locks PRIMARY KEY (name)
);

CREATE TABLE alarms (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(255) NOT NULL,
    kind VARCHAR(16) NOT NULL, config TEXT NOT NULL, version BIGINT NOT NULL, configured BIGINT NOT NULL,
    created_ms BIGINT NOT NULL, configured_ms BIGINT NOT NULL, warm_from_ms BIGINT, state VARCHAR(32) NOT NULL,
    reason TEXT NOT NULL, reason_data TEXT, updated_ms BIGINT NOT NULL, transitioned_ms BIGINT NOT NULL,
    evaluation_state VARCHAR(32), contributors TEXT, held TEXT,
    CONSTRAINT pk_alarms PRIMARY KEY (account, region, name)
);

CREATE TABLE alarm_history (
    id SERIAL NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(255) NOT NULL,
    alarm_type VARCHAR(32) NOT NULL, item_type VARCHAR(32) NOT NULL, contributor VARCHAR(16), attributes TEXT,
    at_ms BIGINT NOT NULL, summary VARCHAR(255) NOT NULL, data TEXT NOT NULL,
    CONSTRAINT pk_alarm_history PRIMARY KEY (id)
);
CREATE INDEX ix_alarm_history_account_region_name_at_ms ON alarm_history (account, region, name, at_ms);
CREATE INDEX ix_alarm_history_at_ms ON alarm_history (at_ms);

CREATE TABLE alarm_clocks (
    cadence_s SERIAL NOT NULL, at_ms BIGINT NOT NULL, CONSTRAINT pk_alarm_clocks PRIMARY KEY (cadence_s)
);

CREATE TABLE alarm_mute_rules (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(255) NOT NULL, config TEXT NOT NULL,
    updated_ms BIGINT NOT NULL, CONSTRAINT pk_alarm_mute_rules PRIMARY KEY (account, region, name)
);

CREATE TABLE notify_channels (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, name VARCHAR(256) NOT NULL, kind VARCHAR(32) NOT NULL,
    endpoint TEXT NOT NULL, options TEXT NOT NULL, secret TEXT NOT NULL, events TEXT NOT NULL,
    created_ms BIGINT NOT NULL, failures INTEGER NOT NULL, open_until_ms BIGINT NOT NULL, last_ok_ms BIGINT,
    last_error_ms BIGINT, last_error TEXT NOT NULL, CONSTRAINT pk_notify_channels PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_notify_channels_account_name ON notify_channels (account, name);

CREATE TABLE notify_topics (
    arn VARCHAR(512) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL,
    name VARCHAR(256) NOT NULL, attributes TEXT NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_notify_topics PRIMARY KEY (arn)
);

CREATE TABLE notify_subscriptions (
    arn VARCHAR(600) NOT NULL, topic VARCHAR(512) NOT NULL, channel VARCHAR(36) NOT NULL,
    account VARCHAR(12) NOT NULL, protocol VARCHAR(32) NOT NULL, endpoint TEXT NOT NULL, attributes TEXT NOT NULL,
    confirmed INTEGER NOT NULL, token VARCHAR(64) NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_notify_subscriptions PRIMARY KEY (arn)
);
CREATE INDEX ix_notify_subscriptions_topic ON notify_subscriptions (topic);
CREATE INDEX ix_notify_subscriptions_channel ON notify_subscriptions (channel);

CREATE TABLE notify_deliveries (
    seq SERIAL NOT NULL, id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, channel VARCHAR(36) NOT NULL,
    target VARCHAR(512) NOT NULL, event VARCHAR(36) NOT NULL, kind VARCHAR(128) NOT NULL,
    subject VARCHAR(1024) NOT NULL, title TEXT NOT NULL, order_key VARCHAR(1024) NOT NULL,
    group_key VARCHAR(1024) NOT NULL, notification TEXT NOT NULL, state VARCHAR(16) NOT NULL, lead VARCHAR(36),
    attempts INTEGER NOT NULL, next_ms BIGINT NOT NULL, created_ms BIGINT NOT NULL, finished_ms BIGINT,
    status INTEGER, reason TEXT NOT NULL, CONSTRAINT pk_notify_deliveries PRIMARY KEY (seq),
    CONSTRAINT uq_notify_deliveries_id UNIQUE (id)
);
CREATE INDEX ix_notify_deliveries_channel_state_seq ON notify_deliveries (channel, state, seq);
CREATE INDEX ix_notify_deliveries_state_next_ms ON notify_deliveries (state, next_ms);
CREATE INDEX ix_notify_deliveries_created_ms ON notify_deliveries (created_ms);

CREATE TABLE notify_attempts (
    id SERIAL NOT NULL, delivery VARCHAR(36) NOT NULL, at_ms BIGINT NOT NULL, outcome VARCHAR(16) NOT NULL,
    status INTEGER, reason TEXT NOT NULL, took_ms BIGINT NOT NULL, CONSTRAINT pk_notify_attempts PRIMARY KEY (id)
);
CREATE INDEX ix_notify_attempts_delivery ON notify_attempts (delivery);

CREATE TABLE notify_firing (
    channel VARCHAR(36) NOT NULL, order_key VARCHAR(1024) NOT NULL, notification TEXT NOT NULL,
    starts_ms BIGINT NOT NULL, resend_ms BIGINT NOT NULL,
    CONSTRAINT pk_notify_firing PRIMARY KEY (channel, order_key)
);

CREATE TABLE notify_received (
    account VARCHAR(12) NOT NULL, fingerprint VARCHAR(64) NOT NULL, status VARCHAR(16) NOT NULL,
    starts_at VARCHAR(64) NOT NULL, name VARCHAR(1024) NOT NULL, body TEXT NOT NULL, changed_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL, CONSTRAINT pk_notify_received PRIMARY KEY (account, fingerprint)
);

CREATE TABLE notify_totals (
    kind VARCHAR(32) NOT NULL, outcome VARCHAR(16) NOT NULL, count BIGINT NOT NULL,
    CONSTRAINT pk_notify_totals PRIMARY KEY (kind, outcome)
);

CREATE TABLE detectors (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, id VARCHAR(32) NOT NULL,
    namespace VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, target TEXT NOT NULL, settings TEXT NOT NULL,
    version BIGINT NOT NULL, state VARCHAR(32) NOT NULL, trained_ms BIGINT NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_detectors PRIMARY KEY (account, region, id)
);

CREATE TABLE dashboards (
    account VARCHAR(64) NOT NULL, name VARCHAR(255) NOT NULL, body TEXT NOT NULL, modified_ms BIGINT NOT NULL,
    modified_by VARCHAR(256) NOT NULL, version INTEGER NOT NULL,
    CONSTRAINT pk_dashboards PRIMARY KEY (account, name)
);

CREATE TABLE dashboard_versions (
    account VARCHAR(64) NOT NULL, name VARCHAR(255) NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
    modified_ms BIGINT NOT NULL, modified_by VARCHAR(256) NOT NULL,
    CONSTRAINT pk_dashboard_versions PRIMARY KEY (account, name, version)
);

CREATE TABLE dashboard_shares (
    id VARCHAR(36) NOT NULL, secret VARCHAR(64) NOT NULL, account VARCHAR(64) NOT NULL,
    dashboard VARCHAR(255) NOT NULL, scope TEXT NOT NULL, created_ms BIGINT NOT NULL,
    created_by VARCHAR(256) NOT NULL, expires_ms BIGINT NOT NULL, CONSTRAINT pk_dashboard_shares PRIMARY KEY (id),
    CONSTRAINT uq_dashboard_shares_secret UNIQUE (secret)
);

CREATE TABLE cost_sources (
    id SERIAL NOT NULL, name VARCHAR(512) NOT NULL, format VARCHAR(32) NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_cost_sources PRIMARY KEY (id), CONSTRAINT uq_cost_sources_name UNIQUE (name)
);

CREATE TABLE cost_imports (
    id SERIAL NOT NULL, source INTEGER NOT NULL, location TEXT NOT NULL, format VARCHAR(32) NOT NULL,
    state VARCHAR(16) NOT NULL, started_ms BIGINT NOT NULL, ended_ms BIGINT, rows BIGINT NOT NULL,
    months TEXT NOT NULL, receipt TEXT NOT NULL, problem TEXT NOT NULL, CONSTRAINT pk_cost_imports PRIMARY KEY (id),
    CONSTRAINT fk_cost_imports_source FOREIGN KEY (source) REFERENCES cost_sources (id)
);
CREATE INDEX ix_cost_imports_started_ms ON cost_imports (started_ms);

CREATE TABLE cost_periods (
    source INTEGER NOT NULL, month INTEGER NOT NULL, import_id INTEGER NOT NULL, lines BIGINT NOT NULL,
    accounts TEXT NOT NULL, totals TEXT NOT NULL, CONSTRAINT pk_cost_periods PRIMARY KEY (source, month),
    CONSTRAINT fk_cost_periods_source FOREIGN KEY (source) REFERENCES cost_sources (id),
    CONSTRAINT fk_cost_periods_import_id FOREIGN KEY (import_id) REFERENCES cost_imports (id)
);

CREATE TABLE runs (
    account VARCHAR(64) NOT NULL, cluster VARCHAR(128) NOT NULL, job VARCHAR(512) NOT NULL,
    scheduler VARCHAR(32) NOT NULL, name VARCHAR(512) NOT NULL, "user" VARCHAR(256) NOT NULL,
    team VARCHAR(256) NOT NULL, queue VARCHAR(256) NOT NULL, state VARCHAR(32) NOT NULL,
    reason VARCHAR(512) NOT NULL, exit_code INTEGER, submit_ms BIGINT NOT NULL, start_ms BIGINT, end_ms BIGINT,
    gpus FLOAT NOT NULL, gpu_type VARCHAR(128) NOT NULL, nodes INTEGER NOT NULL, node_names TEXT NOT NULL,
    whole_nodes BOOLEAN NOT NULL, tasks INTEGER NOT NULL, tags TEXT NOT NULL, seen_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL, CONSTRAINT pk_runs PRIMARY KEY (account, cluster, job)
);
CREATE INDEX ix_runs_submit_ms ON runs (submit_ms);
CREATE INDEX ix_runs_start_ms ON runs (start_ms);
CREATE INDEX ix_runs_end_ms ON runs (end_ms);

CREATE TABLE run_devices (
    account VARCHAR(64) NOT NULL, cluster VARCHAR(128) NOT NULL, job VARCHAR(512) NOT NULL, place INTEGER NOT NULL,
    node VARCHAR(256) NOT NULL, gpus FLOAT NOT NULL, indexes TEXT NOT NULL, uuids TEXT NOT NULL,
    pod VARCHAR(512) NOT NULL, start_ms BIGINT, end_ms BIGINT, pod_uid VARCHAR(64) DEFAULT '' NOT NULL,
    CONSTRAINT pk_run_devices PRIMARY KEY (account, cluster, job, place)
);

CREATE TABLE run_states (
    account VARCHAR(64) NOT NULL, cluster VARCHAR(128) NOT NULL, job VARCHAR(512) NOT NULL, from_ms BIGINT NOT NULL,
    to_ms BIGINT NOT NULL, state VARCHAR(32) NOT NULL, reason VARCHAR(512) NOT NULL,
    CONSTRAINT pk_run_states PRIMARY KEY (account, cluster, job, from_ms)
);
CREATE INDEX ix_run_states_to_ms ON run_states (to_ms);

CREATE TABLE cluster_nodes (
    account VARCHAR(64) NOT NULL, cluster VARCHAR(128) NOT NULL, name VARCHAR(256) NOT NULL,
    condition VARCHAR(16) NOT NULL, state VARCHAR(256) NOT NULL, reason VARCHAR(512) NOT NULL, gpus FLOAT NOT NULL,
    allocated FLOAT NOT NULL, gpu_type VARCHAR(128) NOT NULL, instance_type VARCHAR(128) NOT NULL,
    instance_id VARCHAR(256) NOT NULL, partitions TEXT NOT NULL, labels TEXT NOT NULL, seen_ms BIGINT NOT NULL,
    gone_ms BIGINT, CONSTRAINT pk_cluster_nodes PRIMARY KEY (account, cluster, name)
);

CREATE TABLE node_states (
    account VARCHAR(64) NOT NULL, cluster VARCHAR(128) NOT NULL, name VARCHAR(256) NOT NULL,
    from_ms BIGINT NOT NULL, to_ms BIGINT NOT NULL, condition VARCHAR(16) NOT NULL, reason VARCHAR(512) NOT NULL,
    gpus FLOAT NOT NULL, allocated FLOAT NOT NULL,
    CONSTRAINT pk_node_states PRIMARY KEY (account, cluster, name, from_ms)
);
CREATE INDEX ix_node_states_to_ms ON node_states (to_ms);

CREATE TABLE resources (
    path VARCHAR(1024) NOT NULL, provider VARCHAR(64) NOT NULL, account VARCHAR(64) NOT NULL,
    region VARCHAR(64) NOT NULL, kind VARCHAR(64) NOT NULL, id VARCHAR(512) NOT NULL, name VARCHAR(512) NOT NULL,
    owner VARCHAR(256) NOT NULL, type VARCHAR(128) NOT NULL, tags TEXT NOT NULL, origin VARCHAR(256) NOT NULL,
    seen_ms BIGINT NOT NULL, arn VARCHAR(1024) DEFAULT '' NOT NULL, resource_type VARCHAR(128) DEFAULT '' NOT NULL,
    attributes TEXT DEFAULT '{}' NOT NULL, CONSTRAINT pk_resources PRIMARY KEY (path)
);
CREATE INDEX ix_resources_account_kind ON resources (account, kind);
CREATE INDEX ix_resources_resource_type ON resources (resource_type);

CREATE TABLE catalog_rates (
    id SERIAL NOT NULL, kind VARCHAR(16) NOT NULL, subject VARCHAR(256) NOT NULL, unit VARCHAR(32) NOT NULL,
    amount VARCHAR(64) NOT NULL, currency VARCHAR(3) NOT NULL, from_ms BIGINT NOT NULL, to_ms BIGINT,
    note VARCHAR(512) NOT NULL, created_ms BIGINT NOT NULL, CONSTRAINT pk_catalog_rates PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_catalog_rates_kind_subject_from_ms ON catalog_rates (kind, subject, from_ms);

CREATE TABLE allocation_rules (
    version SERIAL NOT NULL, document TEXT NOT NULL, created_ms BIGINT NOT NULL, created_by VARCHAR(128) NOT NULL,
    note TEXT NOT NULL, CONSTRAINT pk_allocation_rules PRIMARY KEY (version)
);

CREATE TABLE statements (
    month INTEGER NOT NULL, rules_version INTEGER NOT NULL, document TEXT NOT NULL, basis VARCHAR(32) NOT NULL,
    owner_category VARCHAR(128) NOT NULL, closed_ms BIGINT NOT NULL, closed_by VARCHAR(128) NOT NULL,
    receipts TEXT NOT NULL, weights TEXT NOT NULL, CONSTRAINT pk_statements PRIMARY KEY (month)
);

CREATE TABLE statement_lines (
    id SERIAL NOT NULL, month INTEGER NOT NULL, about INTEGER NOT NULL, owner VARCHAR(512) NOT NULL,
    kind VARCHAR(32) NOT NULL, service VARCHAR(512) NOT NULL, account VARCHAR(128) NOT NULL,
    via VARCHAR(512) NOT NULL, currency VARCHAR(8) NOT NULL, amount VARCHAR(64) NOT NULL,
    coins VARCHAR(64) NOT NULL, lines BIGINT NOT NULL, CONSTRAINT pk_statement_lines PRIMARY KEY (id),
    CONSTRAINT fk_statement_lines_month FOREIGN KEY (month) REFERENCES statements (month)
);
CREATE INDEX ix_statement_lines_month ON statement_lines (month);

CREATE TABLE anomaly_mutes (
    series VARCHAR(20) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL,
    until_ms BIGINT NOT NULL, muted_by VARCHAR(256) NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_anomaly_mutes PRIMARY KEY (series)
);

CREATE TABLE anomaly_watch (
    id INTEGER NOT NULL, watched BIGINT NOT NULL, learning BIGINT NOT NULL, beyond BIGINT NOT NULL,
    until_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, CONSTRAINT pk_anomaly_watch PRIMARY KEY (id)
);

CREATE TABLE cost_reports (
    account VARCHAR(64) NOT NULL, name VARCHAR(255) NOT NULL, "query" TEXT NOT NULL, saved_ms BIGINT NOT NULL,
    saved_by VARCHAR(256) NOT NULL, CONSTRAINT pk_cost_reports PRIMARY KEY (account, name)
);

CREATE TABLE log_groups (
    id SERIAL NOT NULL PRIMARY KEY AUTOINCREMENT, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL,
    name VARCHAR(512) NOT NULL, created_ms BIGINT NOT NULL, retention_days INTEGER, class VARCHAR(32) NOT NULL,
    kms_key TEXT NOT NULL, deletion_protected INTEGER NOT NULL,
    CONSTRAINT uq_log_groups_account_region_name UNIQUE (account, region, name)
);

CREATE TABLE log_streams (
    id SERIAL NOT NULL PRIMARY KEY AUTOINCREMENT, "group" INTEGER NOT NULL, name VARCHAR(512) NOT NULL,
    created_ms BIGINT NOT NULL, first_ms BIGINT, last_ms BIGINT, ingested_ms BIGINT,
    CONSTRAINT uq_log_streams_group_name UNIQUE ("group", name)
);
CREATE INDEX ix_log_streams_group_last_ms ON log_streams ("group", last_ms);

CREATE TABLE log_deletions (
    "group" INTEGER NOT NULL, stream INTEGER NOT NULL, at_ms BIGINT NOT NULL,
    CONSTRAINT pk_log_deletions PRIMARY KEY ("group", stream)
);

CREATE TABLE log_query_definitions (
    id VARCHAR(256) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(255) NOT NULL,
    language VARCHAR(8) NOT NULL, "query" TEXT NOT NULL, groups TEXT NOT NULL, modified_ms BIGINT NOT NULL,
    CONSTRAINT pk_log_query_definitions PRIMARY KEY (id)
);
CREATE INDEX ix_log_query_definitions_account_region_name ON log_query_definitions (account, region, name);

CREATE TABLE metric_filters (
    "group" INTEGER NOT NULL, name VARCHAR(512) NOT NULL, pattern TEXT NOT NULL, namespace VARCHAR(255) NOT NULL,
    metric VARCHAR(255) NOT NULL, value VARCHAR(100) NOT NULL, default_value FLOAT, dimensions TEXT NOT NULL,
    unit VARCHAR(32) NOT NULL, transformed INTEGER NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_metric_filters PRIMARY KEY ("group", name)
);
CREATE INDEX ix_metric_filters_namespace_metric ON metric_filters (namespace, metric);

CREATE TABLE log_subscription_filters (
    "group" INTEGER NOT NULL, name VARCHAR(512) NOT NULL, pattern TEXT NOT NULL, destination TEXT NOT NULL,
    role TEXT NOT NULL, distribution VARCHAR(16) NOT NULL, transformed INTEGER NOT NULL, created_ms BIGINT NOT NULL,
    sent BIGINT NOT NULL, dropped BIGINT NOT NULL, last_ok_ms BIGINT, last_error_ms BIGINT,
    last_error TEXT NOT NULL, CONSTRAINT pk_log_subscription_filters PRIMARY KEY ("group", name)
);

CREATE TABLE log_forwards (
    seq SERIAL NOT NULL, id VARCHAR(64) NOT NULL, "group" INTEGER NOT NULL, name VARCHAR(512) NOT NULL,
    kind VARCHAR(16) NOT NULL, target TEXT NOT NULL, events INTEGER NOT NULL, body BYTEA NOT NULL,
    created_ms BIGINT NOT NULL, attempts INTEGER NOT NULL, next_ms BIGINT NOT NULL,
    CONSTRAINT pk_log_forwards PRIMARY KEY (seq), CONSTRAINT uq_log_forwards_id UNIQUE (id)
);
CREATE INDEX ix_log_forwards_kind_next_ms ON log_forwards (kind, next_ms);
CREATE INDEX ix_log_forwards_group_name_seq ON log_forwards ("group", name, seq);

CREATE TABLE log_destinations (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(512) NOT NULL, target TEXT NOT NULL,
    role TEXT NOT NULL, policy TEXT NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_log_destinations PRIMARY KEY (account, region, name)
);

CREATE TABLE log_group_policies (
    "group" INTEGER NOT NULL, document TEXT NOT NULL, updated_ms BIGINT NOT NULL,
    CONSTRAINT pk_log_group_policies PRIMARY KEY ("group")
);

CREATE TABLE log_account_policies (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, type VARCHAR(64) NOT NULL,
    name VARCHAR(256) NOT NULL, document TEXT NOT NULL, selection TEXT NOT NULL, updated_ms BIGINT NOT NULL,
    CONSTRAINT pk_log_account_policies PRIMARY KEY (account, region, type, name)
);

CREATE TABLE log_resource_policies (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, resource VARCHAR(512) NOT NULL,
    name VARCHAR(256) NOT NULL, document TEXT NOT NULL, revision VARCHAR(36) NOT NULL, updated_ms BIGINT NOT NULL,
    CONSTRAINT pk_log_resource_policies PRIMARY KEY (account, region, resource, name)
);

CREATE TABLE log_scheduled_queries (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(300) NOT NULL,
    description TEXT NOT NULL, language VARCHAR(8) NOT NULL, "query" TEXT NOT NULL, groups TEXT NOT NULL,
    expression VARCHAR(256) NOT NULL, zone VARCHAR(64) NOT NULL, start_offset_s INTEGER NOT NULL,
    end_offset_s INTEGER NOT NULL, destination TEXT NOT NULL, start_ms BIGINT, end_ms BIGINT, role TEXT NOT NULL,
    enabled INTEGER NOT NULL, created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL, next_ms BIGINT,
    CONSTRAINT pk_log_scheduled_queries PRIMARY KEY (id),
    CONSTRAINT uq_log_scheduled_queries_account_region_name UNIQUE (account, region, name)
);
CREATE INDEX ix_log_scheduled_queries_next_ms ON log_scheduled_queries (next_ms);

CREATE TABLE log_scheduled_runs (
    id VARCHAR(36) NOT NULL, "query" VARCHAR(36) NOT NULL, triggered_ms BIGINT NOT NULL,
    status VARCHAR(16) NOT NULL, error TEXT NOT NULL, rows INTEGER NOT NULL, result BYTEA NOT NULL,
    delivery VARCHAR(16) NOT NULL, delivered_to TEXT NOT NULL, delivery_error TEXT NOT NULL,
    CONSTRAINT pk_log_scheduled_runs PRIMARY KEY (id),
    CONSTRAINT uq_log_scheduled_runs_query_triggered_ms UNIQUE ("query", triggered_ms)
);

CREATE TABLE log_export_tasks (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(512) NOT NULL,
    log_group VARCHAR(512) NOT NULL, stream_prefix VARCHAR(512) NOT NULL, from_ms BIGINT NOT NULL,
    to_ms BIGINT NOT NULL, destination VARCHAR(512) NOT NULL, prefix TEXT NOT NULL, status VARCHAR(16) NOT NULL,
    message TEXT NOT NULL, created_ms BIGINT NOT NULL, completed_ms BIGINT,
    CONSTRAINT pk_log_export_tasks PRIMARY KEY (id)
);
CREATE INDEX ix_log_export_tasks_account_region_created_ms ON log_export_tasks (account, region, created_ms);
CREATE INDEX ix_log_export_tasks_status ON log_export_tasks (status);

CREATE TABLE log_lookup_tables (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(256) NOT NULL,
    description TEXT NOT NULL, kms_key TEXT NOT NULL, fields TEXT NOT NULL, records INTEGER NOT NULL,
    body TEXT NOT NULL, updated_ms BIGINT NOT NULL,
    CONSTRAINT pk_log_lookup_tables PRIMARY KEY (account, region, name)
);

CREATE TABLE log_pattern_clocks (
    "group" INTEGER NOT NULL, since_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL,
    CONSTRAINT pk_log_pattern_clocks PRIMARY KEY ("group")
);

CREATE TABLE log_patterns (
    "group" INTEGER NOT NULL, id VARCHAR(16) NOT NULL, template TEXT NOT NULL, example TEXT NOT NULL,
    severity VARCHAR(16) NOT NULL, first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, gap_ms BIGINT NOT NULL,
    lines BIGINT NOT NULL, slots INTEGER NOT NULL, CONSTRAINT pk_log_patterns PRIMARY KEY ("group", id)
);

CREATE TABLE log_anomalies (
    id VARCHAR(36) NOT NULL, "group" INTEGER NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL,
    log_group VARCHAR(512) NOT NULL, pattern VARCHAR(16) NOT NULL, template TEXT NOT NULL, example TEXT NOT NULL,
    severity VARCHAR(16) NOT NULL, unusual VARCHAR(8) NOT NULL, first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL,
    active INTEGER NOT NULL, expected FLOAT NOT NULL, description TEXT NOT NULL, state VARCHAR(16) NOT NULL,
    suppressed_ms BIGINT, suppressed_until_ms BIGINT, counts TEXT NOT NULL,
    CONSTRAINT pk_log_anomalies PRIMARY KEY (id)
);
CREATE INDEX ix_log_anomalies_account_region_first_ms ON log_anomalies (account, region, first_ms);
CREATE INDEX ix_log_anomalies_group_pattern ON log_anomalies ("group", pattern);

CREATE TABLE log_anomaly_detectors (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name TEXT NOT NULL,
    groups TEXT NOT NULL, created_ms BIGINT NOT NULL, modified_ms BIGINT NOT NULL, frequency VARCHAR(16) NOT NULL,
    filter_pattern TEXT NOT NULL, visible_days INTEGER NOT NULL, kms_key TEXT NOT NULL, paused INTEGER NOT NULL,
    CONSTRAINT pk_log_anomaly_detectors PRIMARY KEY (id)
);
CREATE INDEX ix_log_anomaly_detectors_account_region ON log_anomaly_detectors (account, region);

CREATE TABLE trace_sampling_rules (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(32) NOT NULL, rule TEXT NOT NULL,
    created_ms BIGINT NOT NULL, modified_ms BIGINT NOT NULL,
    CONSTRAINT pk_trace_sampling_rules PRIMARY KEY (account, region, name)
);

CREATE TABLE trace_sampling_reports (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, rule VARCHAR(32) NOT NULL,
    client VARCHAR(24) NOT NULL, at_ms BIGINT NOT NULL, requests BIGINT NOT NULL, sampled BIGINT NOT NULL,
    borrowed BIGINT NOT NULL, CONSTRAINT pk_trace_sampling_reports PRIMARY KEY (account, region, rule, client)
);

CREATE TABLE trace_sampling_boosts (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, rule VARCHAR(32) NOT NULL, rate FLOAT NOT NULL,
    until_ms BIGINT NOT NULL, next_ms BIGINT NOT NULL,
    CONSTRAINT pk_trace_sampling_boosts PRIMARY KEY (account, region, rule)
);

CREATE TABLE trace_groups (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(32) NOT NULL, id VARCHAR(32) NOT NULL,
    filter TEXT NOT NULL, insights INTEGER NOT NULL, notifications INTEGER NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_trace_groups PRIMARY KEY (account, region, name)
);

CREATE TABLE trace_settings (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(32) NOT NULL, value TEXT NOT NULL,
    modified_ms BIGINT NOT NULL, CONSTRAINT pk_trace_settings PRIMARY KEY (account, region, name)
);

CREATE TABLE trace_insights (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL,
    "group" VARCHAR(32) NOT NULL, service VARCHAR(256) NOT NULL, type VARCHAR(256) NOT NULL,
    state VARCHAR(8) NOT NULL, start_ms BIGINT NOT NULL, end_ms BIGINT, updated_ms BIGINT NOT NULL,
    body TEXT NOT NULL, CONSTRAINT pk_trace_insights PRIMARY KEY (id)
);
CREATE INDEX ix_trace_insights_account_region_updated_ms ON trace_insights (account, region, updated_ms);

CREATE TABLE trace_insight_events (
    insight VARCHAR(36) NOT NULL, at_ms BIGINT NOT NULL, body TEXT NOT NULL,
    CONSTRAINT pk_trace_insight_events PRIMARY KEY (insight, at_ms)
);

CREATE TABLE trace_daemons (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, host VARCHAR(255) NOT NULL, at_ms BIGINT NOT NULL,
    record TEXT NOT NULL, CONSTRAINT pk_trace_daemons PRIMARY KEY (account, region, host)
);

CREATE TABLE audit_trails (
    arn VARCHAR(256) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL,
    name VARCHAR(128) NOT NULL, body TEXT NOT NULL, logging INTEGER NOT NULL, created_ms BIGINT NOT NULL,
    started_ms BIGINT, stopped_ms BIGINT, delivered_ms BIGINT, digest_ms BIGINT, problem TEXT NOT NULL,
    position_ms BIGINT NOT NULL, position_id VARCHAR(128) NOT NULL, digest_number INTEGER NOT NULL,
    CONSTRAINT pk_audit_trails PRIMARY KEY (arn)
);
CREATE INDEX ix_audit_trails_account_region ON audit_trails (account, region);

CREATE TABLE audit_stores (
    arn VARCHAR(256) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL,
    name VARCHAR(128) NOT NULL, body TEXT NOT NULL, status VARCHAR(32) NOT NULL, created_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL, gone_ms BIGINT, CONSTRAINT pk_audit_stores PRIMARY KEY (arn)
);
CREATE INDEX ix_audit_stores_account_region ON audit_stores (account, region);

CREATE TABLE audit_tags (
    resource VARCHAR(256) NOT NULL, "key" VARCHAR(128) NOT NULL, value VARCHAR(256) NOT NULL,
    CONSTRAINT pk_audit_tags PRIMARY KEY (resource, "key")
);

CREATE TABLE audit_imports (
    id SERIAL NOT NULL PRIMARY KEY AUTOINCREMENT, location TEXT NOT NULL, state VARCHAR(16) NOT NULL,
    started_ms BIGINT NOT NULL, ended_ms BIGINT, files INTEGER NOT NULL, records INTEGER NOT NULL,
    stored INTEGER NOT NULL, problem TEXT NOT NULL, notes TEXT NOT NULL
);

CREATE TABLE audit_files (
    place VARCHAR(64) NOT NULL, name VARCHAR(1024) NOT NULL, mark VARCHAR(64) NOT NULL, records INTEGER NOT NULL,
    read_ms BIGINT NOT NULL, CONSTRAINT pk_audit_files PRIMARY KEY (place, name)
);

CREATE TABLE audit_progress (
    name VARCHAR(64) NOT NULL, at_ms BIGINT NOT NULL, id VARCHAR(128) NOT NULL, body TEXT NOT NULL,
    CONSTRAINT pk_audit_progress PRIMARY KEY (name)
);

CREATE TABLE audit_digests (
    number INTEGER NOT NULL, start_ms BIGINT NOT NULL, end_ms BIGINT NOT NULL, records INTEGER NOT NULL,
    root VARCHAR(64) NOT NULL, previous VARCHAR(64) NOT NULL, hash VARCHAR(64) NOT NULL, "key" VARCHAR(64) NOT NULL,
    signature TEXT NOT NULL, entries BYTEA NOT NULL, CONSTRAINT pk_audit_digests PRIMARY KEY (number)
);

CREATE TABLE audit_signing_keys (
    fingerprint VARCHAR(64) NOT NULL, public BYTEA NOT NULL, private TEXT NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_audit_signing_keys PRIMARY KEY (fingerprint)
);

CREATE TABLE event_buses (
    arn VARCHAR(512) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL,
    name VARCHAR(256) NOT NULL, description TEXT NOT NULL, policy TEXT NOT NULL, options TEXT NOT NULL,
    created_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL, CONSTRAINT pk_event_buses PRIMARY KEY (arn)
);

CREATE TABLE event_rules (
    arn VARCHAR(700) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, bus VARCHAR(512) NOT NULL,
    name VARCHAR(64) NOT NULL, pattern TEXT, schedule VARCHAR(256), zone VARCHAR(64) NOT NULL,
    state VARCHAR(64) NOT NULL, description TEXT NOT NULL, role VARCHAR(1600) NOT NULL, created_ms BIGINT NOT NULL,
    due_ms BIGINT, CONSTRAINT pk_event_rules PRIMARY KEY (arn)
);
CREATE UNIQUE INDEX ix_event_rules_bus_name ON event_rules (bus, name);
CREATE INDEX ix_event_rules_due_ms ON event_rules (due_ms);

CREATE TABLE event_targets (
    rule VARCHAR(700) NOT NULL, id VARCHAR(64) NOT NULL, arn VARCHAR(1600) NOT NULL, form TEXT NOT NULL,
    CONSTRAINT pk_event_targets PRIMARY KEY (rule, id)
);
CREATE INDEX ix_event_targets_arn ON event_targets (arn);

CREATE TABLE event_versions (
    id INTEGER NOT NULL, version BIGINT NOT NULL, CONSTRAINT pk_event_versions PRIMARY KEY (id)
);

CREATE TABLE event_inbox (
    "key" VARCHAR(36) NOT NULL, id VARCHAR(64) NOT NULL, bus VARCHAR(512) NOT NULL, source VARCHAR(256) NOT NULL,
    detail_type VARCHAR(256) NOT NULL, at_ms BIGINT NOT NULL, received_ms BIGINT NOT NULL, rules INTEGER NOT NULL,
    body TEXT NOT NULL, CONSTRAINT pk_event_inbox PRIMARY KEY ("key")
);
CREATE INDEX ix_event_inbox_received_ms ON event_inbox (received_ms);

CREATE TABLE event_deliveries (
    seq SERIAL NOT NULL, id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL,
    event VARCHAR(36) NOT NULL, title VARCHAR(600) NOT NULL, rule VARCHAR(700) NOT NULL,
    target VARCHAR(64) NOT NULL, arn VARCHAR(1600) NOT NULL, form TEXT NOT NULL, input TEXT NOT NULL,
    at_ms BIGINT NOT NULL, state VARCHAR(16) NOT NULL, attempts INTEGER NOT NULL, next_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL, finished_ms BIGINT, status INTEGER, reason TEXT NOT NULL, dead_letter TEXT NOT NULL,
    CONSTRAINT pk_event_deliveries PRIMARY KEY (seq), CONSTRAINT uq_event_deliveries_id UNIQUE (id)
);
CREATE INDEX ix_event_deliveries_created_ms ON event_deliveries (created_ms);
CREATE INDEX ix_event_deliveries_rule_seq ON event_deliveries (rule, seq);
CREATE INDEX ix_event_deliveries_state_next_ms ON event_deliveries (state, next_ms);

CREATE TABLE event_attempts (
    id SERIAL NOT NULL, delivery VARCHAR(36) NOT NULL, at_ms BIGINT NOT NULL, outcome VARCHAR(16) NOT NULL,
    status INTEGER, reason TEXT NOT NULL, took_ms BIGINT NOT NULL, CONSTRAINT pk_event_attempts PRIMARY KEY (id)
);
CREATE INDEX ix_event_attempts_delivery ON event_attempts (delivery);

CREATE TABLE event_archives (
    arn VARCHAR(512) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(64) NOT NULL,
    bus VARCHAR(512) NOT NULL, description TEXT NOT NULL, pattern TEXT, retention_days INTEGER NOT NULL,
    created_ms BIGINT NOT NULL, CONSTRAINT pk_event_archives PRIMARY KEY (arn)
);

CREATE TABLE event_archived (
    seq SERIAL NOT NULL, archive VARCHAR(512) NOT NULL, "key" VARCHAR(36) NOT NULL, at_ms BIGINT NOT NULL,
    body TEXT NOT NULL, CONSTRAINT pk_event_archived PRIMARY KEY (seq)
);
CREATE INDEX ix_event_archived_archive_at_ms ON event_archived (archive, at_ms);
CREATE UNIQUE INDEX ix_event_archived_archive_key ON event_archived (archive, "key");

CREATE TABLE event_replays (
    arn VARCHAR(512) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(64) NOT NULL,
    description TEXT NOT NULL, archive VARCHAR(512) NOT NULL, bus VARCHAR(512) NOT NULL, rules TEXT NOT NULL,
    start_ms BIGINT NOT NULL, end_ms BIGINT NOT NULL, state VARCHAR(16) NOT NULL, reason TEXT NOT NULL,
    position BIGINT NOT NULL, events INTEGER NOT NULL, replayed_ms BIGINT, started_ms BIGINT NOT NULL,
    ended_ms BIGINT, CONSTRAINT pk_event_replays PRIMARY KEY (arn)
);

CREATE TABLE event_connections (
    arn VARCHAR(512) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(64) NOT NULL,
    description TEXT NOT NULL, kind VARCHAR(32) NOT NULL, shown TEXT NOT NULL, secret TEXT NOT NULL,
    state VARCHAR(32) NOT NULL, reason TEXT NOT NULL, created_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL,
    authorized_ms BIGINT, CONSTRAINT pk_event_connections PRIMARY KEY (arn)
);
CREATE UNIQUE INDEX ix_event_connections_account_region_name ON event_connections (account, region, name);

CREATE TABLE event_destinations (
    arn VARCHAR(512) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(64) NOT NULL,
    description TEXT NOT NULL, connection VARCHAR(512) NOT NULL, endpoint VARCHAR(2048) NOT NULL,
    method VARCHAR(16) NOT NULL, rate INTEGER, created_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL,
    CONSTRAINT pk_event_destinations PRIMARY KEY (arn)
);
CREATE UNIQUE INDEX ix_event_destinations_account_region_name ON event_destinations (account, region, name);

CREATE TABLE pipelines (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(64) NOT NULL, kind VARCHAR(16) NOT NULL,
    form TEXT NOT NULL, cooldown_s BIGINT NOT NULL, description TEXT NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_pipelines PRIMARY KEY (account, region, name)
);

CREATE TABLE pipeline_runs (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL,
    pipeline VARCHAR(64) NOT NULL, kind VARCHAR(16) NOT NULL, form TEXT NOT NULL, delivery VARCHAR(36) NOT NULL,
    rule VARCHAR(700) NOT NULL, why TEXT NOT NULL, input TEXT NOT NULL, at_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL, state VARCHAR(16) NOT NULL, attempts INTEGER NOT NULL, next_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL, started_ms BIGINT, finished_ms BIGINT, external TEXT NOT NULL,
    outcome TEXT NOT NULL, output TEXT NOT NULL, CONSTRAINT pk_pipeline_runs PRIMARY KEY (id)
);
CREATE INDEX ix_pipeline_runs_account_region_pipeline_at_ms ON pipeline_runs (account, region, pipeline, at_ms);
CREATE INDEX ix_pipeline_runs_state_next_ms ON pipeline_runs (state, next_ms);

CREATE TABLE pipeline_causes (
    delivery VARCHAR(36) NOT NULL, run VARCHAR(36) NOT NULL, event VARCHAR(36) NOT NULL, rule VARCHAR(700) NOT NULL,
    title VARCHAR(600) NOT NULL, at_ms BIGINT NOT NULL, folded INTEGER NOT NULL,
    CONSTRAINT pk_pipeline_causes PRIMARY KEY (delivery)
);
CREATE INDEX ix_pipeline_causes_run_at_ms ON pipeline_causes (run, at_ms);

CREATE TABLE watched_places (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(64) NOT NULL,
    url VARCHAR(2048) NOT NULL, every_s INTEGER NOT NULL, created_ms BIGINT NOT NULL, looked_ms BIGINT,
    objects INTEGER NOT NULL, reason TEXT NOT NULL, CONSTRAINT pk_watched_places PRIMARY KEY (account, region, name)
);

CREATE TABLE watched_objects (
    place VARCHAR(160) NOT NULL, name VARCHAR(1024) NOT NULL, stamp VARCHAR(128) NOT NULL,
    CONSTRAINT pk_watched_objects PRIMARY KEY (place, name)
);

CREATE TABLE drift_watches (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(64) NOT NULL, form TEXT NOT NULL,
    state VARCHAR(16) NOT NULL, scores TEXT NOT NULL, created_ms BIGINT NOT NULL, looked_ms BIGINT,
    changed_ms BIGINT, reason TEXT NOT NULL, CONSTRAINT pk_drift_watches PRIMARY KEY (account, region, name)
);

CREATE TABLE budgets (
    account VARCHAR(12) NOT NULL, name VARCHAR(100) NOT NULL, form TEXT NOT NULL, scope TEXT NOT NULL,
    standing TEXT NOT NULL, created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL, judged_ms BIGINT NOT NULL,
    CONSTRAINT pk_budgets PRIMARY KEY (account, name)
);

CREATE TABLE budget_notifications (
    account VARCHAR(12) NOT NULL, budget VARCHAR(100) NOT NULL, "key" VARCHAR(100) NOT NULL,
    type VARCHAR(16) NOT NULL, comparison VARCHAR(16) NOT NULL, threshold VARCHAR(40) NOT NULL,
    threshold_type VARCHAR(16) NOT NULL, state VARCHAR(8) NOT NULL, period_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_budget_notifications PRIMARY KEY (account, budget, "key")
);

CREATE TABLE budget_subscribers (
    account VARCHAR(12) NOT NULL, budget VARCHAR(100) NOT NULL, owner VARCHAR(100) NOT NULL,
    type VARCHAR(8) NOT NULL, address VARCHAR(512) NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_budget_subscribers PRIMARY KEY (account, budget, owner, type, address)
);

CREATE TABLE budget_periods (
    account VARCHAR(12) NOT NULL, budget VARCHAR(100) NOT NULL, start_ms BIGINT NOT NULL, end_ms BIGINT NOT NULL,
    budgeted VARCHAR(40) NOT NULL, actual VARCHAR(40) NOT NULL, unit VARCHAR(64) NOT NULL,
    judged_ms BIGINT NOT NULL, CONSTRAINT pk_budget_periods PRIMARY KEY (account, budget, start_ms)
);

CREATE TABLE budget_actions (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, budget VARCHAR(100) NOT NULL, form TEXT NOT NULL,
    status VARCHAR(32) NOT NULL, period_ms BIGINT NOT NULL, attempt INTEGER NOT NULL, changed_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL, CONSTRAINT pk_budget_actions PRIMARY KEY (id)
);
CREATE INDEX ix_budget_actions_account_budget ON budget_actions (account, budget);
CREATE INDEX ix_budget_actions_status ON budget_actions (status);

CREATE TABLE budget_action_history (
    position SERIAL NOT NULL, action_id VARCHAR(36) NOT NULL, at_ms BIGINT NOT NULL, status VARCHAR(32) NOT NULL,
    event_type VARCHAR(32) NOT NULL, message TEXT NOT NULL, action TEXT NOT NULL,
    CONSTRAINT pk_budget_action_history PRIMARY KEY (position)
);
CREATE INDEX ix_budget_action_history_action_id_at_ms ON budget_action_history (action_id, at_ms);

CREATE TABLE cost_monitors (
    arn VARCHAR(512) NOT NULL, account VARCHAR(12) NOT NULL, form TEXT NOT NULL, scope TEXT NOT NULL,
    created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL, deleted_ms BIGINT NOT NULL, judged_ms BIGINT NOT NULL,
    judged_mark VARCHAR(128) NOT NULL, value_count INTEGER NOT NULL, problem TEXT NOT NULL,
    CONSTRAINT pk_cost_monitors PRIMARY KEY (arn)
);
CREATE INDEX ix_cost_monitors_account ON cost_monitors (account);

CREATE TABLE cost_anomaly_subscriptions (
    arn VARCHAR(512) NOT NULL, account VARCHAR(12) NOT NULL, form TEXT NOT NULL, scope TEXT NOT NULL,
    created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL, told_ms BIGINT NOT NULL,
    CONSTRAINT pk_cost_anomaly_subscriptions PRIMARY KEY (arn)
);
CREATE INDEX ix_cost_anomaly_subscriptions_account ON cost_anomaly_subscriptions (account);

CREATE TABLE cost_anomalies (
    id VARCHAR(36) NOT NULL, monitor VARCHAR(512) NOT NULL, account VARCHAR(12) NOT NULL, value TEXT NOT NULL,
    currency VARCHAR(8) NOT NULL, start_ms BIGINT NOT NULL, end_ms BIGINT NOT NULL, open INTEGER NOT NULL,
    body TEXT NOT NULL, found_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL, feedback VARCHAR(24) NOT NULL,
    feedback_by VARCHAR(256) NOT NULL, feedback_ms BIGINT NOT NULL, CONSTRAINT pk_cost_anomalies PRIMARY KEY (id)
);
CREATE INDEX ix_cost_anomalies_monitor_end_ms ON cost_anomalies (monitor, end_ms);
CREATE INDEX ix_cost_anomalies_end_ms ON cost_anomalies (end_ms);

CREATE TABLE cost_anomaly_told (
    subscription VARCHAR(512) NOT NULL, anomaly VARCHAR(36) NOT NULL, told_ms BIGINT NOT NULL,
    CONSTRAINT pk_cost_anomaly_told PRIMARY KEY (subscription, anomaly)
);

CREATE TABLE cost_estimates (
    day_ms BIGINT NOT NULL, line VARCHAR(32) NOT NULL, basis SMALLINT NOT NULL, effective FLOAT NOT NULL,
    billed FLOAT NOT NULL, actual_effective FLOAT, actual_billed FLOAT, made_ms BIGINT NOT NULL,
    CONSTRAINT pk_cost_estimates PRIMARY KEY (day_ms, line)
);
CREATE INDEX ix_cost_estimates_line ON cost_estimates (line);

CREATE TABLE advice_findings (
    id VARCHAR(16) NOT NULL, check_id VARCHAR(64) NOT NULL, pillar VARCHAR(32) NOT NULL,
    resource VARCHAR(1024) NOT NULL, account VARCHAR(64) NOT NULL, region VARCHAR(64) NOT NULL,
    kind VARCHAR(64) NOT NULL, owner VARCHAR(256) NOT NULL, status VARCHAR(8) NOT NULL, effort VARCHAR(16) NOT NULL,
    cash VARCHAR(48) NOT NULL, currency VARCHAR(3) NOT NULL, gpu_hours FLOAT NOT NULL, body TEXT NOT NULL,
    state VARCHAR(16) NOT NULL, first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL,
    decision VARCHAR(16) NOT NULL, decided_by VARCHAR(256) NOT NULL, decided_ms BIGINT NOT NULL,
    reason TEXT NOT NULL, until_ms BIGINT NOT NULL, CONSTRAINT pk_advice_findings PRIMARY KEY (id)
);
CREATE INDEX ix_advice_findings_check_id ON advice_findings (check_id);
CREATE INDEX ix_advice_findings_state_decision ON advice_findings (state, decision);
CREATE INDEX ix_advice_findings_account ON advice_findings (account);

CREATE TABLE advice_decisions (
    position SERIAL NOT NULL, finding VARCHAR(16) NOT NULL, at_ms BIGINT NOT NULL, decision VARCHAR(16) NOT NULL,
    who VARCHAR(256) NOT NULL, reason TEXT NOT NULL, until_ms BIGINT NOT NULL,
    CONSTRAINT pk_advice_decisions PRIMARY KEY (position)
);
CREATE INDEX ix_advice_decisions_finding_at_ms ON advice_decisions (finding, at_ms);

CREATE TABLE advice_checks (
    check_id VARCHAR(64) NOT NULL, ran_ms BIGINT NOT NULL, asked_ms BIGINT NOT NULL, looked_at INTEGER NOT NULL,
    flagged INTEGER NOT NULL, undecided TEXT NOT NULL, problem TEXT NOT NULL,
    CONSTRAINT pk_advice_checks PRIMARY KEY (check_id)
);

CREATE TABLE advice_runs (
    position SERIAL NOT NULL, at_ms BIGINT NOT NULL, took_ms BIGINT NOT NULL, what VARCHAR(64) NOT NULL,
    changes TEXT NOT NULL, CONSTRAINT pk_advice_runs PRIMARY KEY (position)
);
CREATE INDEX ix_advice_runs_at_ms ON advice_runs (at_ms);

CREATE TABLE advice_ledger (
    finding VARCHAR(16) NOT NULL, check_id VARCHAR(64) NOT NULL, resource VARCHAR(1024) NOT NULL,
    account VARCHAR(64) NOT NULL, region VARCHAR(64) NOT NULL, owner VARCHAR(256) NOT NULL,
    state VARCHAR(16) NOT NULL, accepted_ms BIGINT NOT NULL, applied_ms BIGINT NOT NULL, proof TEXT NOT NULL,
    predicted VARCHAR(48) NOT NULL, predicted_gpu_hours FLOAT NOT NULL, realised VARCHAR(48) NOT NULL,
    realised_total VARCHAR(48) NOT NULL, currency VARCHAR(3) NOT NULL, measured_ms BIGINT NOT NULL,
    measured_days INTEGER NOT NULL, counterfactual TEXT NOT NULL, grade VARCHAR(16) NOT NULL,
    CONSTRAINT pk_advice_ledger PRIMARY KEY (finding)
);
CREATE INDEX ix_advice_ledger_state ON advice_ledger (state);
CREATE INDEX ix_advice_ledger_check_id ON advice_ledger (check_id);

CREATE TABLE advice_cases (
    id VARCHAR(64) NOT NULL, account VARCHAR(64) NOT NULL, display_id VARCHAR(32) NOT NULL,
    status VARCHAR(32) NOT NULL, created_ms BIGINT NOT NULL, body TEXT NOT NULL,
    CONSTRAINT pk_advice_cases PRIMARY KEY (id)
);
CREATE INDEX ix_advice_cases_account_created_ms ON advice_cases (account, created_ms);

CREATE TABLE advice_preferences (
    account VARCHAR(64) NOT NULL, "key" VARCHAR(128) NOT NULL, value TEXT NOT NULL,
    CONSTRAINT pk_advice_preferences PRIMARY KEY (account, "key")
);

CREATE TABLE aws_accounts (
    account VARCHAR(12) NOT NULL, form TEXT NOT NULL, added_ms BIGINT NOT NULL, next_ms BIGINT NOT NULL,
    CONSTRAINT pk_aws_accounts PRIMARY KEY (account)
);

CREATE TABLE aws_reads (
    id SERIAL NOT NULL, account VARCHAR(12) NOT NULL, state VARCHAR(16) NOT NULL, started_ms BIGINT NOT NULL,
    ended_ms BIGINT, estimate VARCHAR(40) NOT NULL, problem TEXT NOT NULL, CONSTRAINT pk_aws_reads PRIMARY KEY (id)
);
CREATE INDEX ix_aws_reads_account_id ON aws_reads (account, id);
CREATE INDEX ix_aws_reads_state ON aws_reads (state);

CREATE TABLE aws_steps (
    read_id INTEGER NOT NULL, region VARCHAR(32) NOT NULL, name VARCHAR(64) NOT NULL, state VARCHAR(16) NOT NULL,
    items BIGINT NOT NULL, problem TEXT NOT NULL, ended_ms BIGINT,
    CONSTRAINT pk_aws_steps PRIMARY KEY (read_id, region, name)
);

CREATE TABLE aws_marks (
    account VARCHAR(12) NOT NULL, region VARCHAR(32) NOT NULL, name VARCHAR(64) NOT NULL, at_ms BIGINT NOT NULL,
    CONSTRAINT pk_aws_marks PRIMARY KEY (account, region, name)
);

CREATE TABLE aws_calls (
    account VARCHAR(12) NOT NULL, day VARCHAR(10) NOT NULL, service VARCHAR(64) NOT NULL,
    operation VARCHAR(128) NOT NULL, calls BIGINT NOT NULL, failed BIGINT NOT NULL, throttled BIGINT NOT NULL,
    cost VARCHAR(40) NOT NULL, CONSTRAINT pk_aws_calls PRIMARY KEY (account, day, service, operation)
);

CREATE TABLE resource_readings (
    account VARCHAR(64) NOT NULL, region VARCHAR(64) NOT NULL, resource_type VARCHAR(128) NOT NULL,
    read_ms BIGINT NOT NULL, CONSTRAINT pk_resource_readings PRIMARY KEY (account, region, resource_type)
);

CREATE TABLE price_lists (
    arn VARCHAR(512) NOT NULL, service VARCHAR(64) NOT NULL, region VARCHAR(64) NOT NULL,
    currency VARCHAR(3) NOT NULL, version VARCHAR(64) NOT NULL, published_ms BIGINT NOT NULL,
    place VARCHAR(1024) NOT NULL, products BIGINT NOT NULL, prices BIGINT NOT NULL, imported_ms BIGINT NOT NULL,
    CONSTRAINT pk_price_lists PRIMARY KEY (arn)
);
CREATE INDEX ix_price_lists_service_region ON price_lists (service, region);

CREATE TABLE price_products (
    service VARCHAR(64) NOT NULL, region VARCHAR(64) NOT NULL, sku VARCHAR(64) NOT NULL,
    family VARCHAR(128) NOT NULL, instance_type VARCHAR(64) NOT NULL, attributes TEXT NOT NULL,
    CONSTRAINT pk_price_products PRIMARY KEY (service, region, sku)
);
CREATE INDEX ix_price_products_instance_type ON price_products (instance_type);

CREATE TABLE price_terms (
    id SERIAL NOT NULL, service VARCHAR(64) NOT NULL, region VARCHAR(64) NOT NULL, sku VARCHAR(64) NOT NULL,
    rate_code VARCHAR(160) NOT NULL, term VARCHAR(16) NOT NULL, terms TEXT NOT NULL, unit VARCHAR(64) NOT NULL,
    begin_range VARCHAR(40) NOT NULL, end_range VARCHAR(40) NOT NULL, description VARCHAR(512) NOT NULL,
    currency VARCHAR(3) NOT NULL, amount VARCHAR(40) NOT NULL, from_ms BIGINT NOT NULL, to_ms BIGINT,
    version VARCHAR(64) NOT NULL, CONSTRAINT pk_price_terms PRIMARY KEY (id)
);
CREATE INDEX ix_price_terms_service_region_sku ON price_terms (service, region, sku);

CREATE TABLE instance_prices (
    id SERIAL NOT NULL, type VARCHAR(64) NOT NULL, region VARCHAR(64) NOT NULL, system VARCHAR(32) NOT NULL,
    purchase VARCHAR(96) NOT NULL, currency VARCHAR(3) NOT NULL, per_hour VARCHAR(40) NOT NULL,
    upfront VARCHAR(40) NOT NULL, from_ms BIGINT NOT NULL, to_ms BIGINT, source VARCHAR(512) NOT NULL,
    CONSTRAINT pk_instance_prices PRIMARY KEY (id)
);
CREATE INDEX ix_instance_prices_type_region_system_purchase ON instance_prices (type, region, system, purchase);
CREATE INDEX ix_instance_prices_source ON instance_prices (source);

CREATE TABLE spot_prices (
    type VARCHAR(64) NOT NULL, region VARCHAR(64) NOT NULL, zone VARCHAR(64) NOT NULL, system VARCHAR(32) NOT NULL,
    at_ms BIGINT NOT NULL, currency VARCHAR(3) NOT NULL, per_hour VARCHAR(40) NOT NULL,
    CONSTRAINT pk_spot_prices PRIMARY KEY (type, region, zone, system, at_ms)
);

CREATE TABLE tag_reports (
    account VARCHAR(12) NOT NULL, region VARCHAR(32) NOT NULL, form TEXT NOT NULL, started_ms BIGINT NOT NULL,
    CONSTRAINT pk_tag_reports PRIMARY KEY (account, region)
);

CREATE TABLE rightsizing_recommendations (
    id VARCHAR(16) NOT NULL, kind VARCHAR(32) NOT NULL, account VARCHAR(64) NOT NULL, region VARCHAR(64) NOT NULL,
    path VARCHAR(1024) NOT NULL, arn VARCHAR(1024) NOT NULL, name VARCHAR(512) NOT NULL,
    owner VARCHAR(256) NOT NULL, finding VARCHAR(32) NOT NULL, idle VARCHAR(8) NOT NULL,
    saving VARCHAR(48) NOT NULL, worth FLOAT NOT NULL, at_ms BIGINT NOT NULL, body TEXT NOT NULL,
    CONSTRAINT pk_rightsizing_recommendations PRIMARY KEY (id)
);
CREATE INDEX ix_rightsizing_recommendations_kind_account ON rightsizing_recommendations (kind, account);
CREATE INDEX ix_rightsizing_recommendations_arn ON rightsizing_recommendations (arn);

CREATE TABLE rightsizing_preferences (
    account VARCHAR(64) NOT NULL, resource_type VARCHAR(32) NOT NULL, scope VARCHAR(32) NOT NULL,
    value VARCHAR(512) NOT NULL, body TEXT NOT NULL, changed_ms BIGINT NOT NULL,
    CONSTRAINT pk_rightsizing_preferences PRIMARY KEY (account, resource_type, scope, value)
);

CREATE TABLE rightsizing_enrolment (
    account VARCHAR(64) NOT NULL, status VARCHAR(16) NOT NULL, changed_ms BIGINT NOT NULL,
    CONSTRAINT pk_rightsizing_enrolment PRIMARY KEY (account)
);

CREATE TABLE rightsizing_exports (
    id VARCHAR(36) NOT NULL, account VARCHAR(64) NOT NULL, resource_type VARCHAR(32) NOT NULL,
    bucket VARCHAR(256) NOT NULL, "key" VARCHAR(1024) NOT NULL, metadata_key VARCHAR(1024) NOT NULL,
    status VARCHAR(16) NOT NULL, reason TEXT NOT NULL, created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL,
    form TEXT NOT NULL, CONSTRAINT pk_rightsizing_exports PRIMARY KEY (id)
);
CREATE INDEX ix_rightsizing_exports_account_created_ms ON rightsizing_exports (account, created_ms);

CREATE TABLE savings_plans (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, offering VARCHAR(36) NOT NULL,
    commitment VARCHAR(40) NOT NULL, upfront VARCHAR(40) NOT NULL, state VARCHAR(16) NOT NULL,
    start_ms BIGINT NOT NULL, end_ms BIGINT NOT NULL, created_ms BIGINT NOT NULL, token VARCHAR(128),
    CONSTRAINT pk_savings_plans PRIMARY KEY (id), CONSTRAINT uq_savings_plans_account_token UNIQUE (account, token)
);

CREATE TABLE purchase_facts (
    kind VARCHAR(8) NOT NULL, name VARCHAR(512) NOT NULL, form TEXT NOT NULL, changed_ms BIGINT NOT NULL,
    CONSTRAINT pk_purchase_facts PRIMARY KEY (kind, name)
);

CREATE TABLE purchase_plans (
    id SERIAL NOT NULL, made_ms BIGINT NOT NULL, took_ms BIGINT NOT NULL, settings TEXT NOT NULL,
    answer TEXT NOT NULL, problem TEXT NOT NULL, CONSTRAINT pk_purchase_plans PRIMARY KEY (id)
);
CREATE INDEX ix_purchase_plans_made_ms ON purchase_plans (made_ms);

CREATE TABLE purchase_generations (
    id VARCHAR(36) NOT NULL, started_ms BIGINT NOT NULL, ended_ms BIGINT, status VARCHAR(16) NOT NULL,
    CONSTRAINT pk_purchase_generations PRIMARY KEY (id)
);

CREATE TABLE load_tests (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, name VARCHAR(128) NOT NULL, started_ms BIGINT NOT NULL,
    recorded_ms BIGINT NOT NULL, test TEXT NOT NULL, CONSTRAINT pk_load_tests PRIMARY KEY (id)
);
CREATE INDEX ix_load_tests_account_name_started_ms ON load_tests (account, name, started_ms);

CREATE TABLE served_resources (
    account VARCHAR(12) NOT NULL, region VARCHAR(32) NOT NULL, kind VARCHAR(32) NOT NULL,
    name VARCHAR(256) NOT NULL, status VARCHAR(32) NOT NULL, form TEXT NOT NULL, state TEXT NOT NULL,
    created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL,
    CONSTRAINT pk_served_resources PRIMARY KEY (account, region, kind, name)
);
CREATE INDEX ix_served_resources_kind_status ON served_resources (kind, status);

CREATE TABLE batch_jobs (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, name VARCHAR(128) NOT NULL, status VARCHAR(16) NOT NULL,
    started_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL, report TEXT NOT NULL,
    region VARCHAR(32) DEFAULT '' NOT NULL, source VARCHAR(16) DEFAULT 'records' NOT NULL,
    form TEXT DEFAULT '{}' NOT NULL, CONSTRAINT pk_batch_jobs PRIMARY KEY (id)
);
CREATE INDEX ix_batch_jobs_account_started_ms ON batch_jobs (account, started_ms);
CREATE INDEX ix_batch_jobs_source_status ON batch_jobs (source, status);

CREATE TABLE report_schedules (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, name VARCHAR(128) NOT NULL,
    template VARCHAR(64) NOT NULL, owner VARCHAR(256) NOT NULL, expression VARCHAR(256) NOT NULL,
    zone VARCHAR(64) NOT NULL, emails TEXT NOT NULL, topics TEXT NOT NULL, folder TEXT NOT NULL,
    formats TEXT NOT NULL, accounts TEXT NOT NULL, created_ms BIGINT NOT NULL, created_by VARCHAR(256) NOT NULL,
    next_ms BIGINT, CONSTRAINT pk_report_schedules PRIMARY KEY (id),
    CONSTRAINT uq_report_schedules_account_name UNIQUE (account, name)
);
CREATE INDEX ix_report_schedules_next_ms ON report_schedules (next_ms);

CREATE TABLE report_writings (
    id VARCHAR(36) NOT NULL, report VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL,
    template VARCHAR(64) NOT NULL, title TEXT NOT NULL, owner VARCHAR(256) NOT NULL, start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL, due_ms BIGINT NOT NULL, at_ms BIGINT NOT NULL, status VARCHAR(16) NOT NULL,
    problem TEXT NOT NULL, head TEXT NOT NULL, files TEXT NOT NULL, document BYTEA NOT NULL,
    accounts TEXT DEFAULT 'null' NOT NULL, CONSTRAINT pk_report_writings PRIMARY KEY (id),
    CONSTRAINT uq_report_writings_report_due_ms UNIQUE (report, due_ms)
);

CREATE TABLE scaling_targets (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL,
    namespace VARCHAR(32) NOT NULL, resource VARCHAR(1600) NOT NULL, dimension VARCHAR(128) NOT NULL,
    form TEXT NOT NULL, desired INTEGER, state TEXT NOT NULL, due_ms BIGINT NOT NULL, created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL, CONSTRAINT pk_scaling_targets PRIMARY KEY (id)
);
CREATE INDEX ix_scaling_targets_account_namespace ON scaling_targets (account, namespace);
CREATE INDEX ix_scaling_targets_due_ms ON scaling_targets (due_ms);

CREATE TABLE scaling_policies (
    id VARCHAR(36) NOT NULL, target_id VARCHAR(36) NOT NULL, name VARCHAR(256) NOT NULL, kind VARCHAR(32) NOT NULL,
    document TEXT NOT NULL, enabled INTEGER NOT NULL, created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL,
    CONSTRAINT pk_scaling_policies PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_scaling_policies_target_id_name ON scaling_policies (target_id, name);

CREATE TABLE scaling_schedules (
    id VARCHAR(36) NOT NULL, target_id VARCHAR(36) NOT NULL, name VARCHAR(256) NOT NULL, document TEXT NOT NULL,
    created_ms BIGINT NOT NULL, done_ms BIGINT NOT NULL, CONSTRAINT pk_scaling_schedules PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_scaling_schedules_target_id_name ON scaling_schedules (target_id, name);

CREATE TABLE scaling_activities (
    id VARCHAR(36) NOT NULL, target_id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL,
    region VARCHAR(64) NOT NULL, namespace VARCHAR(32) NOT NULL, resource VARCHAR(1600) NOT NULL,
    dimension VARCHAR(128) NOT NULL, did VARCHAR(16) NOT NULL, description TEXT NOT NULL, cause TEXT NOT NULL,
    status VARCHAR(32) NOT NULL, message TEXT NOT NULL, start_ms BIGINT NOT NULL, end_ms BIGINT, "before" INTEGER,
    "after" INTEGER, details TEXT NOT NULL, CONSTRAINT pk_scaling_activities PRIMARY KEY (id)
);
CREATE INDEX ix_scaling_activities_account_start_ms ON scaling_activities (account, start_ms);
CREATE INDEX ix_scaling_activities_target_id_start_ms ON scaling_activities (target_id, start_ms);

CREATE TABLE scaling_proposals (
    id VARCHAR(36) NOT NULL, target_id VARCHAR(36) NOT NULL, "before" INTEGER NOT NULL, "after" INTEGER NOT NULL,
    cause TEXT NOT NULL, at_ms BIGINT NOT NULL, verdict VARCHAR(16) NOT NULL, "by" VARCHAR(256) NOT NULL,
    decided_ms BIGINT, CONSTRAINT pk_scaling_proposals PRIMARY KEY (id)
);
CREATE INDEX ix_scaling_proposals_target_id_verdict ON scaling_proposals (target_id, verdict);

CREATE TABLE scaling_documents (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, kind VARCHAR(32) NOT NULL,
    name VARCHAR(256) NOT NULL, document TEXT NOT NULL, due_ms BIGINT, created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL, CONSTRAINT pk_scaling_documents PRIMARY KEY (account, region, kind, name)
);
CREATE INDEX ix_scaling_documents_kind_due_ms ON scaling_documents (kind, due_ms);

CREATE TABLE endpoint_policies (
    account VARCHAR(12) NOT NULL, endpoint VARCHAR(256) NOT NULL, form TEXT NOT NULL, made_ms BIGINT NOT NULL,
    made_by VARCHAR(256) NOT NULL, CONSTRAINT pk_endpoint_policies PRIMARY KEY (account, endpoint)
);

CREATE TABLE load_test_orders (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(32) NOT NULL,
    endpoint VARCHAR(256) NOT NULL, status VARCHAR(16) NOT NULL, form TEXT NOT NULL, problem TEXT NOT NULL,
    test_id VARCHAR(36) NOT NULL, asked_ms BIGINT NOT NULL, asked_by VARCHAR(256) NOT NULL,
    CONSTRAINT pk_load_test_orders PRIMARY KEY (id)
);
CREATE INDEX ix_load_test_orders_status ON load_test_orders (status);

CREATE TABLE datasets (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, name VARCHAR(128) NOT NULL, owner VARCHAR(256) NOT NULL,
    shared BOOLEAN NOT NULL, spec TEXT NOT NULL, version INTEGER NOT NULL, created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL, updated_by VARCHAR(256) NOT NULL, CONSTRAINT pk_datasets PRIMARY KEY (id),
    CONSTRAINT uq_datasets_account_name UNIQUE (account, name)
);

CREATE TABLE dataset_versions (
    id VARCHAR(36) NOT NULL, version INTEGER NOT NULL, spec TEXT NOT NULL, updated_ms BIGINT NOT NULL,
    updated_by VARCHAR(256) NOT NULL, CONSTRAINT pk_dataset_versions PRIMARY KEY (id, version)
);

CREATE TABLE analyses (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, name VARCHAR(128) NOT NULL, owner VARCHAR(256) NOT NULL,
    shared BOOLEAN NOT NULL, spec TEXT NOT NULL, version INTEGER NOT NULL, created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL, updated_by VARCHAR(256) NOT NULL, CONSTRAINT pk_analyses PRIMARY KEY (id),
    CONSTRAINT uq_analyses_account_name UNIQUE (account, name)
);

CREATE TABLE analysis_versions (
    id VARCHAR(36) NOT NULL, version INTEGER NOT NULL, spec TEXT NOT NULL, updated_ms BIGINT NOT NULL,
    updated_by VARCHAR(256) NOT NULL, CONSTRAINT pk_analysis_versions PRIMARY KEY (id, version)
);

CREATE TABLE dataset_extracts (
    dataset VARCHAR(36) NOT NULL, scope VARCHAR(64) NOT NULL, scope_json TEXT NOT NULL,
    spec_version INTEGER NOT NULL, table_name VARCHAR(128) NOT NULL, columns TEXT NOT NULL,
    row_count BIGINT NOT NULL, start_ms BIGINT NOT NULL, end_ms BIGINT NOT NULL, until TEXT NOT NULL,
    made_ms BIGINT NOT NULL, took_ms BIGINT NOT NULL, problem TEXT NOT NULL, asked_ms BIGINT NOT NULL,
    next_ms BIGINT, CONSTRAINT pk_dataset_extracts PRIMARY KEY (dataset, scope)
);
CREATE INDEX ix_dataset_extracts_next_ms ON dataset_extracts (next_ms);

CREATE TABLE reader_teams (
    reader VARCHAR(256) NOT NULL, team VARCHAR(256) NOT NULL, CONSTRAINT pk_reader_teams PRIMARY KEY (reader, team)
);

CREATE TABLE analysis_watches (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL,
    analysis VARCHAR(128) NOT NULL, visual VARCHAR(63) NOT NULL, alarm VARCHAR(255) NOT NULL,
    limit_json TEXT NOT NULL, every_ms BIGINT NOT NULL, reader VARCHAR(256) NOT NULL, role VARCHAR(16) NOT NULL,
    scope_json TEXT NOT NULL, created_ms BIGINT NOT NULL, next_ms BIGINT NOT NULL, value FLOAT, value_ms BIGINT,
    problem TEXT NOT NULL, CONSTRAINT pk_analysis_watches PRIMARY KEY (id),
    CONSTRAINT uq_analysis_watches_account_region_alarm UNIQUE (account, region, alarm)
);
CREATE INDEX ix_analysis_watches_next_ms ON analysis_watches (next_ms);

CREATE TABLE quicksight_resources (
    account VARCHAR(12) NOT NULL, region VARCHAR(32) NOT NULL, kind VARCHAR(24) NOT NULL,
    parent VARCHAR(640) NOT NULL, name VARCHAR(512) NOT NULL, title VARCHAR(2048) NOT NULL,
    status VARCHAR(32) NOT NULL, form TEXT NOT NULL, state TEXT NOT NULL, created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL, CONSTRAINT pk_quicksight_resources PRIMARY KEY (account, region, kind, parent, name)
);

CREATE TABLE cost_exports (
    arn VARCHAR(512) NOT NULL, account VARCHAR(12) NOT NULL, kind VARCHAR(16) NOT NULL, name VARCHAR(256) NOT NULL,
    form TEXT NOT NULL, tags TEXT NOT NULL, created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL,
    delivered TEXT NOT NULL, CONSTRAINT pk_cost_exports PRIMARY KEY (arn),
    CONSTRAINT uq_cost_exports_account_kind_name UNIQUE (account, kind, name)
);

CREATE TABLE cost_export_runs (
    id VARCHAR(36) NOT NULL, arn VARCHAR(512) NOT NULL, form TEXT NOT NULL, status VARCHAR(32) NOT NULL,
    problem TEXT NOT NULL, months TEXT NOT NULL, files TEXT NOT NULL, created_ms BIGINT NOT NULL, ended_ms BIGINT,
    CONSTRAINT pk_cost_export_runs PRIMARY KEY (id)
);
CREATE INDEX ix_cost_export_runs_arn_created_ms ON cost_export_runs (arn, created_ms);

CREATE TABLE cost_allocation_tags (
    account VARCHAR(12) NOT NULL, "key" VARCHAR(1024) NOT NULL, active BOOLEAN NOT NULL, updated_ms BIGINT NOT NULL,
    CONSTRAINT pk_cost_allocation_tags PRIMARY KEY (account, "key")
);

CREATE TABLE cost_tag_backfills (
    id VARCHAR(36) NOT NULL, account VARCHAR(12) NOT NULL, from_ms BIGINT NOT NULL, requested_ms BIGINT NOT NULL,
    CONSTRAINT pk_cost_tag_backfills PRIMARY KEY (id)
);

CREATE TABLE insight_rules (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(128) NOT NULL, definition TEXT NOT NULL,
    enabled BOOLEAN NOT NULL, transformed BOOLEAN NOT NULL, created_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL,
    CONSTRAINT pk_insight_rules PRIMARY KEY (account, region, name)
);

CREATE TABLE metric_streams (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(255) NOT NULL, form TEXT NOT NULL,
    running BOOLEAN NOT NULL, created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL, position_ms BIGINT NOT NULL,
    next_ms BIGINT NOT NULL, attempts INTEGER NOT NULL, sent BIGINT NOT NULL, skipped BIGINT NOT NULL,
    last_ok_ms BIGINT, last_error_ms BIGINT, last_error TEXT NOT NULL,
    CONSTRAINT pk_metric_streams PRIMARY KEY (account, region, name)
);
CREATE INDEX ix_metric_streams_running_next_ms ON metric_streams (running, next_ms);
