"""Where a batch is kept until it is sent: on disk, or in memory while the disk is full."""

import logging
import threading

from trimtab.agent.held import Held
from trimtab.agent.reading import Reading
from trimtab.agent.spool import Spool
from trimtab.base.errors import DiskFull

_log = logging.getLogger(__name__)


class Keep:
    """A spool with memory beside it. Several threads may append."""

    def __init__(self, spool: Spool, held: Held, name: str = "", started_ms: int = 0) -> None:
        """`name` tells it from other spools in what the agent says of itself ("" for the only one of its kind)."""
        self._spool = spool
        self._held = held
        self._about = (("trimtab.agent.spool", name),) if name else ()
        self._started_ms = started_ms
        self._lock = threading.Lock()
        self._disk_full = False

    def append(self, body: bytes, now_ms: int) -> None:
        """Keep one batch."""
        with self._lock:
            try:
                self._spool.append(body, now_ms)
            except DiskFull as problem:
                if not self._disk_full:
                    _log.error("%s; holding batches in memory, where they do not survive a restart", problem)
                self._disk_full = True
                self._held.append(body, now_ms)
            else:
                if self._disk_full:
                    _log.info("the spool takes batches again")
                self._disk_full = False

    def readings(self) -> list[Reading]:
        """How full it is, and what was lost since the start."""
        state, held = self._spool.state(), self._held
        about, start = self._about, self._started_ms
        return [
            Reading("trimtab.agent.spool.bytes", "By", state.bytes, about),
            Reading("trimtab.agent.spool.batches", "{batch}", state.records + len(held), about),
            Reading("trimtab.agent.spool.lost", "{batch}", state.lost + held.lost, about, start),
            Reading("trimtab.agent.spool.rejected", "{batch}", state.rejected, about, start),
        ]
