-- The tables that release 0.2.0 has and 0.1.0 had not, and purchase_facts, whose rows have been of accounts since.

CREATE TABLE access_grants (
    kind VARCHAR(16) NOT NULL, name VARCHAR(100) NOT NULL, role VARCHAR(16) NOT NULL, account VARCHAR(12),
    scope_rows TEXT NOT NULL, created_ms BIGINT NOT NULL, disabled_ms BIGINT,
    CONSTRAINT pk_access_grants PRIMARY KEY (kind, name)
);

CREATE TABLE sign_in_failures (
    kind VARCHAR(16) NOT NULL, subject VARCHAR(100) NOT NULL, count BIGINT NOT NULL, first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL, untold BIGINT NOT NULL,
    CONSTRAINT pk_sign_in_failures PRIMARY KEY (kind, subject)
);

CREATE TABLE access_refusals (
    door VARCHAR(32) NOT NULL, status INTEGER NOT NULL, who VARCHAR(100) NOT NULL, address VARCHAR(100) NOT NULL,
    path VARCHAR(100) NOT NULL, first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, count BIGINT NOT NULL,
    untold BIGINT NOT NULL, CONSTRAINT pk_access_refusals PRIMARY KEY (door, status, who, address)
);

CREATE TABLE exchange_rate_sources (
    id SERIAL NOT NULL, name VARCHAR(200) NOT NULL, imported_ms BIGINT NOT NULL, revision INTEGER NOT NULL,
    CONSTRAINT pk_exchange_rate_sources PRIMARY KEY (id), CONSTRAINT uq_exchange_rate_sources_name UNIQUE (name)
);

CREATE TABLE egress_entries (
    host VARCHAR(255) NOT NULL, port INTEGER NOT NULL, note VARCHAR(500) NOT NULL, made_by VARCHAR(256) NOT NULL,
    made_ms BIGINT NOT NULL, audited INTEGER NOT NULL, CONSTRAINT pk_egress_entries PRIMARY KEY (host, port)
);

CREATE TABLE egress_refusals (
    host VARCHAR(255) NOT NULL, port INTEGER NOT NULL, reason VARCHAR(500) NOT NULL, asked_by VARCHAR(256) NOT NULL,
    first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, count BIGINT NOT NULL, audited BIGINT NOT NULL,
    CONSTRAINT pk_egress_refusals PRIMARY KEY (host, port)
);

CREATE TABLE forget_requests (
    id VARCHAR(36) NOT NULL, kind VARCHAR(8) NOT NULL, subject VARCHAR(256) NOT NULL, digest VARCHAR(64) NOT NULL,
    bill BOOLEAN NOT NULL, audit BOOLEAN NOT NULL, step VARCHAR(16) NOT NULL, asked_ms BIGINT NOT NULL,
    asked_by VARCHAR(256) NOT NULL, began_ms BIGINT, done_ms BIGINT, counts TEXT NOT NULL, problem TEXT NOT NULL,
    CONSTRAINT pk_forget_requests PRIMARY KEY (id)
);

CREATE TABLE drop_rules (
    name VARCHAR(64) NOT NULL, number INTEGER NOT NULL, rule TEXT NOT NULL, modified_ms BIGINT NOT NULL,
    CONSTRAINT pk_drop_rules PRIMARY KEY (name), CONSTRAINT uq_drop_rules_number UNIQUE (number)
);

CREATE TABLE process_reports (
    process VARCHAR(64) NOT NULL, at_ms BIGINT NOT NULL, form TEXT NOT NULL,
    CONSTRAINT pk_process_reports PRIMARY KEY (process)
);

CREATE TABLE log_deliveries (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, kind VARCHAR(32) NOT NULL, name VARCHAR(64) NOT NULL,
    body TEXT NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_log_deliveries PRIMARY KEY (account, region, kind, name)
);

CREATE TABLE purchase_facts (
    account VARCHAR(12) NOT NULL, kind VARCHAR(8) NOT NULL, name VARCHAR(512) NOT NULL, form TEXT NOT NULL,
    changed_ms BIGINT NOT NULL, CONSTRAINT pk_purchase_facts PRIMARY KEY (account, kind, name)
);

CREATE TABLE run_profiles (
    account VARCHAR(64) NOT NULL, cluster VARCHAR(128) NOT NULL, job VARCHAR(512) NOT NULL,
    file VARCHAR(256) NOT NULL, imported_ms BIGINT NOT NULL, imported_by VARCHAR(256) NOT NULL,
    profile TEXT NOT NULL, CONSTRAINT pk_run_profiles PRIMARY KEY (account, cluster, job, file)
);

CREATE TABLE run_progress (
    account VARCHAR(64) NOT NULL, cluster VARCHAR(128) NOT NULL, job VARCHAR(512) NOT NULL, marks TEXT NOT NULL,
    workload TEXT NOT NULL, sources TEXT NOT NULL, changed_ms BIGINT NOT NULL,
    CONSTRAINT pk_run_progress PRIMARY KEY (account, cluster, job)
);

CREATE TABLE node_reports (
    account VARCHAR(64) NOT NULL, cluster VARCHAR(128) NOT NULL, hour_ms BIGINT NOT NULL, whole TEXT NOT NULL,
    named TEXT NOT NULL, CONSTRAINT pk_node_reports PRIMARY KEY (account, cluster, hour_ms)
);

CREATE TABLE fleet_marks (
    version BIGINT NOT NULL, place INTEGER NOT NULL, account VARCHAR(64) NOT NULL, cluster VARCHAR(128) NOT NULL,
    nodes TEXT NOT NULL, from_day_ms BIGINT NOT NULL, to_day_ms BIGINT NOT NULL,
    CONSTRAINT pk_fleet_marks PRIMARY KEY (version, place)
);

CREATE TABLE fleet_clock (
    id SERIAL NOT NULL, version BIGINT NOT NULL, pruned BIGINT NOT NULL, noted BIGINT NOT NULL,
    noted_ms BIGINT NOT NULL, CONSTRAINT pk_fleet_clock PRIMARY KEY (id)
);

CREATE TABLE state_seal (
    id INTEGER NOT NULL, body TEXT NOT NULL, CONSTRAINT pk_state_seal PRIMARY KEY (id)
);

CREATE TABLE exchange_rates (
    source INTEGER NOT NULL, day VARCHAR(10) NOT NULL, base VARCHAR(3) NOT NULL, quote VARCHAR(3) NOT NULL,
    rate VARCHAR(40) NOT NULL, CONSTRAINT pk_exchange_rates PRIMARY KEY (source, day, base, quote),
    CONSTRAINT fk_exchange_rates_source FOREIGN KEY (source) REFERENCES exchange_rate_sources (id)
);
CREATE INDEX ix_exchange_rates_day ON exchange_rates (day);

CREATE TABLE queue_quotas (
    account VARCHAR(64) NOT NULL, cluster VARCHAR(128) NOT NULL, from_ms BIGINT NOT NULL, team VARCHAR(256) NOT NULL,
    gpus FLOAT, share FLOAT, cohort VARCHAR(256) NOT NULL, queues TEXT NOT NULL, made_by VARCHAR(256) NOT NULL,
    CONSTRAINT pk_queue_quotas PRIMARY KEY (account, cluster, from_ms, team)
);

CREATE TABLE slos (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(128) NOT NULL, form TEXT NOT NULL,
    exclusions TEXT NOT NULL, created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL,
    CONSTRAINT pk_slos PRIMARY KEY (account, region, name)
);

CREATE TABLE canaries (
    account VARCHAR(12) NOT NULL, region VARCHAR(64) NOT NULL, name VARCHAR(255) NOT NULL, id VARCHAR(36) NOT NULL,
    form TEXT NOT NULL, running BOOLEAN NOT NULL, created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL,
    started_ms BIGINT, stopped_ms BIGINT, runs_until_ms BIGINT, next_ms BIGINT,
    CONSTRAINT pk_canaries PRIMARY KEY (account, region, name), CONSTRAINT uq_canaries_id UNIQUE (id)
);

CREATE INDEX ix_canaries_running_next_ms ON canaries (running, next_ms);

CREATE TABLE canary_runs (
    id VARCHAR(36) NOT NULL, canary VARCHAR(36) NOT NULL, began_ms BIGINT NOT NULL, ended_ms BIGINT NOT NULL,
    passed BOOLEAN NOT NULL, reason TEXT NOT NULL, steps TEXT NOT NULL, retry INTEGER NOT NULL,
    CONSTRAINT pk_canary_runs PRIMARY KEY (id)
);

CREATE INDEX ix_canary_runs_canary_began_ms ON canary_runs (canary, began_ms);

CREATE TABLE owner_asks (
    id VARCHAR(24) NOT NULL, kind VARCHAR(16) NOT NULL, owner VARCHAR(256) NOT NULL, account VARCHAR(64) NOT NULL,
    subject TEXT NOT NULL, asked_ms BIGINT NOT NULL, round INTEGER NOT NULL, answer VARCHAR(16) NOT NULL,
    answered_by VARCHAR(256) NOT NULL, answered_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL,
    stop VARCHAR(32) NOT NULL, stop_by VARCHAR(256) NOT NULL, outcome TEXT NOT NULL, closed_ms BIGINT NOT NULL,
    CONSTRAINT pk_owner_asks PRIMARY KEY (id)
);
CREATE INDEX ix_owner_asks_owner_asked_ms ON owner_asks (owner, asked_ms);

CREATE TABLE investigations (
    id VARCHAR(36) NOT NULL, account VARCHAR(64) NOT NULL, name VARCHAR(200) NOT NULL, at_ms BIGINT NOT NULL,
    around_ms BIGINT NOT NULL, subject TEXT NOT NULL, places TEXT NOT NULL, scope_rows TEXT NOT NULL,
    created_ms BIGINT NOT NULL, created_by VARCHAR(256) NOT NULL,
    CONSTRAINT pk_investigations PRIMARY KEY (id)
);
CREATE INDEX ix_investigations_account ON investigations (account);
CREATE TABLE investigation_notes (
    id VARCHAR(36) NOT NULL, investigation VARCHAR(36) NOT NULL, written_ms BIGINT NOT NULL,
    author VARCHAR(256) NOT NULL, text TEXT NOT NULL, entry TEXT NOT NULL,
    CONSTRAINT pk_investigation_notes PRIMARY KEY (id)
);
CREATE INDEX ix_investigation_notes_investigation ON investigation_notes (investigation);

CREATE TABLE quota_requests (
    id VARCHAR(64) NOT NULL, account VARCHAR(64) NOT NULL, region VARCHAR(64) NOT NULL, service VARCHAR(64) NOT NULL,
    code VARCHAR(128) NOT NULL, desired FLOAT NOT NULL, requester VARCHAR(256) NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_quota_requests PRIMARY KEY (id)
);
CREATE INDEX ix_quota_requests_account_region ON quota_requests (account, region);

CREATE TABLE quicksight_credentials (
    arn VARCHAR(1024) NOT NULL, account VARCHAR(12) NOT NULL, username VARCHAR(128) NOT NULL, secret TEXT NOT NULL,
    CONSTRAINT pk_quicksight_credentials PRIMARY KEY (arn)
);
CREATE INDEX ix_quicksight_credentials_account ON quicksight_credentials (account);
