"""Log lines on their way: a thread that follows the files, one that delivers, and a spool of their own between them.

The metrics of the machine do not wait behind its logs, and a server that asks for patience is given it.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom

from trimtab.agent.delivery import Delivery, Post, Source
from trimtab.agent.reading import Reading
from trimtab.agent.service import FLUSH_S, DeliveryThread
from trimtab.agent.spool import Spool, SpoolLimits
from trimtab.agent.tail.config import FileSet
from trimtab.agent.tail.tailer import Tailer, Wait
from trimtab.base.clock import Clock

LIMITS = SpoolLimits(max_bytes=1 << 30, segment_bytes=4 << 20)
"""Far above what the tailer lets wait: this spool never drops."""
_ABOUT = (("trimtab.agent.spool", "logs"),)


class Shipping:
    """Follows files and sends what they say; `prefix` begins the keys of its batches."""

    def __init__(
        self, sets: Sequence[FileSet], directory: Path, host: str, sender: Post, prefix: str, clock: Clock
    ) -> None:
        self._spool = Spool(directory, LIMITS)
        self._delivery = Delivery([Source(self._spool, prefix)], sender, clock, SystemRandom().random)
        self._deliveries = DeliveryThread(self._delivery)
        self._tailer = Tailer(sets, self._spool, directory / "places.json", host, clock, self._deliveries.wake)
        self._thread: threading.Thread | None = None
        self._started_ms = clock.now_ms()

    def start(self, stop: threading.Event) -> None:
        """Follow until `stop` is set."""
        self._deliveries.start()
        self._thread = threading.Thread(target=self._tailer.run, args=(stop.wait,), name="log files", daemon=True)
        self._thread.start()

    def run(self, wait: Wait) -> None:
        """Follow in this thread until `wait` says to stop."""
        self._deliveries.start()
        self._tailer.run(wait)

    def end(self, flush_s: float = FLUSH_S) -> bool:
        """Wait for the last lines, and send for some seconds; whether all are sent."""
        if self._thread is not None:
            self._thread.join(FLUSH_S)
        delivered = self._deliveries.stop(flush_s)
        if delivered:
            self._spool.close()
        return delivered

    def readings(self) -> list[Reading]:
        """What waits, in files and in the spool."""
        state = self._spool.state()
        return [
            Reading("trimtab.agent.spool.bytes", "By", state.bytes, _ABOUT),
            Reading("trimtab.agent.spool.batches", "{batch}", state.records, _ABOUT),
            Reading("trimtab.agent.spool.lost", "{batch}", state.lost, _ABOUT, self._started_ms),
            Reading("trimtab.agent.spool.rejected", "{batch}", state.rejected, _ABOUT, self._started_ms),
            Reading("trimtab.agent.logs.files", "{file}", self._tailer.files),
            Reading("trimtab.agent.logs.behind", "By", self._tailer.behind),
        ]
