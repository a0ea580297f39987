"""`LogDoors`: subscriptions, data protection, schedules, exports, lookup tables and live tails, over a `Client`."""

from collections.abc import Iterator, Sequence

from trimtab.base import typed
from trimtab.client import log_doors_wire as wire
from trimtab.client.calls import Calls

_LOGS = "/rest/v1/logs"


class LogDoors(Calls):
    """The calls. Errors are those of `Client`; what changes something needs the role write, files the role admin."""

    def subscriptions(self, group: str) -> list[wire.Subscription]:
        """The subscription filters of a log group."""
        return self._call("GET", f"{_LOGS}/subscriptions", wire.SubscriptionList, group=group).subscriptions

    def subscribe(self, body: wire.PutSubscription) -> wire.Subscription:
        """Send matching events on, once the destination took a test message."""
        return self._call("PUT", f"{_LOGS}/subscriptions", wire.Subscription, body=body)

    def unsubscribe(self, group: str, name: str) -> None:
        """Send no more."""
        self._call("DELETE", f"{_LOGS}/subscriptions", wire.Deleted, group=group, name=name)

    def protections(self) -> wire.ProtectionList:
        """Data protection policies, and the identifiers that they can name."""
        return self._call("GET", f"{_LOGS}/protection", wire.ProtectionList)

    def protect(self, body: wire.PutProtection) -> wire.Protection:
        """Mask what comes from now on (role admin)."""
        return self._call("PUT", f"{_LOGS}/protection", wire.Protection, body=body)

    def unprotect(self, group: str = "") -> None:
        """Mask no more of a group, or by the account's policy (role admin); what was masked stays so."""
        self._call("DELETE", f"{_LOGS}/protection", wire.Deleted, group=group)

    def schedules(self) -> list[wire.Schedule]:
        """Scheduled queries by name."""
        return self._call("GET", f"{_LOGS}/schedules", wire.ScheduleList).schedules

    def schedule(self, body: wire.PutSchedule) -> wire.Schedule:
        """Run a query by a schedule, or change one of that name."""
        return self._call("PUT", f"{_LOGS}/schedules", wire.Schedule, body=body)

    def unschedule(self, name: str) -> None:
        """Run a query no more, and forget its runs."""
        self._call("DELETE", f"{_LOGS}/schedules", wire.Deleted, name=name)

    def runs(self, name: str, *, limit: int = 20) -> list[wire.ScheduleRun]:
        """Runs of a scheduled query, the newest first."""
        return self._call("GET", f"{_LOGS}/schedules/runs", wire.ScheduleRuns, name=name, limit=limit).runs

    def result(self, run: str) -> wire.RunResult:
        """What a run found."""
        return self._call("GET", f"{_LOGS}/schedules/result", wire.RunResult, run=run)

    def exports(self) -> list[wire.Export]:
        """Export tasks, the newest first."""
        return self._call("GET", f"{_LOGS}/exports", wire.ExportList).exports

    def export(self, body: wire.CreateExport) -> wire.Export:
        """Copy events into files (role admin)."""
        return self._call("POST", f"{_LOGS}/exports", wire.Export, body=body)

    def cancel_export(self, id_: str) -> None:
        """Stop an export (role admin)."""
        self._call("DELETE", f"{_LOGS}/exports", wire.Deleted, id=id_)

    def lookups(self) -> list[wire.Lookup]:
        """Lookup tables by name."""
        return self._call("GET", f"{_LOGS}/lookups", wire.LookupList).tables

    def put_lookup(self, body: wire.PutLookup) -> wire.Lookup:
        """Keep a lookup table, in place of one of that name."""
        return self._call("PUT", f"{_LOGS}/lookups", wire.Lookup, body=body)

    def delete_lookup(self, name: str) -> None:
        """Remove a lookup table."""
        self._call("DELETE", f"{_LOGS}/lookups", wire.Deleted, name=name)

    def tail(
        self, groups: Sequence[str], *, pattern: str = "", streams: Sequence[str] = (), prefixes: Sequence[str] = ()
    ) -> Iterator[wire.TailUpdate]:
        """What comes into log groups, an update a second, also empty ones, until the server ends it."""
        query = [("group", name) for name in groups] + ([("filter", pattern)] if pattern else [])
        query += [("stream", name) for name in streams] + [("stream_prefix", name) for name in prefixes]
        pending = b""
        for part in self._client.stream(f"{_LOGS}/tail", query):
            *whole, pending = (pending + part).split(b"\n")
            for line in whole:
                if line.startswith(b"data: "):
                    yield typed.decode(line[6:], type=wire.TailUpdate)
