"""What the room forgets: deliveries and alerts past their retention."""

from trimtab.base.clock import Clock
from trimtab.notify.log import DeliveryLog
from trimtab.notify.received import ReceivedAlerts
from trimtab.store.state.database import State

_DAY_MS = 86_400_000


class Housekeeping:
    """Drops what was finished more than `days` ago. What still waits is kept, however old."""

    def __init__(self, state: State, clock: Clock, days: int) -> None:
        self._clock = clock
        self._kept_ms = days * _DAY_MS
        self._log = DeliveryLog(state, clock)
        self._received = ReceivedAlerts(state, clock)

    async def drop(self) -> int:
        """Forget; returns how many deliveries."""
        before_ms = self._clock.now_ms() - self._kept_ms
        await self._received.drop_before(before_ms)
        return await self._log.drop_before(before_ms)
