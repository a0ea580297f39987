"""`Economics`: statements, allocation and tags as typed Python calls, over a `Client`."""

from collections.abc import Iterator

from trimtab.client import economics_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of


class Economics(Calls):
    """The calls about whose the bill is. Errors are those of `Client`."""

    def months(self) -> wire.MonthList:
        """Every month with a bill, open or closed."""
        return self._call("GET", "/rest/v1/statements", wire.MonthList)

    def statement(self, month: str, owner: str = "") -> wire.Statement:
        """A month's statement, of one owner or of all."""
        return self._call("GET", path_of("/rest/v1/statements", month), wire.Statement, owner=owner)

    def close(self, month: str) -> wire.Statement:
        """Freeze a month's statement (role admin)."""
        return self._call("POST", path_of("/rest/v1/statements", month, "close"), wire.Statement)

    def export(self, month: str, format_: str, owner: str = "") -> Iterator[bytes]:
        """A statement as `csv` or `pdf`."""
        query = [("format", format_), *([("owner", owner)] if owner else [])]
        return self._client.stream(path_of("/rest/v1/statements", month, "export"), query)

    def allocation(self) -> wire.Allocation:
        """The rules in force."""
        return self._call("GET", "/rest/v1/allocation", wire.Allocation)

    def versions(self) -> list[wire.Allocation]:
        """The versions that were applied, the newest first."""
        return self._call("GET", "/rest/v1/allocation/versions", wire.AllocationList).versions

    def check(self, document: str, month: str = "") -> wire.Preview:
        """What a document would do to a month."""
        return self._call("POST", "/rest/v1/allocation/check", wire.Preview, body=wire.CheckAllocation(document, month))

    def apply(self, document: str, note: str = "", based_on: int | None = None) -> wire.Allocation:
        """Make a document the allocation (role admin)."""
        return self._call(
            "PUT", "/rest/v1/allocation", wire.Allocation, body=wire.ApplyAllocation(document, note, based_on)
        )

    def tag_keys(self, month: str = "") -> wire.TagKeyList:
        """The tag keys of a month."""
        return self._call("GET", "/rest/v1/tags/keys", wire.TagKeyList, month=month)

    def compliance(self, month: str = "") -> wire.ComplianceList:
        """How far owners keep tag policies."""
        return self._call("GET", "/rest/v1/tags/compliance", wire.ComplianceList, month=month)

    def untagged(self, month: str = "") -> wire.UntaggedReport:
        """What nobody owns, with suggestions."""
        return self._call("GET", "/rest/v1/tags/untagged", wire.UntaggedReport, month=month)
