"""`audit`: who did what: CloudTrail records, and every change made here."""

from trimtab.audit.conditions import scoped
from trimtab.reports.datasets.field import Field, text, truth
from trimtab.reports.datasets.source import Relation, Source, Window
from trimtab.reports.datasets.sources.times import TIMES, bounded, time_columns
from trimtab.store.sql import load_queries

_QUERIES = load_queries("trimtab.reports.datasets.sources")
_PLAIN = {
    "account": "Account.", "region": "Region.", "event_name": "What was done.", "event_source": "With which service.",
    "category": "Management, Data, Insight or NetworkActivity.", "user_name": "Who.", "session_name": "Session.",
    "user_type": "What kind of user.", "user_arn": "Who, in full.", "source_ip": "From where.",
    "user_agent": "With which tool.", "error_code": "Why it failed.", "error_message": "Why it failed, in words.",
    "event_id": "Id of the event.", "origin": "Where the record came from.",
}  # fmt: skip
FIELDS: tuple[Field, ...] = (
    *TIMES,
    *(text(name, says) for name, says in _PLAIN.items()),
    text("resource_id", "The first thing that it touched."),
    truth("read_only", "Whether it changed nothing."),
    truth("failed", "Whether it failed."),
)
_COLUMNS = {
    **time_columns("time"),
    **{name: name for name in _PLAIN},
    "resource_id": "resource_names[1]",
    "read_only": "read_only = 1",
    "failed": "error_code != ''",
}


def audit() -> Source:
    """The source."""

    async def read(window: Window) -> Relation:
        parts, params = scoped(window.scope)
        bounds = {"start": bounded(window.start_ms), "end": bounded(window.end_ms)}
        return Relation(_QUERIES["audit"].replace("/*and*/", " AND ".join(parts)), _COLUMNS, params | bounds)

    return Source("audit", "Audit events", "an audit event", FIELDS, read)
