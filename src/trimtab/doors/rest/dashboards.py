"""`/rest/v1/dashboards`: list, read, check, save, copy, restore, delete and import dashboards; what widgets show."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base.errors import NotFound, TrimtabError
from trimtab.client import dashboards_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import instant_ms, time_range
from trimtab.reports.dashboards.data import Answer
from trimtab.reports.dashboards.lines import WidgetData
from trimtab.reports.dashboards.model import Body, Message
from trimtab.reports.dashboards.room import DashboardRoom
from trimtab.reports.dashboards.starters import STARTERS
from trimtab.reports.dashboards.store import free_name
from trimtab.reports.dashboards.timing import Span
from trimtab.reports.dashboards.validate import check_document
from trimtab.reports.imports.document import read_document

_POINTS = 1000
_PATH = "/rest/v1/dashboards"
_ONE = _PATH + "/{name}"
_NAME = {"name": "The dashboard's name."}


class ListQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which dashboards."""

    prefix: Annotated[str, Meta(max_length=255, description="Only names that begin so.")] = ""


class DataQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which widgets, over which range; without one, that of the dashboard."""

    widget: Annotated[
        list[Annotated[int, Meta(ge=0, le=499)]], Meta(description="Places in the body; all without.")
    ] = []
    start: Annotated[str, Meta(max_length=64)] = ""
    end: Annotated[str, Meta(max_length=64)] = "now"
    variable: Annotated[list[Annotated[str, Meta(max_length=512)]], Meta(description="id=value.")] = []


class Dashboards:
    """The handlers."""

    def __init__(self, room: DashboardRoom) -> None:
        self._room = room

    async def listed(self, call: Call[ListQuery, None]) -> wire.DashboardList:
        """Stored dashboards and starters."""
        account, scope = self._room.account_of(call.principal), call.principal.scope
        stored = {one.name: one for one in await self._room.store.listed(account, call.query.prefix, scope)}
        found = [
            wire.DashboardSummary(
                one.name, _summary(one.name), _count(one.body), one.size, one.version, one.modified_ms
            )
            for one in stored.values()
        ]
        found += [
            wire.DashboardSummary(one.name, one.summary, _count(one.text), len(one.text.encode()), 0, 0)
            for one in STARTERS.values()
            if one.name not in stored and one.name.startswith(call.query.prefix)
        ]
        return wire.DashboardList(sorted(found, key=lambda one: one.name))

    async def read(self, call: Call[Any, None]) -> wire.Dashboard:
        """One with its body."""
        account = self._room.account_of(call.principal)
        opened = await self._room.open(account, call.path["name"], call.principal.scope, {})
        return wire.Dashboard(opened.name, opened.version, opened.modified_ms, json.loads(opened.text))

    async def check(self, call: Call[Any, wire.CheckDashboard]) -> wire.CheckedDashboard:
        """What is wrong with a body."""
        return wire.CheckedDashboard(_messages(check_document(call.body.body, strict=False)))

    async def put(self, call: Call[Any, wire.PutDashboard]) -> wire.SavedDashboard:
        """Store one."""
        text = json.dumps(call.body.body, ensure_ascii=False, separators=(",", ":"))
        who, name = call.principal, call.path["name"]
        account = self._room.account_of(who)
        saved, messages = await self._room.save(account, name, text, who.name, call.body.version, within=who.scope)
        return wire.SavedDashboard(saved.name, saved.version, _messages(messages))

    async def delete(self, call: Call[Any, None]) -> wire.Deleted:
        """Delete one."""
        account, scope = self._room.account_of(call.principal), call.principal.scope
        missing = await self._room.store.delete(account, [call.path["name"]], scope)
        if missing:
            raise NotFound(f"dashboard {missing[0]} does not exist, or is a starter, which cannot be deleted")
        return wire.Deleted(call.path["name"])

    async def duplicate(self, call: Call[Any, wire.DuplicateDashboard]) -> wire.SavedDashboard:
        """Copy one."""
        account, scope = self._room.account_of(call.principal), call.principal.scope
        opened = await self._room.open(account, call.path["name"], scope, {})
        name = call.body.name or await self._free(account, opened.name)
        saved, messages = await self._room.save(account, name, opened.text, call.principal.name, 0, within=scope)
        return wire.SavedDashboard(saved.name, saved.version, _messages(messages))

    async def versions(self, call: Call[Any, None]) -> wire.DashboardVersions:
        """Earlier versions."""
        account, scope = self._room.account_of(call.principal), call.principal.scope
        found = await self._room.store.versions(account, call.path["name"], scope)
        return wire.DashboardVersions([wire.DashboardVersion(one.version, one.modified_ms, one.size) for one in found])

    async def restore(self, call: Call[Any, wire.RestoreDashboard]) -> wire.SavedDashboard:
        """Bring an earlier version back, as a new one."""
        account, name, scope = self._room.account_of(call.principal), call.path["name"], call.principal.scope
        earlier = await self._room.store.version(account, name, call.body.version, scope)
        saved = await self._room.store.put(account, name, earlier.body, call.principal.name, within=scope)
        return wire.SavedDashboard(saved.name, saved.version, [])

    async def imported(self, call: Call[Any, wire.ImportDashboard]) -> wire.ImportedDashboard:
        """Make a dashboard of a foreign one."""
        found = read_document(call.body.document)
        account, version = self._room.account_of(call.principal), 0
        name = call.body.name or await self._free(account, found.title)
        if not call.body.dry_run:
            text = json.dumps(found.body, ensure_ascii=False, separators=(",", ":"))
            saved, _ = await self._room.save(account, name, text, call.principal.name, within=call.principal.scope)
            version = saved.version
        left = [wire.LeftOut(one.what, one.why) for one in found.left]
        body = dict(found.body)
        return wire.ImportedDashboard(name, found.source, version, len(body["widgets"]), left, body)

    async def data(self, call: Call[DataQuery, None]) -> wire.DashboardData:
        """What the widgets show."""
        given = {f"var-{name}": value for name, _, value in (pair.partition("=") for pair in call.query.variable)}
        account, scope = self._room.account_of(call.principal), call.principal.scope
        opened = await self._room.open(account, call.path["name"], scope, given)
        span = self._span(call.query, opened.body)
        wanted = call.query.widget or [one.index for one in opened.body.widgets if one.kind not in ("text", "custom")]
        answers = await self._room.answers(scope, opened, span, wanted, _POINTS)
        shown = [_shown(at, opened.body.widgets[at].title, one) for at, one in zip(wanted, answers, strict=True)]
        return wire.DashboardData(span.start_ms, span.end_ms, shown)

    def _span(self, query: DataQuery, body: Body) -> Span:
        now = self._room.clock.now_ms()
        if not query.start:
            return self._room.span(body)
        range_ = time_range(query.start, query.end, now)
        return Span(range_.start_ms, range_.end_ms, instant_ms(query.end, now, "end") == now)

    async def _free(self, account: str, wanted: str) -> str:
        taken = [one.name for one in await self._room.store.listed(account)]
        return free_name(wanted, [*taken, *STARTERS])


def operations(room: DashboardRoom) -> list[Operation]:
    """The operations on dashboards. Reading needs `read`, changing `write`."""
    do = Dashboards(room)
    common: dict[str, Any] = {"tag": "dashboards", "path_parameters": _NAME}
    change: dict[str, Any] = {**common, "role": Role.WRITE}
    return [
        Operation(
            "GET", _PATH, "list dashboards", "Dashboards, the starters included.", do.listed, wire.DashboardList,
            query=ListQuery, tag="dashboards",
            bound=True,
        ),
        Operation(
            "POST", "/rest/v1/dashboard-checks", "check dashboard", "What is wrong with a body, in CloudWatch's words.",
            do.check, wire.CheckedDashboard, body=wire.CheckDashboard, role=Role.WRITE, tag="dashboards",
            bound=True,
        ),
        Operation(
            "POST", "/rest/v1/dashboard-imports", "import dashboard",
            "Make a dashboard of Grafana's or Perses' JSON; the answer lists what was left out and why.", do.imported,
            wire.ImportedDashboard, body=wire.ImportDashboard, role=Role.WRITE, tag="dashboards",
        ),
        Operation(
            "GET", _ONE, "get dashboard", "A dashboard with its body.", do.read, wire.Dashboard,
            errors=(404,), **common,
            bound=True,
        ),
        Operation(
            "PUT", _ONE, "put dashboard", "Store a dashboard, replacing what was there.", do.put, wire.SavedDashboard,
            body=wire.PutDashboard, errors=(409,), **change,
            bound=True,
        ),
        Operation(
            "DELETE", _ONE, "delete dashboard", "Delete a dashboard and its links.", do.delete, wire.Deleted,
            errors=(404,), **change,
            bound=True,
        ),
        Operation(
            "POST", _ONE + "/duplicate", "duplicate dashboard", "Copy a dashboard.", do.duplicate, wire.SavedDashboard,
            body=wire.DuplicateDashboard, status=201, errors=(404, 409), **change,
            bound=True,
        ),
        Operation(
            "GET", _ONE + "/versions", "list dashboard versions", "Earlier versions of a dashboard.", do.versions,
            wire.DashboardVersions, **common,
            bound=True,
        ),
        Operation(
            "POST", _ONE + "/restore", "restore dashboard", "Bring an earlier version back; undoes a deletion too.",
            do.restore, wire.SavedDashboard, body=wire.RestoreDashboard, errors=(404,), **change,
            bound=True,
        ),
        Operation(
            "GET", _ONE + "/data", "get dashboard data", "What the widgets of a dashboard show.", do.data,
            wire.DashboardData, query=DataQuery, errors=(404, 504), **common,
            bound=True,
        ),
    ]  # fmt: skip


def _messages(messages: Sequence[Message]) -> list[wire.DashboardMessage]:
    return [wire.DashboardMessage(one.path, one.text, one.error) for one in messages]


def _shown(at: int, title: str, answer: Answer) -> wire.WidgetData:
    if isinstance(answer, TrimtabError):
        return wire.WidgetData(at, title, str(answer), [])
    return wire.WidgetData(at, title, "", _lines(answer))


def _lines(data: WidgetData) -> list[wire.DashboardLine]:
    return [wire.DashboardLine(line.label, line.unit, line.times.tolist(), line.values.tolist()) for line in data.lines]


def _summary(name: str) -> str:
    starter = STARTERS.get(name)
    return starter.summary if starter else ""


def _count(text: str) -> int:
    return len(json.loads(text)["widgets"])
