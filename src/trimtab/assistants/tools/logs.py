"""What logs say: patterns that are new or more frequent, lines that match, and queries of Logs Insights."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from msgspec import Meta, Struct

from trimtab.assistants.answer import Answer, Table, time_text
from trimtab.assistants.tool import Tool, by_ask
from trimtab.assistants.words import End, Start, Text
from trimtab.base.errors import InvalidInput
from trimtab.client.api import Client
from trimtab.client.log_events import LogEvents
from trimtab.client.log_patterns import log_patterns
from trimtab.client.logs import query_logs
from trimtab.client.logs_wire import LogQuery


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """Which lines."""

    ask: Annotated[
        Literal["patterns", "lines", "query", "groups"],
        Meta(
            description="patterns: kinds of lines with counts, new and changed first. lines: the newest of `group`"
            " that `filter` matches. query: Logs Insights over `group`. groups: names of groups."
        ),
    ] = "patterns"
    group: Annotated[Text, Meta(description="A log group; of patterns all where it is empty.")] = ""
    filter: Annotated[Text, Meta(description='Filter pattern: ERROR, "out of memory", { $.status = 500 }.')] = ""
    query: Annotated[
        str, Meta(max_length=4000, description="Such as: filter @message like /timeout/ | stats count(*) by bin(1h)")
    ] = ""
    start: Start = "-24h"
    end: End = "now"


def _patterns(client: Client, asked: Arguments) -> Answer:
    found = log_patterns(client, group=asked.group, pattern=asked.filter, start=asked.start, end=asked.end)
    order = {"new": 0, "more": 1, "gone": 2, "less": 3, "": 4}
    worst = {"error": 0, "warn": 1}
    shown = sorted(found.patterns, key=lambda one: (order[one.change], worst.get(one.severity, 2), -one.events))
    rows = [(one.pattern, one.severity, one.change or None, one.events, one.before) for one in shown]
    columns = ("pattern", "severity", "change", "lines", "lines_before")
    return Answer(
        page="/logs?" + urlencode({"tab": "patterns", **({"group": asked.group} if asked.group else {})}),
        total={
            "lines": found.lines,
            "patterns": len(rows),
            "new": sum(one.change == "new" for one in found.patterns),
            "errors": sum(one.events for one in found.patterns if one.severity == "error"),
        },
        basis="lines of the period against as long a time before it; <*> stands for what changes"
        + (f"; estimated from one line in {found.one_in}" if found.one_in > 1 else ""),
        period=(found.start_ms, found.end_ms),
        tables=[Table(name="patterns", columns=columns, rows=rows, sums=("lines",))],
    )


def _lines(client: Client, asked: Arguments) -> Answer:
    if not asked.group:
        raise InvalidInput("cannot list lines: no group is named; expected one that ask=groups shows", field="group")
    page = LogEvents(client).events(
        asked.group, pattern=asked.filter, start=asked.start, end=asked.end, limit=60, newest=True
    )
    rows = [(time_text(one.time_ms), one.stream, one.severity, one.message, one.trace_id) for one in page.events]
    return Answer(
        page="/logs?" + urlencode({"group": asked.group, "filter": asked.filter}),
        total={"lines_read": len(rows), "more_lines": page.next is not None},
        basis="the newest lines of the group that match",
        period=(asked.start, asked.end),
        tables=[Table(name="lines", columns=("at", "stream", "severity", "message", "trace"), rows=rows)],
    )


def _query(client: Client, asked: Arguments) -> Answer:
    if not asked.query:
        raise InvalidInput("cannot query logs: no query; expected one of Logs Insights", field="query")
    body = LogQuery(asked.query, [asked.group] if asked.group else [], asked.start, asked.end, 100)
    found = query_logs(client, body)
    hidden = {at for at, name in enumerate(found.columns) if name == "@ptr"}
    rows = [[cell for at, cell in enumerate(row) if at not in hidden] for row in found.rows]
    return Answer(
        page="/logs?tab=insights",
        total={
            "rows": len(found.rows),
            "events_matched": found.statistics.matched,
            "events_read": found.statistics.scanned,
        },
        basis="Logs Insights; the query's columns stand in the first row",
        period=(found.start_ms, found.end_ms),
        tables=[
            Table(
                name="rows",
                columns=tuple(f"column_{at + 1}" for at in range(len(found.columns) - len(hidden))),
                rows=[[name for at, name in enumerate(found.columns) if at not in hidden], *rows],
            )
        ],
    )


def _groups(client: Client, asked: Arguments) -> Answer:
    page = LogEvents(client).groups(contains=asked.group, limit=50)
    rows = [(one.name, one.retention_days, time_text(one.created_ms)) for one in page.groups]
    return Answer(
        page="/logs",
        total={"groups": len(rows), "more_groups": page.next is not None},
        basis="log groups by name",
        tables=[Table(name="groups", columns=("group", "kept_days", "since"), rows=rows)],
    )


_ASKS = {"patterns": _patterns, "lines": _lines, "query": _query, "groups": _groups}

TOOL = Tool(
    name="logs",
    title="Logs",
    about="What logs say: error lines that are new since a deploy, kinds of lines that became more or are gone, lines "
    "of a group that match a pattern, and Logs Insights queries.",
    arguments=Arguments,
    run=by_ask(_ASKS),
)
