"""Alarms that are not evaluated are told, from the server, by ways that do not need the evaluator or its process.

A dead man's switch: while alarms are evaluated in time, a URL of the settings is asked again and again; whoever is
behind it (healthchecks.io, Dead Man's Snitch, a Watchdog receiver) raises the alarm when that ends, also when all of
this machine is gone. And a message: the server plans it for the channels itself, and sends what waits itself while the
jobs process, whose work that is, does not answer.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from msgspec import Struct, field

from trimtab.alarms.lateness import late_ms
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.egress.gate import Gate
from trimtab.egress.http import HttpClient, HttpOptions
from trimtab.egress.request import Outgoing
from trimtab.jobs.lock import renewed_ms
from trimtab.jobs.periodic import Job
from trimtab.notify.compose.request import AGENT
from trimtab.notify.job import means_of
from trimtab.notify.sender import Sender
from trimtab.notify.urgent import tell_evaluation
from trimtab.settings import Settings, public_url
from trimtab.store.state.database import State
from trimtab.stores import JOBS, SILENT_MS

logger = logging.getLogger(__name__)

LATE_MS = 20_000
"""Two of the fast evaluations: later than any that a busy machine was seen to be, and soon enough for a heartbeat that
misses its second interval."""
PERSISTS_S = 20.0
"""How long alarms must be late, awake, before it is told: a machine that slept catches up in a few seconds."""
START_S = 120.0
"""How long a start, which makes up for missed evaluations, may take."""
_LOOK_S = 5.0


class EvaluationWatch(Struct):
    """Of one server. `late_ms` is as last looked (None: never evaluated); `problem` says it in words, or is empty."""

    state: State
    clock: Clock
    sender: Sender
    link: str
    ask: Callable[[], int] | None = None
    late_ms: int | None = None
    problem: str = ""
    heartbeats: "Counter[str]" = field(default_factory=Counter)
    _begun_s: float = 0.0
    _late_since_s: float | None = None
    _told_ms: int | None = None

    @classmethod
    def of(cls, settings: Settings, state: State, gate: Gate, clock: Clock) -> "EvaluationWatch":
        """Over a state database. Raises SetupError for a heartbeat's URL that is none."""
        sender = Sender(state, clock, means_of(settings, gate))
        url = settings.heartbeat_url
        ask = _asking(HttpClient(gate.naming((url,)), HttpOptions()), url) if url else None
        return cls(state, clock, sender, public_url(settings), ask, _begun_s=clock.monotonic())

    def jobs(self, interval_s: float) -> list[Job]:
        """The jobs of the server."""
        beats = [Job("send the heartbeat", interval_s, self.beat)] if self.ask is not None else []
        return [Job("watch the evaluation of alarms", _LOOK_S, self.look), *beats]

    async def look(self) -> None:
        """Look how late alarms are, and tell it once it persists. Raises Unavailable."""
        now_ms, now_s = self.clock.now_ms(), self.clock.monotonic()
        self.late_ms = await late_ms(self.state, now_ms)
        if now_s - self._begun_s >= START_S and (self.late_ms is None or self.late_ms > LATE_MS):
            self._late_since_s = now_s if self._late_since_s is None else self._late_since_s
            if now_s - self._late_since_s >= PERSISTS_S:
                await self._tell(now_ms)
        elif self.late_ms is not None and self.late_ms <= LATE_MS:
            self._late_since_s = None
            await self._relieve(now_ms)
        await self._stand_in(now_ms)

    async def beat(self) -> None:
        """Send a heartbeat if alarms are evaluated in time now. Raises Unavailable."""
        late = await late_ms(self.state, self.clock.now_ms())
        if self.ask is None:
            return
        if late is None or late > LATE_MS:
            self.heartbeats["withheld"] += 1
            return
        try:
            status = await asyncio.to_thread(self.ask)
        except (InvalidInput, Unavailable) as problem:
            self.heartbeats["failed"] += 1
            raise Unavailable(f"cannot send the heartbeat: {problem}") from None
        self.heartbeats["sent" if status < 300 else "failed"] += 1
        if status >= 300:
            raise Unavailable(f"cannot send the heartbeat: its receiver answered {status}")

    async def _tell(self, now_ms: int) -> None:
        for_s = "since this server started" if self.late_ms is None else f"for {self.late_ms / 1000:.0f} s"
        self.problem = f"Alarms are not being evaluated {for_s}: nobody is told of what they watch."
        if self._told_ms is None:
            self._told_ms = now_ms - (self.late_ms or 0)
            logger.error("%s", self.problem)
            text = f"{self.problem} The jobs process of trimtab does this; /readyz and its log say more."
            await tell_evaluation(self.state, self.clock, self._told_ms, text, firing=True, link=self.link)

    async def _relieve(self, now_ms: int) -> None:
        self.problem = ""
        if self._told_ms is not None:
            since_ms, self._told_ms = self._told_ms, None
            text = f"They were not for {(now_ms - since_ms) / 1000:.0f} s; what was missed is made up for."
            logger.warning("alarms are evaluated again. %s", text)
            await tell_evaluation(self.state, self.clock, since_ms, text, firing=False, link=self.link)

    async def _stand_in(self, now_ms: int) -> None:
        """Send what waits, while the process that does is silent and something was told."""
        if self._told_ms is None:
            return
        seen_ms = await renewed_ms(self.state, JOBS)
        if seen_ms is None or now_ms - seen_ms > SILENT_MS:
            await self.sender.turn()


def _asking(client: HttpClient, url: str) -> Callable[[], int]:
    outgoing = Outgoing(url, {"User-Agent": AGENT}, b"", "GET")
    return lambda: client.ask(outgoing).status
