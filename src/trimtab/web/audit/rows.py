"""Audit events as the pages show them: who did what to what, in words, with links."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from trimtab.audit.findings.find import Finding
from trimtab.audit.model import INSIGHT, AuditEvent
from trimtab.base.viewer_zone import local
from trimtab.web.view import View, link

PATH = "/audit"
_AROUND_MS = 600_000
_LONGEST = 60
_DAY_MS = 86_400_000


class AuditRow(Struct, frozen=True):
    """One event: `who` and `thing` are short; `level` says how its outcome is shown."""

    event: AuditEvent
    at: str
    who: str
    service: str
    thing: str
    href: str
    by_who: str
    kind: str


def rows_of(view: View, events: Sequence[AuditEvent]) -> list[AuditRow]:
    """The rows of a page."""
    day = view.window.end_ms - view.window.start_ms > 86_400_000
    return [row_of(view, event, "%m-%d %H:%M:%S" if day else "%H:%M:%S") for event in events]


def row_of(view: View, event: AuditEvent, form: str = "%Y-%m-%d %H:%M:%S") -> AuditRow:
    """One row."""
    who = name_of(event)
    kind = "error" if event.error_code else "read" if event.read_only else "change"
    return AuditRow(
        event,
        local(event.time_ms).strftime(form),
        who,
        event.source.removesuffix(".amazonaws.com"),
        thing_of(event),
        event_link(view, event.id),
        link(PATH, [*view.window.parameters, ("user", event.user_name)]) if event.user_name else "",
        "insight" if event.category == "Insight" else kind,
    )


def event_link(view: View, id_: str) -> str:
    """The page of one event, over the same range."""
    return link(f"{PATH}/events/{quote(id_, safe='')}", list(view.window.parameters))


def name_of(event: AuditEvent) -> str:
    """Who did it, by the best name that the record has."""
    who = event.record.get("userIdentity")
    invoked = str(who.get("invokedBy") or "") if isinstance(who, dict) else ""
    return event.user_name or event.session_name or invoked or event.user_type or "–"


def thing_of(event: AuditEvent) -> str:
    """What it was done to, shortly: a name of the request, else of a resource; of an insight, its rate."""
    if event.category == INSIGHT:
        return _rate(event)
    names = [name for name in (*event.touched, *event.resource_names) if not name.startswith("arn:")]
    name = (names or [*event.touched, *event.resource_names, ""])[0]
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"


def _rate(event: AuditEvent) -> str:
    details = event.record.get("insightDetails") or {}
    statistics = details.get("insightContext", {}).get("statistics", {})
    what = "errors" if details.get("insightType") == "ApiErrorRateInsight" else "calls"
    begun = "begun" if details.get("state") == "Start" else "ended"
    return f"{statistics.get('insight', {}).get('average', 0):.0f} {what} a minute, {begun}"


def around(event: AuditEvent) -> list[tuple[str, str, str]]:
    """Links to what is near an event: words, what is shown, address."""
    range_ = [("from", str(event.time_ms - _AROUND_MS)), ("to", str(event.time_ms + _AROUND_MS))]
    month = [("from", str(event.time_ms - 30 * _DAY_MS)), ("to", str(event.time_ms + _DAY_MS))]
    found = [("Everything", "ten minutes before and after", link(PATH, range_))]
    if event.user_name:
        found.append(
            (event.user_name, "the same caller, around then", link(PATH, [*range_, ("user", event.user_name)]))
        )
    thing = thing_of(event)
    if thing:
        found.append((thing, "what was done to it, in the month before", link(PATH, [*month, ("about", thing)])))
    found.append((event.name, "the same call, in the month before", link(PATH, [*month, ("name", event.name)])))
    return found


def facts_of(event: AuditEvent) -> list[tuple[str, str]]:
    """What a person asks first of an event: words and values."""
    facts = [
        ("Who", name_of(event)),
        ("Identity", event.user_arn),
        ("Session", event.session_name),
        ("Access key", event.access_key_id),
        ("From", event.source_ip),
        ("With", event.user_agent),
        ("Account", event.account),
        ("Region", event.region),
        ("Resources", ", ".join(name for name in event.resource_names if name.startswith("arn:"))),
        ("Error", f"{event.error_code} {event.error_message}".strip()),
        ("Request", event.request_id),
        (
            "Came by",
            {"trimtab": "trimtab itself", "file": "a CloudTrail file", "put": "a client"}.get(
                event.origin, event.origin
            ),
        ),
    ]
    return [(name, value) for name, value in facts if value]


def finding_rows(view: View, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings with their links."""
    levels = {"high": "bad", "medium": "warn", "low": "quiet"}
    return [
        {
            "finding": one,
            "level": levels[one.rule.severity],
            "at": local(one.first_ms).strftime("%Y-%m-%d %H:%M"),
            "who": one.user_name or one.user_arn or "–",
            "href": link(
                PATH,
                [
                    ("from", str(one.first_ms)),
                    ("to", str(one.last_ms + 1000)),
                    *((("user", one.user_name),) if one.user_name else ()),
                    *(("name", name) for name in one.names),
                ],
            ),
        }
        for one in findings
    ]
