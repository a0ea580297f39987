"""The partitions of AWS: which one a region is in. ARNs begin with it."""

BY_REGION = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("us-iso-", "aws-iso"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
)
"""How the names of regions begin, and their partitions. Source: botocore's `partitions.json`."""


def partition_of(region: str) -> str:
    """The partition of a region by how its name begins; `aws` for every other, and for no region."""
    return next((partition for begin, partition in BY_REGION if region.startswith(begin)), "aws")


def service_of(arn: str) -> str:
    """The service that an ARN of any partition names; "" for what is no ARN."""
    parts = arn.split(":", 3)
    return parts[2] if len(parts) == 4 and parts[0] == "arn" else ""
