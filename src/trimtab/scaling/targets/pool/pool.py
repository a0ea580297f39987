"""A pool of worker processes: as many as are asked for, in balanced zones, replaced when they end or fall ill.

Requests come through `acquire` and `release` (the proxy's): the worker with the fewest requests gets the next one, a
full pool makes requests wait in one line, first come first served. What happens is told to `tell`, in words, with the
measured seconds from a loss to the pool's full strength.
"""

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound, Throttled, TrimtabError, Unavailable
from trimtab.scaling.engine.model import Did, Standing
from trimtab.scaling.targets.file import PoolSettings
from trimtab.scaling.targets.pool import zones as zoning
from trimtab.scaling.targets.pool.worker import Life, Worker, start

logger = logging.getLogger(__name__)

TURN_S = 0.25
"""How often the pool looks at itself; the end of a worker is noticed at once."""
ZONE_DOWN_S = 60.0
"""How long a zone that was taken down by hand takes no worker, unless said otherwise."""
_KEPT_ENDED = 20
_LAST_S = 5.0
"""What requests get to end in when the whole pool ends: the server is being stopped."""
_BACKOFF_S = 1.0
Tell = Callable[[Did, str, str, Mapping[str, Any]], Awaitable[None]]
"""Told of what happened: what about, the description, the cause, the details."""


class Counts(Struct):
    """What came to the proxy since the last reading; `latencies`, in seconds, and failures are of what ended."""

    requests: int = 0
    failed: int = 0
    retried: int = 0
    latencies: list[float] = field(default_factory=list)


class Pool(Struct, eq=False):
    """One pool. Everything runs on one event loop."""

    name: str
    settings: PoolSettings
    clock: Clock
    tell: Tell
    desired: int = 0
    workers: list[Worker] = field(default_factory=list)
    ended: deque[Worker] = field(default_factory=lambda: deque(maxlen=_KEPT_ENDED))
    counts: Counts = field(default_factory=Counts)
    down: dict[str, float] = field(default_factory=dict)
    waiting: deque["asyncio.Future[Worker]"] = field(default_factory=deque)
    problem: str = ""
    _number: int = 0
    _lost_s: float | None = None
    _lost: list[str] = field(default_factory=list)
    _not_before_s: float = 0.0
    _failed_starts: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _stopped: bool = False

    async def run(self) -> None:
        """Keep the pool as it is asked to be, until cancelled; then every worker is ended."""
        try:
            async with httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0)) as client:
                while True:
                    await self._turn(client)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), TURN_S)
                    self._changed.clear()
        finally:
            await self.close()

    async def close(self) -> None:
        """End every worker, drained."""
        self._stopped = True
        patience_s = min(_LAST_S, self.settings.drain_s)
        await asyncio.gather(*(one.stop(patience_s, _LAST_S) for one in self.workers), return_exceptions=True)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def ask_for(self, desired: int) -> None:
        """Set how many there should be."""
        self.desired = desired
        self._changed.set()

    def standing(self) -> Standing:
        """How it stands."""
        ready = self.ready()
        alive = sum(one.alive for one in self.workers)
        zones = Counter(one.zone for one in ready)
        return Standing(len(ready), max(0, min(alive, self.desired) - len(ready)), self.desired, zones=zones)

    def ready(self) -> list[Worker]:
        """The workers that serve."""
        return [one for one in self.workers if one.life is Life.READY]

    def up_zones(self) -> list[str]:
        """The zones that take workers now."""
        now_s = self.clock.monotonic()
        return [zone for zone in self.settings.zones if self.down.get(zone, 0.0) <= now_s]

    async def acquire(self) -> Worker:
        """A worker for one request. Raises Throttled where too many wait, Unavailable where none came in time."""
        found = self._free()
        if found is None:
            if len(self.waiting) >= self.settings.queue:
                raise Throttled(f"{len(self.waiting)} requests wait for a worker of {self.name}: try again later")
            line: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
            self.waiting.append(line)
            try:
                return await asyncio.wait_for(line, self.settings.queue_s)
            except TimeoutError:
                raise Unavailable(f"no worker of {self.name} was free within {self.settings.queue_s:g} s") from None
            except asyncio.CancelledError:
                if line.done() and not line.cancelled():  # it was given a worker as its client went away
                    self.release(line.result())
                raise
            finally:
                if line in self.waiting:
                    self.waiting.remove(line)
        found.serving += 1
        return found

    def release(self, worker: Worker) -> None:
        """A request has ended; the next in line gets its place."""
        worker.serving -= 1
        if not worker.serving:
            worker.drained.set()
        self._hand_out()

    def kill_worker(self, name: str = "") -> Worker:
        """Kill a worker by its name (`w7`), or the busiest. Raises NotFound, Conflict."""
        ready = self.ready()
        if not ready:
            raise Conflict(f"cannot kill a worker of {self.name}: none is ready")
        found = [one for one in ready if name in ("", f"w{one.number}")]
        if not found:
            raise NotFound(f"cannot find worker {name!r}; {', '.join(f'w{one.number}' for one in ready)} are ready")
        victim = max(found, key=lambda one: one.serving)
        victim.reason = f"killed by hand with {victim.serving} requests in flight"
        victim.kill()
        return victim

    def kill_zone(self, zone: str, down_s: float = ZONE_DOWN_S) -> list[Worker]:
        """Kill every worker of a zone, which takes none for `down_s`. Raises NotFound."""
        if zone not in self.settings.zones:
            raise NotFound(f"cannot find zone {zone!r} of {self.name}; it has {', '.join(self.settings.zones)}")
        self.down[zone] = self.clock.monotonic() + down_s
        victims = [one for one in self.workers if one.zone == zone and one.alive]
        for one in victims:
            one.reason = f"zone {zone} was taken down by hand"
            one.kill()
        return victims

    def _free(self) -> Worker | None:
        able = [one for one in self.ready() if one.serving < self.settings.concurrency]
        return min(able, key=lambda one: (one.serving, one.number), default=None)

    def _hand_out(self) -> None:
        while self.waiting:
            found = self._free()
            if found is None:
                return
            line = self.waiting.popleft()
            if not line.done():
                found.serving += 1
                line.set_result(found)

    async def _turn(self, client: httpx.AsyncClient) -> None:
        if self._stopped:
            return
        live = Counter(one.zone for one in self.workers if one.alive)
        missing = self.desired - sum(live.values())
        while missing > 0 and self.clock.monotonic() >= self._not_before_s:
            zone = zoning.next_zone(live, self.up_zones())
            if zone is None or not await self._launch(zone, client):
                break
            live[zone] += 1
            missing -= 1
        for _ in range(-missing):
            self._retire(live)
        if not missing:
            await self._balance(live, client)
        await self._recovered()

    async def _launch(self, zone: str, client: httpx.AsyncClient) -> bool:
        self._number += 1
        try:
            worker = await start(self.settings, self._number, zone, self.clock.monotonic())
        except TrimtabError as problem:
            self.problem, self._not_before_s = str(problem), self.clock.monotonic() + _BACKOFF_S
            return False
        self.workers.append(worker)
        self._spawn(self._watch(worker))
        self._spawn(self._look_after(worker, client))
        return True

    def _retire(self, live: "Counter[str]") -> None:
        """Stop one: the one that starts, else the idlest of the fullest zone."""
        zone = zoning.fullest(live, self.settings.zones)
        able = [one for one in self.workers if one.alive and one.zone == zone]
        if not able:
            return
        chosen = min(able, key=lambda one: (one.life is Life.READY, one.serving, -one.number))
        live[chosen.zone] -= 1
        chosen.life = Life.DRAINING
        chosen.expected = True
        self._spawn(chosen.stop(self.settings.drain_s))

    async def _balance(self, live: "Counter[str]", client: httpx.AsyncClient) -> None:
        """Move a worker out of a zone that has too many: the new one starts first."""
        if any(one.life is not Life.READY for one in self.workers):
            return
        move = zoning.unbalanced(live, self.up_zones())
        if move is None or self.clock.monotonic() < self._not_before_s:
            return
        if await self._launch(move[1], client):
            self._not_before_s = self.clock.monotonic() + _BACKOFF_S
            words = f"Moving a worker from zone {move[0]} to zone {move[1]}."
            await self.tell(Did.BALANCE, words, "zones differ by more than one", {"zones": dict(live)})

    async def _watch(self, worker: Worker) -> None:
        """Wait for a worker's end; a loss is told and made good."""
        code = await worker.process.wait()
        now_s = self.clock.monotonic()
        was, worker.life, worker.ended_s = worker.life, Life.ENDED, now_s
        self.workers.remove(worker)
        self.ended.append(worker)
        if not worker.expected and not self._stopped:
            how = worker.reason or (f"signal {-code}" if code < 0 else f"exit status {code}")
            if was is Life.STARTING:
                self._failed_starts += 1
                self.problem = f"{worker.name} ended before it was ready: {how}"
                self._not_before_s = now_s + min(60.0, _BACKOFF_S * 2**self._failed_starts)
            if self._lost_s is None:
                self._lost_s = now_s
            self._lost.append(f"{worker.name}: {how}")
        self._changed.set()

    async def _look_after(self, worker: Worker, client: httpx.AsyncClient) -> None:
        """Ask a worker for its health until it ends; one that is ill is killed, and so replaced."""
        pause = min(0.05, self.settings.health_every_s)
        while worker.alive:
            well = await worker.healthy(client, self.settings.health_path)
            now_s = self.clock.monotonic()
            if well and worker.life is Life.STARTING:
                worker.life, worker.ready_s = Life.READY, now_s
                self._failed_starts, self.problem, pause = 0, "", self.settings.health_every_s
                self._hand_out()
                self._changed.set()
            worker.failures = 0 if well or worker.life is Life.STARTING else worker.failures + 1
            late = worker.life is Life.STARTING and now_s - worker.started_s > self.settings.start_s
            if late or worker.failures >= self.settings.health_failures:
                worker.reason = "it was not ready in time" if late else f"{worker.failures} health checks failed"
                worker.kill()
                return
            await asyncio.sleep(pause)

    async def _recovered(self) -> None:
        """Tell of a loss that was made good, and how long that took."""
        if self._lost_s is None or len(self.ready()) < self.desired:
            return
        took_s, lost = self.clock.monotonic() - self._lost_s, list(self._lost)
        self._lost_s = None
        self._lost.clear()
        words = f"Replaced {len(lost)} worker{'s' if len(lost) > 1 else ''} in {took_s:.2f} s."
        await self.tell(Did.REPLACE, words, "; ".join(lost), {"recovery_s": round(took_s, 3), "lost": lost})

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
