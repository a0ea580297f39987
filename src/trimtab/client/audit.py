"""`Audit`: who did what, as typed Python calls, over a `Client`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trimtab.client import audit_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import parameters, path_of

_ROOT = "/rest/v1/audit"
Query = Sequence[tuple[str, str]]
"""Parameters of a search, such as ("user", "alice"); see `GET /rest/v1/audit/events`."""


class Audit(Calls):
    """The calls about the audit. Errors are those of `Client`."""

    def events(self, query: Query, *, limit: int = 50, after: str = "") -> wire.AuditEventPage:
        """One page of events, the newest first."""
        asked = [*query, *parameters(limit=limit, after=after)]
        return self._client.call("GET", f"{_ROOT}/events", wire.AuditEventPage, query=asked)

    def every(self, query: Query, most: int) -> Iterator[wire.AuditEvent]:
        """The newest events of a search, page by page, `most` of them at the most."""
        after: str | None = ""
        while most > 0 and after is not None:
            page = self.events(query, limit=min(most, 1000), after=after)
            yield from page.events
            most, after = most - len(page.events), page.next

    def one(self, id_: str) -> wire.AuditEvent:
        """An event by its id."""
        return self._call("GET", path_of(_ROOT, "events", id_), wire.AuditEvent)

    def summary(self, query: Query) -> wire.AuditSummary:
        """What a search holds."""
        return self._client.call("GET", f"{_ROOT}/summary", wire.AuditSummary, query=list(query))

    def findings(self, query: Query) -> wire.AuditFindings:
        """What the rules find in a range."""
        return self._client.call("GET", f"{_ROOT}/findings", wire.AuditFindings, query=list(query))

    def changes(self, at: str, words: Sequence[str], window: str = "1h", limit: int = 20) -> wire.AuditChanges:
        """What changed before a time."""
        return self._call("GET", f"{_ROOT}/changes", wire.AuditChanges, at=at, window=window, limit=limit, word=words)

    def trails(self) -> wire.AuditTrails:
        """Trails, and how their deliveries go."""
        return self._call("GET", f"{_ROOT}/trails", wire.AuditTrails)

    def query(self, body: wire.AuditQuery) -> wire.AuditRows:
        """Run a Lake query."""
        return self._call("POST", f"{_ROOT}/query", wire.AuditRows, body=body)

    def verify(self, since: str = "", last_hash: str = "") -> wire.AuditVerdict:
        """Verify the chain of digests and every record in it."""
        return self._call("GET", f"{_ROOT}/verification", wire.AuditVerdict, since=since, last_hash=last_hash)

    def start_import(self, location: str) -> wire.AuditImport:
        """Begin an import (role admin); `import_` tells how far it is."""
        return self._call("POST", f"{_ROOT}/imports", wire.AuditImport, body=wire.StartAuditImport(location))

    def import_(self, id_: int) -> wire.AuditImport:
        """An import."""
        return self._call("GET", f"{_ROOT}/imports/{id_}", wire.AuditImport)

    def put(self, records: Sequence[Mapping[str, Any]]) -> wire.PutAuditAnswer:
        """Store CloudTrail records (role write); they are durable when this returns."""
        return self._call(
            "POST", f"{_ROOT}/events", wire.PutAuditAnswer, body=wire.PutAuditRecords([dict(one) for one in records])
        )
