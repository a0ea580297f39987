"""`/rest/v1/reports`: written reports, now or by a schedule."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.client import reports_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, time_range
from trimtab.reports.written.catalogue import TEMPLATES
from trimtab.reports.written.document import Document, Said
from trimtab.reports.written.model import Scheduled, Writing, reach_of
from trimtab.reports.written.room import WrittenReports

PATH = "/rest/v1/reports"
_TAG = "reports"
_NAME: Mapping[str, str] = {"name": "The name of the schedule."}


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """Which report. Without `start`, the last whole week or month."""

    template: wire.TemplateName
    owner: Annotated[str, Meta(max_length=256, description="Of one team only.")] = ""
    start: Instant | None = None
    end: Instant = "now"


class Reporting(Struct, frozen=True):
    """What the operations need. `home` is the account of callers who are bound to none."""

    room: WrittenReports
    home: str

    async def written(self, scope: Scope, template: str, owner: str, start: str | None, end: str) -> Document:
        """The report that is asked for. Raises InvalidInput, QueryAborted, Unavailable."""
        if start is None:
            return await self.room.write(scope, template, owner=owner)
        span = time_range(start, end, self.room.clock.now_ms())
        return await self.room.write(scope, template, owner=owner, start_ms=span.start_ms, end_ms=span.end_ms)


def operations(needs: Reporting) -> list[Operation]:
    """The operations on reports."""
    room = needs.room

    async def templates(_: Call[Struct, None]) -> wire.ReportTemplates:
        return wire.ReportTemplates(
            [
                wire.ReportTemplate(one.name, one.title, one.what, one.period, one.per_owner)
                for one in TEMPLATES.values()
            ]
        )

    async def written(call: Call[Asked, None]) -> wire.WrittenReport:
        asked = call.query
        found = await needs.written(call.principal.scope, asked.template, asked.owner, asked.start, asked.end)
        return report_on_wire(found)

    async def listed(call: Call[Struct, None]) -> wire.ScheduledReports:
        scope = call.principal.scope
        found, done = await room.store.listed(scope), await room.store.writings(scope)
        return wire.ScheduledReports([_scheduled(one) for one in found], [_writing(one) for one in done])

    async def put_one(call: Call[Struct, wire.PutReport]) -> wire.ScheduledReport:
        body, who = call.body, call.principal
        account = who.account or needs.home
        made = Scheduled(
            "", account, call.path["name"], body.template, body.owner, body.schedule, body.zone, body.emails,
            body.topics, body.folder, body.formats, reach_of(who.scope), 0, who.name, None,
        )  # fmt: skip
        return _scheduled(await room.store.put(made))

    async def remove(call: Call[Struct, None]) -> wire.ReportRemoved:
        who = call.principal
        await room.store.delete(who.scope, who.account or needs.home, call.path["name"])
        return wire.ReportRemoved(call.path["name"])

    read, write = Role.FINANCE, Role.WRITE
    one = f"{PATH}/schedules/{{name}}"
    return [
        Operation("GET", f"{PATH}/templates", "list report templates", "What reports there are.", templates,
                  wire.ReportTemplates, role=read, tag=_TAG, bound=True),
        Operation("GET", f"{PATH}/written", "write report", "A report now: sentences with their evidence, and tables.",
                  written, wire.WrittenReport, query=Asked, role=read, errors=(504,), tag=_TAG, bound=True),
        Operation("GET", f"{PATH}/schedules", "list scheduled reports", "Schedules, and the newest writings.", listed,
                  wire.ScheduledReports, role=read, tag=_TAG),
        Operation("PUT", one, "schedule report", "Make or replace the schedule of a report.", put_one,
                  wire.ScheduledReport, body=wire.PutReport, role=write, path_parameters=_NAME, tag=_TAG),
        Operation("DELETE", one, "remove scheduled report", "Remove a schedule with its writings.", remove,
                  wire.ReportRemoved, role=write, errors=(404,), path_parameters=_NAME, tag=_TAG),
    ]  # fmt: skip


def report_on_wire(document: Document) -> wire.WrittenReport:
    """A report as JSON has it; pictures say nothing that tables do not."""
    sections = [
        wire.ReportSection(
            one.title,
            _sentences(one.said),
            [
                wire.ReportTable(table.title, list(table.heads), [list(row) for row in table.rows], table.total)
                for table in one.tables
            ],
        )
        for one in document.sections
    ]
    ages = [wire.ReportAge(one.what, one.until_ms, one.note) for one in document.ages]
    return wire.WrittenReport(
        document.template,
        document.title,
        document.about,
        document.start_ms,
        document.end_ms,
        document.made_ms,
        _sentences(document.facts),
        sections,
        ages,
    )


def _sentences(said: Sequence[Said]) -> list[wire.ReportSentence]:
    return [wire.ReportSentence(one.text, one.href, one.tone) for one in said]


def _scheduled(one: Scheduled) -> wire.ScheduledReport:
    lists = list(one.emails), list(one.topics), one.folder, list(one.formats)
    return wire.ScheduledReport(
        one.name, one.account, one.template, one.owner, one.expression, one.zone, *lists, one.next_ms
    )


def _writing(one: Writing) -> wire.ReportWriting:
    told = one.status.value, one.problem, list(one.head), list(one.files)
    return wire.ReportWriting(one.id, one.template, one.title, one.owner, one.start_ms, one.end_ms, one.at_ms, *told)
