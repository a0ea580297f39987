"""The room as pages and jobs are given it."""

from msgspec import Struct

from trimtab.asks.answering import Answering
from trimtab.asks.asking import Asking
from trimtab.asks.store import AskStore
from trimtab.jobs.lock import LEASE_MS
from trimtab.jobs.periodic import Job

_TURN_S = 300.0


class AsksRoom(Struct, frozen=True):
    """What owners are asked, and what they answer."""

    store: AskStore
    asking: Asking
    answering: Answering

    def jobs(self) -> list[Job]:
        """What the room does by itself; of several servers that share a state the one with the lock does it."""
        return [
            Job("hold the lock of what owners are asked", LEASE_MS / 3000, self.asking.lock.renew),
            Job("ask owners", _TURN_S, self.asking.turn),
        ]
