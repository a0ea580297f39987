-- Objectives of service levels, and canaries with their runs.

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
