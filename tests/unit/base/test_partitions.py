"""Which partition a region is in, and ARNs of every partition."""

import pytest

from trimtab.alarms.model import AlarmKey
from trimtab.base.partitions import partition_of, service_of


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-1", "aws"),
        ("", "aws"),
        ("ap-southeast-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_a_region_is_in_the_partition_that_botocore_knows(region: str, partition: str) -> None:
    assert partition == partition_of(region)
    assert AlarmKey("123456789012", region, "high").arn.startswith(f"arn:{partition}:cloudwatch:{region}:")


def test_the_service_of_an_arn_is_told_whatever_its_partition() -> None:
    assert ["sns", "sns", "", ""] == [
        service_of(arn) for arn in ("arn:aws:sns:x:1:t", "arn:aws-cn:sns:x:1:t", "https://sns", "arn:aws:sns")
    ]
