"""`CostAnomalies`: the REST API of cost anomalies as typed Python calls, over a `Client`."""

from trimtab.client import cost_anomalies_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH = "/rest/v1/costs/anomalies"


class CostAnomalies(Calls):
    """The calls. Errors are those of `Client`."""

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
        return self._call(
            "GET",
            _PATH,
            wire.CostAnomalyList,
            start=start,
            end=end,
            monitor=monitor,
            feedback=feedback,
            least=least,
            open=open_only or None,
        )

    def one(self, id_: str) -> wire.CostAnomalyDetail:
        """One anomaly with its days and what happened around it."""
        return self._call("GET", path_of(_PATH, id_), wire.CostAnomalyDetail)

    def say(self, id_: str, feedback: wire.FeedbackName) -> wire.CostAnomaly:
        """Say whether it was one (role write)."""
        return self._call("POST", path_of(_PATH, id_, "feedback"), wire.CostAnomaly, body=wire.GiveFeedback(feedback))

    def monitors(self) -> list[wire.CostMonitor]:
        """Every monitor."""
        return self._call("GET", f"{_PATH}/monitors", wire.CostMonitors).monitors

    def add_monitor(self, monitor: wire.PutMonitor) -> wire.CostMonitor:
        """Watch something more (role write)."""
        return self._call("POST", f"{_PATH}/monitors", wire.CostMonitor, body=monitor)

    def rename_monitor(self, id_: str, name: str) -> wire.CostMonitor:
        """Rename a monitor (role write)."""
        return self._call("PUT", path_of(_PATH, "monitors", id_), wire.CostMonitor, body=wire.RenameMonitor(name))

    def remove_monitor(self, id_: str) -> wire.Removed:
        """Remove a monitor with what it found (role write)."""
        return self._call("DELETE", path_of(_PATH, "monitors", id_), wire.Removed)

    def subscriptions(self) -> list[wire.CostSubscription]:
        """Every subscription."""
        return self._call("GET", f"{_PATH}/subscriptions", wire.CostSubscriptions).subscriptions

    def subscribe(self, subscription: wire.PutSubscription) -> wire.CostSubscription:
        """Have somebody told (role write)."""
        return self._call("POST", f"{_PATH}/subscriptions", wire.CostSubscription, body=subscription)

    def unsubscribe(self, id_: str) -> wire.Removed:
        """Tell nobody any more (role write)."""
        return self._call("DELETE", path_of(_PATH, "subscriptions", id_), wire.Removed)
