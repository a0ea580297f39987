"""What is wrong with the company's AWS accounts, for the advisor to find: ten faults, and a healthy thing beside each.

They go through the inventory's REST door, as a connector would tell of them: ARNs, tags, attributes of describe calls.
Each fault is found by its check and by no other check.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.client.advice import AdviceCalls
from trimtab.client.api import Client
from trimtab.client.inventory import Inventory
from trimtab.client.inventory_wire import ResourceRecord
from trimtab.demo.company import REGION, RESEARCH, SERVING, TRAINING, Account

ORIGIN = "demo-accounts"
_DAY_MS = 86_400_000


class Fault(Struct, frozen=True):
    """A thing with a fault, and the check that must find it. `days` are attributes that are times, days ago."""

    check: str
    account: Account
    arn: str
    team: str
    says: str
    attributes: Mapping[str, Any]
    days: Mapping[str, float]
    type: str = ""

    @property
    def name(self) -> str:
        """What findings call it."""
        return (
            self.arn.rpartition(":")[2].rpartition("/")[2] if ":log-group:" not in self.arn else self.arn.split(":")[6]
        )

    def whole(self) -> str:
        """Its ARN with region and account."""
        return self.arn.format(region=REGION, account=self.account.id)


_VARIANT = {"VariantName": "live", "InstanceType": "ml.g5.2xlarge", "CurrentInstanceCount": 2}
_TARGETS = [{"VariantName": "live", "MinCapacity": 2, "MaxCapacity": 6}]
_SERVING = {"EndpointStatus": "InService", "ScalableTargets": _TARGETS}
_SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ["0.0.0.0/0"], "Ipv6Ranges": []}
_WEB = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": ["0.0.0.0/0"], "Ipv6Ranges": []}
_BOOK = {"NotebookInstanceStatus": "InService", "DirectInternetAccess": "Disabled", "InstanceType": "ml.g5.xlarge"}
_DISK = {"VolumeType": "gp3", "Encrypted": True}
_BUCKET = {
    "PublicAccessBlock": True, "Versioning": "Enabled", "Logging": True, "Encryption": "AES256",
    "LifecycleRules": [{"ID": "abort", "Status": "Enabled", "AbortIncompleteMultipartUpload": 7}],
    "MultipartUploads": {},
}  # fmt: skip
_DATABASE = {
    "DBInstanceStatus": "available", "Engine": "postgres", "AllocatedStorage": 200, "MultiAZ": True,
    "PubliclyAccessible": False, "StorageEncrypted": True, "BackupRetentionPeriod": 7, "DeletionProtection": True,
    "AutoMinorVersionUpgrade": True,
}  # fmt: skip
_SAGEMAKER, _EC2 = "arn:aws:sagemaker:{region}:{account}", "arn:aws:ec2:{region}:{account}"

FAULTS = (
    Fault(
        "trimtab-idle-notebook",
        RESEARCH,
        f"{_SAGEMAKER}:notebook-instance/synth-lab",
        "vision",
        "a notebook with a GPU is in service for 19 days without a stop",
        _BOOK,
        {"CreationTime": 41, "LastModifiedTime": 19},
        "ml.g5.xlarge",
    ),
    Fault(
        "trimtab-endpoint-without-alarms",
        SERVING,
        f"{_SAGEMAKER}:endpoint/reranker",
        "search",
        "an endpoint whose latency and errors nobody watches",
        {**_SERVING, "ProductionVariants": [_VARIANT]},
        {"CreationTime": 5},
    ),
    Fault(
        "trimtab-single-az-endpoint",
        SERVING,
        f"{_SAGEMAKER}:endpoint/captions",
        "vision",
        "an endpoint on one machine, which ends with its zone",
        {**_SERVING, "ProductionVariants": [{**_VARIANT, "CurrentInstanceCount": 1}]},
        {"CreationTime": 6},
    ),
    Fault(
        "DAvU99Dc4C",
        TRAINING,
        f"{_EC2}:volume/vol-0d3a7c51b2e94f608",
        "foundation",
        "2 TiB of gp3 attached to nothing",
        {**_DISK, "State": "available", "Size": 2048},
        {"CreateTime": 64},
        "gp3",
    ),
    Fault(
        "trimtab-no-owner",
        RESEARCH,
        "arn:aws:s3:::synth-street-exports",
        "",
        "a bucket that no tag gives to anybody",
        _BUCKET,
        {"CreationDate": 52},
    ),
    Fault(
        "Z4AUBRNSmz",
        SERVING,
        f"{_EC2}:elastic-ip/eipalloc-04be71f0c92d5a638",
        "assistant",
        "an elastic address that points nowhere",
        {"PublicIp": "198.51.100.61", "AllocationId": "eipalloc-04be71f0c92d5a638"},
        {},
    ),
    Fault(
        "HCP4007jGY",
        TRAINING,
        f"{_EC2}:security-group/sg-0a91c37e55d2f8b04",
        "foundation",
        "SSH to the training nodes is open to everybody",
        {"GroupName": "train-debug", "IpPermissions": [_SSH]},
        {},
    ),
    Fault(
        "opQPADkZvH",
        SERVING,
        "arn:aws:rds:{region}:{account}:db:feature-store",
        "search",
        "the database of features is not backed up",
        {**_DATABASE, "BackupRetentionPeriod": 0},
        {"InstanceCreateTime": 90},
        "db.m6g.large",
    ),
    Fault(
        "trimtab-old-snapshot",
        TRAINING,
        f"{_EC2}:snapshot/snap-0c6f2e18d7a4b9035",
        "foundation",
        "a snapshot of seven months whose volume is gone",
        {"VolumeId": "vol-0000000000000dead", "VolumeSize": 4096, "StorageTier": "standard"},
        {"StartTime": 214},
    ),
    Fault(
        "trimtab-spot-without-checkpoints",
        RESEARCH,
        f"{_SAGEMAKER}:training-job/detector-tune-0411",
        "vision",
        "nine hours of training on spot without checkpoints",
        {
            "TrainingJobStatus": "Completed",
            "EnableManagedSpotTraining": True,
            "InstanceType": "ml.g5.12xlarge",
            "InstanceCount": 2,
            "TrainingTimeInSeconds": 32_400,
            "BillableTimeInSeconds": 11_200,
        },
        {"CreationTime": 4},
    ),
    Fault(
        "trimtab-eks-extended-support",
        SERVING,
        "arn:aws:eks:{region}:{account}:cluster/serving-prod",
        "assistant",
        "the serving cluster runs a version in extended support",
        {"version": "1.30", "endpointPublicAccess": False, "loggingTypes": ["api", "audit"], "status": "ACTIVE"},
        {"createdAt": 400},
    ),
)
"""The faults, each with what its check needs and nothing else wrong."""

_IN_ORDER: tuple[tuple[Account, str, str, Mapping[str, Any], Mapping[str, float]], ...] = (
    (
        SERVING,
        f"{_SAGEMAKER}:endpoint/ranker",
        "search",
        {**_SERVING, "ProductionVariants": [_VARIANT]},
        {"CreationTime": 3.0},
    ),
    (
        RESEARCH,
        f"{_SAGEMAKER}:notebook-instance/night-lab",
        "search",
        {**_BOOK, "NotebookInstanceStatus": "Stopped"},
        {"LastModifiedTime": 9.0},
    ),
    (SERVING, "arn:aws:rds:{region}:{account}:db:sessions", "assistant", _DATABASE, {"InstanceCreateTime": 200.0}),
    (TRAINING, "arn:aws:s3:::atlas-checkpoints", "foundation", _BUCKET, {"CreationDate": 300.0}),
    (
        SERVING,
        f"{_EC2}:security-group/sg-0b22d41c7a9e63f10",
        "assistant",
        {"GroupName": "web", "IpPermissions": [_WEB]},
        {},
    ),
)
_HEALTHY = tuple(Fault("", account, arn, team, "", facts, days) for account, arn, team, facts, days in _IN_ORDER)
"""A thing in order beside each kind that has a fault."""
_WATCHED = ("captions", "ranker")
"""Endpoints with an alarm in CloudWatch."""


def put_faults(url: str, tokens: Mapping[str, str], now_ms: int) -> None:
    """Tell the inventory of everything, account by account, and let the checks run over it."""
    for account in (TRAINING, SERVING, RESEARCH):
        mine = [record(one, now_ms) for one in (*FAULTS, *_HEALTHY) if one.account is account]
        if account is SERVING:
            mine += [alarm(name) for name in _WATCHED]
        with Client(url, tokens[account.id]) as client:
            Inventory(client).put(mine, ORIGIN)


def refresh(client: Client) -> None:
    """Judge every check now: whoever opens the demo need not wait for the night."""
    AdviceCalls(client).refresh([])


def record(one: Fault, now_ms: int) -> ResourceRecord:
    """A thing as the inventory's door takes it."""
    times = {name: now_ms - int(days * _DAY_MS) for name, days in one.days.items()}
    tags = {"team": one.team} if one.team else {}
    return ResourceRecord(
        arn=one.whole(),
        account=one.account.id,
        region=REGION,
        name=one.name,
        type=one.type,
        tags=tags,
        attributes={**one.attributes, **times},
    )


def alarm(endpoint: str) -> ResourceRecord:
    """An alarm in CloudWatch on the errors of an endpoint."""
    name = f"{endpoint}-errors"
    attributes = {
        "AlarmName": name,
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Dimensions": {"EndpointName": endpoint, "VariantName": "live"},
        "ActionsEnabled": True,
        "AlarmActions": [f"arn:aws:sns:{REGION}:{SERVING.id}:oncall"],
    }
    arn = f"arn:aws:cloudwatch:{REGION}:{SERVING.id}:alarm:{name}"
    return ResourceRecord(arn=arn, account=SERVING.id, region=REGION, name=name, attributes=attributes)
