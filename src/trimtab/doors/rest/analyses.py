"""`/rest/v1/analyses`: visuals over datasets as specs, what they show, and alarms of their thresholds."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.client import analyses_wire as wire
from trimtab.doors.rest.analysis_answers import alarm_of, analysis_of, head_of, shown_of, versions_of
from trimtab.doors.rest.spec import Call, NoQuery, Operation
from trimtab.doors.rest.times import time_range
from trimtab.reports.analyses.address import read_visual
from trimtab.reports.analyses.room import AnalysisRoom, Chosen, Opened
from trimtab.reports.analyses.spec import Threshold, Visual, parse_text, text_of
from trimtab.reports.analyses.watching import Watching

PATH, _TAG = "/rest/v1/analyses", "analyses"
_NAME: Mapping[str, str] = {"name": "The name or id of the analysis."}
_VISUAL: Mapping[str, str] = {**_NAME, "visual": "The id of the visual."}
_ALARM: Mapping[str, str] = {**_NAME, "alarm": "The name of the alarm."}


class Ranged(Struct, frozen=True, forbid_unknown_fields=True):
    """Another range than the spec's own, further conditions, and parameters as `name=value`."""

    range: Annotated[str, Meta(max_length=30, description="Such as 14d.")] = ""
    start: Annotated[str, Meta(max_length=64)] = ""
    end: Annotated[str, Meta(max_length=64)] = ""
    where: Annotated[list[str], Meta(max_length=50)] = []
    parameter: Annotated[list[str], Meta(max_length=50)] = []


class Analysing(Struct, frozen=True):
    """What the operations need."""

    room: AnalysisRoom
    watching: Watching
    clock: Clock

    def chosen(self, asked: Ranged) -> Chosen:
        """What a query chooses. Raises InvalidInput."""
        parameters = {}
        for one in asked.parameter:
            name, sign, value = one.partition("=")
            if not sign:
                raise InvalidInput(f"cannot read parameter {one[:80]!r}: expected name=value", field="parameter")
            parameters[name] = value
        return self.span(Chosen(tuple(asked.where), parameters, asked.range), asked.start, asked.end)

    def span(self, chosen: Chosen, start: str, end: str) -> Chosen:
        """The same over `[start, end)`, where they are given. Raises InvalidInput."""
        if not start:
            return chosen
        found = time_range(start, end or "now", self.clock.now_ms())
        return Chosen(chosen.where, chosen.parameters, "", found.start_ms, found.end_ms)


def visual_of(opened: Opened, id_: str) -> Visual:
    """A visual of an analysis. Raises NotFound."""
    found = opened.spec.visual(id_)
    if found is None:
        listed = ", ".join(one.id for one in opened.spec.visuals)
        raise NotFound(f"analysis {opened.name} has no visual {id_[:80]!r}; it has {listed}")
    return found


def operations(needs: Analysing) -> list[Operation]:
    """The operations."""
    room, watching = needs.room, needs.watching

    async def listed(call: Call[NoQuery, None]) -> wire.AnalysisList:
        return wire.AnalysisList([head_of(one) for one in await room.listed(call.principal)])

    async def get(call: Call[NoQuery, None]) -> wire.Analysis:
        return analysis_of(await room.open(call.principal, call.path["name"]))

    async def put(call: Call[NoQuery, wire.PutAnalysis]) -> wire.Analysis:
        body, name = call.body, call.path["name"]
        document = parse_text(body.spec) if isinstance(body.spec, str) else body.spec
        await room.save(call.principal, name, document, was=body.was, shared=body.shared)
        return analysis_of(await room.open(call.principal, name))

    async def copy(call: Call[NoQuery, wire.CopyAnalysis]) -> wire.Analysis:
        opened = await room.open(call.principal, call.path["name"])
        await room.save(call.principal, call.body.name, parse_text(text_of(opened.spec)), was=0)
        return analysis_of(await room.open(call.principal, call.body.name))

    async def remove(call: Call[NoQuery, None]) -> wire.AnalysisRemoved:
        gone = await room.delete(call.principal, call.path["name"])
        await watching.disarm(call.principal, gone.name)
        return wire.AnalysisRemoved(gone.name)

    async def versions(call: Call[NoQuery, None]) -> wire.AnalysisVersions:
        opened = await room.open(call.principal, call.path["name"])
        kept = await room.store.versions(opened.stored.id) if opened.stored else []
        return versions_of(opened, kept)

    async def show(call: Call[NoQuery, wire.ShowVisual]) -> wire.VisualAnswer:
        body = call.body
        opened = await room.open(call.principal, body.analysis) if body.analysis else None
        chosen = needs.span(Chosen(tuple(body.where), body.parameters, body.range), body.start, body.end)
        visual = read_visual(body.visual)
        return shown_of(await room.show(call.principal, opened.spec if opened else None, visual, chosen))

    async def shown(call: Call[Ranged, None]) -> wire.VisualAnswer:
        opened = await room.open(call.principal, call.path["name"])
        visual = visual_of(opened, call.path["visual"])
        return shown_of(await room.show(call.principal, opened.spec, visual, needs.chosen(call.query)))

    async def alarms(call: Call[NoQuery, None]) -> wire.VisualAlarms:
        opened = await room.open(call.principal, call.path["name"])
        account = room.datasets.account_of(call.principal)
        return wire.VisualAlarms([alarm_of(one) for one in await watching.watches.listed(account, opened.name)])

    async def arm(call: Call[NoQuery, wire.ArmVisual]) -> wire.VisualAlarm:
        body = call.body
        opened = await room.open(call.principal, call.path["name"])
        visual = visual_of(opened, call.path["visual"])
        if (body.above is None) == (body.below is None):
            raise InvalidInput("cannot watch the visual: expected either `above` or `below`", field="above")
        limit = Threshold(body.above, body.below, body.label)
        made = await watching.arm(call.principal, opened, visual, limit, body.every_s, list(body.actions))
        if made.watch is not None:
            return alarm_of(made.watch)
        return wire.VisualAlarm(made.key.name, opened.name, visual.id, False, body.every_s, None, None, "")

    async def disarm(call: Call[NoQuery, None]) -> wire.AnalysisRemoved:
        await watching.disarm(call.principal, call.path["name"], call.path["alarm"])
        return wire.AnalysisRemoved(call.path["alarm"])

    one, visual = f"{PATH}/{{name}}", f"{PATH}/{{name}}/visuals/{{visual}}"
    return [
        Operation("GET", PATH, "list analyses", "Stored ones by name, then starters that nobody changed.", listed,
                  wire.AnalysisList, tag=_TAG, bound=True),
        Operation("GET", one, "get analysis", "An analysis with its spec, as JSON and YAML.", get, wire.Analysis,
                  errors=(404,), path_parameters=_NAME, tag=_TAG, bound=True),
        Operation("PUT", one, "put analysis", "Check and store a spec; every expression in it is checked.", put,
                  wire.Analysis, body=wire.PutAnalysis, errors=(404, 409), role=Role.WRITE, path_parameters=_NAME,
                  tag=_TAG, bound=True),
        Operation("POST", f"{one}/copy", "copy analysis", "Duplicate an analysis under another name.", copy,
                  wire.Analysis, body=wire.CopyAnalysis, errors=(404, 409), role=Role.WRITE, path_parameters=_NAME,
                  tag=_TAG, bound=True),
        Operation("DELETE", one, "delete analysis", "Delete an analysis with its versions and published alarms.",
                  remove, wire.AnalysisRemoved, errors=(404,), role=Role.WRITE, path_parameters=_NAME, tag=_TAG,
                  bound=True),
        Operation("GET", f"{one}/versions", "list versions of analysis", "The versions before the present one, with "
                  "what the next one changed.", versions, wire.AnalysisVersions, errors=(404,), path_parameters=_NAME,
                  tag=_TAG, bound=True),
        Operation("POST", f"{PATH}-visuals", "show visual", "Answer a visual that need not be saved, within what the "
                  "caller may see.", show, wire.VisualAnswer, body=wire.ShowVisual, role=Role.READ, errors=(404, 504),
                  tag=_TAG, bound=True),
        Operation("GET", visual, "show visual of analysis", "Answer a visual, within what the caller may see.", shown,
                  wire.VisualAnswer, query=Ranged, errors=(404, 504), path_parameters=_VISUAL, tag=_TAG, bound=True),
        Operation("GET", f"{one}/alarms", "list alarms of analysis", "Visuals that are published for alarms.", alarms,
                  wire.VisualAlarms, errors=(404,), path_parameters=_NAME, tag=_TAG),
        Operation("POST", f"{visual}/alarm", "watch visual", "Make an alarm of a threshold: on the metric where the "
                  "visual is over one, else on what is published of the visual.", arm, wire.VisualAlarm,
                  body=wire.ArmVisual, errors=(404,), role=Role.WRITE, path_parameters=_VISUAL, tag=_TAG),
        Operation("DELETE", f"{one}/alarms/{{alarm}}", "stop watching visual", "Remove an alarm that is published.",
                  disarm, wire.AnalysisRemoved, errors=(404,), role=Role.WRITE, path_parameters=_ALARM, tag=_TAG),
    ]  # fmt: skip
