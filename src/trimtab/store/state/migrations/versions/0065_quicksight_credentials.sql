CREATE TABLE quicksight_credentials (
    arn VARCHAR(1024) NOT NULL, account VARCHAR(12) NOT NULL, username VARCHAR(128) NOT NULL, secret TEXT NOT NULL,
    CONSTRAINT pk_quicksight_credentials PRIMARY KEY (arn)
);
CREATE INDEX ix_quicksight_credentials_account ON quicksight_credentials (account);
