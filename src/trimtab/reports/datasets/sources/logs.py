"""`logs`: log events of the groups that a scope covers, masked where data protection masks."""

from trimtab.logs.room import LogsRoom
from trimtab.reports.datasets.field import Field, integer, labels, text
from trimtab.reports.datasets.source import Relation, Source, Window
from trimtab.reports.datasets.sources.times import TIMES, bounded, time_columns
from trimtab.store.sql import load_queries

_QUERIES = load_queries("trimtab.reports.datasets.sources")
_MOST_GROUPS = 10_000
FIELDS: tuple[Field, ...] = (
    *TIMES, text("account", "Account."), text("region", "Region."), text("log_group", "Log group."),
    text("stream", "Log stream."), text("severity", "Severity, where it is known."), text("message", "Message."),
    text("trace_id", "Trace that it belongs to."), text("span_id", "Span that it belongs to."),
    labels("attributes", "Attributes of the event."), integer("bytes", "Length of the message.", "bytes"),
)  # fmt: skip
_COLUMNS = {
    **time_columns("time"), "account": "account", "region": "region", "log_group": "log_group", "stream": "stream",
    "severity": "severity", "message": "message", "trace_id": "trace_id", "span_id": "span_id",
    "attributes": "attributes", "bytes": "length(message)",
}  # fmt: skip


def logs(room: LogsRoom) -> Source:
    """The source over the room."""

    async def read(window: Window) -> Relation:
        groups = await room.groups.everywhere(_MOST_GROUPS)
        found = await room.reader.window(window.scope, groups, bounded(window.start_ms), bounded(window.end_ms))
        return Relation(_QUERIES["logs"].replace("/*and*/", found.where), _COLUMNS, found.params)

    return Source("logs", "Logs", "a log event", FIELDS, read)
