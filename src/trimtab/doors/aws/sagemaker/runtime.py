"""SageMaker's runtime: invocations of endpoints, passed on to where their models listen."""

from collections.abc import Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound, Unavailable
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, place
from trimtab.doors.aws.service import Answer, CallContext, Operations, Request
from trimtab.doors.aws.wire.constraints import Problem, coral
from trimtab.inference.invoke import Asked, ModelFailed

_BODY = 6 << 20  # bytes: the service's limit of an invocation, and of a payload


def worded(problems: Sequence[Problem]) -> AwsError:
    """The common sentences under the runtime's code."""
    return AwsError("ValidationError", str(coral(problems)))


operations: Operations[SageMakerRooms] = Operations(
    "sagemaker-runtime", worded, body_limit=_BODY, invalid_code="ValidationError"
)


@operations.add("InvokeEndpoint", needs=Role.WRITE)
async def invoke_endpoint(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Ask the model of an endpoint's variant, by weight or as TargetVariant says."""
    asked = Asked(
        request.get("Body") or b"",
        request.get("ContentType") or "application/octet-stream",
        request.get("Accept") or "",
        request.get("CustomAttributes") or "",
    )
    try:
        found = await rooms.invoker.invoke(place(context), request["EndpointName"], asked, request.get("TargetVariant"))
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
    answer: dict[str, Any] = {
        "Body": found.body,
        "ContentType": found.content_type,
        "InvokedProductionVariant": found.variant,
    }
    return answer | ({"CustomAttributes": found.attributes} if found.attributes else {})
