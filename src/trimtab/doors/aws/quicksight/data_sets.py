"""Operations on data sources, data sets and their ingestions."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, QueryAborted, TrimtabError
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
from trimtab.reports.datasets.field import Field, Type
from trimtab.reports.quicksight.model import (
    DATA_SET,
    DATA_SOURCE,
    FAILED,
    INGESTION,
    MADE,
    UPDATE_FAILED,
    UPDATED,
    Place,
    Resource,
    name_in,
    own_name,
)
from trimtab.reports.quicksight.room import RANGE, RANGE_TAG
from trimtab.reports.quicksight.unions import member


@operations.add("CreateIngestion", needs=Role.WRITE, status=201, conflict="ResourceExistsException")
async def create_ingestion(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Read a data set now. Every refresh is a full one."""
    one = await found(rooms, place_of(request, context), DATA_SET, request["DataSetId"])
    if one.form["ImportMode"] != "SPICE" or not one.state.get("fields"):
        raise InvalidInput(f"cannot refresh data set {one.name!r}: it is not in SPICE")
    made = await begin(rooms, one, request["IngestionId"], request.get("IngestionType", "FULL_REFRESH"), context)
    return {"Arn": made.arn, "IngestionId": made.name, "IngestionStatus": made.status}


@operations.add("DescribeIngestion")
async def describe_ingestion(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """One ingestion."""
    place = place_of(request, context)
    await found(rooms, place, DATA_SET, request["DataSetId"])
    return {"Ingestion": _document(await found(rooms, place, INGESTION, request["IngestionId"], request["DataSetId"]))}


@operations.add("ListIngestions")
async def list_ingestions(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """The ingestions of a data set, newest first."""
    place = place_of(request, context)
    await found(rooms, place, DATA_SET, request["DataSetId"])
    listed = await rooms.room.store.listed(place, INGESTION, request["DataSetId"])
    page, more = paged(listed, request, lambda one: [-one.created_ms, one.name])
    return {"Ingestions": [_document(one) for one in page], **more}


async def begin(rooms: QuickSightRooms, one: Resource, id_: str, kind: str, context: CallContext) -> Resource:
    """Make an ingestion and carry it out; what went wrong is told in it. Raises Conflict for one of that id."""
    room = rooms.room
    made = await room.store.create(
        Resource(one.place, INGESTION, id_, parent=one.name, status="RUNNING", state={"kind": kind})
    )
    principal = room.within(context.principal, one.place)
    try:
        extract = await room.datasets.refresh(principal, own_name(DATA_SET, one.name))
    except TrimtabError as problem:
        error = {"Type": "QUERY_TIMEOUT" if isinstance(problem, QueryAborted) else "SQL_EXCEPTION"}
        failed = {"kind": kind, "error": {**error, "Message": str(problem)}}
        return await room.store.change(made, lambda kept: replace(kept, status="FAILED", state=failed))
    state: dict[str, Any] = {"kind": kind, "rows": extract.rows, "took_ms": extract.took_ms}
    return await room.store.change(made, lambda kept: replace(kept, status="COMPLETED", state=state))


def _document(one: Resource) -> dict[str, Any]:
    told: dict[str, Any] = {"RequestSource": "MANUAL", "RequestType": one.state["kind"]}
    if "rows" in one.state:
        told["RowInfo"] = {"RowsIngested": one.state["rows"], "RowsDropped": 0, "TotalRowsInDataset": one.state["rows"]}
        told["IngestionTimeInSeconds"] = round(one.state["took_ms"] / 1000)
    if one.state.get("error"):
        told["ErrorInfo"] = one.state["error"]
    names = {"Arn": one.arn, "IngestionId": one.name, "IngestionStatus": one.status, "CreatedTime": one.created_ms}
    return {**names, **told}


_COLUMN_TYPES: Mapping[Type, tuple[str, str]] = {
    Type.NUMBER: ("DECIMAL", "FLOAT"),
    Type.MONEY: ("DECIMAL", "FIXED"),
    Type.INTEGER: ("INTEGER", ""),
    Type.TIME: ("DATETIME", ""),
}
_UNKNOWN = (
    "ColumnGroups", "ColumnLevelPermissionRules", "DataPrepConfiguration", "DatasetParameters",
    "RowLevelPermissionTagConfiguration", "SemanticModelConfiguration",
)  # fmt: skip
_TOLD = ("PhysicalTableMap", "LogicalTableMap", "ImportMode", "FieldFolders", "RowLevelPermissionDataSet", "UseAs",
         "DataSetUsageConfiguration", "PerformanceConfiguration")  # fmt: skip


@operations.add("CreateDataSet", needs=Role.WRITE, status=201, conflict="ResourceExistsException")
async def create_data_set(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Make a data set; one whose tables or expressions have no meaning here is refused, with the part that has none."""
    place = place_of(request, context)
    form, tags = form_of(request, "Permissions"), tags_of(request)
    document, state = await _mapped(rooms, place, form, tags)
    made = Resource(place, DATA_SET, request["DataSetId"], request["Name"], status=MADE, form=form, state=state)
    made = await rooms.room.store.create(made, tags)
    await rooms.room.keep_dataset(context.principal, made, document)
    return {"Arn": made.arn, "DataSetId": made.name, **await _first(rooms, made, context, "INITIAL_INGESTION")}


@operations.add("DescribeDataSet")
async def describe_data_set(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """One data set."""
    one = await found(rooms, place_of(request, context), DATA_SET, request["DataSetId"])
    told = {name: one.form[name] for name in _TOLD if one.form.get(name)}
    return {"DataSet": {**_names(one), **told, "OutputColumns": one.state["columns"]}}


@operations.add("ListDataSets")
async def list_data_sets(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Data sets, by id."""
    page, more = paged(await rooms.room.store.listed(place_of(request, context), DATA_SET), request, by_name)
    return {"DataSetSummaries": [_summary(one) for one in page], **more}


@operations.add("UpdateDataSet", needs=Role.WRITE)
async def update_data_set(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Change a data set, whole."""
    place = place_of(request, context)
    one = await found(rooms, place, DATA_SET, request["DataSetId"])
    form = form_of(request)
    document, state = await _mapped(rooms, place, form, await rooms.room.store.tags_of(one.arn))
    changed = replace(one, title=request["Name"], status=UPDATED, form=form, state=state)
    await rooms.room.store.change(one, lambda _: changed)
    if document is None:
        await rooms.room.forget_dataset(context.principal, one)
    await rooms.room.keep_dataset(context.principal, changed, document)
    return {"Arn": one.arn, "DataSetId": one.name, **await _first(rooms, changed, context, "EDIT")}


@operations.add("DeleteDataSet", needs=Role.WRITE)
async def delete_data_set(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Delete a data set with its ingestions."""
    one = await found(rooms, place_of(request, context), DATA_SET, request["DataSetId"])
    await rooms.room.store.delete(one)
    await rooms.room.forget_dataset(context.principal, one)
    return {"Arn": one.arn, "DataSetId": one.name}


async def _mapped(
    rooms: QuickSightRooms, place: Place, form: Mapping[str, Any], tags: Mapping[str, str]
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The dataset, and what is kept beside the form. Raises InvalidInput, NotFound, AwsError."""
    for name in _UNKNOWN:
        if form.get(name):
            raise InvalidInput(f"cannot use data set: {name} has no meaning in trimtab", field=name)
    for table in form["PhysicalTableMap"].values():
        await _check_source(rooms, place, table)
    document = await rooms.room.dataset(place, form, tags.get(RANGE_TAG, RANGE))
    if document is None:
        names = list(rooms.room.tables(form).rows[0])
        return None, {"columns": [{"Name": name, "Type": "STRING"} for name in names]}
    fields = rooms.room.check(document).fields
    shown = rooms.room.tables(form).shown
    columns = [_column(one) for one in fields if shown is None or one.name in shown]
    return document, {"columns": columns, "fields": [one.name for one in fields]}


async def _check_source(rooms: QuickSightRooms, place: Place, table: Mapping[str, Any]) -> None:
    arn = next((one["DataSourceArn"] for one in table.values() if one and one.get("DataSourceArn")), "")
    name = name_in(arn, place, DATA_SOURCE)
    if name is None:
        raise InvalidInput(f"cannot use data set: {arn[:200]!r} is no data source of {place.account} in {place.region}")
    source = await found(rooms, place, DATA_SOURCE, name)
    if source.state.get("error"):
        raise InvalidInput(f"cannot use data set: data source {name!r} failed: {source.state['error']['Message']}")


async def _first(rooms: QuickSightRooms, one: Resource, context: CallContext, kind: str) -> dict[str, str]:
    """The ingestion that making or changing a data set in SPICE begins."""
    if one.form["ImportMode"] != "SPICE" or not one.state.get("fields"):
        return {}
    made = await begin(rooms, one, context.request_id, kind, context)
    return {"IngestionArn": made.arn, "IngestionId": made.name}


def _column(field: Field) -> dict[str, str]:
    kind, subtype = _COLUMN_TYPES.get(field.type, ("STRING", ""))
    more = {"Description": field.description} if field.description else {}
    return {"Name": field.name, "Type": kind, **more, **({"SubType": subtype} if subtype else {})}


def _names(one: Resource) -> dict[str, Any]:
    times = {"CreatedTime": one.created_ms, "LastUpdatedTime": one.updated_ms}
    return {"Arn": one.arn, "DataSetId": one.name, "Name": one.title, **times}


def _summary(one: Resource) -> dict[str, Any]:
    rules = {"RowLevelPermissionDataSet": one.form["RowLevelPermissionDataSet"]} if (
        one.form.get("RowLevelPermissionDataSet")
    ) else {}  # fmt: skip
    flags = {"RowLevelPermissionTagConfigurationApplied": False, "ColumnLevelPermissionRulesApplied": False}
    return {**_names(one), "ImportMode": one.form["ImportMode"], **rules, **flags}


_OWN_HOSTS = frozenset(("localhost", "127.0.0.1", "::1"))
_HOSTLESS = frozenset(("AthenaParameters",))
_SOURCE_MEMBERS = (
    "DataSourceParameters",
    "AlternateDataSourceParameters",
    "VpcConnectionProperties",
    "SslProperties",
)


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
    return {"DataSource": _source_document(one)}


@operations.add("ListDataSources")
async def list_data_sources(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Data sources, by id."""
    listed = await rooms.room.store.listed(place_of(request, context), DATA_SOURCE)
    page, more = paged(listed, request, by_name)
    return {"DataSources": [_source_document(one) for one in page], **more}


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


def _source_document(one: Resource) -> dict[str, Any]:
    told = {name: one.form[name] for name in _SOURCE_MEMBERS if one.form.get(name)}
    error = {"ErrorInfo": one.state["error"]} if one.state.get("error") else {}
    times = {"CreatedTime": one.created_ms, "LastUpdatedTime": one.updated_ms}
    names = {"Arn": one.arn, "DataSourceId": one.name, "Name": one.title, "Type": one.form["Type"]}
    return {**names, "Status": one.status, **times, **told, **error}
