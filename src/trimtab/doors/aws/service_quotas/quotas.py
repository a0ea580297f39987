"""Operations on quotas as they are, and as AWS gives them by default."""

from typing import Any

from trimtab.base.errors import NotFound
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.service_quotas.rooms import QuotaRooms, known, of_code, of_service, operations, page
from trimtab.inventory.service_quotas import ServiceQuota


@operations.add("ListServices")
async def list_services(rooms: QuotaRooms, request: Request, context: CallContext) -> Answer:
    """Services of which a quota is known: of an account that is read, and clusters with quotas of teams."""
    names = {one.service: one.service_name for one in await known(rooms, context)}
    shown, more = page(sorted(names.items()), request)
    return {"Services": [{"ServiceCode": code, "ServiceName": name} for code, name in shown], **more}


@operations.add("ListServiceQuotas")
async def list_service_quotas(rooms: QuotaRooms, request: Request, context: CallContext) -> Answer:
    """The quotas of a service as they were last read."""
    found = [
        one
        for one in await of_service(rooms, request, context)
        if request.get("QuotaCode") in (None, one.code) and request.get("QuotaAppliedAtLevel") != "RESOURCE"
    ]
    shown, more = page(found, request)
    return {"Quotas": [shape(one, one.value) for one in shown], **more}


@operations.add("GetServiceQuota")
async def get_service_quota(rooms: QuotaRooms, request: Request, context: CallContext) -> Answer:
    """One quota as it was last read."""
    one = await of_code(rooms, request, context)
    return {"Quota": shape(one, one.value)}


@operations.add("ListAWSDefaultServiceQuotas")
async def list_default_quotas(rooms: QuotaRooms, request: Request, context: CallContext) -> Answer:
    """What the quotas of a service are before anybody asks for more; own clusters have no defaults."""
    found = [(one, one.default) for one in await of_service(rooms, request, context) if one.default is not None]
    shown, more = page(found, request)
    return {"Quotas": [shape(one, value) for one, value in shown], **more}


@operations.add("GetAWSDefaultServiceQuota")
async def get_default_quota(rooms: QuotaRooms, request: Request, context: CallContext) -> Answer:
    """What one quota is before anybody asks for more."""
    one = await of_code(rooms, request, context)
    if one.default is None:
        raise NotFound(f"The request failed because the quota {one.code} has no default value.")
    return {"Quota": shape(one, one.default)}


def shape(one: ServiceQuota, value: float) -> dict[str, Any]:
    """A quota as the API describes it."""
    metric = {
        "MetricNamespace": one.metric.get("Namespace", ""),
        "MetricName": one.metric.get("Name", ""),
        "MetricDimensions": one.metric.get("Dimensions", {}),
        "MetricStatisticRecommendation": one.metric.get("Statistic", ""),
    }
    return {
        "ServiceCode": one.service,
        "ServiceName": one.service_name,
        "QuotaArn": one.arn,
        "QuotaCode": one.code,
        "QuotaName": one.name,
        "Value": value,
        "Unit": one.unit,
        "Adjustable": one.adjustable,
        "GlobalQuota": one.everywhere,
        "QuotaAppliedAtLevel": "ACCOUNT",
        **({"UsageMetric": {name: text for name, text in metric.items() if text}} if one.metric else {}),
    }
