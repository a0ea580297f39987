"""Analyses: definitions whose visuals are drawn as an analysis of trimtab, called `quicksight-analysis-ID` there."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput
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
from trimtab.reports.quicksight.definitions import sheets_of
from trimtab.reports.quicksight.model import ANALYSIS, FAILED, MADE, Resource
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
