CREATE TABLE owner_asks (
    id VARCHAR(24) NOT NULL, kind VARCHAR(16) NOT NULL, owner VARCHAR(256) NOT NULL, account VARCHAR(64) NOT NULL,
    subject TEXT NOT NULL, asked_ms BIGINT NOT NULL, round INTEGER NOT NULL, answer VARCHAR(16) NOT NULL,
    answered_by VARCHAR(256) NOT NULL, answered_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL,
    stop VARCHAR(32) NOT NULL, stop_by VARCHAR(256) NOT NULL, outcome TEXT NOT NULL, closed_ms BIGINT NOT NULL,
    CONSTRAINT pk_owner_asks PRIMARY KEY (id)
);
CREATE INDEX ix_owner_asks_owner_asked_ms ON owner_asks (owner, asked_ms);
