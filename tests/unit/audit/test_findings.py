"""Findings: what the rules are about is found, and what is not stays unsaid."""

import json
from pathlib import Path
from typing import Any

import pytest

from made_audit import ACCOUNT, record
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.audit.conditions import AuditQuery
from trimtab.audit.findings.rules import RULES
from trimtab.audit.model import Origin
from trimtab.audit.record import event_of
from trimtab.audit.room import AuditRoom
from trimtab.demo import world
from trimtab.demo.audit import READER, AuditFeed
from trimtab.demo.slab import plan

pytestmark = pytest.mark.anyio
NOW = 1_764_072_000_000
STRANGER = "998877665544"
"""An account of which no record is held."""


def made(name: str, source: str, count: int = 1, **more: Any) -> list[dict[str, Any]]:
    return [
        record(NOW + n, f"{name}-{n}", eventName=name, eventSource=f"{source}.amazonaws.com", **more)
        for n in range(count)
    ]


def asks(name: str, source: str, **asked: Any) -> list[dict[str, Any]]:
    return made(name, source, requestParameters=asked)


def by_role(records: list[dict[str, Any]], role: str = "ci-deploy", session: str = "build-17") -> list[dict[str, Any]]:
    who = {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
        "sessionContext": {"sessionIssuer": {"userName": role}},
    }
    return [one | {"userIdentity": who} for one in records]


def at_instance(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return by_role(records, "web", "i-0abc")


def elsewhere(records: list[dict[str, Any]], address: str = "9.9.9.9") -> list[dict[str, Any]]:
    return [one | {"sourceIPAddress": address, "eventID": f"{one['eventID']}-{address}"} for one in records]


def data(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one | {"eventCategory": "Data", "managementEvent": False} for one in records]


def policy(principal: Any, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Principal": principal, "Action": "s3:GetObject", "Resource": "*"} | more
    return {"Version": "2012-10-17", "Statement": [statement]}


def trust(account: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def ingress(port: int, cidr: str = "0.0.0.0/0") -> dict[str, Any]:
    item = {"fromPort": port, "toPort": port, "ipRanges": {"items": [{"cidrIp": cidr}]}}
    return {"groupId": "sg-1", "ipPermissions": {"items": [item]}}


def signed_in(result: str, factor: str = "No", count: int = 1) -> list[dict[str, Any]]:
    said = {"responseElements": {"ConsoleLogin": result}, "additionalEventData": {"MFAUsed": factor}}
    return made("ConsoleLogin", "signin", count, eventType="AwsConsoleSignIn", **said)


EVERYTHING_ALLOWED = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
MIRROR = "CreateTrafficMirrorSession"
CASES: dict[str, list[dict[str, Any]]] = {
    "trail-weakened": made("StopLogging", "cloudtrail"),
    "logs-deleted": made("DeleteFlowLogs", "ec2"),
    "detector-disabled": asks("UpdateDetector", "guardduty", detectorId="d", enable=False),
    "firewall-removed": made("DeleteWebACL", "wafv2"),
    "left-organisation": made("LeaveOrganization", "organizations"),
    "organisation-policy-removed": made("DetachPolicy", "organizations"),
    "region-enabled": made("EnableRegion", "account"),
    "encryption-off": made("DisableEbsEncryptionByDefault", "ec2"),
    "metadata-opened": asks("ModifyInstanceMetadataOptions", "ec2", httpTokens="optional"),
    "objects-expire-at-once": asks(
        "PutBucketLifecycle", "s3", bucketName="b", LifecycleConfiguration={"Rule": {"Expiration": {"Days": 1}}}
    ),
    "secrets-in-bulk": made("GetSecretValue", "secretsmanager", 10, readOnly=True),
    "secrets-in-batches": made("GetParameters", "ssm", 3, requestParameters={"names": [f"p{n}" for n in range(10)]}),
    "windows-passwords": made("GetPasswordData", "ec2", 3),
    "user-data-read": made("DescribeInstanceAttribute", "ec2", 5, requestParameters={"attribute": "userData"}),
    "instance-credentials-elsewhere": at_instance(
        [*elsewhere(made("GetObject", "s3"), "203.0.113.4"), *elsewhere(made("GetObject", "s3"))]
    ),
    "denied-repeatedly": made("DescribeVolumes", "ec2", 10, errorCode="AccessDenied"),
    "traffic-mirrored": made(MIRROR, "ec2"),
    "commands-on-instances": made("SendCommand", "ssm"),
    "start-up-script-changed": asks("ModifyInstanceAttribute", "ec2", instanceId="i-1", userData="<removed>"),
    "notebook-start-up-changed": asks("UpdateNotebookInstance", "sagemaker", lifecycleConfigName="x"),
    "function-code-replaced": made("UpdateFunctionCode20150331v2", "lambda"),
    "function-layer-added": asks("UpdateFunctionConfiguration20150331v2", "lambda", layers=["arn:aws:lambda:x:1"]),
    "development-endpoint": made("CreateDevEndpoint", "glue"),
    "credentials-in-a-task": asks(
        "RegisterTaskDefinition", "ecs", command="curl 169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    ),
    "role-tried-repeatedly": made("AssumeRole", "sts", 4),
    "looked-around": [one for n in range(20) for one in made(f"Describe{n}", "ec2", readOnly=True)],
    "instance-looked-around": at_instance(
        [
            *made("ListBuckets", "s3"),
            *made("ListRoles", "iam"),
            *made("DescribeTrails", "cloudtrail"),
            *made("ListDetectors", "guardduty"),
        ]
    ),
    "account-read-out": made("GetAccountAuthorizationDetails", "iam"),
    "mail-looked-at": [*made("GetSendQuota", "ses"), *made("ListIdentities", "ses")],
    "text-messages-looked-at": [*made("GetSMSAttributes", "sns"), *made("GetSMSSandboxAccountStatus", "sns")],
    "keys-pushed": made("SendSSHPublicKey", "ec2-instance-connect", 3),
    "serial-console": made("SendSerialConsoleSSHPublicKey", "ec2-instance-connect"),
    "opened-to-the-world": asks("AuthorizeSecurityGroupIngress", "ec2", **ingress(22)),
    "database-opened": asks("ModifyDBInstance", "rds", publiclyAccessible=True),
    "function-url-open": asks("CreateFunctionUrlConfig", "lambda", authType="NONE"),
    "console-without-mfa": signed_in("Success"),
    "console-guessed": signed_in("Failure", count=5),
    "attack-tool": made("GetCallerIdentity", "sts", userAgent="Boto3/1.34 md/Botocore#1 os/linux#6.6.9-kali-amd64"),
    "root-used": [record(NOW, "r1", userIdentity={"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"})],
    "access-made": made("CreateAccessKey", "iam"),
    "administrator-made": asks("PutRolePolicy", "iam", roleName="r", policyDocument=EVERYTHING_ALLOWED),
    "role-trusts-outsiders": asks("CreateRole", "iam", roleName="r", assumeRolePolicyDocument=trust(STRANGER)),
    "function-opened": asks("AddPermission20150331v2", "lambda", functionName="f", principal=STRANGER),
    "trust-anchor-made": made("CreateTrustAnchor", "rolesanywhere"),
    "federation-token": made("GetFederationToken", "sts"),
    "identity-provider-changed": made("UpdateSAMLProvider", "iam"),
    "second-factor-removed": made("DeactivateMFADevice", "iam"),
    "database-password-changed": asks("ModifyDBInstance", "rds", masterUserPassword="****"),
    "shared-outside": asks(
        "ModifySnapshotAttribute", "ec2", createVolumePermission={"add": {"items": [{"userId": STRANGER}]}}
    ),
    "shared-taken": made(
        "SharedSnapshotCopyInitiated", "ec2", userIdentity={"type": "AWSAccount", "accountId": STRANGER}
    ),
    "policy-lets-outsiders-in": asks(
        "PutBucketPolicy", "s3", bucketName="b", bucketPolicy=policy({"AWS": f"arn:aws:iam::{STRANGER}:root"})
    ),
    "replicated-outside": asks("PutBucketReplication", "s3", ReplicationConfiguration={"Account": STRANGER}),
    "machine-exported": made("CreateInstanceExportTask", "ec2"),
    "domain-moved": made("DisableDomainTransferLock", "route53domains"),
    "keys-disabled": made("ScheduleKeyDeletion", "kms"),
    "objects-encrypted": data(
        made("CopyObject", "s3", 5, requestParameters={"x-amz-server-side-encryption-customer-algorithm": "AES256"})
    ),
    "objects-deleted": data(made("DeleteObject", "s3", 30)),
    "versions-deleted": data([*made("ListObjectVersions", "s3"), *made("DeleteObjects", "s3")]),
    "image-removed": made("DeregisterImage", "ec2"),
    "recovery-removed": made("DeleteSnapshot", "ec2", 5),
    "recovery-off": asks("PutBucketVersioning", "s3", VersioningConfiguration={"Status": "Suspended"}),
    "much-deleted": [
        *made("DeleteBucket", "s3", 10),
        *made("DeleteTable", "dynamodb", 9),
        *made("DeleteVolume", "ec2"),
    ],
    "people-locked-out": made("DeleteLoginProfile", "iam", 5),
    "machines-refused": made("RunInstances", "ec2", errorCode="Client.VcpuLimitExceeded"),
    "models-opened": made("PutFoundationModelEntitlement", "bedrock"),
    "commitment-bought": made("CreateSavingsPlan", "savingsplans"),
}
NEIGHBOUR = "555566667777"
"""Another account of ours: its records are held."""
PLAIN: dict[str, list[dict[str, Any]]] = {
    "a model is rolled out": made("UpdateEndpoint", "sagemaker", 9),
    "a program reads its secrets": made("GetSecretValue", "secretsmanager", 9, readOnly=True),
    "a program reads its parameters": made("GetParameters", "ssm", 9, requestParameters={"names": ["a", "b"]}),
    "a network is opened to the office": asks("AuthorizeSecurityGroupIngress", "ec2", **ingress(22, "10.0.0.0/8")),
    "a web server is opened": asks("AuthorizeSecurityGroupIngress", "ec2", **ingress(443)),
    "roles are assumed": made("AssumeRole", "sts", 3),
    "a pipeline deploys a function": by_role(
        made("UpdateFunctionCode20150331v2", "lambda", 5) + asks("UpdateFunctionConfiguration", "lambda", layers=["x"])
    ),
    "a function gets an address of its own": asks("UpdateFunctionConfiguration20150331v2", "lambda", timeout=9),
    "a rule may call a function": asks("AddPermission20150331v2", "lambda", principal="events.amazonaws.com"),
    "a role for machines is made": asks(
        "CreateRole", "iam", assumeRolePolicyDocument=json.dumps(policy({"Service": "ec2.amazonaws.com"}))
    ),
    "a role trusts another account of ours": asks("UpdateFunctionX", "iam")
    + by_role(asks("CreateRole", "iam", assumeRolePolicyDocument=trust(NEIGHBOUR))),
    "a bucket refuses plain HTTP": asks(
        "PutBucketPolicy", "s3", bucketPolicy=policy("*", "Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})
    ),
    "a bucket takes a load balancer's logs": asks(
        "PutBucketPolicy", "s3", bucketPolicy=policy({"AWS": "arn:aws:iam::127311923021:root"})
    ),
    "a bucket is read within the organisation": asks(
        "PutBucketPolicy", "s3", bucketPolicy=policy("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
    ),
    "a bucket is shut to the public": asks(
        "PutBucketPublicAccessBlock", "s3", PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    ),
    "a bucket tidies up after a month": asks(
        "PutBucketLifecycle", "s3", bucketName="data", LifecycleConfiguration={"Rule": {"Expiration": {"Days": 30}}}
    ),
    "a bucket's requests are logged": asks("PutBucketLogging", "s3", BucketLoggingStatus={"LoggingEnabled": {}}),
    "a policy of a few actions": asks(
        "PutRolePolicy", "iam",
        policyDocument=json.dumps(
            {"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "ec2:*"], "Resource": ["*"]}]}
        ),
    ),
    "a snapshot is taken back": asks(
        "ModifySnapshotAttribute", "ec2", createVolumePermission={"remove": {"items": [{"userId": STRANGER}]}}
    ),
    "a snapshot is shared with another account of ours": asks(
        "ModifySnapshotAttribute", "ec2", createVolumePermission={"add": {"items": [{"userId": NEIGHBOUR}]}}
    ),
    "somebody signs in with a factor": signed_in("Success", "Yes"),
    "somebody mistypes": signed_in("Failure", count=3),
    "somebody signs in through the identity provider": by_role(signed_in("Success"), "AWSReservedSSO_dev", "mira"),
    "an instance asks who it is": at_instance(made("GetCallerIdentity", "sts", 9) + made("DescribeInstances", "ec2")),
    "an instance has two ways out": at_instance([*made("PutObject", "s3"), *elsewhere(made("PutObject", "s3"))]),
    "somebody connects to one machine": made("SendSSHPublicKey", "ec2-instance-connect"),
    "mail is sent": made("GetSendQuota", "ses", 9),
    "a scaling group meets a limit": elsewhere(
        made("RunInstances", "ec2", 3, errorCode="Client.VcpuLimitExceeded"), "autoscaling.amazonaws.com"
    ),
    "a detector is made": asks("UpdateDetector", "guardduty", enable=True, findingPublishingFrequency="ONE_HOUR"),
    "images are tidied up": by_role(made("DeregisterImage", "ec2", 9)),
    "a job removes its temporary files": by_role(data(made("DeleteObject", "s3", 60))),
    "somebody removes a folder": data(made("DeleteObjects", "s3", 3)),
    "objects are copied": data(made("CopyObject", "s3", 9, requestParameters={"x-amz-acl": "private"})),
    "a user leaves": [*made("DeleteLoginProfile", "iam"), *made("DeleteAccessKey", "iam"), *made("DeleteUser", "iam")],
    "backups are shortened": asks("ModifyDBInstance", "rds", backupRetentionPeriod=7),
    "a model is asked": made("InvokeModel", "bedrock", 30, readOnly=True),
}  # fmt: skip


def test_every_rule_has_a_case_and_what_a_reader_needs() -> None:
    assert {rule.id for rule in RULES} == set(CASES)
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.title and rule.why.endswith(".") and rule.technique.startswith("T1")
        assert rule.severity in ("high", "medium", "low")


async def test_each_rule_finds_what_it_is_about(room: AuditRoom) -> None:
    accounts = {rule: f"{number:012}" for number, rule in enumerate(CASES, 1)}
    for rule, records in CASES.items():
        mine = [one | {"recipientAccountId": accounts[rule]} for one in records]
        await room.ingest.write([event_of(one, Origin.PUT) for one in mine])
    assert await room.reader.fresh(30)
    found = await room.findings.of(EVERYTHING, AuditQuery())
    said = {(one.account, one.rule.id) for one in found}
    assert {(account, rule) for rule, account in accounts.items()} - said == set()
    assert await room.findings.of(Scope.of("999999999999", "us-east-1"), AuditQuery()) == []


async def test_one_call_less_than_a_rule_asks_for_is_not_told(room: AuditRoom) -> None:
    counted = {rule.id: CASES[rule.id] for rule in RULES if rule.least > 1 or rule.places > 1}
    accounts = {f"{number:012}": id_ for number, id_ in enumerate(counted, 1)}
    for account, id_ in accounts.items():
        mine = [one | {"recipientAccountId": account} for one in counted[id_][:-1]]
        await room.ingest.write([event_of(one, Origin.PUT) for one in mine])
    assert await room.reader.fresh(30)
    found = await room.findings.of(EVERYTHING, AuditQuery())
    assert {one.rule.id for one in found if accounts[one.account] == one.rule.id} == set()


async def test_days_of_plain_work_find_nothing(room: AuditRoom) -> None:
    neighbour = made("UpdateEndpoint", "sagemaker", recipientAccountId=NEIGHBOUR)
    days = {f"{number:012}": name for number, name in enumerate(PLAIN, 1)}
    for account, name in days.items():
        mine = [one | {"recipientAccountId": account} for one in PLAIN[name]]
        await room.ingest.write([event_of(one, Origin.PUT) for one in (*mine, *neighbour)])
    assert await room.reader.fresh(30)
    found = await room.findings.of(EVERYTHING, AuditQuery())
    assert [(days[one.account], one.rule.id) for one in found] == []


async def test_days_of_the_demo_have_the_planted_finding_alone(room: AuditRoom) -> None:
    anchor_ms = NOW + 3 * 3_600_000  # an afternoon of a working day
    feed = AuditFeed(world.create(7, anchor_ms))
    sent = [one for slab in plan(anchor_ms - 72 * 3_600_000, anchor_ms) for one in feed.shipments(slab)]
    records = [record for one in sent for record in json.loads(one.body)["records"]]
    await room.ingest.write([event_of(one, Origin.PUT) for one in records])
    assert await room.reader.fresh(30)
    found = await room.findings.of(EVERYTHING, AuditQuery())
    assert len(records) > 1000
    assert {("secrets-in-bulk", READER)} == {(one.rule.id, one.user_name) for one in found}


async def test_the_attacks_of_a_real_account_are_found_without_their_labels(room: AuditRoom, repository: Path) -> None:
    data = repository.parent / "shared" / "data" / "cloudtrail_invictus"
    if not data.is_dir():
        pytest.skip("the CloudTrail files of invictus are not on this machine")
    await room.imports.run(str(data))
    assert await room.reader.fresh(30)
    found = {id_ for one in await room.findings.of(EVERYTHING, AuditQuery()) for id_ in one.ids}
    events = (await room.reader.page(EVERYTHING, AuditQuery(facets={"category": ("Management",)}), 2000)).events
    runs = {one.user_agent for one in events if one.user_agent.startswith("stratus-red-team_")}
    caught = {one.user_agent for one in events if one.id in found} & runs
    assert (len(events), len(runs)) == (954, 28)
    assert len(caught) >= 20
