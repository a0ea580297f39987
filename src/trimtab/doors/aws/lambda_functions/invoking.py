"""Invoke: a function whose environment says where it listens (TRIMTAB_URL) is asked there; nothing is run here."""

import asyncio
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.lambda_functions.functions import URL_KEY
from trimtab.doors.aws.lambda_functions.rooms import LambdaRooms, fault, function_of, named, operations
from trimtab.doors.aws.service import Answer, CallContext, Request

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
