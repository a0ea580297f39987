"""`LogContributors`: rules of Contributor Insights and their reports, over a `Client`."""

from trimtab.client import log_contributors_wire as wire
from trimtab.client.calls import Calls

_PATH = "/rest/v1/logs/contributors"


class LogContributors(Calls):
    """The calls. Errors are those of `Client`; what changes something needs the role write."""

    def rules(self) -> list[wire.Rule]:
        """The rules by name."""
        return self._call("GET", _PATH, wire.RuleList).rules

    def put(self, body: wire.PutRule) -> wire.Rule:
        """Keep a rule, or change one of that name."""
        return self._call("PUT", _PATH, wire.Rule, body=body)

    def delete(self, name: str) -> None:
        """Forget a rule."""
        self._call("DELETE", _PATH, wire.DeletedRule, name=name)

    def report(
        self, name: str, start: str = "-1h", end: str = "now", period: str = "", most: int = 10, order: str = "Sum"
    ) -> wire.Contributors:
        """The top contributors of a range by a rule."""
        query = [("name", name), ("start", start), ("end", end), ("most", str(most)), ("order", order)]
        if period:
            query.append(("period", period))
        return self._client.call("GET", f"{_PATH}/report", wire.Contributors, query=query)
