"""Operations on canaries. What a canary does is the blueprint of multi checks in its zip: scripts are not run."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.canaries.form import admit_places
from trimtab.canaries.model import Canary, CanaryKey
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.synthetics import shapes
from trimtab.doors.aws.synthetics.rooms import SyntheticsRooms, key_of, operations, page

BLUEPRINT = "blueprint-config.json"
"""The file of the zip (user guide, "Packaging structure")."""
_MOST_JSON = 1 << 20
_NOT_KEPT = frozenset({"Name", "Code", "Tags", "ResourcesToReplicateTags", "BrowserConfigs"})
RUNTIME = "syn-nodejs-3.0"
_OF_TAGS = ((InvalidInput, "BadRequestException"), (NotFound, "NotFoundException"))
"""Operations on tags have codes of their own (service model)."""


@operations.add("CreateCanary", needs=Role.WRITE)
async def create(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """Make a canary; it runs once it is started."""
    key = key_of(context, request["Name"])
    form = {name: value for name, value in request.items() if name not in _NOT_KEPT}
    form["Blueprint"] = await _blueprint(rooms, key, request["Code"])
    made = await rooms.room.store.create(key, form)
    await rooms.tags.put(key.arn, request.get("Tags", {}))
    return {"Canary": await _shown(rooms, made)}


@operations.add("GetCanary")
async def get(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """One canary."""
    return {"Canary": await _shown(rooms, await rooms.room.store.get(key_of(context, request["Name"])))}


@operations.add("DescribeCanaries")
async def describe(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """Canaries by name."""
    shown, more = page(await _named(rooms, request, context), request)
    return {"Canaries": [await _shown(rooms, one) for one in shown], **more}


@operations.add("DescribeCanariesLastRun")
async def last_runs(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """The last run of each canary that ran."""
    shown, more = page(await _named(rooms, request, context), request)
    found = [
        {"CanaryName": one.key.name, "LastRun": shapes.run(run, one.key.name, one.form)}
        for one in shown
        for run in await rooms.room.store.runs(one.id, 1)
    ]
    return {"CanariesLastRun": found, **more}


@operations.add("GetCanaryRuns")
async def runs(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """The runs of a canary, the newest first."""
    kept = await rooms.room.store.get(key_of(context, request["Name"]))
    shown, more = page(await rooms.room.store.runs(kept.id, 10_000), request)
    return {"CanaryRuns": [shapes.run(one, kept.key.name, kept.form) for one in shown], **more}


@operations.add("UpdateCanary", needs=Role.WRITE)
async def update(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """Change members of a canary; its next run is by them."""
    kept = await rooms.room.store.get(key_of(context, request["Name"]))
    form = {**kept.form, **{name: value for name, value in request.items() if name not in _NOT_KEPT}}
    if "Code" in request:
        form["Blueprint"] = await _blueprint(rooms, kept.key, request["Code"])
    await rooms.room.store.update(kept.key, form)
    return {}


@operations.add("StartCanary", needs=Role.WRITE)
async def start(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """Run a canary now, and from then on as its schedule says."""
    await rooms.room.store.start(key_of(context, request["Name"]))
    return {}


@operations.add("StopCanary", needs=Role.WRITE)
async def stop(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """Run a canary no more; a run that goes on ends by itself."""
    await rooms.room.store.stop(key_of(context, request["Name"]))
    return {}


@operations.add("DeleteCanary", needs=Role.WRITE)
async def delete(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """Forget a canary with its runs and tags."""
    await rooms.room.store.delete(key_of(context, request["Name"]))
    return {}


@operations.add("DescribeRuntimeVersions")
async def runtimes(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """The one that can be named: it has the blueprint of multi checks."""
    told = {"VersionName": RUNTIME, "Description": "The multi-check blueprint, run by trimtab without Node.js"}
    return {"RuntimeVersions": [told]}


@operations.add("TagResource", needs=Role.WRITE, codes=_OF_TAGS)
async def tag(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """Add tags to a canary, or replace values of those that it has."""
    key = await _of_arn(rooms, request["ResourceArn"], context)
    await rooms.tags.put(key.arn, request["Tags"])
    return {}


@operations.add("UntagResource", needs=Role.WRITE, codes=_OF_TAGS)
async def untag(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags of a canary."""
    key = await _of_arn(rooms, request["ResourceArn"], context)
    await rooms.tags.remove(key.arn, request["TagKeys"])
    return {}


@operations.add("ListTagsForResource", codes=_OF_TAGS)
async def tags(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a canary."""
    key = await _of_arn(rooms, request["ResourceArn"], context)
    return {"Tags": dict(await rooms.tags.tags(key.arn))}


async def _of_arn(rooms: SyntheticsRooms, arn: str, context: CallContext) -> CanaryKey:
    """The canary of an ARN. Raises NotFound."""
    key = key_of(context, arn.rpartition(":")[2])
    if key.arn != arn:
        raise InvalidInput(f"The resource {arn} is no canary of this account and region.")
    return (await rooms.room.store.get(key)).key


async def _named(rooms: SyntheticsRooms, request: Request, context: CallContext) -> Sequence[Canary]:
    names = request.get("Names")
    found = await rooms.room.store.listed(Scope.of(context.account, context.region))
    return [one for one in found if not names or one.key.name in names]


async def _shown(rooms: SyntheticsRooms, one: Canary) -> dict[str, Any]:
    return shapes.canary(one, await rooms.tags.tags(one.key.arn))


async def _blueprint(rooms: SyntheticsRooms, key: CanaryKey, code: Mapping[str, Any]) -> Any:
    """The blueprint in the zip of a request, once every place that it asks may be connected to."""
    blueprint = blueprint_of(code)
    await admit_places(blueprint, key.name, rooms.admit)
    return blueprint


def blueprint_of(code: Mapping[str, Any]) -> Any:
    """The JSON of the blueprint in a zip. Raises InvalidInput for scripts, and for what is only in S3."""
    if "ZipFile" not in code:
        raise InvalidInput("cannot read the code of a canary from S3: send it as ZipFile")
    try:
        with zipfile.ZipFile(io.BytesIO(code["ZipFile"])) as archive:
            name = next((one for one in archive.namelist() if one.rpartition("/")[2] == BLUEPRINT), None)
            if name is None:
                raise InvalidInput(
                    f"cannot run the script of a canary: trimtab runs the multi-check blueprint; expected {BLUEPRINT} "
                    "in the zip"
                )
            if archive.getinfo(name).file_size > _MOST_JSON:
                raise InvalidInput(f"cannot read {BLUEPRINT}: it is larger than {_MOST_JSON:,} bytes")
            return json.loads(archive.read(name))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as problem:
        raise InvalidInput(f"cannot read the zip of a canary: {problem}") from None
