"""Data sources: where data sets read. All that can be read here is trimtab itself, by whatever name."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from trimtab.access.principal import Role
from trimtab.base.records import replace
from trimtab.doors.aws.quicksight.rooms import (
    QuickSightRooms,
    by_name,
    form_of,
    found,
    operations,
    paged,
    place_of,
    tags_of,
)
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.reports.quicksight.model import DATA_SOURCE, FAILED, MADE, UPDATE_FAILED, UPDATED, Resource
from trimtab.reports.quicksight.unions import member

_OWN_HOSTS = frozenset(("localhost", "127.0.0.1", "::1"))
_HOSTLESS = frozenset(("AthenaParameters",))
_TOLD = ("DataSourceParameters", "AlternateDataSourceParameters", "VpcConnectionProperties", "SslProperties")


@operations.add("CreateDataSource", needs=Role.WRITE, status=202, conflict="ResourceExistsException")
async def create_data_source(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Make a data source; one over another database is kept and has failed."""
    place = place_of(request, context)
    form = form_of(request, "Credentials", "Permissions")
    problem = _problem(form, rooms.room.public_url)
    made = Resource(
        place, DATA_SOURCE, request["DataSourceId"], request["Name"], status=FAILED if problem else MADE, form=form,
        state={"error": problem} if problem else {},
    )  # fmt: skip
    made = await rooms.room.store.create(made, tags_of(request))
    return {"Arn": made.arn, "DataSourceId": made.name, "CreationStatus": made.status}


@operations.add("DescribeDataSource")
async def describe_data_source(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """One data source."""
    one = await found(rooms, place_of(request, context), DATA_SOURCE, request["DataSourceId"])
    return {"DataSource": _document(one)}


@operations.add("ListDataSources")
async def list_data_sources(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Data sources, by id."""
    listed = await rooms.room.store.listed(place_of(request, context), DATA_SOURCE)
    page, more = paged(listed, request, by_name)
    return {"DataSources": [_document(one) for one in page], **more}


@operations.add("UpdateDataSource", needs=Role.WRITE, status=202)
async def update_data_source(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Change a data source."""
    one = await found(rooms, place_of(request, context), DATA_SOURCE, request["DataSourceId"])
    given, url = form_of(request, "Credentials"), rooms.room.public_url

    def update(kept: Resource) -> Resource:
        form = {**kept.form, **given}
        problem = _problem(form, url)
        status, state = (UPDATE_FAILED, {"error": problem}) if problem else (UPDATED, {})
        return replace(kept, title=request["Name"], status=status, form=form, state=state)

    changed = await rooms.room.store.change(one, update)
    return {"Arn": one.arn, "DataSourceId": one.name, "UpdateStatus": changed.status}


@operations.add("DeleteDataSource", needs=Role.WRITE)
async def delete_data_source(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Delete a data source; data sets over it stay, as with AWS."""
    one = await found(rooms, place_of(request, context), DATA_SOURCE, request["DataSourceId"])
    await rooms.room.store.delete(one)
    return {"Arn": one.arn, "DataSourceId": one.name}


def _problem(form: Mapping[str, Any], public_url: str) -> dict[str, str] | None:
    """Why nothing can be read there."""
    given = form.get("DataSourceParameters") or {}
    kind, parameters = member(given)
    host = str((parameters or {}).get("Host") or "").lower()
    if kind in _HOSTLESS or host in _OWN_HOSTS or (host and host == urlsplit(public_url).hostname):
        return None
    said = f"trimtab reads its own sources only, and no {form['Type']}" + (f" at {host}" if host else "")
    advice = "use type ATHENA, or a database type whose Host is this server; tables are trimtab's sources"
    return {"Type": "UNKNOWN_HOST" if host else "COPY_SOURCE_NOT_FOUND", "Message": f"{said}: {advice}"}


def _document(one: Resource) -> dict[str, Any]:
    told = {name: one.form[name] for name in _TOLD if one.form.get(name)}
    error = {"ErrorInfo": one.state["error"]} if one.state.get("error") else {}
    times = {"CreatedTime": one.created_ms, "LastUpdatedTime": one.updated_ms}
    names = {"Arn": one.arn, "DataSourceId": one.name, "Name": one.title, "Type": one.form["Type"]}
    return {**names, "Status": one.status, **times, **told, **error}
