"""What changed, and who did it: audit events, changes before a time, and what looks like trouble in them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.assistants.answer import Answer, Table, time_text
from trimtab.assistants.tool import Tool
from trimtab.assistants.words import End, Start, Text
from trimtab.client.api import Client
from trimtab.client.audit import Audit
from trimtab.client.investigations import Investigations

_BASIS = "CloudTrail records and every change that was made through trimtab, the newest first"


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events."""

    ask: Annotated[
        Literal["changes", "before", "around", "findings"],
        Meta(
            description="changes: who changed what in a range. before: what changed in the hours before `end`, that"
            " speaks of `about` first (the cause of a problem). around: all within half an hour of `end` (alarms,"
            " anomalies, logs, traces, runs, GPU faults, changes, costs), what is about `about` marked. findings: calls"
            " that look like trouble (secrets read, keys used from elsewhere, trails stopped)."
        ),
    ] = "changes"
    about: Annotated[Text, Meta(description="A resource, endpoint, machine or word that it is about.")] = ""
    user: Text = ""
    reads: Annotated[bool, Meta(description="Of changes: with calls that only read.")] = False
    errors: Annotated[bool, Meta(description="Only calls that were refused or failed.")] = False
    start: Start = "-24h"
    end: End = "now"


def _run(client: Client, asked: Arguments) -> Answer:
    if asked.ask == "before":
        return _before(client, asked)
    if asked.ask == "around":
        return _around(client, asked)
    return _findings(client, asked) if asked.ask == "findings" else _changes(client, asked)


def _query(asked: Arguments) -> list[tuple[str, str]]:
    given = {"start": asked.start, "end": asked.end, "user": asked.user, "about": asked.about}
    flags = {"errors": asked.errors, "changes": asked.ask == "changes" and not asked.reads}
    return [(name, value) for name, value in given.items() if value] + [
        (name, "true") for name, flag in flags.items() if flag
    ]


def _changes(client: Client, asked: Arguments) -> Answer:
    query, audit = _query(asked), Audit(client)
    page = audit.events(query, limit=60)
    if asked.about and not page.events:  # no resource of that name: what speaks of it
        query = [("text", value) if name == "about" else (name, value) for name, value in query]
        page = audit.events(query, limit=60)
    summary = audit.summary(query)
    rows = [
        (time_text(one.time_ms), one.user, one.name, one.source, ", ".join(one.resources[:3]), one.account,
         one.error_code, one.source_ip)
        for one in page.events
    ]  # fmt: skip
    who = [(one.value, one.events) for one in summary.facets.get("user", [])]
    columns = ("at", "who", "call", "service", "on", "account", "error", "from_address")
    return Answer(
        page="/audit?show=changes",
        total={"events": summary.events, "changes": summary.changes, "errors": summary.errors},
        basis=_BASIS,
        period=(summary.start_ms, summary.end_ms),
        tables=[
            Table(name="events", columns=columns, rows=rows, more=max(summary.events - len(rows), 0)),
            Table(name="by_user", columns=("who", "events"), rows=who, sums=("events",), keep=15),
        ],
    )


def _before(client: Client, asked: Arguments) -> Answer:
    window = asked.start.removeprefix("-") if asked.start.startswith("-") else "24h"
    found = Audit(client).changes(asked.end, [asked.about] if asked.about else [], window, 40)
    rows = [
        (time_text(one.event.time_ms), one.event.user, one.summary, ", ".join(one.about), round(one.minutes),
         one.event.account)
        for one in found.changes
    ]  # fmt: skip
    columns = ("at", "who", "what", "speaks_of", "minutes_before", "account")
    return Answer(
        page="/audit?show=changes",
        total={"changes": len(rows)},
        basis="changes that speak of what was asked first, then the newest",
        period=(f"{window} before", time_text(found.at_ms) or ""),
        tables=[Table(name="changes", columns=columns, rows=rows)],
    )


def _around(client: Client, asked: Arguments) -> Answer:
    found = Investigations(client).line({"at": asked.end, "about": [asked.about]})
    first = sorted(found.entries, key=lambda one: (not one.about, one.at_ms))  # the last rows are left out first
    rows = [(time_text(one.at_ms), one.kind, one.level, one.what, one.further, one.about, one.page) for one in first]
    columns = ("at", "kind", "level", "what", "further", "about_it", "page")
    return Answer(
        page="/investigate",
        total={"entries": len(found.entries) + found.left_out},
        basis="every source that knows what happened",
        period=(found.start_ms, found.end_ms),
        tables=[
            Table(name="time_line", columns=columns, rows=rows, more=found.left_out),
            Table(name="silent_sources", columns=("source", "why"), rows=[(one.name, one.why) for one in found.absent]),
        ],
    )


def _findings(client: Client, asked: Arguments) -> Answer:
    found = Audit(client).findings(_query(asked)).findings
    rows = [
        (one.title, one.severity, one.user, one.events, one.failed, ", ".join(one.names[:4]),
         ", ".join(one.addresses[:3]), time_text(one.first_ms), one.why, one.account)
        for one in found
    ]  # fmt: skip
    columns = ("finding", "severity", "who", "calls", "failed", "names", "from_addresses", "since", "why", "account")
    return Answer(
        page="/audit?tab=findings",
        total={"findings": len(rows)},
        basis="rules over audit records: calls of one caller within ten minutes",
        period=(asked.start, asked.end),
        tables=[Table(name="findings", columns=columns, rows=rows)],
    )


TOOL = Tool(
    name="changes",
    title="What changed, and who did it",
    about="The audit: who changed what and when, what changed before a problem began (deploys, deleted endpoints, new "
    "limits), and suspicious calls such as many secrets that were read.",
    arguments=Arguments,
    run=_run,
)
