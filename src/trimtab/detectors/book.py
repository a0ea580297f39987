"""What detectors there are, remembered for some seconds: bands are asked for many times a second."""

from trimtab.base.clock import Clock
from trimtab.detectors.model import Detector
from trimtab.detectors.store import DetectorStore

_FRESH_MS = 10_000
"""How old the memory may be: a detector that was put just now counts ten seconds later in another process."""

Key = tuple[str, str, str]


class DetectorBook:
    """Detectors by account, region and id."""

    def __init__(self, store: DetectorStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[Key, Detector] = {}
        self._read_ms: int | None = None

    async def known(self) -> dict[Key, Detector]:
        """Every detector. Raises Unavailable."""
        now_ms = self._clock.now_ms()
        if self._read_ms is None or not 0 <= now_ms - self._read_ms < _FRESH_MS:
            found = await self._store.all()
            self._known = {(one.account, one.region, one.id): one for one in found}
            self._read_ms = now_ms
        return self._known

    def forget(self) -> None:
        """Read again at the next question: this process changed something."""
        self._read_ms = None
