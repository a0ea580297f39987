"""Operations on data sets."""

from collections.abc import Mapping
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
from trimtab.reports.datasets.field import Field, Type
from trimtab.reports.quicksight.model import (
    DATA_SET,
    DATA_SOURCE,
    MADE,
    UPDATED,
    Place,
    Resource,
    name_in,
)
from trimtab.reports.quicksight.room import RANGE, RANGE_TAG

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
    table = await rooms.room.tables(place, form)
    document = await rooms.room.dataset(place, form, tags.get(RANGE_TAG, RANGE))
    if document is None:
        names = list(table.rows[0])
        return None, {"columns": [{"Name": name, "Type": "STRING"} for name in names]}
    fields = rooms.room.check(document).fields
    shown = table.shown
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
    made = await rooms.ingestions.begin(one, context.request_id, kind, context.principal)
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
