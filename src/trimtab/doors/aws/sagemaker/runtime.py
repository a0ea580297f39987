"""SageMaker's runtime: invocations of endpoints, passed on to where their models listen."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound, Unavailable
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, place
from trimtab.doors.aws.service import Answer, CallContext, Operations, Request, coral_as
from trimtab.doors.aws.wire.event_stream import StreamFault
from trimtab.inference.invoke import Answered, Asked, ModelFailed
from trimtab.inference.invoke_async import Wish

_BODY = 6 << 20  # bytes: the service's limit of an invocation, and of a payload


worded = coral_as("ValidationError")


operations: Operations[SageMakerRooms] = Operations(
    "sagemaker-runtime", worded, body_limit=_BODY, invalid_code="ValidationError"
)


@operations.add("InvokeEndpoint", needs=Role.WRITE)
async def invoke_endpoint(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Ask the model of an endpoint's variant, by weight or as TargetVariant says."""
    with _coded(request, context):
        found = await rooms.invoker.invoke(
            place(context), request["EndpointName"], _asked(request), request.get("TargetVariant")
        )
    return {"Body": found.body, **_about(found)}


@operations.add("InvokeEndpointWithResponseStream", needs=Role.WRITE)
async def invoke_endpoint_with_response_stream(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Ask a model that streams: its answer comes part by part, as it does."""
    with _coded(request, context):
        found, parts = await rooms.invoker.stream(
            place(context), request["EndpointName"], _asked(request), request.get("TargetVariant")
        )
    return {"Body": _payload(parts), **_about(found)}


@operations.add("InvokeEndpointAsync", needs=Role.WRITE)
async def invoke_endpoint_async(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Take an invocation whose input, or only whose answer, is an object."""
    with _coded(request, context):
        taken = await rooms.asynchronous.take(
            place(context), request["EndpointName"], _asked(request), _wish(request, context)
        )
    return {"InferenceId": taken.id, "OutputLocation": taken.output, "FailureLocation": taken.failure}


def _wish(request: Request, context: CallContext) -> Wish:
    """What an asynchronous request says besides; a client's retries of one call are one invocation."""
    told = f"{context.access_key_id}/{'/'.join(place(context))}/{request['EndpointName']}/{context.invocation_id}"
    return Wish(
        source=request.get("InputLocation") or "",
        id=request.get("InferenceId") or "",
        file=request.get("Filename") or "",
        extension=request.get("S3OutputPathExtension") or "",
        lives_s=request.get("RequestTTLSeconds") or Wish().lives_s,
        timeout_s=request.get("InvocationTimeoutSeconds") or Wish().timeout_s,
        token=str(uuid5(NAMESPACE_URL, told)) if context.invocation_id else "",
    )


async def _payload(parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[Mapping[str, Any], None]:
    try:
        async with aclosing(parts):
            async for part in parts:
                yield {"PayloadPart": {"Bytes": part}}
    except Unavailable as problem:
        raise StreamFault("ModelStreamError", str(problem)) from None


def _asked(request: Request) -> Asked:
    return Asked(
        request.get("Body") or b"",
        request.get("ContentType") or "application/octet-stream",
        request.get("Accept") or "",
        request.get("CustomAttributes") or "",
        request.get("InferenceId") or "",
    )


def _about(found: Answered) -> dict[str, Any]:
    about = {"ContentType": found.content_type, "InvokedProductionVariant": found.variant}
    return about | ({"CustomAttributes": found.attributes} if found.attributes else {})


@contextmanager
def _coded(request: Request, context: CallContext) -> Iterator[None]:
    """Errors under the runtime's codes."""
    try:
        yield
    except NotFound:
        raise AwsError(
            "ValidationError", f"Endpoint {request['EndpointName']} of account {context.account} not found."
        ) from None
    except InvalidInput as problem:
        raise AwsError("ValidationError", str(problem)) from None
    except ModelFailed as problem:
        raise AwsError("ModelError", str(problem)) from None
    except Unavailable as problem:
        raise AwsError("ServiceUnavailable", str(problem)) from None
