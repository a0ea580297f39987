"""The registry that the operations of Service Quotas join, what they are given, and what they share."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import CallContext, Operations, Request, coral_as
from trimtab.inventory.quota_requests import QuotaRequests
from trimtab.inventory.service_quotas import ServiceQuota, ServiceQuotas

Announce = Callable[[tuple[str, str], str, str, Mapping[str, Any]], Awaitable[None]]
"""Puts an event on a place's default bus: place, detail type, ARN, detail."""


class QuotaRooms(Struct, frozen=True):
    """What the operations ask."""

    quotas: ServiceQuotas
    requests: QuotaRequests
    announce: Announce


operations: Operations[QuotaRooms] = Operations(
    "service-quotas",
    coral_as("ValidationException"),
    invalid_code="IllegalArgumentException",
    codes=(
        (InvalidInput, "IllegalArgumentException"),
        (NotFound, "NoSuchResourceException"),
        (Conflict, "ResourceAlreadyExistsException"),
    ),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""

page = Pages(100, lambda: AwsError("InvalidPaginationTokenException", "The provided pagination token is invalid."))


async def known(rooms: QuotaRooms, context: CallContext) -> list[ServiceQuota]:
    """Every quota of the caller's account and region."""
    scope = Scope(frozenset({context.account}), context.principal.scope.regions, context.principal.scope.rows)
    return await rooms.quotas.listed(scope, (context.account, context.region))


async def of_service(rooms: QuotaRooms, request: Request, context: CallContext) -> list[ServiceQuota]:
    """The quotas of the service that a request names. Raises NotFound."""
    found = [one for one in await known(rooms, context) if one.service == request["ServiceCode"]]
    if not found:
        raise NotFound(f"The request failed because the specified service {request['ServiceCode']} does not exist.")
    return found


async def of_code(rooms: QuotaRooms, request: Request, context: CallContext) -> ServiceQuota:
    """The quota that a request names. Raises NotFound."""
    for one in await of_service(rooms, request, context):
        if one.code == request["QuotaCode"]:
            return one
    raise NotFound(f"The request failed because the specified quota {request['QuotaCode']} does not exist.")
