"""Quotas of an account with what AWS gives to everybody: moto has none, so the calls are answered here."""

from collections.abc import Iterator
from typing import Any

from trimtab.accounts.describe.contract import Place
from trimtab.accounts.describe.quotas import SOURCES
from trimtab.base.errors import AccessDenied, NotFound

CODE = "L-417A185B"


class Answers:
    """Service Quotas of an account that has quotas of EC2 alone; `denied` are operations that it may not call."""

    def __init__(self, *denied: str) -> None:
        self.denied = denied

    def call(self, service: str, region: str, operation: str, **asked: Any) -> dict[str, Any]:
        raise AssertionError("only lists are asked for")

    def pages(self, service: str, region: str, operation: str, key: str, **asked: Any) -> Iterator[Any]:
        if operation in self.denied:
            raise AccessDenied(f"no {operation}")
        if asked["ServiceCode"] != "ec2":
            raise NotFound("not here")
        value = 192.0 if operation == "ListServiceQuotas" else 0.0
        yield {"ServiceCode": "ec2", "ServiceName": "Amazon EC2", "QuotaCode": CODE, "QuotaName": "P", "Value": value}


def test_a_quota_has_its_value_and_its_default() -> None:
    [found] = SOURCES[0].read(Place(Answers(), "123456789012", "us-east-1", 0))
    assert (192.0, 0.0, "Amazon EC2") == tuple(
        found.attributes[name] for name in ("Value", "DefaultValue", "ServiceName")
    )
    assert f"arn:aws:servicequotas:us-east-1:123456789012:quota/ec2/{CODE}" == found.arn


def test_without_the_permission_for_defaults_quotas_are_read_without_them() -> None:
    place = Place(Answers("ListAWSDefaultServiceQuotas"), "123456789012", "us-east-1", 0)
    [found] = SOURCES[0].read(place)
    assert 192.0 == found.attributes["Value"]
    assert "DefaultValue" not in found.attributes
