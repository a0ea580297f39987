"""Credential access: how somebody comes by secrets."""

from trimtab.audit.findings.rule import BY_HAND, DENIED, INSTANCE, Rule, asked, both, calls, either, many, says

_PUBLIC = (
    "NOT (isIPAddressInRange(if(isIPv4String(source_ip), source_ip, '10.0.0.0'), '10.0.0.0/8') OR "
    "isIPAddressInRange(if(isIPv4String(source_ip), source_ip, '10.0.0.0'), '172.16.0.0/12') OR "
    "isIPAddressInRange(if(isIPv4String(source_ip), source_ip, '10.0.0.0'), '192.168.0.0/16'))"
)
"""An address of the internet: an instance has others through endpoints of its network."""

RULES = (
    Rule(
        id="secrets-in-bulk",
        title="Many secrets were read at once",
        why="A program reads its own few; this caller read at least ten within ten minutes.",
        technique="T1555.006",
        severity="high",
        condition=either(
            calls("secretsmanager", "GetSecretValue", "BatchGetSecretValue", "ListSecrets"),
            calls("ssm", "GetParameter", "GetParameters", "GetParametersByPath"),
        ),
        least=10,
    ),
    Rule(
        id="secrets-in-batches",
        title="Secrets or parameters were read in full batches",
        why="A few calls that take as many as one may, or everything below /, read what ten single calls would.",
        technique="T1555.006",
        severity="high",
        condition=either(
            calls("secretsmanager", "BatchGetSecretValue"),
            both(calls("ssm", "GetParameters"), many(10, "names")),
            both(calls("ssm", "GetParametersByPath"), f"{asked('path')} = '/'", says('"recursive":true')),
        ),
        least=3,
    ),
    Rule(
        id="windows-passwords",
        title="Passwords of Windows machines were asked for",
        why="GetPasswordData answers the administrator's password of an instance.",
        technique="T1555",
        severity="high",
        condition=calls("ec2", "GetPasswordData"),
        least=3,
    ),
    Rule(
        id="user-data-read",
        title="User data of many instances was read",
        why="Start-up scripts often hold credentials.",
        technique="T1552.005",
        severity="medium",
        condition=both(calls("ec2", "DescribeInstanceAttribute"), f"{asked('attribute')} = 'userData'"),
        least=5,
    ),
    Rule(
        id="instance-credentials-elsewhere",
        title="Credentials of one instance were used from several addresses",
        why="They are meant for the machine alone.",
        technique="T1552.005",
        severity="high",
        condition=both(INSTANCE, BY_HAND, _PUBLIC),
        places=2,
    ),
    Rule(
        id="denied-repeatedly",
        title="One caller was denied again and again",
        why="Somebody tries what a credential may do.",
        technique="T1580",
        severity="medium",
        condition=DENIED,
        least=10,
    ),
    Rule(
        id="traffic-mirrored",
        title="A network interface's traffic is copied to somewhere",
        why="Who gets the copy reads what is not encrypted, passwords included.",
        technique="T1040",
        severity="high",
        condition=calls("ec2", "CreateTrafficMirrorSession", "CreateTrafficMirrorTarget"),
    ),
)
