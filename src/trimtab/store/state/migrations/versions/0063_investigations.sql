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
