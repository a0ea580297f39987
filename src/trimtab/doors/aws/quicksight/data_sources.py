"""Operations on data sources."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.doors.aws.quicksight.rooms import (
    QuickSightRooms,
    by_name,
    form_of,
    found,
    operations,
    paged,
    place_of,
)
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.reports.quicksight.credentials import Pair
from trimtab.reports.quicksight.model import DATA_SOURCE, FAILED, MADE, UPDATE_FAILED, UPDATED, Resource
from trimtab.reports.quicksight.unions import member

_SOURCE_MEMBERS = (
    "DataSourceParameters",
    "AlternateDataSourceParameters",
    "VpcConnectionProperties",
    "SslProperties",
)


@operations.add("CreateDataSource", needs=Role.WRITE, status=202, conflict="ResourceExistsException")
async def create_data_source(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Make a data source, which is read to see whether it can be; one that cannot is kept and has failed."""
    place, pair = place_of(request, context), _pair(request)
    form = form_of(request, "Credentials", "Permissions")
    made = Resource(place, DATA_SOURCE, request["DataSourceId"], request["Name"], form=form)
    problem = await rooms.room.outside.problem(made, pair)
    tried = replace(made, status=FAILED if problem else MADE, state={"error": problem} if problem else {})
    made = await rooms.room.store.create(tried, tags_of(request))
    await rooms.room.outside.credentials.put(made, pair)
    return {"Arn": made.arn, "DataSourceId": made.name, "CreationStatus": made.status}


@operations.add("DescribeDataSource")
async def describe_data_source(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """One data source."""
    one = await found(rooms, place_of(request, context), DATA_SOURCE, request["DataSourceId"])
    return {"DataSource": _source_document(one)}


@operations.add("ListDataSources")
async def list_data_sources(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Data sources, by id."""
    listed = await rooms.room.store.listed(place_of(request, context), DATA_SOURCE)
    page, more = paged(listed, request, by_name)
    return {"DataSources": [_source_document(one) for one in page], **more}


@operations.add("UpdateDataSource", needs=Role.WRITE, status=202)
async def update_data_source(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Change a data source. Without Credentials it keeps those that it has, unless it reads elsewhere now."""
    one = await found(rooms, place_of(request, context), DATA_SOURCE, request["DataSourceId"])
    outside, given = rooms.room.outside, form_of(request, "Credentials")
    form = {**one.form, **given}
    moved = form.get("DataSourceParameters") != one.form.get("DataSourceParameters")
    pair = _pair(request) or (None if moved else await outside.credentials.of(one))
    problem = await outside.problem(replace(one, form=form), pair)
    status, state = (UPDATE_FAILED, {"error": problem}) if problem else (UPDATED, {})
    changed = replace(one, title=request["Name"], status=status, form=form, state=state)
    await outside.credentials.put(one, pair)
    await rooms.room.store.change(one, lambda _: changed)
    return {"Arn": one.arn, "DataSourceId": one.name, "UpdateStatus": changed.status}


@operations.add("DeleteDataSource", needs=Role.WRITE)
async def delete_data_source(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Delete a data source; data sets over it stay, as with AWS."""
    one = await found(rooms, place_of(request, context), DATA_SOURCE, request["DataSourceId"])
    await rooms.room.outside.credentials.put(one, None)
    await rooms.room.store.delete(one)
    return {"Arn": one.arn, "DataSourceId": one.name}


def _pair(request: Request) -> Pair | None:
    """The user name and password of a request. Raises InvalidInput for other ways to sign in."""
    kind, given = member(request.get("Credentials") or {})
    if kind in ("", "CredentialPair"):
        return Pair(given["Username"], given["Password"]) if kind else None
    raise InvalidInput(f"cannot use Credentials: {kind} has no meaning in trimtab; expected CredentialPair",
                       field="Credentials")  # fmt: skip


def _source_document(one: Resource) -> dict[str, Any]:
    told = {name: one.form[name] for name in _SOURCE_MEMBERS if one.form.get(name)}
    error = {"ErrorInfo": one.state["error"]} if one.state.get("error") else {}
    times = {"CreatedTime": one.created_ms, "LastUpdatedTime": one.updated_ms}
    names = {"Arn": one.arn, "DataSourceId": one.name, "Name": one.title, "Type": one.form["Type"]}
    return {**names, "Status": one.status, **times, **told, **error}
