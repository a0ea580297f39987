"""Aliases: names of versions, with weights of others."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, NotFound
from trimtab.base.ids import new_id
from trimtab.doors.aws.lambda_functions.rooms import (
    LambdaRooms,
    changed,
    fault,
    function_of,
    operations,
    page,
    same_revision,
)
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.functions.model import LATEST, Alias, LambdaFunction


@operations.add("CreateAlias", needs=Role.WRITE)
async def create(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Name a version."""
    name = request["Name"]

    def work(function: LambdaFunction, now_ms: int) -> dict[str, Any]:
        if any(one.name == name for one in function.aliases):
            raise Conflict(f"Alias already exists: {function.arn}:{name}")
        made = Alias(name, _version(function, request["FunctionVersion"]), new_id(), request.get("Description") or "")
        made.routing = _routing(function, made.version, request)
        function.aliases.append(made)
        return _shape(function, made)

    return await changed(rooms, request, context, work)


@operations.add("GetAlias")
async def get(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """One alias."""
    found = await function_of(rooms, request, context)
    return _shape(found, found.alias(request["Name"]))


@operations.add("UpdateAlias", needs=Role.WRITE)
async def update(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Point an alias elsewhere."""

    def work(function: LambdaFunction, now_ms: int) -> dict[str, Any]:
        one = function.alias(request["Name"])
        same_revision(one.revision, request.get("RevisionId"))
        if request.get("FunctionVersion"):
            one.version = _version(function, request["FunctionVersion"])
        if request.get("Description") is not None:
            one.description = request["Description"]
        if request.get("RoutingConfig") is not None:
            one.routing = _routing(function, one.version, request)
        one.revision = new_id()
        return _shape(function, one)

    return await changed(rooms, request, context, work)


@operations.add("ListAliases")
async def list_aliases(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """The aliases of a function, or of one version of it."""
    found, version = await function_of(rooms, request, context), request.get("FunctionVersion")
    some = [one for one in found.aliases if not version or version in (one.version, *one.routing)]
    shown, more = page([_shape(found, one) for one in sorted(some, key=lambda one: one.name)], request)
    return {"Aliases": shown, **more}


@operations.add("DeleteAlias", needs=Role.WRITE)
async def delete(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Forget a name; what is provisioned for it goes with it. One that is not there is no error."""
    name = request["Name"]

    def work(function: LambdaFunction, now_ms: int) -> None:
        function.aliases = [one for one in function.aliases if one.name != name]
        function.provisioned.pop(name, None)

    await changed(rooms, request, context, work)
    return {}


def _version(function: LambdaFunction, number: str) -> str:
    """A version that is there. Raises NotFound."""
    if all(one.number != number for one in function.versions):
        raise NotFound(f"Function not found: {function.arn}:{number}")
    return number


def _routing(function: LambdaFunction, version: str, request: Request) -> dict[str, float]:
    weights = dict((request.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})
    if len(weights) > 1:
        raise fault("InvalidParameterValueException", "An alias routes to at most one additional version.")
    for number, weight in weights.items():
        if LATEST in (number, version):
            raise fault("InvalidParameterValueException", "$LATEST is not supported for an alias pointing to more than "
                        "1 version")  # fmt: skip
        if number == version or not 0 <= weight <= 1:
            raise fault("InvalidParameterValueException", f"Invalid weight {weight} of version {number}.")
        _version(function, number)
    return weights


def _shape(function: LambdaFunction, one: Alias) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "AliasArn": f"{function.arn}:{one.name}",
        "Name": one.name,
        "FunctionVersion": one.version,
        "Description": one.description,
        "RevisionId": one.revision,
    }
    return {**shape, "RoutingConfig": {"AdditionalVersionWeights": one.routing}} if one.routing else shape
