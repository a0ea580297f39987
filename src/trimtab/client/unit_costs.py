"""`UnitCosts`: what runs, tokens and idleness cost, as typed Python calls over a `Client`.

`start` and `end` are days (end not included); without them the last seven days are meant.
"""

from trimtab.client import unit_costs_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/unit-costs"


class UnitCosts:
    """The calls. Errors are those of `Client`."""

    def __init__(self, client: Client, start: str | None = None, end: str | None = None) -> None:
        self._client = client
        self._query = [(name, value) for name, value in (("start", start), ("end", end)) if value]

    def models(self, model: str = "") -> wire.ModelCosts:
        """Models, the dearest first; or the one."""
        query = [*self._query, *([("model", model)] if model else [])]
        return self._client.call("GET", f"{_PATH}/models", wire.ModelCosts, query=query)

    def runs(self, limit: int = 100, team: str = "") -> wire.RunCosts:
        """Training runs, the dearest first."""
        query = [*self._query, ("limit", str(limit)), *([("team", team)] if team else [])]
        return self._client.call("GET", f"{_PATH}/runs", wire.RunCosts, query=query)

    def gpu_hours(self) -> wire.GpuHourCosts:
        """Dollars of a GPU-hour by team."""
        return self._client.call("GET", f"{_PATH}/gpu-hours", wire.GpuHourCosts, query=self._query)

    def idle(self, limit: int = 100, team: str = "") -> wire.IdleCosts:
        """Idle dollars by cause; the holders' rows of one team where it is named."""
        query = [*self._query, ("limit", str(limit)), *([("team", team)] if team else [])]
        return self._client.call("GET", f"{_PATH}/idle", wire.IdleCosts, query=query)
