"""`Fleet`: GPU time by the fleet ledger, and what does not fit, as typed Python calls over a `Client`."""

from collections.abc import Sequence

from trimtab.client import fleet_wire as wire
from trimtab.client import health_wire
from trimtab.client.api import Client


class Fleet:
    """The calls about GPU time. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def hours(
        self, by: Sequence[str] = ("team",), *, start: str = "-24h", end: str = "now", basis: str = "net amortised"
    ) -> wire.FleetHours:
        """GPU-hours of a range by some keys, with what they cost on a basis."""
        query = [("start", start), ("end", end), ("basis", basis), *(("by", key) for key in by)]
        return self._client.call("GET", "/rest/v1/fleet/hours", wire.FleetHours, query=query)

    def faults(self, *, start: str = "-7d", end: str = "now", machine: str = "") -> wire.GpuFaults:
        """Faults of GPUs and switches that kernel-log lines told; of one machine where it is named."""
        query = [("start", start), ("end", end), *([("machine", machine)] if machine else [])]
        return self._client.call("GET", "/rest/v1/fleet/faults", wire.GpuFaults, query=query)

    def health(self, *, start: str = "-30d", end: str = "now", machine: str = "") -> health_wire.FleetHealth:
        """Faults, the runs that they ended or slowed, what that cost, machines by their rates, and what to do."""
        query = [("start", start), ("end", end), *([("machine", machine)] if machine else [])]
        return self._client.call("GET", "/rest/v1/fleet/health", health_wire.FleetHealth, query=query)

    def remarks(self, *, start: str = "-7d", end: str = "now") -> wire.FleetRemarks:
        """What was said of machines and does not fit."""
        query = [("start", start), ("end", end)]
        return self._client.call("GET", "/rest/v1/fleet/remarks", wire.FleetRemarks, query=query)
