"""`CostAnomalies`: the REST API of cost anomalies as typed Python calls, over a `Client`."""

from urllib.parse import quote

from trimtab.client import cost_anomalies_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/costs/anomalies"


class CostAnomalies:
    """The calls. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def listed(
        self,
        start: str = "",
        end: str = "",
        *,
        monitor: str = "",
        feedback: str = "",
        least: str = "",
        open_only: bool = False,
    ) -> wire.CostAnomalyList:
        """The anomalies whose last day is in a range of days (the last 90 where none is given)."""
        given = {"start": start, "end": end, "monitor": monitor, "feedback": feedback, "least": least}
        query = [(name, value) for name, value in given.items() if value]
        query += [("open", "true")] if open_only else []
        return self._client.call("GET", _PATH, wire.CostAnomalyList, query=query)

    def one(self, id_: str) -> wire.CostAnomalyDetail:
        """One anomaly with its days and what happened around it."""
        return self._client.call("GET", _of(id_), wire.CostAnomalyDetail)

    def say(self, id_: str, feedback: wire.FeedbackName) -> wire.CostAnomaly:
        """Say whether it was one (role write)."""
        return self._client.call("POST", f"{_of(id_)}/feedback", wire.CostAnomaly, body=wire.GiveFeedback(feedback))

    def monitors(self) -> list[wire.CostMonitor]:
        """Every monitor."""
        return self._client.call("GET", f"{_PATH}/monitors", wire.CostMonitors).monitors

    def add_monitor(self, monitor: wire.PutMonitor) -> wire.CostMonitor:
        """Watch something more (role write)."""
        return self._client.call("POST", f"{_PATH}/monitors", wire.CostMonitor, body=monitor)

    def rename_monitor(self, id_: str, name: str) -> wire.CostMonitor:
        """Rename a monitor (role write)."""
        return self._client.call("PUT", _of(id_, "monitors"), wire.CostMonitor, body=wire.RenameMonitor(name))

    def remove_monitor(self, id_: str) -> wire.Removed:
        """Remove a monitor with what it found (role write)."""
        return self._client.call("DELETE", _of(id_, "monitors"), wire.Removed)

    def subscriptions(self) -> list[wire.CostSubscription]:
        """Every subscription."""
        return self._client.call("GET", f"{_PATH}/subscriptions", wire.CostSubscriptions).subscriptions

    def subscribe(self, subscription: wire.PutSubscription) -> wire.CostSubscription:
        """Have somebody told (role write)."""
        return self._client.call("POST", f"{_PATH}/subscriptions", wire.CostSubscription, body=subscription)

    def unsubscribe(self, id_: str) -> wire.Removed:
        """Tell nobody any more (role write)."""
        return self._client.call("DELETE", _of(id_, "subscriptions"), wire.Removed)


def _of(id_: str, part: str = "") -> str:
    return "/".join(one for one in (_PATH, part, quote(id_, safe="")) if one)
