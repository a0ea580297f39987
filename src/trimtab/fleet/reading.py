"""What other rooms ask of the ledger."""

from collections.abc import Sequence
from typing import Protocol

from trimtab.access.scope import Scope
from trimtab.fleet.basis import DEFAULT, Basis
from trimtab.fleet.frame import Costed, DeviceCost, DeviceHours, Frame, HeldStep
from trimtab.fleet.health.spans import Span
from trimtab.fleet.model import DAY_MS, Remark


class HoursReader(Protocol):
    """Reads GPU time: `FleetLedger`, or `DirectLedger` in tests."""

    @property
    def known_until(self) -> int | None:
        """Until when what was answered of late is whole, where it was answered before the days were up to now."""
        ...

    async def frame(self, scope: Scope, start_ms: int, end_ms: int, step_ms: int = DAY_MS, machine: str = "") -> Frame:
        """The ledger of `[start, end)`. Raises QueryAborted, Unavailable."""
        ...

    async def costed(self, scope: Scope, start_ms: int, end_ms: int, basis: Basis = DEFAULT) -> Costed:
        """The same by day, with what each row cost. Raises QueryAborted, Unavailable."""
        ...

    async def devices(self, scope: Scope, start_ms: int, end_ms: int) -> list[DeviceHours]:
        """Every accelerator of `[start, end)` by machine and number. Raises QueryAborted, Unavailable."""
        ...

    async def device_costs(
        self, scope: Scope, start_ms: int, end_ms: int, basis: Basis = DEFAULT
    ) -> dict[tuple[str, int], DeviceCost]:
        """What each of them cost. Raises QueryAborted, Unavailable."""
        ...

    async def held_steps(self, scope: Scope, start_ms: int, end_ms: int, cluster: str = "") -> list[HeldStep]:
        """When accelerators of a cluster were taken and let go. Raises QueryAborted, Unavailable."""
        ...

    async def remarks(self, scope: Scope, start_ms: int, end_ms: int) -> list[Remark]:
        """What was said and does not fit, the newest first. Raises QueryAborted, Unavailable."""
        ...


class SpanReader(HoursReader, Protocol):
    """Reads the moments of GPU time too."""

    async def spans(
        self, scope: Scope, start_ms: int, end_ms: int, machines: Sequence[str] = (), holders: Sequence[str] = ()
    ) -> list[Span]:
        """The times in which accelerators were held or down. Raises QueryAborted, Unavailable."""
        ...
