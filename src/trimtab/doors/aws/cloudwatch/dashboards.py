"""Dashboards: PutDashboard, GetDashboard, ListDashboards, DeleteDashboards and GetMetricWidgetImage."""

import asyncio
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound, TrimtabError, Unavailable
from trimtab.base.paging import encode_token
from trimtab.charts.png import to_png
from trimtab.doors.aws.cloudwatch.complaints import Complaints, must_be_in
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.cloudwatch.tags import check_tags
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import last_name
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.reports.dashboards.data import Question
from trimtab.reports.dashboards.image import HEIGHT, WIDTH, draw_widget, read_widget
from trimtab.reports.dashboards.model import Message
from trimtab.reports.dashboards.room import DashboardRoom
from trimtab.reports.dashboards.store import arn_of, check_name
from trimtab.reports.dashboards.timing import Span
from trimtab.reports.dashboards.validate import check_body, errors, refusal

PAGE = 1000
"""Dashboards an answer lists, as documented."""
MOST_DELETED = 100
"""Names that one call deletes, as documented."""
_BAD_NAME = (
    "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and "
    "underscore (_).\n"
)
_3_HOURS_MS = 3 * 3_600_000


@operations.add("PutDashboard", needs=Role.WRITE, bound=True)
async def put_dashboard(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Store a dashboard; warnings come back, errors refuse it."""
    room, name, text = _room(rooms), request["DashboardName"], request["DashboardBody"]
    _check_name(name)
    messages = check_body(text)
    if errors(messages):
        members = {"dashboardValidationMessages": _wire(errors(messages))}
        raise AwsError("DashboardInvalidInputError", _said(messages), members=members)
    complaints = Complaints()
    tags = check_tags(request.get("Tags", ()), complaints)
    complaints.raise_any()
    await room.store.put(context.account, name, text, context.principal.name, within=context.scope)
    if tags:
        await rooms.tagged.put(arn_of(context.account, name, context.region), tags)
    return {"DashboardValidationMessages": _wire(messages)}


@operations.add("GetDashboard", bound=True)
async def get_dashboard(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """A dashboard with its body, as it was put."""
    name = request["DashboardName"]
    _check_name(name)
    try:
        stored = await _room(rooms).store.get(context.account, name, context.scope)
    except NotFound as problem:
        raise AwsError("DashboardNotFoundError", str(problem)) from None
    return {
        "DashboardArn": arn_of(context.account, name, context.region),
        "DashboardBody": stored.body,
        "DashboardName": name,
    }


@operations.add("ListDashboards", bound=True)
async def list_dashboards(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """The dashboards by name, 1,000 an answer."""
    found = await _room(rooms).store.listed(context.account, request.get("DashboardNamePrefix", ""), context.scope)
    after = last_name(
        request.get("NextToken"), AwsError("InvalidParameterValue", "Request parameter NextToken is invalid")
    )
    rest = [one for one in found if one.name > after]
    answer: dict[str, Any] = {
        "DashboardEntries": [
            {
                "DashboardName": one.name,
                "DashboardArn": arn_of(context.account, one.name, context.region),
                "LastModified": one.modified_ms,
                "Size": one.size,
            }
            for one in rest[:PAGE]
        ]
    }
    if len(rest) > PAGE:
        answer["NextToken"] = encode_token(rest[PAGE - 1].name)
    return answer


@operations.add("DeleteDashboards", needs=Role.WRITE, bound=True)
async def delete_dashboards(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """Delete dashboards: all that are named, or none where one of them is not there."""
    names = request["DashboardNames"]
    if len(names) > MOST_DELETED:
        raise AwsError(
            "InvalidParameterValue", f"The collection DashboardNames must not have a size greater than {MOST_DELETED}."
        )
    for name in names:
        _check_name(name)
    missing = await _room(rooms).store.delete(context.account, names, context.scope)
    if missing:
        raise AwsError("DashboardNotFoundError", f"Dashboard {', '.join(missing)} does not exist")
    return {}


@operations.add("GetMetricWidgetImage", bound=True)
async def get_metric_widget_image(rooms: CloudWatchRooms, request: Request, context: CallContext) -> Answer:
    """A PNG of a metric widget."""
    output = request.get("OutputFormat", "png")
    if output not in ("png", "image/png"):
        raise AwsError("InvalidParameterValue", must_be_in("OutputFormat", ("png", "image/png")))
    room, now = _room(rooms), rooms.clock.now_ms()
    await rooms.reader.fresh()
    try:
        widget = read_widget(request["MetricWidget"])
        question = Question(widget, Span(now - _3_HOURS_MS, now), inherit=True)
        [answer] = await room.widgets.read(context.scope, [question])
        if isinstance(answer, TrimtabError):
            raise answer
    except InvalidInput as problem:
        raise AwsError("ValidationError", str(problem)) from None
    properties = widget.properties
    size = properties.get("width", WIDTH), properties.get("height", HEIGHT)
    drawn = draw_widget(answer, *size, dark=properties.get("theme") == "dark")
    return {"MetricWidgetImage": await asyncio.to_thread(to_png, drawn)}


def _room(rooms: CloudWatchRooms) -> DashboardRoom:
    if rooms.dashboards is None:
        raise Unavailable("this server was started without dashboards")
    return rooms.dashboards


def _check_name(name: str) -> None:
    try:
        check_name(name)
    except InvalidInput:
        raise AwsError("InvalidParameterValue", _BAD_NAME) from None


def _said(messages: list[Message]) -> str:
    wrong = errors(messages)
    return wrong[0].text if not wrong[0].path and len(wrong) == 1 else refusal(messages)


def _wire(messages: list[Message]) -> list[dict[str, str]]:
    return [{"DataPath": one.path, "Message": one.text} for one in messages]
