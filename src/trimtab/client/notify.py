"""`Notify`: channels and deliveries as typed Python calls, over a `Client`."""

from urllib.parse import quote

from trimtab.client import notify_wire as wire
from trimtab.client.api import Client


class Notify:
    """The calls about notifications. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def channels(self) -> list[wire.Channel]:
        """Every channel, by name."""
        return self._client.call("GET", "/rest/v1/channels", wire.ChannelList).channels

    def add(self, channel: wire.CreateChannel) -> wire.NewChannel:
        """Make a channel (role write). A signing secret that was made is in the answer and nowhere else."""
        return self._client.call("POST", "/rest/v1/channels", wire.NewChannel, body=channel)

    def remove(self, name: str) -> wire.Channel:
        """Remove a channel (role write)."""
        return self._client.call("DELETE", f"/rest/v1/channels/{quote(name, safe='')}", wire.Channel)

    def test(self, name: str) -> wire.Delivery:
        """Send a test to a channel (role write); `delivery` tells what came of it."""
        return self._client.call("POST", f"/rest/v1/channels/{quote(name, safe='')}/test", wire.Delivery)

    def deliveries(
        self, *, channel: str | None = None, state: str | None = None, limit: int = 100, before: int | None = None
    ) -> wire.DeliveryPage:
        """One page of the delivery log, the newest first."""
        asked = {"channel": channel, "state": state, "limit": limit, "before": before}
        query = [(name, str(value)) for name, value in asked.items() if value is not None]
        return self._client.call("GET", "/rest/v1/deliveries", wire.DeliveryPage, query=query)

    def delivery(self, id_: str) -> wire.DeliveryDetail:
        """One delivery with its attempts."""
        return self._client.call("GET", f"/rest/v1/deliveries/{quote(id_, safe='')}", wire.DeliveryDetail)

    def retry(self, id_: str) -> wire.Delivery:
        """Try a delivery that waits or failed again now (role write)."""
        return self._client.call("POST", f"/rest/v1/deliveries/{quote(id_, safe='')}/retry", wire.Delivery)

    def alerts(self) -> list[wire.ReceivedAlert]:
        """The alerts that Alertmanagers told of."""
        return self._client.call("GET", "/rest/v1/alertmanager", wire.ReceivedAlertList).alerts
