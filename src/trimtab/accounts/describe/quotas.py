"""Quotas that the account has of the services that advice looks at, with what they are by default."""

from collections.abc import Iterator

from trimtab.accounts.describe.contract import Found, Place, Source, picked
from trimtab.base.errors import NotFound, TrimtabError

_SERVICES = (
    *("ec2", "ebs", "vpc", "elasticloadbalancing", "autoscaling", "rds", "lambda", "sagemaker", "ecs", "eks"),
    "dynamodb",
)


def _quotas(place: Place) -> Iterator[Found]:
    for service in _SERVICES:
        pages = place.pages("service-quotas", "ListServiceQuotas", "Quotas", ServiceCode=service)
        defaults = _defaults(place, service)
        try:
            for item in pages:
                code = item["QuotaCode"]
                facts = picked(
                    item,
                    *("ServiceCode", "ServiceName", "QuotaCode", "QuotaName", "Value", "Unit", "Adjustable"),
                    "GlobalQuota",
                )
                if code in defaults:
                    facts["DefaultValue"] = defaults[code]
                if usage := item.get("UsageMetric"):
                    facts["UsageMetric"] = {
                        "Namespace": usage.get("MetricNamespace", ""),
                        "Name": usage.get("MetricName", ""),
                        "Dimensions": usage.get("MetricDimensions", {}),
                        "Statistic": usage.get("MetricStatisticRecommendation", ""),
                    }
                # The ARN that AWS gives has no type in it: named as IAM's own resource types are.
                arn = place.arn("servicequotas", f"quota/{service}/{code}")
                yield Found(arn, item.get("QuotaName", ""), service, {}, facts)
        except NotFound:  # the service is not offered in the region
            continue


def _defaults(place: Place, service: str) -> dict[str, float]:
    """What AWS gives to everybody, by code. Without the permission nothing is known."""
    try:
        listed = list(place.pages("service-quotas", "ListAWSDefaultServiceQuotas", "Quotas", ServiceCode=service))
    except TrimtabError:
        return {}
    return {item["QuotaCode"]: item["Value"] for item in listed if item.get("Value") is not None}


_CALLED = ("service-quotas", "ListServiceQuotas"), ("service-quotas", "ListAWSDefaultServiceQuotas")
SOURCES = (Source("quotas", ("servicequotas:quota",), _CALLED, _quotas),)
