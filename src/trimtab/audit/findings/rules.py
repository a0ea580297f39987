"""What is worth a look whoever did it: one small declared rule each, over CloudTrail's own names.

Techniques are MITRE ATT&CK's for the cloud (attack.mitre.org, matrix IaaS). A rule says what was done, never who is
guilty: most of these calls are also somebody's work.
"""

from collections.abc import Sequence

from msgspec import Struct

_ROLE_SESSION = "user_type = 'AssumedRole'"
_DENIED = (
    "error_code IN ('AccessDenied', 'Client.UnauthorizedOperation', 'AccessDeniedException', "
    "'UnauthorizedOperation', 'Client.AccessDenied', 'access_denied')"
)


class Rule(Struct, frozen=True):
    """A rule: `condition` over the columns of `audit_events` (no user's text is ever in it).

    Within ten minutes one caller must have made `least` such calls, of `different` names, from `places` addresses.
    """

    id: str
    title: str
    why: str
    technique: str
    severity: str
    condition: str
    least: int = 1
    different: int = 1
    places: int = 1


def _calls(source: str, *names: str) -> str:
    listed = ", ".join(f"'{name}'" for name in names)
    return f"event_source = '{source}.amazonaws.com' AND event_name IN ({listed})"


RULES: Sequence[Rule] = (
    Rule(
        "trail-weakened",
        "The audit itself was switched off or narrowed",
        "A trail that is stopped, deleted or asked for less hides what comes next.",
        "T1562.008",
        "high",
        _calls("cloudtrail", "StopLogging", "DeleteTrail", "PutEventSelectors", "DeleteEventDataStore")
        + " OR ("
        + _calls("s3", "PutBucketLifecycle", "PutBucketLifecycleConfiguration")
        + " AND positionCaseInsensitive(record, 'trail') > 0)",
    ),
    Rule(
        "logs-deleted",
        "Logs were deleted",
        "Flow logs, log groups and configuration recorders are what an investigation reads.",
        "T1562.008",
        "high",
        _calls("ec2", "DeleteFlowLogs")
        + " OR "
        + _calls("logs", "DeleteLogGroup", "DeleteLogStream")
        + " OR "
        + _calls("config", "StopConfigurationRecorder", "DeleteConfigurationRecorder", "DeleteDeliveryChannel")
        + " OR "
        + _calls("guardduty", "DeleteDetector", "StopMonitoringMembers"),
    ),
    Rule(
        "left-organisation",
        "An account tried to leave its organisation",
        "Outside of it the organisation's policies and its trail no longer hold.",
        "T1562.008",
        "high",
        _calls("organizations", "LeaveOrganization"),
    ),
    Rule(
        "secrets-in-bulk",
        "Many secrets were read at once",
        "A program reads its own few; this caller read at least ten within ten minutes.",
        "T1555",
        "high",
        _calls("secretsmanager", "GetSecretValue", "BatchGetSecretValue", "ListSecrets")
        + " OR "
        + _calls("ssm", "GetParameter", "GetParameters", "GetParametersByPath"),
        least=10,
    ),
    Rule(
        "windows-passwords",
        "Passwords of Windows machines were asked for",
        "GetPasswordData answers the administrator's password of an instance.",
        "T1555",
        "high",
        _calls("ec2", "GetPasswordData"),
        least=3,
    ),
    Rule(
        "user-data-read",
        "User data of many instances was read",
        "Start-up scripts often hold credentials.",
        "T1552.005",
        "medium",
        _calls("ec2", "DescribeInstanceAttribute")
        + " AND JSONExtractString(record, 'requestParameters', 'attribute') = 'userData'",
        least=5,
    ),
    Rule(
        "commands-on-instances",
        "Commands were run on instances from outside",
        "SSM runs them as root, with the role of the instance.",
        "T1651",
        "medium",
        _calls("ssm", "SendCommand", "StartSession", "StartAutomationExecution"),
    ),
    Rule(
        "role-tried-repeatedly",
        "Roles were assumed again and again",
        "A chain of roles, or one that is tried until it works.",
        "T1078.004",
        "medium",
        _calls("sts", "AssumeRole") + " AND user_type IN ('IAMUser', 'Root', 'AssumedRole')",
        least=4,
    ),
    Rule(
        "denied-repeatedly",
        "One caller was denied again and again",
        "Somebody tries what a credential may do.",
        "T1580",
        "medium",
        _DENIED,
        least=10,
    ),
    Rule(
        "instance-credentials-elsewhere",
        "Credentials of one instance were used from several addresses",
        "They are meant for the machine alone.",
        "T1552.005",
        "high",
        f"{_ROLE_SESSION} AND startsWith(session_name, 'i-') AND source_ip NOT LIKE '%.amazonaws.com'"
        " AND source_ip != 'AWS Internal'",
        places=2,
    ),
    Rule(
        "looked-around",
        "One caller listed and described much",
        "Fifteen different reads within ten minutes: an inventory, or somebody who learns where he is.",
        "T1526",
        "low",
        "read_only = 1 AND match(event_name, '^(List|Describe|Get)')"
        " AND user_type IN ('IAMUser', 'AssumedRole', 'Root')",
        least=20,
        different=15,
    ),
    Rule(
        "opened-to-the-world",
        "Something was opened to everybody",
        "A security group that lets any address in, or a policy with the principal *.",
        "T1190",
        "high",
        "("
        + _calls("ec2", "AuthorizeSecurityGroupIngress")
        + " AND position(record, '0.0.0.0/0') > 0) OR ("
        + _calls("s3", "PutBucketPolicy", "PutBucketAcl", "DeleteBucketPublicAccessBlock")
        + " AND (position(record, '\"Principal\":\"*\"') > 0 OR position(record, 'AllUsers') > 0"
        " OR event_name = 'DeleteBucketPublicAccessBlock'))",
    ),
    Rule(
        "shared-outside",
        "A snapshot or an image was shared with another account",
        "Data leaves with it.",
        "T1537",
        "high",
        _calls("ec2", "ModifySnapshotAttribute", "ModifyImageAttribute")
        + " OR "
        + _calls("rds", "ModifyDBSnapshotAttribute", "ModifyDBClusterSnapshotAttribute"),
    ),
    Rule(
        "access-made",
        "A way in was made",
        "New users, keys, sign-in profiles and trust in roles outlast the credential that made them.",
        "T1098",
        "medium",
        _calls(
            "iam",
            "CreateUser",
            "CreateAccessKey",
            "CreateLoginProfile",
            "UpdateLoginProfile",
            "UpdateAssumeRolePolicy",
            "AttachUserPolicy",
            "PutUserPolicy",
            "AddUserToGroup",
        )
        + " OR (event_source = 'rest.trimtab' AND event_name = 'CreateKey')",
    ),
    Rule(
        "root-used",
        "The root user did something",
        "It can do everything and should do nothing.",
        "T1078.004",
        "medium",
        "user_type = 'Root' AND read_only = 0",
    ),
    Rule(
        "keys-disabled",
        "Encryption keys were disabled or will be deleted",
        "What they encrypt can no longer be read.",
        "T1485",
        "high",
        _calls("kms", "DisableKey", "ScheduleKeyDeletion"),
    ),
)
