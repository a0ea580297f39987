"""`Audit`: who did what, as typed Python calls, over a `Client`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from trimtab.client import audit_wire as wire
from trimtab.client.api import Client

_ROOT = "/rest/v1/audit"
Query = Sequence[tuple[str, str]]
"""Parameters of a search, such as ("user", "alice"); see `GET /rest/v1/audit/events`."""


class Audit:
    """The calls about the audit. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def events(self, query: Query, *, limit: int = 50, after: str = "") -> wire.AuditEventPage:
        """One page of events, the newest first."""
        asked = [*query, ("limit", str(limit)), *([("after", after)] if after else [])]
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
        return self._client.call("GET", f"{_ROOT}/events/{quote(id_, safe='')}", wire.AuditEvent)

    def summary(self, query: Query) -> wire.AuditSummary:
        """What a search holds."""
        return self._client.call("GET", f"{_ROOT}/summary", wire.AuditSummary, query=list(query))

    def findings(self, query: Query) -> wire.AuditFindings:
        """What the rules find in a range."""
        return self._client.call("GET", f"{_ROOT}/findings", wire.AuditFindings, query=list(query))

    def changes(self, at: str, words: Sequence[str], window: str = "1h", limit: int = 20) -> wire.AuditChanges:
        """What changed before a time."""
        query = [("at", at), ("window", window), ("limit", str(limit)), *(("word", word) for word in words)]
        return self._client.call("GET", f"{_ROOT}/changes", wire.AuditChanges, query=query)

    def trails(self) -> wire.AuditTrails:
        """Trails, and how their deliveries go."""
        return self._client.call("GET", f"{_ROOT}/trails", wire.AuditTrails)

    def query(self, body: wire.AuditQuery) -> wire.AuditRows:
        """Run a Lake query."""
        return self._client.call("POST", f"{_ROOT}/query", wire.AuditRows, body=body)

    def verify(self, since: str = "", last_hash: str = "") -> wire.AuditVerdict:
        """Verify the chain of digests and every record in it."""
        given = (("since", since), ("last_hash", last_hash))
        query = [(name, value) for name, value in given if value]
        return self._client.call("GET", f"{_ROOT}/verification", wire.AuditVerdict, query=query)

    def start_import(self, location: str) -> wire.AuditImport:
        """Begin an import (role admin); `import_` tells how far it is."""
        body = wire.StartAuditImport(location)
        return self._client.call("POST", f"{_ROOT}/imports", wire.AuditImport, body=body)

    def import_(self, id_: int) -> wire.AuditImport:
        """An import."""
        return self._client.call("GET", f"{_ROOT}/imports/{id_}", wire.AuditImport)

    def put(self, records: Sequence[Mapping[str, Any]]) -> wire.PutAuditAnswer:
        """Store CloudTrail records (role write); they are durable when this returns."""
        body = wire.PutAuditRecords([dict(one) for one in records])
        return self._client.call("POST", f"{_ROOT}/events", wire.PutAuditAnswer, body=body)
