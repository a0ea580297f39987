"""The IAM policy that a read needs, made of the operations that the sources declare: exactly those, and all of them."""

from collections.abc import Iterable, Set
from typing import Any

from trimtab.accounts.describe.contract import Operation
from trimtab.accounts.describe.every import operations

METRICS = frozenset((("cloudwatch", "GetMetricData"),))
AUDIT = frozenset((("cloudtrail", "LookupEvents"),))
SPOT = frozenset((("ec2", "DescribeSpotPriceHistory"),))
REGIONS = frozenset((("ec2", "DescribeRegions"),))

_PREFIXES = {"elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing", "service-quotas": "servicequotas"}
_NAMES = {
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
    ("s3", "ListMultipartUploads"): "s3:ListBucketMultipartUploads",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
}
"""Operations whose IAM action is called otherwise. Source: Service Authorization Reference, read 2026-11-28."""
_VERBS = ("Describe", "Get", "List", "Lookup")


def allowed() -> Set[Operation]:
    """Every operation that a read may send."""
    return frozenset(operations()) | METRICS | AUDIT | SPOT | REGIONS


def action(operation: Operation) -> str:
    """The IAM action of an operation."""
    service, name = operation
    return _NAMES.get(operation, f"{_PREFIXES.get(service, service)}:{name}")


def policy(wanted: Iterable[Operation] | None = None) -> dict[str, Any]:
    """The policy document; `sts:GetCallerIdentity` needs no permission."""
    actions = sorted({action(one) for one in (allowed() if wanted is None else wanted)})
    return {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "TrimtabReadOnly", "Effect": "Allow", "Action": actions, "Resource": "*"}],
    }


def is_read(operation: Operation) -> bool:
    """Whether an operation's name says that it only reads."""
    return operation[1].startswith(_VERBS)
