"""Operations on analyses and dashboards."""

from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput
from trimtab.base.records import replace
from trimtab.doors.aws.faults import AwsError
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
from trimtab.reports.quicksight.definitions import sheets_of
from trimtab.reports.quicksight.model import ANALYSIS, DASHBOARD, FAILED, MADE, VERSION, Place, Resource
from trimtab.reports.quicksight.room import Defined


def lenient(request: Request) -> bool:
    """Whether errors in a definition are listed and no more."""
    return bool((request.get("ValidationStrategy") or {}).get("Mode") == "LENIENT")


def check_source(request: Request) -> None:
    """Raise InvalidInput unless there is either a definition or a template."""
    if bool(request.get("Definition")) == bool(request.get("SourceEntity")):
        raise InvalidInput("Exactly one of Definition and SourceEntity must be given.")


def state_of(defined: Defined, *, failed: bool) -> dict[str, Any]:
    """What is kept of a definition that was mapped."""
    return {
        "document": None if failed else defined.document,
        "errors": [one.document() for one in defined.problems],
        "data_sets": list(defined.data_sets),
        "placed": [{"sheet": one.sheet, "visual": one.visual, "id": one.document["id"]} for one in defined.placed],
    }


@operations.add("CreateAnalysis", needs=Role.WRITE, status=202, conflict="ResourceExistsException")
async def create_analysis(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Make an analysis; its errors say which visuals are not shown, and why."""
    place = place_of(request, context)
    check_source(request)
    form = form_of(request, "Permissions")
    defined = await rooms.room.define(context.principal, place, form)
    failed = defined.failed and not lenient(request)
    made = Resource(
        place, ANALYSIS, request["AnalysisId"], request["Name"], status=FAILED if failed else MADE, form=form,
        state=state_of(defined, failed=failed),
    )  # fmt: skip
    made = await rooms.room.store.create(made, tags_of(request))
    await rooms.room.keep_analysis(context.principal, made, made.state["document"])
    return {"Arn": made.arn, "AnalysisId": made.name, "CreationStatus": made.status}


@operations.add("DescribeAnalysis")
async def describe_analysis(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """One analysis, with the errors of its definition."""
    one = await found(rooms, place_of(request, context), ANALYSIS, request["AnalysisId"])
    theme = {"ThemeArn": one.form["ThemeArn"]} if one.form.get("ThemeArn") else {}
    errors = {"Errors": one.state["errors"]} if one.state["errors"] else {}
    sheets = sheets_of(one.form.get("Definition") or {})
    more = {"DataSetArns": one.state["data_sets"], "Sheets": sheets}
    return {"Analysis": {**_summary(one), **errors, **more, **theme}}


@operations.add("ListAnalyses")
async def list_analyses(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Analyses, by id."""
    page, more = paged(await rooms.room.store.listed(place_of(request, context), ANALYSIS), request, by_name)
    return {"AnalysisSummaryList": [_summary(one) for one in page], **more}


@operations.add("DeleteAnalysis", needs=Role.WRITE)
async def delete_analysis(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Delete an analysis at once: it is not kept for recovery, whatever window is asked for."""
    if request.get("RecoveryWindowInDays") and request.get("ForceDeleteWithoutRecovery"):
        raise InvalidInput("RecoveryWindowInDays and ForceDeleteWithoutRecovery exclude each other.")
    one = await found(rooms, place_of(request, context), ANALYSIS, request["AnalysisId"])
    await rooms.room.store.delete(one)
    await rooms.room.forget_analysis(one)
    return {"Arn": one.arn, "AnalysisId": one.name, "DeletionTime": rooms.room.clock.now_ms()}


def _summary(one: Resource) -> dict[str, Any]:
    times = {"CreatedTime": one.created_ms, "LastUpdatedTime": one.updated_ms}
    return {"Arn": one.arn, "AnalysisId": one.name, "Name": one.title, "Status": one.status, **times}


_LATEST = "$LATEST"


@operations.add("CreateDashboard", needs=Role.WRITE, status=202, conflict="ResourceExistsException")
async def create_dashboard(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Make a dashboard; its first version is published."""
    place = place_of(request, context)
    check_source(request)
    permissions = request.get("Permissions") or []
    dashboard = Resource(
        place, DASHBOARD, request["DashboardId"], request["Name"],
        state={"latest": 1, "published": 1, "published_ms": rooms.room.clock.now_ms(), "permissions": permissions},
    )  # fmt: skip
    version = await _version(rooms, dashboard, request, context)
    dashboard = await rooms.room.store.create(replace(dashboard, status=version.status), tags_of(request))
    version = await rooms.room.store.create(version)
    await rooms.room.keep_analysis(context.principal, dashboard, version.state["document"])
    return {**_names(dashboard), "VersionArn": version.arn, "CreationStatus": version.status}


@operations.add("DescribeDashboard")
async def describe_dashboard(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """One dashboard with a version: the published one unless another is asked for."""
    dashboard, version = await asked(rooms, request, context)
    times = {"CreatedTime": dashboard.created_ms, "LastUpdatedTime": dashboard.updated_ms}
    published = {"LastPublishedTime": dashboard.state["published_ms"]}
    links = {"LinkEntities": [rooms.room.page(dashboard)]}
    told = {"Name": dashboard.title, "Version": _version_document(version), **times, **published, **links}
    return {"Dashboard": {**_names(dashboard), **told}}


@operations.add("DescribeDashboardDefinition")
async def describe_dashboard_definition(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """The definition of a version, as it was given, with its errors."""
    dashboard, version = await asked(rooms, request, context)
    given = {name: version.form[name] for name in ("Definition", "ThemeArn", "DashboardPublishOptions")
             if version.form.get(name)}  # fmt: skip
    errors = {"Errors": version.state["errors"]} if version.state["errors"] else {}
    told = {"DashboardId": dashboard.name, "Name": version.title, "ResourceStatus": version.status}
    return {**told, **errors, **given}


@operations.add("ListDashboards")
async def list_dashboards(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Dashboards, by id."""
    page, more = paged(await rooms.room.store.listed(place_of(request, context), DASHBOARD), request, by_name)
    return {"DashboardSummaryList": [_dashboard_summary(one) for one in page], **more}


@operations.add("SearchDashboards")
async def search_dashboards(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Dashboards whose names or permissions fit every filter."""
    listed = await rooms.room.store.listed(place_of(request, context), DASHBOARD)
    kept = [one for one in listed if all(_fits(one, given) for given in request["Filters"])]
    page, more = paged(kept, request, by_name)
    return {"DashboardSummaryList": [_dashboard_summary(one) for one in page], **more}


@operations.add("UpdateDashboard", needs=Role.WRITE, status=202)
async def update_dashboard(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Make the next version; `UpdateDashboardPublishedVersion` publishes it."""
    check_source(request)
    one = await found(rooms, place_of(request, context), DASHBOARD, request["DashboardId"])
    version = await _version(rooms, one, request, context)

    def count(kept: Resource) -> Resource:
        return replace(kept, title=request["Name"], state={**kept.state, "latest": int(kept.state["latest"]) + 1})

    numbered = await rooms.room.store.change(one, count)
    version = await rooms.room.store.create(replace(version, name=str(numbered.state["latest"])))
    return {**_names(one), "VersionArn": version.arn, "CreationStatus": version.status}


@operations.add("UpdateDashboardPublishedVersion", needs=Role.WRITE)
async def update_dashboard_published_version(
    rooms: QuickSightRooms, request: Request, context: CallContext
) -> Answer:  # fmt: skip
    """Publish a version."""
    place = place_of(request, context)
    one = await found(rooms, place, DASHBOARD, request["DashboardId"])
    version = await _numbered(rooms, place, one, int(request["VersionNumber"]))
    if version.status == FAILED:
        raise Conflict(f"cannot publish version {version.name} of {one.name!r}: its creation failed")
    published = {"published": int(version.name), "published_ms": rooms.room.clock.now_ms()}
    changed = await rooms.room.store.change(one, lambda kept: replace(kept, state={**kept.state, **published}))
    await rooms.room.keep_analysis(context.principal, changed, version.state["document"])
    return {"DashboardId": one.name, "DashboardArn": one.arn}


@operations.add("ListDashboardVersions")
async def list_dashboard_versions(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """The versions of a dashboard, newest first."""
    place = place_of(request, context)
    one = await found(rooms, place, DASHBOARD, request["DashboardId"])
    listed = await rooms.room.store.listed(place, VERSION, one.name)
    page, more = paged(listed, request, lambda version: -int(version.name))
    told = ("Arn", "CreatedTime", "VersionNumber", "Status", "Description")
    rows = [_version_document(version) for version in page]
    return {"DashboardVersionSummaryList": [{n: v for n, v in row.items() if n in told} for row in rows], **more}


@operations.add("DeleteDashboard", needs=Role.WRITE)
async def delete_dashboard(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Delete a dashboard, or one version of it that is not published."""
    place = place_of(request, context)
    one = await found(rooms, place, DASHBOARD, request["DashboardId"])
    number = request.get("VersionNumber")
    if number is None:
        await rooms.room.store.delete(one)
        await rooms.room.forget_analysis(one)
    elif int(number) == one.state["published"]:
        raise Conflict(f"cannot delete version {number} of {one.name!r}: it is published")
    else:
        await rooms.room.store.delete(await _numbered(rooms, place, one, int(number)))
    return _names(one)


async def asked(rooms: QuickSightRooms, request: Request, context: CallContext) -> tuple[Resource, Resource]:
    """The dashboard of a request and the version that it asks for. Raises AwsError."""
    place = place_of(request, context)
    one = await found(rooms, place, DASHBOARD, request["DashboardId"])
    number = request.get("VersionNumber")
    if number is None:
        number = one.state["latest"] if request.get("AliasName") == _LATEST else one.state["published"]
        if request.get("AliasName") not in (None, _LATEST, "$PUBLISHED"):
            raise AwsError("ResourceNotFoundException", f"There is no alias {request['AliasName']!r} of {one.name!r}")
    return one, await _numbered(rooms, place, one, int(number))


async def _numbered(rooms: QuickSightRooms, place: Place, one: Resource, number: int) -> Resource:
    return await found(rooms, place, VERSION, str(number), one.name)


async def _version(rooms: QuickSightRooms, one: Resource, request: Request, context: CallContext) -> Resource:
    """What a request makes of a dashboard: its version 1."""
    form = form_of(request, "Permissions", "DashboardId")
    defined = await rooms.room.define(context.principal, one.place, form)
    failed = defined.failed and not lenient(request)
    return Resource(
        one.place, VERSION, "1", request["Name"], parent=one.name, status=FAILED if failed else MADE,
        form=form, state=state_of(defined, failed=failed),
    )  # fmt: skip


def _names(one: Resource) -> dict[str, Any]:
    return {"Arn": one.arn, "DashboardId": one.name}


def _dashboard_summary(one: Resource) -> dict[str, Any]:
    times = {"CreatedTime": one.created_ms, "LastUpdatedTime": one.updated_ms}
    published = {"PublishedVersionNumber": one.state["published"], "LastPublishedTime": one.state["published_ms"]}
    return {**_names(one), "Name": one.title, **times, **published}


def _version_document(one: Resource) -> dict[str, Any]:
    told = {"CreatedTime": one.created_ms, "VersionNumber": int(one.name), "Status": one.status, "Arn": one.arn}
    errors = {"Errors": one.state["errors"]} if one.state["errors"] else {}
    about = {"Description": one.form["VersionDescription"]} if one.form.get("VersionDescription") else {}
    theme = {"ThemeArn": one.form["ThemeArn"]} if one.form.get("ThemeArn") else {}
    sheets = {"Sheets": sheets_of(one.form.get("Definition") or {}), "DataSetArns": one.state["data_sets"]}
    return {**told, **errors, **about, **theme, **sheets}


def _fits(one: Resource, given: Mapping[str, Any]) -> bool:
    wanted = given.get("Value") or ""
    if given.get("Name") == "DASHBOARD_NAME":
        same = one.title == wanted
        return same if given["Operator"] == "StringEquals" else wanted.lower() in one.title.lower()
    return any(permission["Principal"] == wanted for permission in one.state["permissions"])
