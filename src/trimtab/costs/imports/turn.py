"""Whose turn it is to import, among the servers that share a state database: one at a time swaps months of bills."""

import logging
import os
import threading
from pathlib import Path

from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.base.ids import new_id
from trimtab.base.whole_file import make_folder
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.store.state.database import State

logger = logging.getLogger(__name__)

NAME = "bill imports"
_RENEW_S = LEASE_MS / 3000


class Turn:
    """The lock of imports as one server sees it. A server that was killed takes its own turn up again at once: it is
    known by a file in its data directory, which it shares with no other. The others wait for the lease to end."""

    def __init__(self, state: State, clock: Clock, folder: Path) -> None:
        self._lock = Lock(state, clock, NAME, _name_in(folder))
        self._given = threading.Event()
        self._renewing: threading.Thread | None = None

    def take(self) -> bool:
        """Take the turn and keep it until it is given back; whether it was free. Raises Unavailable."""
        if not self._lock.renew_sync():
            return False
        self._given.clear()
        self._renewing = threading.Thread(target=self._renew, name="import-turn", daemon=True)
        self._renewing.start()
        return True

    def give(self) -> None:
        """Let others import."""
        self._given.set()
        if self._renewing is not None:
            self._renewing.join()
            self._renewing = None
        try:
            self._lock.release_sync()
        except TrimtabError as problem:  # the lease ends by itself
            logger.warning("cannot give the turn to import back: %s", problem)

    def _renew(self) -> None:
        while not self._given.wait(_RENEW_S):
            try:
                self._lock.renew_sync()
            except TrimtabError as problem:
                logger.warning("cannot keep the turn to import, will try again: %s", problem)


def _name_in(folder: Path) -> str:
    """What a data directory's server is called, made where it has no name."""
    file = folder / "importer"
    try:
        return file.read_text()
    except FileNotFoundError:
        make_folder(folder, 0o700)
        name, made = new_id(), file.with_suffix(f".{os.getpid()}")
        made.write_text(name)
        made.replace(file)
        return name
