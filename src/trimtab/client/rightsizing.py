"""`Rightsizing`: the REST API of right-sizing as typed Python calls, over a `Client`."""

from trimtab.client import rightsizing_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH = "/rest/v1/rightsizing"


class Rightsizing(Calls):
    """The calls. Errors are those of `Client`."""

    def listed(
        self, kind: str = "", finding: str = "", owner: str = "", text: str = "", limit: int = 200
    ) -> wire.RecommendationList:
        """Recommendations, the most worth first; what is left out asks for nothing."""
        return self._call(
            "GET", _PATH, wire.RecommendationList, kind=kind, finding=finding, owner=owner, text=text, limit=limit
        )

    def get(self, id_: str, strategy: str = "") -> wire.Recommendation:
        """One, judged now, with its replays by day; by another strategy where one is named."""
        return self._call("GET", path_of(_PATH, id_), wire.Recommendation, strategy=strategy)

    def left_out(self) -> list[wire.NotSized]:
        """Every resource of the inventory that is not judged, with the reason."""
        return self._call("GET", "/rest/v1/rightsizing-left-out", wire.NotSizedList).resources

    def recompute(self, kind: str = "") -> wire.Recomputed:
        """Judge everything, or one kind, anew and keep it (role write)."""
        return self._call("POST", f"{_PATH}/recompute", wire.Recomputed, body=wire.Recompute(kind))
