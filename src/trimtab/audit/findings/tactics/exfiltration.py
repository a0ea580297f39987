"""Exfiltration: how data leaves."""

from trimtab.audit.findings.rule import ASKED, LETS_OUTSIDERS_IN, Rule, both, calls, either, many, says

_GIVEN = f"arrayExists(other -> other != account AND NOT has(own, other), extractAll({ASKED}, '\"([0-9]{{12}})\"'))"
"""An account is named that is none of `own`."""

RULES = (
    Rule(
        id="shared-outside",
        title="A snapshot or an image was shared with another account",
        why="Data leaves with it.",
        technique="T1537",
        severity="high",
        condition=either(
            both(
                calls("ec2", "ModifySnapshotAttribute", "ModifyImageAttribute"),
                says('"add":'),
                either(_GIVEN, says('"groups?":"all"|organizationArn|organizationalUnitArn')),
            ),
            both(
                calls("rds", "ModifyDBSnapshotAttribute", "ModifyDBClusterSnapshotAttribute"),
                many(1, "valuesToAdd"),
                either(_GIVEN, says('"all"')),
            ),
            both(calls("ssm", "ModifyDocumentPermission"), many(1, "accountIdsToAdd"), either(_GIVEN, says('"all"'))),
        ),
    ),
    Rule(
        id="shared-taken",
        title="Another account copied a snapshot that was shared with it",
        why="What was shared is now out of reach.",
        technique="T1537",
        severity="high",
        condition=both(
            calls("ec2", "SharedSnapshotCopyInitiated", "SharedSnapshotVolumeCreated"),
            "JSONExtractString(record, 'userIdentity', 'accountId') != account",
            "NOT has(own, JSONExtractString(record, 'userIdentity', 'accountId'))",
        ),
    ),
    Rule(
        id="policy-lets-outsiders-in",
        title="Another account was allowed to use a resource",
        why="The policy names an account that is none of those whose audit is here.",
        technique="T1537",
        severity="high",
        condition=both(
            either(
                calls("s3", "PutBucketPolicy", "PutAccessPointPolicy"),
                calls("kms", "PutKeyPolicy"),
                calls("ecr", "SetRepositoryPolicy"),
                calls("secretsmanager", "PutResourcePolicy"),
                calls("sqs", "SetQueueAttributes", "CreateQueue"),
                calls("elasticfilesystem", "PutFileSystemPolicy"),
                calls("backup", "PutBackupVaultAccessPolicy"),
            ),
            LETS_OUTSIDERS_IN,
        ),
    ),
    Rule(
        id="replicated-outside",
        title="A bucket is replicated to another account",
        why="Every object that is written from now on is written there too.",
        technique="T1537",
        severity="high",
        condition=both(calls("s3", "PutBucketReplication"), _GIVEN),
    ),
    Rule(
        id="machine-exported",
        title="A whole machine was written to a bucket",
        why="The export has all that was on its disks.",
        technique="T1005",
        severity="medium",
        condition=calls("ec2", "CreateInstanceExportTask", "ExportImage", "CreateStoreImageTask"),
    ),
    Rule(
        id="domain-moved",
        title="A domain can be or was moved to somebody else",
        why="Who has the domain has its mail and its certificates.",
        technique="T1584.001",
        severity="high",
        condition=calls(
            "route53domains",
            "DisableDomainTransferLock",
            "TransferDomainToAnotherAwsAccount",
            "RetrieveDomainAuthCode",
        ),
    ),
)
