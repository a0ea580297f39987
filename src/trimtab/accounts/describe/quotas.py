"""Quotas that the account has of the services that advice looks at."""

from collections.abc import Iterator

from trimtab.accounts.describe.contract import Found, Place, Source, picked
from trimtab.base.errors import NotFound

_SERVICES = (
    *("ec2", "ebs", "vpc", "elasticloadbalancing", "autoscaling", "rds", "lambda", "sagemaker", "ecs", "eks"),
    "dynamodb",
)


def _quotas(place: Place) -> Iterator[Found]:
    for service in _SERVICES:
        pages = place.pages("service-quotas", "ListServiceQuotas", "Quotas", ServiceCode=service)
        try:
            for item in pages:
                code = item["QuotaCode"]
                facts = picked(item, "ServiceCode", "QuotaCode", "QuotaName", "Value", "Unit", "Adjustable")
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


SOURCES = (Source("quotas", ("servicequotas:quota",), (("service-quotas", "ListServiceQuotas"),), _quotas),)
