"""Initial access: how somebody comes in."""

from trimtab.audit.findings.rule import LETS_EVERYBODY_IN, Rule, asked, both, calls, either, says

_WEB_PORTS = "arrayAll(port -> port IN ('80', '443'), extractAll(record, '\"fromPort\":(-?[0-9]+)'))"
_ANY_PORT = "NOT match(record, '\"fromPort\":')"
_ANY_ADDRESS = says('"[0-9a-fA-F.:]+/0"')
_SIGNED_IN = "JSONExtractString(record, 'responseElements', 'ConsoleLogin')"

RULES = (
    Rule(
        id="opened-to-the-world",
        title="Something was opened to everybody",
        why="A security group that lets any address in (not only to a web server), or a bucket that anybody may read.",
        technique="T1190",
        severity="high",
        condition=either(
            both(calls("ec2", "AuthorizeSecurityGroupIngress"), _ANY_ADDRESS, either(_ANY_PORT, f"NOT ({_WEB_PORTS})")),
            both(
                either(
                    calls("s3", "PutBucketPolicy"),
                    calls("kms", "PutKeyPolicy"),
                    calls("ecr", "SetRepositoryPolicy"),
                    calls("secretsmanager", "PutResourcePolicy"),
                    calls("sqs", "SetQueueAttributes", "CreateQueue"),
                ),
                LETS_EVERYBODY_IN,
            ),
            both(calls("s3", "PutBucketAcl", "PutObjectAcl"), says("AllUsers|AuthenticatedUsers|public-read")),
            calls("s3", "DeleteBucketPublicAccessBlock", "DeletePublicAccessBlock", "DeleteAccountPublicAccessBlock"),
            both(
                calls("s3", "PutBucketPublicAccessBlock", "PutPublicAccessBlock", "PutAccountPublicAccessBlock"),
                says(':(false|"false")'),
            ),
        ),
    ),
    Rule(
        id="database-opened",
        title="A database was made reachable from the internet",
        why="Its password alone then stands between it and everybody.",
        technique="T1190",
        severity="medium",
        condition=both(
            calls(
                "rds",
                "CreateDBInstance",
                "ModifyDBInstance",
                "RestoreDBInstanceFromDBSnapshot",
                "RestoreDBInstanceToPointInTime",
            ),
            says('"publiclyAccessible":true'),
        ),
    ),
    Rule(
        id="function-url-open",
        title="A function can be called by everybody through a URL",
        why="Its authentication is NONE: whoever knows the URL runs it.",
        technique="T1190",
        severity="medium",
        condition=both(
            "event_source = 'lambda.amazonaws.com'",
            "match(event_name, '^(Create|Update)FunctionUrlConfig')",
            f"{asked('authType')} = 'NONE'",
        ),
    ),
    Rule(
        id="console-without-mfa",
        title="A user signed in to the console without a second factor",
        why="A stolen password is then enough. Sign-ins through an identity provider do not count: it asks.",
        technique="T1078.004",
        severity="medium",
        condition=both(
            calls("signin", "ConsoleLogin"),
            "user_type IN ('IAMUser', 'Root')",
            f"{_SIGNED_IN} = 'Success'",
            "lower(JSONExtractString(record, 'additionalEventData', 'MFAUsed')) = 'no'",
        ),
    ),
    Rule(
        id="console-guessed",
        title="Passwords of the console were tried",
        why="At least five sign-ins failed within ten minutes.",
        technique="T1110",
        severity="medium",
        condition=both(calls("signin", "ConsoleLogin"), either(f"{_SIGNED_IN} = 'Failure'", "error_message != ''")),
        least=5,
    ),
    Rule(
        id="root-used",
        title="The root user did something",
        why="It can do everything and should do nothing.",
        technique="T1078.004",
        severity="medium",
        condition="user_type = 'Root' AND read_only = 0 AND event_type != 'AwsServiceEvent'",
    ),
    Rule(
        id="attack-tool",
        title="The caller's machine or tool is one for breaking in",
        why="The user agent names a distribution for penetration tests, or a program that tries stolen keys.",
        technique="T1078.004",
        severity="medium",
        condition="match(lower(user_agent), 'kali|parrot|pentoo|trufflehog|pacu|cloudfox|aws_consoler')",
    ),
)
