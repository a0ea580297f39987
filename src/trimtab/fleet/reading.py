"""What other rooms ask of the ledger."""

from typing import Protocol

from trimtab.access.scope import Scope
from trimtab.fleet.basis import DEFAULT, Basis
from trimtab.fleet.frame import Costed, Frame
from trimtab.fleet.model import DAY_MS


class HoursReader(Protocol):
    """Reads GPU time: `FleetLedger`, or `DirectLedger` in tests."""

    async def frame(self, scope: Scope, start_ms: int, end_ms: int, step_ms: int = DAY_MS, machine: str = "") -> Frame:
        """The ledger of `[start, end)`. Raises QueryAborted, Unavailable."""
        ...

    async def costed(self, scope: Scope, start_ms: int, end_ms: int, basis: Basis = DEFAULT) -> Costed:
        """The same by day, with what each row cost. Raises QueryAborted, Unavailable."""
        ...
