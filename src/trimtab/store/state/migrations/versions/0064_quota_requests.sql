CREATE TABLE quota_requests (
    id VARCHAR(64) NOT NULL, account VARCHAR(64) NOT NULL, region VARCHAR(64) NOT NULL, service VARCHAR(64) NOT NULL,
    code VARCHAR(128) NOT NULL, desired FLOAT NOT NULL, requester VARCHAR(256) NOT NULL, created_ms BIGINT NOT NULL,
    CONSTRAINT pk_quota_requests PRIMARY KEY (id)
);
CREATE INDEX ix_quota_requests_account_region ON quota_requests (account, region);
