CREATE TABLE queue_quotas (
    account VARCHAR(64) NOT NULL, cluster VARCHAR(128) NOT NULL, from_ms BIGINT NOT NULL, team VARCHAR(256) NOT NULL,
    gpus FLOAT, share FLOAT, cohort VARCHAR(256) NOT NULL, queues TEXT NOT NULL, made_by VARCHAR(256) NOT NULL,
    CONSTRAINT pk_queue_quotas PRIMARY KEY (account, cluster, from_ms, team)
);
