"""`UnitCosts`: what runs, tokens and idleness cost, as typed Python calls over a `Client`.

`start` and `end` are days (end not included); without them the last seven days are meant.
"""

from trimtab.client import unit_costs_wire as wire
from trimtab.client.api import Client
from trimtab.client.calls import Calls

_PATH = "/rest/v1/unit-costs"


class UnitCosts(Calls):
    """The calls. Errors are those of `Client`."""

    def __init__(self, client: Client, start: str | None = None, end: str | None = None) -> None:
        super().__init__(client, start=start, end=end)

    def models(self, model: str = "") -> wire.ModelCosts:
        """Models, the dearest first; or the one."""
        return self._call("GET", f"{_PATH}/models", wire.ModelCosts, model=model)

    def runs(self, limit: int = 100, team: str = "") -> wire.RunCosts:
        """Training runs, the dearest first."""
        return self._call("GET", f"{_PATH}/runs", wire.RunCosts, limit=limit, team=team)

    def gpu_hours(self) -> wire.GpuHourCosts:
        """Dollars of a GPU-hour by team."""
        return self._call("GET", f"{_PATH}/gpu-hours", wire.GpuHourCosts)

    def idle(self, limit: int = 100, team: str = "") -> wire.IdleCosts:
        """Idle dollars by cause; the holders' rows of one team where it is named."""
        return self._call("GET", f"{_PATH}/idle", wire.IdleCosts, limit=limit, team=team)
