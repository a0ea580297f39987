"""What the room does by itself, in the process that has the logs of metrics and audit: it reads accounts.

Of several servers that share a state the one with the lock does it.
"""

from trimtab.accounts.room import AccountsRoom
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job

_LOOK_S = 2.0
_ONCE_S = 31_536_000.0  # at the start, and when the process ends


def jobs_of(room: AccountsRoom, lock: Lock) -> list[Job]:
    """The jobs."""

    upcoming = room.store.upcoming()

    async def turn() -> None:
        if lock.held and await upcoming.due(room.clock.now_ms()):
            await room.turn()

    return [
        Job("begin and end reads of AWS accounts", _ONCE_S, room.life, at_stop=True),
        Job("hold the lock of AWS accounts", LEASE_MS / 3000, lock.renew),
        Job("read AWS accounts", _LOOK_S, turn),
    ]
