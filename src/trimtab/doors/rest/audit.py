"""`/rest/v1/audit`: who did what: search, findings, what changed before, Lake queries, verification."""

import asyncio
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.audit.changes import summary as summary_of
from trimtab.audit.findings.find import Finding
from trimtab.audit.model import Origin
from trimtab.audit.record import event_of
from trimtab.audit.room import AuditRoom
from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_duration_ms
from trimtab.client import audit_wire as wire
from trimtab.doors.auditing.ownership import check_account
from trimtab.doors.rest.audit_search import AuditPageSearch, AuditSearch, on_wire, position_of, query_of, token_of
from trimtab.doors.rest.put import Ledger
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Duration, Instant, instant_ms

_ROOT, _TAG = "/rest/v1/audit", "audit"
_STEPS_MS = (60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000, 604_800_000)
_WANTED_STEPS = 60
_REFUSED = 20  # sentences on what was not taken


class ChangesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What changed before when, and about what."""

    at: Instant = "now"
    window: Duration = "1h"
    word: Annotated[
        list[Annotated[str, Meta(max_length=512)]],
        Meta(max_length=50, description="A name: of a resource, a service, a dimension. May be repeated."),
    ] = []
    account: Annotated[str, Meta(max_length=12)] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 20


class VerificationQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What to verify."""

    since: Annotated[str, Meta(max_length=64, description="Look at the records of digests that end after this.")] = ""
    last_hash: Annotated[str, Meta(max_length=64, description="The hash of a digest that you kept.")] = ""


def step_of(span_ms: int) -> int:
    """The length of a timeline's steps."""
    return next((step for step in _STEPS_MS if span_ms / step <= _WANTED_STEPS), _STEPS_MS[-1])


def operations(room: AuditRoom, ledger: Ledger) -> list[Operation]:
    """The operations on audit events."""

    async def events(call: Call[AuditPageSearch, None]) -> wire.AuditEventPage:
        asked = call.query
        await room.reader.fresh()
        query = query_of(asked, room.clock.now_ms())
        page = await room.reader.page(call.principal.scope, query, asked.limit, position_of(asked.after))
        return wire.AuditEventPage([on_wire(event) for event in page.events], token_of(page.next))

    async def one(call: Call[Any, None]) -> wire.AuditEvent:
        await room.reader.fresh()
        return on_wire(await room.reader.one(call.principal.scope, call.path["id"]))

    async def summary(call: Call[AuditSearch, None]) -> wire.AuditSummary:
        query, scope = query_of(call.query, room.clock.now_ms()), call.principal.scope
        await room.reader.fresh()
        step = step_of(query.end_ms - query.start_ms)
        counts, facets, timeline = await asyncio.gather(
            room.reader.count(scope, query), room.reader.facets(scope, query), room.reader.timeline(scope, query, step)
        )
        return wire.AuditSummary(
            query.start_ms,
            query.end_ms,
            counts.events,
            counts.changes,
            counts.errors,
            {facet: [wire.FacetValue(one.value, one.events) for one in values] for facet, values in facets.items()},
            step,
            [wire.TimelineStep(one.at_ms, one.reads, one.changes, one.errors) for one in timeline],
        )

    async def findings(call: Call[AuditSearch, None]) -> wire.AuditFindings:
        await room.reader.fresh()
        found = await room.findings.of(call.principal.scope, query_of(call.query, room.clock.now_ms()))
        return wire.AuditFindings([_finding(one) for one in found])

    async def changes(call: Call[ChangesQuery, None]) -> wire.AuditChanges:
        asked = call.query
        at_ms = instant_ms(asked.at, room.clock.now_ms(), "at")
        await room.reader.fresh()
        found = await room.changes.before(
            call.principal.scope,
            at_ms,
            words=asked.word,
            window_ms=_duration_ms(asked.window),
            account=asked.account,
            limit=asked.limit,
        )
        told = [
            wire.AuditChange(on_wire(one.event), summary_of(one.event), list(one.about), round(one.minutes, 3))
            for one in found
        ]
        return wire.AuditChanges(at_ms, told)

    async def query(call: Call[Any, wire.AuditQuery]) -> wire.AuditRows:
        body, account = call.body, call.principal.account or room.account
        statement = await room.lake.prepare(
            call.principal.scope, account, room.region, body.query, body.parameters, whole=True
        )
        if body.explain:
            values = {name: str(value) for name, value in statement.params.items()}
            return wire.AuditRows(list(statement.names), [], statement.sql, values)
        found = await room.lake.run(statement)
        return wire.AuditRows(list(found.names), [list(row) for row in found.rows])

    async def verify(call: Call[VerificationQuery, None]) -> wire.AuditVerdict:
        asked = call.query
        since_ms = instant_ms(asked.since, room.clock.now_ms(), "since") if asked.since else 0
        found = await room.verification.run(since_ms, asked.last_hash)
        problems = [
            wire.AuditProblem(one.kind, one.digest, one.text, one.account, one.event_id) for one in found.problems
        ]
        return wire.AuditVerdict(
            not found.problem_count,
            found.digests,
            found.records,
            found.through_ms,
            found.last_hash,
            found.problem_count,
            problems,
        )

    async def put(call: Call[Any, wire.PutAuditRecords]) -> wire.PutAuditAnswer:
        account = call.principal.account or room.account
        good, refused = [], list[str]()
        for number, record in enumerate(call.body.records):
            try:
                event = event_of(record, Origin.PUT, account=account, region=room.region)
                check_account(event, call.principal)
                good.append(event)
            except InvalidInput as problem:
                refused.append(f"records[{number}]: {problem}")
        written = await room.ingest.write_new(good)
        name = call.principal.name
        if written.events:
            ledger.accepted("rest", name, account, room.region, len(written.events), call.body_bytes)
        if refused:
            ledger.rejected("rest", name, account, room.region, "no audit record", refused[0], len(refused))
        return wire.PutAuditAnswer(len(written.events), written.known, refused[:_REFUSED])

    common: dict[str, Any] = {"tag": _TAG, "errors": (504,)}
    id_: dict[str, Any] = {"path_parameters": {"id": "The event's id."}}
    searched: dict[str, Any] = {"query": AuditSearch, **common}
    # fmt: off
    return [
        Operation("GET", f"{_ROOT}/events", "list audit events", "Events of a search by pages, the newest first.",
                  events, wire.AuditEventPage, query=AuditPageSearch, **common),
        Operation("POST", f"{_ROOT}/events", "put audit events", "Store CloudTrail records; each counts once.",
                  put, wire.PutAuditAnswer, body=wire.PutAuditRecords, role=Role.WRITE, tag=_TAG, errors=(429, 507)),
        Operation("GET", f"{_ROOT}/events/{{id}}", "get audit event", "One event with its whole record.",
                  one, wire.AuditEvent, tag=_TAG, errors=(404,), **id_),
        Operation("GET", f"{_ROOT}/summary", "summarise audit", "How many events, who, what and when.",
                  summary, wire.AuditSummary, **searched),
        Operation("GET", f"{_ROOT}/findings", "list audit findings", "What the rules say about the events of a search.",
                  findings, wire.AuditFindings, **searched),
        Operation("GET", f"{_ROOT}/changes", "list changes before", "What changed before a time, the likeliest first.",
                  changes, wire.AuditChanges, query=ChangesQuery, **common),
        Operation("POST", f"{_ROOT}/query", "query audit", "One SELECT over records; see Lake queries.",
                  query, wire.AuditRows, body=wire.AuditQuery, tag=_TAG, errors=(404, 504)),
        Operation("GET", f"{_ROOT}/verification", "verify audit", "Whether any record was changed, removed or added.",
                  verify, wire.AuditVerdict, query=VerificationQuery, role=Role.ADMIN, **common),
    ]
    # fmt: on


def _duration_ms(text: str) -> int:
    return int(text) * 1000 if text.isdecimal() else parse_duration_ms(text)


def _finding(one: Finding) -> wire.AuditFinding:
    rule = one.rule
    return wire.AuditFinding(
        rule.id,
        rule.title,
        rule.why,
        rule.technique,
        rule.severity,
        one.account,
        one.user_name,
        one.user_arn,
        one.first_ms,
        one.last_ms,
        one.events,
        one.failed,
        list(one.names),
        list(one.addresses),
        list(one.ids),
    )
