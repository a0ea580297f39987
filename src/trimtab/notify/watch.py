"""How the room does, as last counted: trimtab's own metrics are rendered without asking a database."""

from trimtab.notify.log import Counts, DeliveryLog

REFRESH_S = 10.0
"""Seconds between two countings."""


class Watch:
    """The counts of the last refresh."""

    def __init__(self, log: DeliveryLog) -> None:
        self._log = log
        self.counts = Counts({}, 0, None, 0)

    async def refresh(self) -> None:
        """Count again."""
        self.counts = await self._log.counts()
