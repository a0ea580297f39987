"""Operations on requests for higher quotas. One is approved when the quota is read to be as high as it asks."""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.service_quotas.rooms import QuotaRooms, known, of_code, operations, page
from trimtab.inventory.quota_requests import QuotaRequest
from trimtab.inventory.service_quotas import ServiceQuota

Known = Mapping[tuple[str, str], ServiceQuota]


@operations.add("RequestServiceQuotaIncrease", needs=Role.WRITE)
async def request_increase(rooms: QuotaRooms, request: Request, context: CallContext) -> Answer:
    """Ask for more: the request is kept and put on the event bus; who may raises the quota where it is kept."""
    quota = await of_code(rooms, request, context)
    desired = request["DesiredValue"]
    if not quota.adjustable:
        raise InvalidInput(f"The quota {quota.code} is not adjustable.")
    if desired <= quota.value:
        raise InvalidInput(
            f"You must provide a quota value greater than the current quota value of {quota.value:g}; got {desired:g}."
        )
    place = context.account, context.region
    for one in await rooms.requests.listed(place):
        if (one.service, one.code) == (quota.service, quota.code) and one.desired > quota.value:
            raise Conflict("Only one open service quota increase request is allowed per quota.")
    made = await rooms.requests.add(place, quota.service, quota.code, desired, context.principal.name)
    told = _shape(made, {(quota.service, quota.code): quota})
    detail = {**told, "CurrentValue": quota.value}
    await rooms.announce(place, "Service Quota Increase Request", quota.arn, detail)
    return {"RequestedQuota": told}


@operations.add("GetRequestedServiceQuotaChange")
async def get_request(rooms: QuotaRooms, request: Request, context: CallContext) -> Answer:
    """One request, and whether the quota is as high by now."""
    one = await rooms.requests.get((context.account, context.region), request["RequestId"])
    return {"RequestedQuota": _shape(one, await _known(rooms, context))}


@operations.add("ListRequestedServiceQuotaChangeHistory")
async def list_requests(rooms: QuotaRooms, request: Request, context: CallContext) -> Answer:
    """Requests, the newest first."""
    return await _listed(rooms, request, context)


@operations.add("ListRequestedServiceQuotaChangeHistoryByQuota")
async def list_requests_of_quota(rooms: QuotaRooms, request: Request, context: CallContext) -> Answer:
    """The requests for one quota, the newest first."""
    await of_code(rooms, request, context)
    return await _listed(rooms, request, context)


async def _listed(rooms: QuotaRooms, request: Request, context: CallContext) -> Answer:
    quotas = await _known(rooms, context)
    asked: Sequence[QuotaRequest] = await rooms.requests.listed((context.account, context.region))
    found = [
        told
        for one in asked
        if request.get("ServiceCode") in (None, one.service)
        and request.get("QuotaCode") in (None, one.code)
        and request.get("QuotaRequestedAtLevel") != "RESOURCE"
        and request.get("Status") in (None, (told := _shape(one, quotas))["Status"])
    ]
    shown, more = page(found, request)
    return {"RequestedQuotas": shown, **more}


async def _known(rooms: QuotaRooms, context: CallContext) -> Known:
    return {(one.service, one.code): one for one in await known(rooms, context)}


def _shape(one: QuotaRequest, quotas: Known) -> dict[str, Any]:
    """A request as the API describes it; of a quota that is no more it stays open."""
    quota = quotas.get((one.service, one.code))
    approved = quota is not None and quota.value >= one.desired
    facts = {} if quota is None else {
        "ServiceName": quota.service_name, "QuotaName": quota.name, "QuotaArn": quota.arn, "Unit": quota.unit,
        "GlobalQuota": quota.everywhere,
    }  # fmt: skip
    return {
        "Id": one.id,
        "ServiceCode": one.service,
        "QuotaCode": one.code,
        **facts,
        "DesiredValue": one.desired,
        "Status": "APPROVED" if approved else "PENDING",
        "Created": one.created_ms,
        "LastUpdated": max(quota.seen_ms, one.created_ms) if quota is not None and approved else one.created_ms,
        "Requester": one.requester,
        "QuotaRequestedAtLevel": "ACCOUNT",
    }
