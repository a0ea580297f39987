"""`Reports`: the REST API of written reports as typed Python calls, over a `Client`."""

from collections.abc import Iterator

from trimtab.client import reports_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH = "/rest/v1/reports"


class Reports(Calls):
    """The calls. Errors are those of `Client`."""

    def templates(self) -> list[wire.ReportTemplate]:
        """What reports there are."""
        return self._call("GET", f"{_PATH}/templates", wire.ReportTemplates).templates

    def write(self, template: str, owner: str = "", start: str = "", end: str = "") -> wire.WrittenReport:
        """A report now; by default of the last whole week or month."""
        return self._client.call(
            "GET", f"{_PATH}/written", wire.WrittenReport, query=asked(template, owner, start, end)
        )

    def file(self, template: str, format_: str, owner: str = "", start: str = "", end: str = "") -> Iterator[bytes]:
        """The same as HTML, PDF or CSV, in pieces."""
        query = [*asked(template, owner, start, end), ("format", format_)]
        return self._client.stream(f"{_PATH}/written/file", query)

    def scheduled(self) -> wire.ScheduledReports:
        """Schedules, and the newest writings."""
        return self._call("GET", f"{_PATH}/schedules", wire.ScheduledReports)

    def put(self, name: str, report: wire.PutReport) -> wire.ScheduledReport:
        """Make or replace a schedule (role write)."""
        return self._call("PUT", path_of(_PATH, "schedules", name), wire.ScheduledReport, body=report)

    def delete(self, name: str) -> wire.ReportRemoved:
        """Remove a schedule with its writings (role write)."""
        return self._call("DELETE", path_of(_PATH, "schedules", name), wire.ReportRemoved)


def asked(template: str, owner: str, start: str, end: str) -> list[tuple[str, str]]:
    """Query parameters; what is empty is left out."""
    given = (("template", template), ("owner", owner), ("start", start), ("end", end))
    return [(name, text) for name, text in given if text]
