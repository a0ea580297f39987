"""How targets stand now, beside what the engine remembers of them: for pages, REST and the command line."""

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import TrimtabError
from trimtab.scaling.engine.memory import Memory
from trimtab.scaling.engine.model import ScalableTarget, Standing
from trimtab.scaling.engine.room import ScalingRoom
from trimtab.scaling.targets.pool.worker import Worker
from trimtab.scaling.targets.pool.zones import without_one


class Viewed(Struct, frozen=True):
    """A target as it is shown. `backend` None: nothing here can change it; `problem` says why its standing is not
    known; `felt` what the loss of a replica or a zone would do to the load of now."""

    target: ScalableTarget
    memory: Memory
    backend: str | None
    standing: Standing | None
    problem: str = ""
    workers: Sequence[Worker] = ()
    url: str = ""
    felt: Sequence[str] = ()


class Viewing(Struct, frozen=True):
    """The room, and where the proxies of its pools listen."""

    room: ScalingRoom
    urls: Mapping[str, str]

    async def listed(self, scope: Scope) -> list[Viewed]:
        """Every target that a caller may see."""
        some = await self.room.targets.listed(scope)
        memories = await self.room.all_memories(some)
        return [await self._of(one, memories.get(one.id, Memory()), live=False) for one in some]

    async def one(self, scope: Scope, id_: str) -> Viewed:
        """A target, asked of its backend now. Raises NotFound."""
        target = await self.room.targets.get(scope, id_)
        return await self._of(target, await self.room.memory(target), live=True)

    async def _of(self, target: ScalableTarget, memory: Memory, *, live: bool) -> Viewed:
        backend, pool = self.room.backends.of(target.key), self.room.pool_of(target)
        standing: Standing | None = None
        problem = memory.problem
        if pool is not None:
            standing, problem = pool.standing(), pool.problem or problem
        elif backend is not None and live:
            try:
                standing = await backend.standing(target.key)
            except TrimtabError as failed:
                problem = str(failed)
        elif memory.looked_ms:
            desired = target.desired if target.desired is not None else memory.ready + memory.coming
            standing = Standing(memory.ready, memory.coming, desired, memory.owner or None)
        felt = await self._felt(target, standing) if live and standing is not None and pool is not None else ()
        workers = list(pool.workers) if pool is not None else []
        url = self.urls.get(pool.name, "") if pool is not None else ""
        name = backend.name if backend is not None else None
        return Viewed(target, memory, name, standing, problem, workers, url, felt)

    async def _felt(self, target: ScalableTarget, standing: Standing) -> list[str]:
        demand = await self.room.readings.demand(target, self.room.clock.now_ms(), 0)
        load = 0.0 if math.isnan(demand.now) else demand.now
        needed = math.ceil(load / target.service.capacity - 1e-9)
        return without_one(standing.ready, standing.zones, needed)
