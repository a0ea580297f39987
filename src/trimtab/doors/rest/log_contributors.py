"""`/rest/v1/logs/contributors`: rules of Contributor Insights, and who contributes most by one of them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base.errors import NotFound
from trimtab.client import log_contributors_wire as wire
from trimtab.doors.rest.log_place import TAG, LogDoors
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.doors.rest.times import Duration, Instant, period_s, time_range
from trimtab.logs.contributors.report import MOST_CONTRIBUTORS, Order, Report, Span, fitting
from trimtab.logs.contributors.store import StoredRule

PATH = "/rest/v1/logs/contributors"
_NAME = Annotated[str, Meta(min_length=1, max_length=128)]


class RuleQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which rule, by name."""

    name: _NAME


class ReportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A report: of which rule, over which range, by which period (one that fits, unless given)."""

    name: _NAME
    start: Instant = "-1h"
    end: Instant = "now"
    period: Duration | None = None
    most: Annotated[int, Meta(ge=1, le=MOST_CONTRIBUTORS)] = 10
    order: Literal["Sum", "Maximum"] = "Sum"


def operations(doors: LogDoors) -> list[Operation]:
    """The operations."""
    room = doors.room.contributors

    async def listed(call: Call[NoQuery, None]) -> wire.RuleList:
        return wire.RuleList([shown(one) for one in await room.store.listed(*doors.place(call))])

    async def put(call: Call[NoQuery, wire.PutRule]) -> wire.Rule:
        body = call.body
        return shown(await room.store.put(*doors.place(call), body.name, body.definition, enabled=body.enabled))

    async def delete(call: Call[RuleQuery, None]) -> wire.DeletedRule:
        if await room.store.delete(*doors.place(call), [call.query.name]):
            raise NotFound(f"The insight rule {call.query.name} does not exist.")
        return wire.DeletedRule(call.query.name)

    async def report(call: Call[ReportQuery, None]) -> wire.Contributors:
        asked, now_ms = call.query, doors.room.clock.now_ms()
        span = time_range(asked.start, asked.end, now_ms)
        period = fitting(span.start_ms, span.end_ms) if asked.period is None else period_s(asked.period, span)
        stored = await room.store.get(*doors.place(call), asked.name)
        over = Span(span.start_ms, span.end_ms, period)
        order = Order(asked.order)
        found = await room.reporter.report(call.principal.scope, stored, over, asked.most, order)
        return told(stored, over, found)

    return [
        Operation("GET", PATH, "list contributor rules", "Rules that say who contributes to what is logged.", listed,
                  wire.RuleList, tag=TAG),
        Operation("PUT", PATH, "put contributor rule", "Keep a rule, or change one of that name.", put, wire.Rule,
                  body=wire.PutRule, role=Role.WRITE, tag=TAG),
        Operation("DELETE", PATH, "delete contributor rule", "Forget a rule.", delete, wire.DeletedRule,
                  query=RuleQuery, errors=(404,), role=Role.WRITE, tag=TAG),
        Operation("GET", f"{PATH}/report", "report contributors", "The top contributors of a range by a rule.", report,
                  wire.Contributors, query=ReportQuery, errors=(404, 504), tag=TAG),
    ]  # fmt: skip


def shown(one: StoredRule) -> wire.Rule:
    """A rule as it travels."""
    return wire.Rule(one.name, one.definition, one.enabled, one.created_ms, one.changed_ms)


def told(stored: StoredRule, span: Span, found: Report) -> wire.Contributors:
    """A report as it travels."""
    rows = [
        wire.Contributor(list(one.keys), one.value, [wire.ContributorPoint(*point) for point in one.points])
        for one in found.contributors
    ]
    times = found.points.times.tolist()
    metrics = {name: values.tolist() for name, values in found.points.values.items()}
    return wire.Contributors(
        stored.name, span.start_ms, span.end_ms, span.period_s, [one.text for one in found.rule.keys],
        found.rule.aggregate.value, found.total, found.unique, rows, times, metrics, list(found.groups),
    )  # fmt: skip
