"""`Rightsizing`: the REST API of right-sizing as typed Python calls, over a `Client`."""

from urllib.parse import quote

from trimtab.client import rightsizing_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/rightsizing"


class Rightsizing:
    """The calls. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def listed(
        self, kind: str = "", finding: str = "", owner: str = "", text: str = "", limit: int = 200
    ) -> wire.RecommendationList:
        """Recommendations, the most worth first; what is left out asks for nothing."""
        asked = {"kind": kind, "finding": finding, "owner": owner, "text": text, "limit": str(limit)}
        query = [(name, value) for name, value in asked.items() if value]
        return self._client.call("GET", _PATH, wire.RecommendationList, query=query)

    def get(self, id_: str, strategy: str = "") -> wire.Recommendation:
        """One, judged now, with its replays by day; by another strategy where one is named."""
        query = [("strategy", strategy)] if strategy else []
        return self._client.call("GET", f"{_PATH}/{quote(id_, safe='')}", wire.Recommendation, query=query)

    def left_out(self) -> list[wire.NotSized]:
        """Every resource of the inventory that is not judged, with the reason."""
        return self._client.call("GET", "/rest/v1/rightsizing-left-out", wire.NotSizedList).resources

    def recompute(self, kind: str = "") -> wire.Recomputed:
        """Judge everything, or one kind, anew and keep it (role write)."""
        return self._client.call("POST", f"{_PATH}/recompute", wire.Recomputed, body=wire.Recompute(kind))
