"""`Economics`: statements, allocation and tags as typed Python calls, over a `Client`."""

from collections.abc import Iterator
from urllib.parse import quote

from trimtab.client import economics_wire as wire
from trimtab.client.api import Client


class Economics:
    """The calls about whose the bill is. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def months(self) -> wire.MonthList:
        """Every month with a bill, open or closed."""
        return self._client.call("GET", "/rest/v1/statements", wire.MonthList)

    def statement(self, month: str, owner: str = "") -> wire.Statement:
        """A month's statement, of one owner or of all."""
        query = [("owner", owner)] if owner else []
        return self._client.call("GET", f"/rest/v1/statements/{quote(month, safe='')}", wire.Statement, query=query)

    def close(self, month: str) -> wire.Statement:
        """Freeze a month's statement (role admin)."""
        return self._client.call("POST", f"/rest/v1/statements/{quote(month, safe='')}/close", wire.Statement)

    def export(self, month: str, format_: str, owner: str = "") -> Iterator[bytes]:
        """A statement as `csv` or `pdf`."""
        query = [("format", format_), *([("owner", owner)] if owner else [])]
        return self._client.stream(f"/rest/v1/statements/{quote(month, safe='')}/export", query)

    def allocation(self) -> wire.Allocation:
        """The rules in force."""
        return self._client.call("GET", "/rest/v1/allocation", wire.Allocation)

    def versions(self) -> list[wire.Allocation]:
        """The versions that were applied, the newest first."""
        return self._client.call("GET", "/rest/v1/allocation/versions", wire.AllocationList).versions

    def check(self, document: str, month: str = "") -> wire.Preview:
        """What a document would do to a month."""
        body = wire.CheckAllocation(document, month)
        return self._client.call("POST", "/rest/v1/allocation/check", wire.Preview, body=body)

    def apply(self, document: str, note: str = "", based_on: int | None = None) -> wire.Allocation:
        """Make a document the allocation (role admin)."""
        body = wire.ApplyAllocation(document, note, based_on)
        return self._client.call("PUT", "/rest/v1/allocation", wire.Allocation, body=body)

    def tag_keys(self, month: str = "") -> wire.TagKeyList:
        """The tag keys of a month."""
        return self._client.call("GET", "/rest/v1/tags/keys", wire.TagKeyList, query=_month(month))

    def compliance(self, month: str = "") -> wire.ComplianceList:
        """How far owners keep tag policies."""
        return self._client.call("GET", "/rest/v1/tags/compliance", wire.ComplianceList, query=_month(month))

    def untagged(self, month: str = "") -> wire.UntaggedReport:
        """What nobody owns, with suggestions."""
        return self._client.call("GET", "/rest/v1/tags/untagged", wire.UntaggedReport, query=_month(month))


def _month(month: str) -> list[tuple[str, str]]:
    return [("month", month)] if month else []
