"""`Notify`: channels and deliveries as typed Python calls, over a `Client`."""

from trimtab.client import notify_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of


class Notify(Calls):
    """The calls about notifications. Errors are those of `Client`."""

    def channels(self) -> list[wire.Channel]:
        """Every channel, by name."""
        return self._call("GET", "/rest/v1/channels", wire.ChannelList).channels

    def add(self, channel: wire.CreateChannel) -> wire.NewChannel:
        """Make a channel (role write). A signing secret that was made is in the answer and nowhere else."""
        return self._call("POST", "/rest/v1/channels", wire.NewChannel, body=channel)

    def remove(self, name: str) -> wire.Channel:
        """Remove a channel (role write)."""
        return self._call("DELETE", path_of("/rest/v1/channels", name), wire.Channel)

    def test(self, name: str) -> wire.Delivery:
        """Send a test to a channel (role write); `delivery` tells what came of it."""
        return self._call("POST", path_of("/rest/v1/channels", name, "test"), wire.Delivery)

    def deliveries(
        self, *, channel: str | None = None, state: str | None = None, limit: int = 100, before: int | None = None
    ) -> wire.DeliveryPage:
        """One page of the delivery log, the newest first."""
        return self._call(
            "GET", "/rest/v1/deliveries", wire.DeliveryPage, channel=channel, state=state, limit=limit, before=before
        )

    def delivery(self, id_: str) -> wire.DeliveryDetail:
        """One delivery with its attempts."""
        return self._call("GET", path_of("/rest/v1/deliveries", id_), wire.DeliveryDetail)

    def retry(self, id_: str) -> wire.Delivery:
        """Try a delivery that waits or failed again now (role write)."""
        return self._call("POST", path_of("/rest/v1/deliveries", id_, "retry"), wire.Delivery)

    def alerts(self) -> list[wire.ReceivedAlert]:
        """The alerts that Alertmanagers told of."""
        return self._call("GET", "/rest/v1/alertmanager", wire.ReceivedAlertList).alerts
