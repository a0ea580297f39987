"""`/rest/v1/profiles`: training profiles of runs come in (role write), and are read.

Files are no JSON: `PUT /rest/v1/profiles/uploads/{id}` takes a part of one; a part that was sent may be sent again.
"""

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role
from trimtab.base import typed
from trimtab.base.errors import AccessDenied, LimitExceeded, NotFound, TrimtabError
from trimtab.client import profiles_wire as wire
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.rest.parts import offset_of, write_part
from trimtab.doors.rest.profile_answers import profile_on_wire
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.doors.roles import DoorRoute
from trimtab.kpis.runs.reader import RunReports
from trimtab.profiles.imports import ProfileImport
from trimtab.profiles.room import ProfilesRoom

_ROOT, _TAG = "/rest/v1/profiles", "runs"
MOST_FILE_BYTES = 4 << 30
"""Bytes of one file as it is sent: some 40 GB of a trace's text, far beyond what is read of it."""


class ProfileQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of which run."""

    job: Annotated[str, Meta(min_length=1, max_length=512, description="Its id: 48213, or vision/trainer-0.")]
    cluster: Annotated[str, Meta(max_length=128, description="Its cluster, where several have that id.")] = ""


def operations(room: ProfilesRoom, reports: RunReports) -> list[Operation]:
    """The operations on profiles. Whose a run is not does not see its profile either."""
    runs, imports = reports.room.runs, room.imports

    async def upload(call: Call[NoQuery, None]) -> wire.ProfileUpload:
        return wire.ProfileUpload(await imports.open())

    async def start(call: Call[NoQuery, wire.StartProfileImport]) -> wire.ProfileImport:
        body, who = call.body, call.principal
        run = await runs.one(who.scope, body.job, body.cluster)
        return _on_wire(imports.start(run.key, body.upload, who.name, replace=body.replace))

    async def one(call: Call[NoQuery, None]) -> wire.ProfileImport:
        found = imports.one(call.path["id"])
        await runs.one(call.principal.scope, found.key.job, found.key.cluster)
        return _on_wire(found)

    async def read(call: Call[ProfileQuery, None]) -> wire.RunProfile:
        found = await reports.one(call.principal.scope, call.query.job, call.query.cluster)
        if found.profile is None:
            raise NotFound(f"run {call.query.job!r} has no profile; `trimtab traces import FILE --run ID` brings one")
        return profile_on_wire(found.profile)

    async def drop(call: Call[ProfileQuery, None]) -> wire.ProfileDropped:
        run = await runs.one(call.principal.scope, call.query.job, call.query.cluster)
        return wire.ProfileDropped(await room.store.drop(run.key))

    write: dict[str, Any] = {"role": Role.WRITE, "tag": _TAG}
    # fmt: off
    return [
        Operation("GET", _ROOT, "get run profile",
                  "Where the time of a run's GPUs went by its profiles, with dollars, and which rank slows it.",
                  read, wire.RunProfile, query=ProfileQuery, errors=(404, 504), tag=_TAG, bound=True),
        Operation("DELETE", _ROOT, "drop run profile", "Let go of all profiles of a run.",
                  drop, wire.ProfileDropped, query=ProfileQuery, errors=(404,), **write),
        Operation("POST", f"{_ROOT}/uploads", "open profile upload",
                  "Make a place for files of a profile; send them with PUT …/uploads/{id}?name=…&offset=….",
                  upload, wire.ProfileUpload, **write),
        Operation("POST", f"{_ROOT}/imports", "start profile import",
                  "Begin to read uploaded files as the profile of a run: all of them are kept, or none.",
                  start, wire.ProfileImport, body=wire.StartProfileImport, status=202, errors=(404,), **write),
        Operation("GET", f"{_ROOT}/imports/{{id}}", "get profile import", "How far an import of a profile is.",
                  one, wire.ProfileImport, errors=(404,), path_parameters={"id": "The import's id."}, **write),
    ]
    # fmt: on


def routes(room: ProfilesRoom, reserve_mb: int) -> list[BaseRoute]:
    """The route that takes parts of files. Free disk below `reserve_mb` MiB refuses them."""

    async def put(request: Request) -> Response:
        try:
            principal: Principal = request.scope["state"]["principal"]
            if not principal.may(Role.WRITE):
                raise AccessDenied(f"cannot upload a profile: {principal.name!r} has role {principal.role}")
            path = room.imports.uploads.path(request.path_params["id"], request.query_params.get("name", ""))
            offset, body = offset_of(request), await request.body()
            if offset + len(body) > MOST_FILE_BYTES:
                raise LimitExceeded(f"cannot take the file: it is longer than {MOST_FILE_BYTES >> 30} GiB")
            size = await asyncio.to_thread(write_part, path, offset, body, reserve_mb)
        except TrimtabError as problem:
            return answer_error(problem)
        return Response(msgspec.json.encode(wire.ProfileSent(size)), media_type="application/json")

    return [DoorRoute(f"{_ROOT}/uploads/{{id}}", put, Role.WRITE, methods=["PUT"])]


def _on_wire(one: ProfileImport) -> wire.ProfileImport:
    return wire.ProfileImport(
        id=one.id,
        job=one.key.job,
        cluster=one.key.cluster,
        state=typed.convert(one.state.value, wire.ImportStateName),
        files=one.files,
        read=one.read,
        kept=one.kept,
        problem=one.problem,
        notes=list(one.notes),
    )
