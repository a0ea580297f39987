"""`LogEvents`: log groups and their events as typed Python calls, over a `Client`."""

from collections.abc import Sequence

from trimtab.client import log_events_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import parameters


class LogEvents(Calls):
    """The calls about log events. Errors are those of `Client`."""

    def groups(self, *, prefix: str = "", contains: str = "", after: str = "", limit: int = 50) -> wire.LogGroupPage:
        """One page of log groups by name."""
        return self._call(
            "GET", "/rest/v1/logs/groups", wire.LogGroupPage, prefix=prefix, contains=contains, after=after, limit=limit
        )

    def events(
        self,
        group: str,
        *,
        stream: str = "",
        pattern: str = "",
        start: str = "-1h",
        end: str = "now",
        after: str = "",
        limit: int = 1000,
        newest: bool = False,
        unmask: bool = False,
    ) -> wire.LogEventPage:
        """One page of a group's events that match a filter pattern, the oldest or the `newest` first.

        `unmask` (role admin) shows what data protection masked.
        """
        return self._call(
            "GET",
            "/rest/v1/logs/events",
            wire.LogEventPage,
            group=group,
            stream=stream,
            filter=pattern,
            start=start,
            end=end,
            after=after,
            limit=limit,
            newest="true" if newest else "",
            unmask="true" if unmask else "",
        )

    def put(self, group: str, events: Sequence[wire.NewLogEvent], *, stream: str = "default") -> wire.PutLogAnswer:
        """Store events (role write); they are durable when this returns."""
        return self._call(
            "POST", "/rest/v1/logs/events", wire.PutLogAnswer, body=wire.PutLogEvents(group, list(events), stream)
        )

    def ingest(
        self, group: str, records: bytes, *, stream: str = "", message_key: str = "", key: str = ""
    ) -> wire.PutLogAnswer:
        """Store records, a JSON object a line (role write); what comes again under a `key` counts once."""
        query = parameters(group=group, stream=stream, message_key=message_key)
        return self._client.post_bytes("/rest/v1/logs/ingest", records, wire.PutLogAnswer, query, key)
