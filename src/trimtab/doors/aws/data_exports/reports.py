"""Cost and Usage Reports: definitions of legacy reports, delivered as exports are."""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.clock import to_datetime
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.costs.delivery.model import Definition, Kind, Status
from trimtab.costs.delivery.room import arn_of
from trimtab.doors.aws.data_exports.rooms import INVALID, Coded, ExportRooms, accounts_of, mine, page, tags_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import listed_tags

_PAGE = 5  # the only size that there is
_NO_ACCESS = re.compile(r"AccessDenied|credentials|Forbidden", re.IGNORECASE)

operations = Coded("cur", "DuplicateReportNameException", "ReportLimitReachedException", INVALID)


@operations.add("PutReportDefinition", needs=Role.WRITE)
async def put_report_definition(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """Keep a report; it is delivered as soon as may be, and again whenever the bill changes."""
    form = request["ReportDefinition"]
    one = Definition(
        _arn(context, form["ReportName"]), context.account, Kind.REPORT, form["ReportName"], _kept(form),
        tags_of(request.get("Tags")), accounts_of(context),
    )  # fmt: skip
    await rooms.room.create(one)
    return {}


@operations.add("DescribeReportDefinitions")
async def describe_report_definitions(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """The account's reports, by name, and how the last delivery of each went."""
    shown, more = page(await rooms.room.store.listed(context.account, Kind.REPORT), request, _PAGE)
    return {"ReportDefinitions": [{**one.form, **await _status(rooms, one)} for one in shown], **more}


@operations.add("ModifyReportDefinition", needs=Role.WRITE)
async def modify_report_definition(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """Change a report; it is delivered again."""
    found = await _named(rooms, context, request["ReportName"])
    form = request["ReportDefinition"]
    if form["ReportName"] != found.name:
        raise InvalidInput("The name of a report cannot be changed.")
    if form["TimeUnit"] != found.form["TimeUnit"]:
        raise InvalidInput("The TimeUnit of a report cannot be changed.")
    await rooms.room.update(replace(found, form=_kept(form), accounts=accounts_of(context)))
    return {}


@operations.add("DeleteReportDefinition", needs=Role.WRITE)
async def delete_report_definition(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """Forget a report; files that were delivered stay."""
    found = await _named(rooms, context, request["ReportName"])
    await rooms.room.store.delete(found.arn)
    return {"ResponseMessage": f"The report {found.name} was deleted."}


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """Set tags of a report."""
    found = await _named(rooms, context, request["ReportName"])
    await rooms.room.store.tag(found.arn, {**found.tags, **tags_of(request["Tags"])})
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags of a report."""
    found = await _named(rooms, context, request["ReportName"])
    left = {key: value for key, value in found.tags.items() if key not in request["TagKeys"]}
    await rooms.room.store.tag(found.arn, left)
    return {}


@operations.add("ListTagsForResource")
async def list_tags_for_resource(rooms: ExportRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a report."""
    found = await _named(rooms, context, request["ReportName"])
    return {"Tags": listed_tags(found.tags)}


async def _named(rooms: ExportRooms, context: CallContext, name: str) -> Definition:
    """A report by name; it may have been made in another region. Raises NotFound."""
    listed = await rooms.room.store.listed(context.account, Kind.REPORT)
    for one in listed:
        if one.name == name:
            return await mine(rooms, context, one.arn, Kind.REPORT)
    raise NotFound(f"The report {name[:256]} does not exist.")


def _arn(context: CallContext, name: str) -> str:
    return arn_of(Kind.REPORT, context.account, context.region, name, "")


def _kept(form: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if name != "ReportStatus"}


async def _status(rooms: ExportRooms, one: Definition) -> dict[str, Any]:
    ran = [run for run in await rooms.room.store.executions(one.arn) if run.ended_ms is not None]
    if not ran or ran[0].ended_ms is None:
        return {}
    if ran[0].status is Status.DELIVERED:
        status = "SUCCESS"
    else:
        status = "ERROR_PERMISSIONS" if _NO_ACCESS.search(ran[0].problem) else "ERROR_NO_BUCKET"
    return {"ReportStatus": {"lastDelivery": f"{to_datetime(ran[0].ended_ms):%Y%m%dT%H%M%SZ}", "lastStatus": status}}
