"""Discovery: how somebody learns where he is."""

from trimtab.audit.findings.rule import BY_HAND, INSTANCE, LONG_LIVED, Rule, both, calls, either

_OF_THE_ACCOUNT = either(
    calls("s3", "ListBuckets"),
    calls(
        "iam",
        "GetAccountSummary",
        "GetAccountAuthorizationDetails",
        "ListRoles",
        "ListUsers",
        "ListGroups",
        "ListPolicies",
        "GetAccountPasswordPolicy",
        "ListAttachedRolePolicies",
    ),
    calls("ec2", "DescribeSnapshots", "DescribeRegions", "DescribeAccountAttributes"),
    calls("cloudtrail", "DescribeTrails", "GetTrailStatus"),
    calls("guardduty", "ListDetectors"),
    calls("organizations", "DescribeOrganization", "ListAccounts"),
    calls("secretsmanager", "ListSecrets"),
    calls("sts", "GetCallerIdentity"),
)

RULES = (
    Rule(
        id="looked-around",
        title="One caller listed and described much",
        why="Fifteen different reads within ten minutes: an inventory, or somebody who learns where he is.",
        technique="T1526",
        severity="low",
        condition="read_only = 1 AND match(event_name, '^(List|Describe|Get)')"
        " AND user_type IN ('IAMUser', 'AssumedRole', 'Root')",
        least=20,
        different=15,
    ),
    Rule(
        id="instance-looked-around",
        title="An instance asked about the account that it is in",
        why="A program on it knows what it needs; users, roles, trails and detectors are what a stranger asks for.",
        technique="T1580",
        severity="high",
        condition=both(INSTANCE, _OF_THE_ACCOUNT),
        least=4,
        different=4,
    ),
    Rule(
        id="account-read-out",
        title="All users, roles and policies were read in one call",
        why="It came with a key that does not expire; what scans an account comes with a role.",
        technique="T1087.004",
        severity="low",
        condition=both(calls("iam", "GetAccountAuthorizationDetails"), LONG_LIVED, BY_HAND),
    ),
    Rule(
        id="mail-looked-at",
        title="Somebody asked whether and how much mail can be sent",
        why="Stolen keys are tried for sending mail: the quota, the switch and the identities are asked for together.",
        technique="T1526",
        severity="medium",
        condition=both(
            calls(
                "ses",
                "GetAccountSendingEnabled",
                "GetSendQuota",
                "GetSendStatistics",
                "ListIdentities",
                "GetIdentityVerificationAttributes",
                "GetAccount",
                "ListEmailIdentities",
            ),
            BY_HAND,
        ),
        least=2,
        different=2,
    ),
    Rule(
        id="text-messages-looked-at",
        title="Somebody asked whether text messages can be sent, or raised their limit",
        why="Stolen keys are tried for sending messages that others are paid for.",
        technique="T1496.003",
        severity="medium",
        condition=both(
            calls(
                "sns", "GetSMSAttributes", "GetSMSSandboxAccountStatus", "SetSMSAttributes", "ListOriginationNumbers"
            ),
            BY_HAND,
        ),
        least=2,
        different=2,
    ),
)
