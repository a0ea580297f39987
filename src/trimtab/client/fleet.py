"""`Fleet`: GPU time by the fleet ledger, and what does not fit, as typed Python calls over a `Client`."""

from collections.abc import Sequence

from trimtab.client import fleet_wire as wire
from trimtab.client import health_wire
from trimtab.client.calls import Calls


class Fleet(Calls):
    """The calls about GPU time. Errors are those of `Client`."""

    def hours(
        self, by: Sequence[str] = ("team",), *, start: str = "-24h", end: str = "now", basis: str = "net amortised"
    ) -> wire.FleetHours:
        """GPU-hours of a range by some keys, with what they cost on a basis."""
        return self._call("GET", "/rest/v1/fleet/hours", wire.FleetHours, start=start, end=end, basis=basis, by=by)

    def faults(self, *, start: str = "-7d", end: str = "now", machine: str = "") -> wire.GpuFaults:
        """Faults of GPUs and switches that kernel-log lines told; of one machine where it is named."""
        return self._call("GET", "/rest/v1/fleet/faults", wire.GpuFaults, start=start, end=end, machine=machine)

    def health(self, *, start: str = "-30d", end: str = "now", machine: str = "") -> health_wire.FleetHealth:
        """Faults, the runs that they ended or slowed, what that cost, machines by their rates, and what to do."""
        return self._call(
            "GET", "/rest/v1/fleet/health", health_wire.FleetHealth, start=start, end=end, machine=machine
        )

    def remarks(self, *, start: str = "-7d", end: str = "now") -> wire.FleetRemarks:
        """What was said of machines and does not fit."""
        return self._call("GET", "/rest/v1/fleet/remarks", wire.FleetRemarks, start=start, end=end)
