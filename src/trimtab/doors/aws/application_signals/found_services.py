"""The services and operations that spans tell of."""

from collections.abc import Sequence
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.doors.aws.application_signals.rooms import SignalsRooms, operations, page
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.traces.requests import ServiceOperation


@operations.add("ListServices", bound=True)
async def list_services(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """Services that had requests in a time, the busiest first."""
    found = await _operations(rooms, request, context)
    named = dict.fromkeys((one.service, one.environment) for one in found)
    shown, more = page([{"KeyAttributes": _keys(*one), "MetricReferences": []} for one in named], request)
    return {**_range(request), "ServiceSummaries": shown, **more}


@operations.add("GetService", bound=True)
async def get_service(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """A service by its key attributes. Raises InvalidInput for one that had no request in the time."""
    keys = request["KeyAttributes"]
    for one in await _operations(rooms, request, context, keys.get("Name", "")):
        if keys.get("Environment") in (None, one.environment) and keys.get("Name"):
            told = {"KeyAttributes": _keys(one.service, one.environment), "MetricReferences": []}
            return {**_range(request), "Service": told}
    raise InvalidInput(f"cannot find the service {keys.get('Name', '')!r}: it had no requests in that time")


@operations.add("ListServiceOperations", bound=True)
async def list_operations(rooms: SignalsRooms, request: Request, context: CallContext) -> Answer:
    """Operations of a service that had requests in a time, the busiest first."""
    keys = request["KeyAttributes"]
    found = await _operations(rooms, request, context, keys.get("Name", ""))
    environment = keys.get("Environment")
    names = dict.fromkeys(one.operation for one in found if environment in (None, one.environment) and one.operation)
    shown, more = page([{"Name": name[:255], "MetricReferences": []} for name in names], request)
    return {**_range(request), "ServiceOperations": shown, **more}


async def _operations(
    rooms: SignalsRooms, request: Request, context: CallContext, service: str = ""
) -> Sequence[ServiceOperation]:
    return await rooms.requests.operations(context.scope, request["StartTime"], request["EndTime"], service)


def _keys(service: str, environment: str) -> dict[str, str]:
    return {"Type": "Service", "Name": service, "Environment": environment}


def _range(request: Request) -> dict[str, Any]:
    return {"StartTime": request["StartTime"], "EndTime": request["EndTime"]}
