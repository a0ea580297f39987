"""The room's part of the jobs process: what waits is sent on."""

from collections.abc import Callable
from dataclasses import dataclass

from trimtab.base.clock import Clock
from trimtab.jobs.periodic import Job
from trimtab.logs.forwarding.queue import ForwardQueue
from trimtab.logs.forwarding.send import HttpForwards
from trimtab.notify.transport.http import HttpTransport
from trimtab.store.state.database import State

_SEND_S = 1.0


@dataclass(frozen=True, slots=True)
class LogDuties:
    """What the jobs process does for the logs room, while `may_write`."""

    state: State
    clock: Clock
    http: HttpTransport
    may_write: Callable[[], bool] = lambda: True

    def jobs(self) -> list[Job]:
        """The jobs."""
        sending = HttpForwards(ForwardQueue(self.state, self.clock), self.http, self.may_write)
        return [Job("send log events on", _SEND_S, sending.turn)]
