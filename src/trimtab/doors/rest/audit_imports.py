"""`/rest/v1/audit/imports` and `/rest/v1/audit/trails`: files in (role admin), and trails as they deliver."""

from typing import Any

from trimtab.access.principal import Role, everything_only
from trimtab.audit.imports import Import
from trimtab.audit.room import AuditRoom
from trimtab.audit.trails.model import Trail
from trimtab.base.errors import InvalidInput
from trimtab.client import audit_wire as wire
from trimtab.doors.rest.spec import Call, Operation

_ROOT, _TAG = "/rest/v1/audit", "audit"


def operations(room: AuditRoom, *, local: bool) -> list[Operation]:
    """The operations; `local` is whether paths of this machine may be read: not by callers from elsewhere."""

    async def start(call: Call[Any, wire.StartAuditImport]) -> wire.AuditImport:
        _whole(call)
        location = call.body.location
        if not local and not location.startswith("s3://"):
            raise InvalidInput("cannot import a path of the server's from elsewhere: use s3://…, or send the records")
        return _import(await room.imports.one(await room.imports.start(location)))

    async def one(call: Call[Any, None]) -> wire.AuditImport:
        _whole(call)
        id_ = call.path["id"]
        if not id_.isdecimal() or len(id_) > 15:
            raise InvalidInput(f"cannot find import {id_!r}: expected a number", field="id")
        return _import(await room.imports.one(int(id_)))

    async def listed(call: Call[Any, None]) -> wire.AuditImports:
        _whole(call)
        return wire.AuditImports([_import(found) for found in await room.imports.newest()])

    async def trails(call: Call[Any, None]) -> wire.AuditTrails:
        return wire.AuditTrails(
            [_trail(found) for found in await room.trails.of(call.principal.account or room.account)]
        )

    admin: dict[str, Any] = {"role": Role.ADMIN, "tag": _TAG}
    # fmt: off
    return [
        Operation("GET", f"{_ROOT}/trails", "list audit trails", "Trails, and how their deliveries go.",
                  trails, wire.AuditTrails, tag=_TAG),
        Operation("GET", f"{_ROOT}/imports", "list audit imports", "The newest imports of CloudTrail files.",
                  listed, wire.AuditImports, **admin),
        Operation("POST", f"{_ROOT}/imports", "start audit import", "Begin to read CloudTrail files.",
                  start, wire.AuditImport, body=wire.StartAuditImport, status=202, errors=(409,), **admin),
        Operation("GET", f"{_ROOT}/imports/{{id}}", "get audit import", "An import of CloudTrail files.",
                  one, wire.AuditImport, errors=(404,), path_parameters={"id": "The import's number."}, **admin),
    ]
    # fmt: on


def _whole(call: Call[Any, Any]) -> None:
    everything_only(call.principal, "read files of records, which may be of any account")


def _import(one: Import) -> wire.AuditImport:
    return wire.AuditImport(
        one.id,
        one.location,
        one.state,
        one.started_ms,
        one.ended_ms,
        one.files,
        one.records,
        one.stored,
        one.problem,
        list(one.notes),
    )


def _trail(one: Trail) -> wire.AuditTrail:
    return wire.AuditTrail(
        one.name,
        one.arn,
        one.account,
        one.region,
        one.body["S3BucketName"],
        one.body.get("S3KeyPrefix", ""),
        one.logging,
        bool(one.body.get("IsMultiRegionTrail")),
        one.delivered_ms,
        one.problem,
    )
