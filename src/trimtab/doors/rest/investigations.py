"""`/rest/v1/investigations`: what happened around a time, who is suspected, and investigations that are kept."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct, field

from trimtab.access.principal import Role
from trimtab.audit.changes import summary
from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_duration_ms
from trimtab.client import investigations_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, instant_ms
from trimtab.reports.investigations.kept import Investigation, Note
from trimtab.reports.investigations.model import Entry, Inquiry, Kind, Subject, inquiry_of
from trimtab.reports.investigations.model import TimeLine as Line
from trimtab.reports.investigations.room import InvestigationRoom
from trimtab.reports.investigations.suspects import Suspects

PATH = "/rest/v1/investigations"
_TAG = "investigations"
_ID: Mapping[str, str] = {"id": "The id of the investigation."}
_NOTE: Mapping[str, str] = {**_ID, "note": "The id of the note."}


class Around(Struct, frozen=True, forbid_unknown_fields=True):
    """Which time, and what it is about."""

    at: Instant = "now"
    around: wire.Reach = "30m"
    host: wire.Name = ""
    service: wire.Name = ""
    run: wire.Name = ""
    team: wire.Name = ""
    about: wire.Words = field(default_factory=list)


class Lined(Around, frozen=True, forbid_unknown_fields=True):
    """The same with the kinds of entries; `only`: those that are about what is named."""

    kind: Annotated[list[wire.KindName], Meta(max_length=len(Kind))] = field(default_factory=list)
    only: bool = False


def operations(room: InvestigationRoom) -> list[Operation]:
    """The operations on investigations."""
    now_ms, store = room.readers.clock.now_ms, room.store

    def inquiry(asked: Around | wire.KeepInvestigation, *, of: Lined | None = None) -> Inquiry:
        kinds, only = (of.kind, of.only) if of is not None else ([], False)
        subject = Subject(asked.host, asked.service, asked.run, asked.team, tuple(asked.about))
        return inquiry_of(
            instant_ms(asked.at, now_ms(), "at"), _reach_ms(asked.around), subject, kinds=kinds, only=only
        )

    async def line(call: Call[Lined, None]) -> wire.TimeLine:
        return _line(await room.line(call.principal, inquiry(call.query, of=call.query)))

    async def suspected(call: Call[Around, None]) -> wire.Suspected:
        return _suspected(await room.suspects(call.principal, inquiry(call.query)))

    async def listed(call: Call[Struct, None]) -> wire.KeptInvestigations:
        return wire.KeptInvestigations([_kept(one) for one in await store.listed(call.principal.scope)])

    async def one(call: Call[Struct, None]) -> wire.KeptInvestigation:
        return _kept(await store.get(call.principal.scope, call.path["id"]))

    async def keep(call: Call[Struct, wire.KeepInvestigation]) -> wire.KeptInvestigation:
        return _kept(await store.keep(call.principal, call.body.name, inquiry(call.body)))

    async def note(call: Call[Struct, wire.AddNote]) -> wire.InvestigationNote:
        return _note(await room.note(call.principal, call.path["id"], call.body.text, call.body.pin))

    async def drop(call: Call[Struct, None]) -> wire.InvestigationRemoved:
        await store.remove_note(call.principal.scope, call.path["id"], call.path["note"])
        return wire.InvestigationRemoved(call.path["note"])

    async def remove(call: Call[Struct, None]) -> wire.InvestigationRemoved:
        await store.remove(call.principal.scope, call.path["id"])
        return wire.InvestigationRemoved(call.path["id"])

    write, of_one, notes = Role.WRITE, f"{PATH}/{{id}}", f"{PATH}/{{id}}/notes"
    return [
        Operation("GET", f"{PATH}/line", "read time line", "What happened around a time, on one time line.", line,
                  wire.TimeLine, query=Lined, errors=(504,), tag=_TAG, bound=True),
        Operation("GET", f"{PATH}/suspects", "list suspects", "Changes and components that are suspected.", suspected,
                  wire.Suspected, query=Around, errors=(504,), tag=_TAG, bound=True),
        Operation("GET", PATH, "list investigations", "Investigations that are kept, without notes.", listed,
                  wire.KeptInvestigations, tag=_TAG, bound=True),
        Operation("POST", PATH, "keep investigation", "Keep a time and what it is about under a name.", keep,
                  wire.KeptInvestigation, body=wire.KeepInvestigation, status=201, role=write, tag=_TAG, bound=True),
        Operation("GET", of_one, "get investigation", "One with its notes.", one, wire.KeptInvestigation,
                  errors=(404,), path_parameters=_ID, tag=_TAG, bound=True),
        Operation("DELETE", of_one, "remove investigation", "Remove one with its notes.", remove,
                  wire.InvestigationRemoved, role=write, errors=(404,), path_parameters=_ID, tag=_TAG, bound=True),
        Operation("POST", notes, "add investigation note", "Add a note, or pin an entry of the time line by its key.",
                  note, wire.InvestigationNote, body=wire.AddNote, status=201, role=write, errors=(404,),
                  path_parameters=_ID, tag=_TAG, bound=True),
        Operation("DELETE", f"{notes}/{{note}}", "remove investigation note", "Remove a note.", drop,
                  wire.InvestigationRemoved, role=write, errors=(404,), path_parameters=_NOTE, tag=_TAG, bound=True),
    ]  # fmt: skip


def _reach_ms(text: str) -> int:
    try:
        return parse_duration_ms(text)
    except InvalidInput as problem:
        raise InvalidInput(str(problem), field="around") from None


def _line(found: Line) -> wire.TimeLine:
    return wire.TimeLine(
        found.inquiry.start_ms,
        found.inquiry.end_ms,
        [_entry(one) for one in found.entries],
        {kind.value: number for kind, number in sorted(found.counts.items())},
        found.left_out,
        [wire.Untold(one.name, one.why) for one in found.absent],
    )


def _entry(one: Entry) -> wire.Happened:
    return wire.Happened(
        key=one.key,
        kind=one.kind.value,
        at_ms=one.at_ms,
        until_ms=one.end_ms,
        level=one.level.value,
        what=one.title,
        further=one.detail,
        about=one.about,
        page=one.href,
    )


def _suspected(found: Suspects) -> wire.Suspected:
    changes = [
        wire.SuspectedChange(one.event.time_ms, summary(one.event), list(one.about), f"/audit/events/{one.event.id}")
        for one in found.changes
    ]
    causes = found.causes
    if causes is None:
        return wire.Suspected(changes, [], 0, 0)
    components = [
        wire.SuspectedComponent(
            one.component,
            one.score,
            [f"{of.subject}: {of.normal:.4g} → {of.now:.4g} {of.unit}".strip() for of in one.evidence],
        )
        for one in causes.suspects
    ]
    return wire.Suspected(changes, components, causes.traces, causes.normal_traces)


def _kept(one: Investigation) -> wire.KeptInvestigation:
    about = one.subject
    return wire.KeptInvestigation(
        id=one.id,
        name=one.name,
        account=one.account,
        at_ms=one.at_ms,
        around_ms=one.around_ms,
        host=about.host,
        service=about.service,
        run=about.run,
        team=about.team,
        about=list(about.words),
        created_ms=one.created_ms,
        created_by=one.created_by,
        page=one.path,
        notes=[_note(note) for note in one.notes],
    )


def _note(one: Note) -> wire.InvestigationNote:
    pinned = _entry(one.entry) if one.entry is not None else None
    return wire.InvestigationNote(one.id, one.written_ms, one.author, one.text, pinned)
