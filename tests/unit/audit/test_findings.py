"""Findings: what the rules are about is found, and what is not stays unsaid."""

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

pytestmark = pytest.mark.anyio
NOW = 1_764_072_000_000


def made(name: str, source: str, count: int = 1, **more: Any) -> list[dict[str, Any]]:
    return [
        record(NOW + n, f"{name}-{n}", eventName=name, eventSource=f"{source}.amazonaws.com", **more)
        for n in range(count)
    ]


INSTANCE = {
    "type": "AssumedRole",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/web/i-0abc",
    "sessionContext": {"sessionIssuer": {"userName": "web"}},
}
WORLD = {"ipPermissions": {"items": [{"ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}}
CASES: dict[str, list[dict[str, Any]]] = {
    "trail-weakened": made("StopLogging", "cloudtrail"),
    "logs-deleted": made("DeleteFlowLogs", "ec2"),
    "left-organisation": made("LeaveOrganization", "organizations"),
    "secrets-in-bulk": made("GetSecretValue", "secretsmanager", 10, readOnly=True),
    "windows-passwords": made("GetPasswordData", "ec2", 3),
    "user-data-read": made("DescribeInstanceAttribute", "ec2", 5, requestParameters={"attribute": "userData"}),
    "commands-on-instances": made("SendCommand", "ssm"),
    "role-tried-repeatedly": made("AssumeRole", "sts", 4),
    "denied-repeatedly": made("RunInstances", "ec2", 10, errorCode="AccessDenied"),
    "instance-credentials-elsewhere": [
        record(NOW, "i1", userIdentity=INSTANCE), record(NOW, "i2", userIdentity=INSTANCE, sourceIPAddress="9.9.9.9")
    ],
    "looked-around": [one for n in range(20) for one in made(f"Describe{n}", "ec2", readOnly=True)],
    "opened-to-the-world": made("AuthorizeSecurityGroupIngress", "ec2", requestParameters=WORLD),
    "shared-outside": made("ModifySnapshotAttribute", "ec2"),
    "access-made": made("CreateAccessKey", "iam"),
    "root-used": [record(NOW, "r1", userIdentity={"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"})],
    "keys-disabled": made("ScheduleKeyDeletion", "kms"),
}  # fmt: skip


def test_every_rule_has_a_case() -> None:
    assert {rule.id for rule in RULES} == set(CASES)


async def test_each_rule_finds_what_it_is_about(room: AuditRoom) -> None:
    accounts = {rule: f"{number:012}" for number, rule in enumerate(CASES, 1)}
    for rule, records in CASES.items():
        mine = [one | {"recipientAccountId": accounts[rule]} for one in records]
        await room.ingest.write([event_of(one, Origin.PUT) for one in mine])
    assert await room.reader.fresh(30)
    found = await room.findings.of(EVERYTHING, AuditQuery())
    said = {(one.account, one.rule.id) for one in found}
    assert {(account, rule) for rule, account in accounts.items()} <= said
    assert await room.findings.of(Scope.of("999999999999", "us-east-1"), AuditQuery()) == []


async def test_a_day_of_plain_work_finds_nothing(room: AuditRoom) -> None:
    plain = [
        *made("UpdateEndpoint", "sagemaker", 9),
        *made("GetSecretValue", "secretsmanager", 9, readOnly=True),
        *made("AuthorizeSecurityGroupIngress", "ec2", requestParameters={"cidrIp": "10.0.0.0/8"}),
        *made("AssumeRole", "sts", 3),
    ]
    await room.ingest.write_new([event_of(one, Origin.PUT) for one in plain])
    assert await room.reader.fresh(30)
    assert await room.findings.of(EVERYTHING, AuditQuery()) == []


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
