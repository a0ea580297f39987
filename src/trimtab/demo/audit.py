"""Who did what in the company, as CloudTrail records: roll-outs, changes by people, what machines ask all day.

Planted: the roll-out that made the degraded endpoint slow and its errors new, with who did it and what it changed; who
made what nobody tagged; and a key that reads every secret of the serving account within two minutes. Records are a
function of the seed and the time, so that a history sent in parts is the one sent at once.
"""

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from trimtab.demo.bill import services
from trimtab.demo.company import ACCOUNTS, REGION, RESEARCH, SERVING, Account
from trimtab.demo.endpoints import DEGRADED, ENDPOINTS, THINNED
from trimtab.demo.simulation import Shipment
from trimtab.demo.slab import Slab
from trimtab.demo.world import FINE_S, World, ago

PATH = "/rest/v1/audit/events"
FIRST_REVISION = 11
"""Of an endpoint: its deploys count on from here, as its logs and traces do."""
PEOPLE = {"assistant": "mira", "search": "jonas", "vision": "lena", "foundation": "arun"}
"""Who rolls out the endpoints of each team."""
READER, READER_KEY = "ci-deploy", "AKIADEMOCI0DEPLOYKEY"
"""Whose key reads the secrets, from an address that it was never used from."""
READ_SINCE_H, SECRETS = 9.0, 36
"""Hours before the anchor at which it does, and how many."""
_ELSEWHERE, _OFFICE = "203.0.113.77", "198.51.100.20"
_HOUR_MS = 3_600_000
_A_REQUEST = 500  # records
_BEFORE_MS = 90_000  # a roll-out is asked for this long before the new version takes requests

_MACHINES = (
    ("cluster-autoscaler", "autoscaling", "DescribeAutoScalingGroups"),
    ("cluster-autoscaler", "ec2", "DescribeInstances"),
    ("node-health", "ec2", "DescribeInstanceStatus"),
    ("billing-export", "ce", "GetCostAndUsage"),
    ("registry-sync", "ecr", "DescribeImages"),
)
_CHORES = (
    ("ssm", "PutParameter", "name", "/serving/flags/{team}"),
    ("autoscaling", "UpdateAutoScalingGroup", "autoScalingGroupName", "{team}-workers"),
    ("ec2", "CreateTags", "resourceId", "i-0{hex}"),
    ("s3", "PutBucketLifecycle", "bucketName", "{team}-checkpoints"),
    ("iam", "PutRolePolicy", "roleName", "{team}-batch"),
)


class AuditFeed:
    """The records of every account."""

    def __init__(self, world: World) -> None:
        self._world = world
        planted = [*_deploys(world), *_untagged(world), *_secrets_read(world), *_detour(world)]
        self._planted = sorted(planted, key=lambda one: one[0])

    def shipments(self, slab: Slab) -> Iterator[Shipment]:
        """The requests of a slab: what happened at its times and, in a coarse one, between them."""
        first_ms = slab.first_ms - FINE_S * 1000 + 1
        last_ms = slab.last_ms + (slab.step_s - FINE_S) * 1000
        waiting: dict[str, list[dict[str, Any]]] = {account.id: [] for account in ACCOUNTS}
        for _, record in self._between(first_ms, last_ms):
            records = waiting[record["recipientAccountId"]]
            records.append(record)
            if len(records) >= _A_REQUEST:
                yield _request(record["recipientAccountId"], records)
                records.clear()
        for account, records in waiting.items():
            if records:
                yield _request(account, records)

    def _between(self, first_ms: int, last_ms: int) -> Iterator[tuple[int, dict[str, Any]]]:
        yield from (one for one in self._planted if first_ms <= one[0] <= last_ms)
        for hour_ms in range(first_ms // _HOUR_MS * _HOUR_MS, last_ms + 1, _HOUR_MS):
            for account in ACCOUNTS:
                for at_ms, record in self._hour(account, hour_ms):
                    if first_ms <= at_ms <= last_ms:
                        yield at_ms, record

    def _hour(self, account: Account, hour_ms: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """What an account does in an hour that is nothing special."""
        for number, (role, source, name) in enumerate(_MACHINES):
            chance = self._chance(account.id, hour_ms, role + name)
            at_ms = hour_ms + number * 700_000 + chance % 600_000
            id_ = f"{hour_ms}/{number}"
            yield at_ms, _record(account, at_ms, id_, _role(account, role), source, name, read=True)
        weekday, hour = datetime.fromtimestamp(hour_ms / 1000, UTC).weekday(), hour_ms // _HOUR_MS % 24
        if weekday < 5 and 7 <= hour < 18:
            chance = self._chance(account.id, hour_ms, "chore")
            team = sorted(PEOPLE)[chance % len(PEOPLE)]
            source, name, key, value = _CHORES[chance // 7 % len(_CHORES)]
            named = {key: value.format(team=team, hex=f"{chance:08x}")}
            at_ms = hour_ms + chance % _HOUR_MS
            who = _person(account, PEOPLE[team])
            yield at_ms, _record(account, at_ms, f"{hour_ms}/chore", who, source, name, named)

    def _chance(self, *parts: object) -> int:
        return zlib.crc32("/".join(map(str, (self._world.seed, *parts))).encode())


def asked_ms(world: World, hours: float) -> int:
    """When a roll-out was asked for that took requests `hours` before the anchor."""
    return ago(world.anchor_ms, hours) - _BEFORE_MS


def _deploys(world: World) -> Iterator[tuple[int, dict[str, Any]]]:
    for endpoint in ENDPOINTS:
        for number, hours in enumerate(endpoint.deploys, 1):
            at_ms, revision = asked_ms(world, hours), FIRST_REVISION + number
            asked: dict[str, Any] = {
                "endpointName": endpoint.name,
                "endpointConfigName": f"{endpoint.name}-r{revision}",
                "revision": revision,
                "modelName": endpoint.model,
            }
            if endpoint.name == DEGRADED and number == len(endpoint.deploys):
                asked["serverArguments"] = {"added": "--enforce-eager --gpu-memory-utilization=0.45", "removed": ""}
                asked["note"] = "quieter start-up"
            if endpoint.name == THINNED and number == len(endpoint.deploys):
                asked["gateway"] = {"answerCache": "on", "keyedBy": "passages"}
                asked["desiredInstanceCount"] = endpoint.replicas
                asked["note"] = "answers repeated questions from a cache; replicas as before"
            who = _person(SERVING, PEOPLE[endpoint.team])
            id_ = f"deploy/{endpoint.name}/{number}"
            yield at_ms, _record(SERVING, at_ms, id_, who, "sagemaker", "UpdateEndpoint", asked)


def _untagged(world: World) -> Iterator[tuple[int, dict[str, Any]]]:
    """Lena makes what nobody tagged."""
    since_ms = services.untagged_since_ms(world.anchor_ms)
    for number, service in enumerate(services.UNTAGGED):
        at_ms = since_ms + number * 240_000
        name = service.resource.rpartition("/")[2].rpartition(":")[2]
        asked: dict[str, Any] = {"endpointName": name} if "endpoint" in service.resource else {"bucketName": name}
        call = ("sagemaker", "CreateEndpoint") if "endpoint" in service.resource else ("s3", "CreateBucket")
        yield at_ms, _record(RESEARCH, at_ms, f"untagged/{number}", _person(RESEARCH, PEOPLE["vision"]), *call, asked)


def _detour(world: World) -> Iterator[tuple[int, dict[str, Any]]]:
    """The serving cluster loses its endpoint for S3, and has its way to buckets go through the NAT gateway."""
    start_ms, end_ms = services.detour_ms(world.anchor_ms)
    endpoint, table = "vpce-0c41f7d92ab3e8f65", "rtb-0f82c61d4be93a570"
    asked: tuple[tuple[int, str, dict[str, Any]], ...] = (
        (start_ms + 1_260_000, "DeleteVpcEndpoints", {"vpcEndpointId": endpoint}),
        (start_ms + 1_320_000, "CreateRoute", {"routeTableId": table, "natGatewayId": services.NAT}),
        (end_ms - 1_800_000, "CreateVpcEndpoint", {"serviceName": f"com.amazonaws.{REGION}.s3", "routeTableId": table}),
    )
    for at_ms, name, what in asked:
        yield at_ms, _record(SERVING, at_ms, f"detour/{name}", _person(SERVING, PEOPLE["search"]), "ec2", name, what)


def _secrets_read(world: World) -> Iterator[tuple[int, dict[str, Any]]]:
    """A key of the pipeline reads one secret after the other, from elsewhere."""
    since_ms = ago(world.anchor_ms, READ_SINCE_H)
    who = _person(SERVING, READER) | {"accessKeyId": READER_KEY}
    for number in range(SECRETS):
        at_ms = since_ms + number * 2_400
        secret = {"secretId": f"arn:aws:secretsmanager:{REGION}:{SERVING.id}:secret:serving/{number:02}"}
        record = _record(SERVING, at_ms, f"secret/{number}", who, "secretsmanager", "GetSecretValue", secret, read=True)
        yield at_ms, record | {"sourceIPAddress": _ELSEWHERE, "userAgent": "python-requests/2.32"}


def _person(account: Account, name: str) -> dict[str, Any]:
    return {
        "type": "IAMUser",
        "principalId": f"AIDA{zlib.crc32(name.encode()):08X}",
        "arn": f"arn:aws:iam::{account.id}:user/{name}",
        "accountId": account.id,
        "userName": name,
    }


def _role(account: Account, name: str) -> dict[str, Any]:
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{account.id}:assumed-role/{name}/{account.cluster}",
        "accountId": account.id,
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": name}},
    }


def _record(
    account: Account, at_ms: int, id_: str, who: dict[str, Any], source: str, name: str,
    asked: dict[str, Any] | None = None, *, read: bool = False,
) -> dict[str, Any]:  # fmt: skip
    when = datetime.fromtimestamp(at_ms // 1000, UTC)
    return {
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": f"{source}.amazonaws.com" if who["type"] == "AssumedRole" else _OFFICE,
        "userAgent": "aws-sdk-go-v2/1.30" if who["type"] == "AssumedRole" else "aws-cli/2.22",
        "requestParameters": asked,
        "responseElements": None,
        "eventID": f"demo-{account.id}-{id_}",
        "readOnly": read,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account.id,
        "eventCategory": "Management",
    }


def _request(account: str, records: list[dict[str, Any]]) -> Shipment:
    return Shipment(account, PATH, json.dumps({"records": records}).encode(), len(records))
