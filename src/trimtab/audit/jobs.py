"""What the room does by itself, in the process that has the log: it waits for its own writes."""

from collections.abc import Awaitable, Callable

from trimtab.audit.room import AuditRoom
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job

_ANNOUNCE_S = 2.0
_ONCE_S = 31_536_000.0  # at the start
_AGAIN_MS, _MOST_AGAIN = 600_000, 5000  # what may have been on its way to the taps when the last server ended
_MINUTE_S = 60.0
_WATCH_S = 30.0


def jobs_of(room: AuditRoom, lock: Lock) -> list[Job]:
    """The jobs; of several servers that share a state the one with the lock does them."""

    def alone(work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            if lock.held:
                await work()

        return run

    async def tell_again() -> None:
        now_ms = room.clock.now_ms()
        await room.ingest.settled()
        await room.ingest.tell_again(await room.reader.taken((now_ms - _AGAIN_MS, ""), now_ms, _MOST_AGAIN))

    jobs = [
        Job("tell again of the newest audit events", _ONCE_S, tell_again),
        Job("hold the lock of the audit", LEASE_MS / 3000, lock.renew),
        Job("tell of audit events", _ANNOUNCE_S, alone(room.announcer.announce)),
        Job("deliver trails", _MINUTE_S, alone(room.delivery.deliver)),
        Job("look for unusual calls", _MINUTE_S, alone(room.insights.look)),
        Job("close hours of the audit", _MINUTE_S, alone(room.chain.close_hours)),
    ]
    if room.watched.places:
        jobs.append(Job("read watched CloudTrail files", _WATCH_S, alone(room.watched.look)))
    return jobs
