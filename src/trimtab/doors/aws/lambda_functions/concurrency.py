"""Operations on concurrency, and invocations."""

import asyncio
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.lambda_functions.functions import URL_KEY
from trimtab.doors.aws.lambda_functions.rooms import LambdaRooms, changed, fault, function_of, named, operations, page
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.functions.model import IN_PROGRESS, READY, LambdaFunction, Provisioned, provision
from trimtab.scaling.functions.room import ACCOUNT_LIMIT, UNRESERVED_LEAST


@operations.add("PutProvisionedConcurrencyConfig", needs=Role.WRITE)
async def put(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Hold environments of a version or alias; they are ready in a minute or two."""
    qualifier, number = named(request, context).qualifier, request["ProvisionedConcurrentExecutions"]
    if number > ACCOUNT_LIMIT - UNRESERVED_LEAST:
        raise fault("InvalidParameterValueException", "Specified ConcurrentExecutions for function decreases account's "
                    f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_LEAST}].")  # fmt: skip

    def work(function: LambdaFunction, now_ms: int) -> dict[str, Any]:
        return _shape(provision(function, qualifier, number, now_ms), now_ms)

    return await changed(rooms, request, context, work)


@operations.add("GetProvisionedConcurrencyConfig")
async def get(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """What is held, and how much of it is ready."""
    found, qualifier = await function_of(rooms, request, context), named(request, context).qualifier
    found.version(qualifier)
    known = found.provisioned.get(qualifier)
    if known is None:
        raise fault("ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this "
                    "function")  # fmt: skip
    return _shape(known, rooms.functions.clock.now_ms())


@operations.add("ListProvisionedConcurrencyConfigs")
async def list_configs(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Everything that is held for a function."""
    found, now_ms = await function_of(rooms, request, context), rooms.functions.clock.now_ms()
    rows = [
        {"FunctionArn": f"{found.arn}:{qualifier}", **_shape(one, now_ms)}
        for qualifier, one in sorted(found.provisioned.items())
    ]
    shown, more = page(rows, request)
    return {"ProvisionedConcurrencyConfigs": shown, **more}


@operations.add("DeleteProvisionedConcurrencyConfig", needs=Role.WRITE)
async def delete(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Hold none any more."""
    qualifier = named(request, context).qualifier

    def work(function: LambdaFunction, now_ms: int) -> None:
        function.version(qualifier)
        function.provisioned.pop(qualifier, None)

    await changed(rooms, request, context, work)
    return {}


@operations.add("PutFunctionConcurrency", needs=Role.WRITE)
async def reserve(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Reserve a part of the account's concurrency for a function: as much, and no more."""
    number, which = request["ReservedConcurrentExecutions"], named(request, context)
    others = sum(
        one.reserved or 0 for one in await rooms.functions.listed(context.scope, which.place) if one.name != which.name
    )
    if ACCOUNT_LIMIT - others - number < UNRESERVED_LEAST:
        raise fault("InvalidParameterValueException", "Specified ReservedConcurrentExecutions for function decreases "
                    "account's UnreservedConcurrentExecution below its minimum value of "
                    f"[{UNRESERVED_LEAST}].")  # fmt: skip

    def work(function: LambdaFunction, now_ms: int) -> None:
        if number < function.provisioned_total:
            raise InvalidInput("ReservedConcurrentExecutions  should not be lower than function's total provisioned "
                               f"concurrency [{function.provisioned_total}].")  # fmt: skip
        function.reserved = number

    await changed(rooms, request, context, work)
    return {"ReservedConcurrentExecutions": number}


@operations.add("GetFunctionConcurrency")
async def reserved(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """What is reserved for a function; nothing where it shares with the others."""
    found = await function_of(rooms, request, context)
    return {} if found.reserved is None else {"ReservedConcurrentExecutions": found.reserved}


@operations.add("DeleteFunctionConcurrency", needs=Role.WRITE)
async def unreserve(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Reserve nothing."""

    def work(function: LambdaFunction, now_ms: int) -> None:
        function.reserved = None

    await changed(rooms, request, context, work)
    return {}


def _shape(one: Provisioned, now_ms: int) -> dict[str, Any]:
    ready = one.available(now_ms)
    return {
        "RequestedProvisionedConcurrentExecutions": one.requested,
        "AvailableProvisionedConcurrentExecutions": ready,
        "AllocatedProvisionedConcurrentExecutions": ready,
        "Status": READY if one.ready(now_ms) else IN_PROGRESS,
        "LastModified": f"{iso(one.since_ms)[:19]}+0000",
    }


_KINDS = ("RequestResponse", "Event", "DryRun")


@operations.add("Invoke", needs=Role.WRITE)
async def invoke(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Ask a function, wait for it or not, or only look whether it could be asked."""
    kind = request.get("InvocationType") or "RequestResponse"
    if kind not in _KINDS:
        raise fault("InvalidParameterValueException", f"InvocationType must be one of {', '.join(_KINDS)}.")
    found, qualifier = await function_of(rooms, request, context), named(request, context).qualifier
    version = found.version(qualifier)
    if found.reserved == 0:
        raise AwsError("TooManyRequestsException", "Rate Exceeded.", status=429,
                       members={"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded"})  # fmt: skip
    if kind == "DryRun":
        return {"StatusCode": 204, "ExecutedVersion": version.number}
    url = ((version.form.get("Environment") or {}).get("Variables") or {}).get(URL_KEY)
    if not url:
        raise fault("InvalidParameterValueException", f"The function {found.name} listens nowhere: trimtab runs no "
                    f"code; set {URL_KEY} in its environment to where it does.")  # fmt: skip
    payload = request.get("Payload") or b"{}"
    if kind == "Event":
        task = asyncio.create_task(_forgotten(rooms, url, payload))
        rooms.waiting.add(task)
        task.add_done_callback(rooms.waiting.discard)
        return {"StatusCode": 202}
    try:
        status, body = await rooms.ask(url, payload)
    except Unavailable as problem:
        raise AwsError("ServiceException", str(problem), status=500) from None
    answer: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": version.number, "Payload": body}
    return {**answer, "FunctionError": "Unhandled"} if status >= 400 else answer


async def _forgotten(rooms: LambdaRooms, url: str, payload: bytes) -> None:
    """An invocation that nobody waits for: what comes of it is told to nobody, as Lambda does without destinations."""
    try:
        await rooms.ask(url, payload)
    except (InvalidInput, Unavailable):
        return
