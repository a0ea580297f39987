"""The registry that the operations of Lambda join, what they are given, and what they share."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct, field

from trimtab.base.clock import iso
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import CallContext, Operations, Request, coral_as
from trimtab.scaling.functions.model import LATEST, LambdaFunction, Version
from trimtab.scaling.functions.room import FunctionsRoom

T = TypeVar("T")
_PAGE = 50
_NAME = re.compile(
    r"(?:arn:aws[\w-]*:lambda:(?P<region>[\w-]+):(?P<account>\d{12}):function:|(?P<partial>\d{12}):function:)?"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>\$LATEST|[\w-]+))?"
)
Ask = Callable[[str, bytes], Awaitable[tuple[int, bytes]]]
"""Sends a payload to a URL; the status and the body that came back. Raises InvalidInput, Unavailable."""


class LambdaRooms(Struct, frozen=True):
    """What the operations ask. `admit` says whether a URL may be asked, for what; `waiting` are invocations that nobody
    waits for."""

    functions: FunctionsRoom
    ask: Ask
    admit: Callable[[str, str], Awaitable[None]]
    waiting: set["asyncio.Task[None]"] = field(default_factory=set)


worded = coral_as("InvalidParameterValueException")


_FAULT: Mapping[str, Any] = {"Type": "User"}
operations: Operations[LambdaRooms] = Operations(
    "lambda",
    worded,
    body_limit=70 << 20,
    invalid_code="InvalidParameterValueException",
    codes=(
        (NotFound, "ResourceNotFoundException"),
        (InvalidInput, "InvalidParameterValueException"),
        (Conflict, "ResourceConflictException"),
    ),
    members=_FAULT,
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def fault(code: str, message: str) -> AwsError:
    """An error as Lambda answers it."""
    return AwsError(code, message, members=_FAULT)


class Named(Struct, frozen=True):
    """A function by what a request calls it."""

    place: tuple[str, str]
    name: str
    qualifier: str


def named(request: Request, context: CallContext) -> Named:
    """The function that a request names: by name, by ARN, or by a part of one. Raises AwsError."""
    found = _NAME.fullmatch(request["FunctionName"])
    if found is None:
        raise fault("InvalidParameterValueException", f"{request['FunctionName']} is not a valid function name")
    account = found["account"] or found["partial"] or context.account
    if account != context.account:
        raise AwsError("AccessDeniedException", f"The function is of the account {account}.", status=403)
    within, given = found["qualifier"] or "", request.get("Qualifier") or ""
    if within and given and within != given:
        raise fault("InvalidParameterValueException", "The derived qualifier from the function name does not match the "
                    "specified qualifier.")  # fmt: skip
    return Named((account, found["region"] or context.region), found["name"], within or given)


async def function_of(rooms: LambdaRooms, request: Request, context: CallContext) -> LambdaFunction:
    """The function that a request names. Raises NotFound."""
    which = named(request, context)
    return await rooms.functions.get(which.place, which.name)


async def changed(
    rooms: LambdaRooms, request: Request, context: CallContext, work: Callable[[LambdaFunction, int], T]
) -> T:
    """What `work(function, now_ms)` gives, which changes the function that a request names."""
    which = named(request, context)
    return await rooms.functions.change(which.place, which.name, work)


_pages = Pages(_PAGE, lambda: fault("InvalidParameterValueException", "Invalid Marker"), "Marker", "NextMarker", "")


def page(found: Sequence[T], request: Request) -> tuple[list[T], dict[str, str]]:
    """The part of a list that a request asks for, and the marker of the next. Raises AwsError."""
    return _pages(found, request, min(_PAGE, request.get("MaxItems") or _PAGE))


def configuration(function: LambdaFunction, version: Version, qualifier: str = "") -> dict[str, Any]:
    """A version as Lambda describes it; its ARN is qualified as it was asked for."""
    suffix = f":{qualifier}" if qualifier else "" if version.number == LATEST else f":{version.number}"
    form = {key: value for key, value in version.form.items() if not key.startswith("_")}
    environment = form.pop("Environment", None)
    if environment is not None:
        form["Environment"] = {"Variables": environment.get("Variables") or {}}
    return {
        "Timeout": 3,
        "MemorySize": 128,
        "CodeSize": 0,
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "Description": "",
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.name}"},
        **form,
        "FunctionName": function.name,
        "FunctionArn": function.arn + suffix,
        "Version": version.number,
        "LastModified": f"{iso(version.modified_ms)[:19]}.{version.modified_ms % 1000:03d}+0000",
        "RevisionId": version.revision,
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }


def same_revision(known: str, asked: str | None) -> None:
    """Raises AwsError where a change is meant for another revision."""
    if asked is not None and asked != known:
        raise fault("PreconditionFailedException", "The RevisionId provided does not match the latest RevisionId. Call "
                    "the GetFunction/GetAlias API to retrieve the latest RevisionId")  # fmt: skip
