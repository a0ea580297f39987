"""Functions and versions: created, described, changed, published, deleted; the account's settings."""

import hashlib
from base64 import b64encode
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict
from trimtab.base.ids import new_id
from trimtab.base.partitions import partition_of
from trimtab.doors.aws.lambda_functions.rooms import (
    LambdaRooms,
    changed,
    configuration,
    fault,
    function_of,
    named,
    operations,
    page,
    same_revision,
)
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.scaling.functions.model import LATEST, LambdaFunction, Version, code_hash, publish
from trimtab.scaling.functions.room import ACCOUNT_LIMIT

URL_KEY = "TRIMTAB_URL"
"""The variable of a function's environment that says where it listens."""
_OWN = ("FunctionName", "Code", "Publish", "PublishTo", "Tags", "RevisionId", "CodeSigningConfigArn", "ImageConfig")
_CODE_LIMIT = 80_530_636_800


@operations.add("CreateFunction", needs=Role.WRITE)
async def create(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Keep a function. Its code is measured and hashed, and not kept: nothing is run here."""
    which, code = named(request, context), request["Code"]
    if request.get("PackageType", "Zip") == "Zip" and not (request.get("Runtime") and request.get("Handler")):
        raise fault("InvalidParameterValueException", "Runtime and Handler are mandatory parameters for functions "
                    "created with deployment packages.")  # fmt: skip
    if not any(code.get(name) for name in ("ZipFile", "S3Bucket", "ImageUri")):
        raise fault("InvalidParameterValueException", "Please provide a source for function code.")
    account, region = which.place
    now_ms = rooms.functions.clock.now_ms()
    form = _form(request)
    form |= _measured(code, form)
    await _admit(rooms, which.name, form)
    arn = f"arn:{partition_of(region)}:lambda:{region}:{account}:function:{which.name}"
    made = LambdaFunction(which.name, arn, now_ms, [Version(LATEST, form, now_ms, new_id())])
    made.tags = dict(request.get("Tags") or {})
    shown = publish(made, None, now_ms) if request.get("Publish") else made.latest
    try:
        await rooms.functions.create(which.place, made)
    except Conflict:
        raise fault("ResourceConflictException", f"Function already exist: {which.name}") from None
    return configuration(made, shown)


async def _admit(rooms: LambdaRooms, name: str, form: dict[str, Any]) -> None:
    """Whether a function may listen where its environment says. Raises InvalidInput."""
    url = ((form.get("Environment") or {}).get("Variables") or {}).get(URL_KEY)
    if url:
        await rooms.admit(str(url), f"function {name}")


def _form(request: Request) -> dict[str, Any]:
    form = {key: value for key, value in request.items() if key not in _OWN and value is not None}
    if request.get("ImageConfig"):
        form["ImageConfigResponse"] = {"ImageConfig": request["ImageConfig"]}
    return form


def _measured(code: Any, form: dict[str, Any]) -> dict[str, Any]:
    """The size and the hash of a package; of one that lies elsewhere a hash of where."""
    packed = code.get("ZipFile")
    if packed:
        return {"CodeSize": len(packed), "CodeSha256": b64encode(hashlib.sha256(packed).digest()).decode()}
    where = {key: code[key] for key in ("S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri") if code.get(key)}
    return {"CodeSize": 0, "CodeSha256": code_hash(where), "_Code": where}


@operations.add("GetFunction")
async def get(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """A function with where its code lies, its tags and its reserved concurrency."""
    found, which = await function_of(rooms, request, context), named(request, context)
    version = found.version(which.qualifier)
    where = version.form.get("_Code") or {}
    code = {"ImageUri": where["ImageUri"], "RepositoryType": "ECR"} if "ImageUri" in where else {"RepositoryType": "S3"}
    answer: dict[str, Any] = {"Configuration": configuration(found, version, which.qualifier), "Code": code}
    if found.tags:
        answer["Tags"] = found.tags
    if found.reserved is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": found.reserved}
    return answer


@operations.add("GetFunctionConfiguration")
async def get_configuration(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """The configuration of a function, version or alias."""
    found, which = await function_of(rooms, request, context), named(request, context)
    return configuration(found, found.version(which.qualifier), which.qualifier)


@operations.add("UpdateFunctionConfiguration", needs=Role.WRITE)
async def update_configuration(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Change what the next version will be."""
    form = _form(request)
    await _admit(rooms, named(request, context).name, form)

    def work(function: LambdaFunction, now_ms: int) -> dict[str, Any]:
        latest = function.latest
        same_revision(latest.revision, request.get("RevisionId"))
        latest.form.update(form)
        latest.modified_ms, latest.revision = now_ms, new_id()
        return configuration(function, latest)

    return await changed(rooms, request, context, work)


@operations.add("ListFunctions")
async def list_functions(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Functions; with FunctionVersion ALL every version of them."""
    place, every = (context.account, context.region), request.get("FunctionVersion") == "ALL"
    found = [
        configuration(function, version, LATEST if every and version.number == LATEST else "")
        for function in await rooms.functions.listed(context.scope, place)
        for version in (function.versions if every else function.versions[:1])
    ]
    shown, more = page(found, request)
    return {"Functions": shown, **more}


@operations.add("DeleteFunction", needs=Role.WRITE)
async def delete(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Delete a function, or one version of it that no alias names."""
    which = named(request, context)
    if not which.qualifier:
        await rooms.functions.store.delete(which.place, which.name)
        return {"StatusCode": 204}
    if which.qualifier == LATEST:
        raise fault(
            "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function."
        )

    def work(function: LambdaFunction, now_ms: int) -> None:
        version = function.version(which.qualifier)
        users = [one.name for one in function.aliases if version.number in (one.version, *one.routing)]
        if users:
            raise Conflict(f"Version '{version.number}' is currently referenced by alias: {', '.join(users)}")
        function.versions.remove(version)
        function.provisioned.pop(version.number, None)

    await changed(rooms, request, context, work)
    return {"StatusCode": 204}


@operations.add("PublishVersion", needs=Role.WRITE)
async def publish_version(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Make a version of what is latest."""

    def work(function: LambdaFunction, now_ms: int) -> dict[str, Any]:
        same_revision(function.latest.revision, request.get("RevisionId"))
        wanted = request.get("CodeSha256")
        if wanted and wanted != function.latest.form.get("CodeSha256"):
            raise fault("InvalidParameterValueException", f"CodeSHA256 ({wanted}) is different from current CodeSHA256 "
                        f"in $LATEST ({function.latest.form.get('CodeSha256')}).")  # fmt: skip
        return configuration(function, publish(function, request.get("Description"), now_ms))

    return await changed(rooms, request, context, work)


@operations.add("ListVersionsByFunction")
async def list_versions(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """The versions of a function, $LATEST first."""
    found = await function_of(rooms, request, context)
    rows = [configuration(found, one, LATEST if one.number == LATEST else "") for one in found.versions]
    shown, more = page(rows, request)
    return {"Versions": shown, **more}


@operations.add("GetAccountSettings")
async def account_settings(rooms: LambdaRooms, request: Request, context: CallContext) -> Answer:
    """Lambda's default limits, and what is used of them."""
    found = await rooms.functions.listed(context.scope, (context.account, context.region))
    reserved = sum(one.reserved or 0 for one in found)
    return {
        "AccountLimit": {
            "TotalCodeSize": _CODE_LIMIT,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": ACCOUNT_LIMIT,
            "UnreservedConcurrentExecutions": ACCOUNT_LIMIT - reserved,
        },
        "AccountUsage": {
            "TotalCodeSize": sum(int(one.latest.form.get("CodeSize") or 0) for one in found),
            "FunctionCount": len(found),
        },
    }
