"""The engine as doors, pages and jobs are given it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Connection, func, select

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.actions.registry import Actuators
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.scaling.demand import Evaluator
from trimtab.scaling.engine import guarding, metering
from trimtab.scaling.engine.activities import ActivityStore, ProposalStore
from trimtab.scaling.engine.actuator import Scaler
from trimtab.scaling.engine.alarms import Alarms
from trimtab.scaling.engine.deciding import Decision
from trimtab.scaling.engine.loop import Audited, Loop
from trimtab.scaling.engine.memory import Memory, read_memory, write_scaling
from trimtab.scaling.engine.metering import Emit
from trimtab.scaling.engine.model import (
    CUSTOM,
    CUSTOM_DIMENSION,
    Did,
    Form,
    Guards,
    Mode,
    ScalableTarget,
    Service,
    Signal,
    Standing,
    Status,
    TargetKey,
)
from trimtab.scaling.engine.readings import Readings
from trimtab.scaling.engine.store import PolicyStore, ScheduleStore, TargetStore
from trimtab.scaling.engine.tags import TagStore
from trimtab.scaling.targets.backend import Backend, Backends
from trimtab.scaling.targets.file import PoolSettings
from trimtab.scaling.targets.pool.backend import PREFIX, PoolBackend
from trimtab.scaling.targets.pool.pool import Pool
from trimtab.store.state.database import State
from trimtab.store.state.schema.scaling import scaling_targets
from trimtab.store.state.upcoming import Upcoming

_LOOK_S = 0.5  # asks what is due; most often nothing is
_METER_S = 1.0
_FORGET_S = 3600.0


class Means(Struct, frozen=True):
    """What the room needs of others: metrics read and written, alarms, the registry of actions, the audit, and what it
    may scale (`pools` by name, and backends after them)."""

    evaluator: Evaluator
    alarms: Alarms
    actuators: Actuators
    emit: Emit
    audited: Audited
    pools: Mapping[str, PoolSettings] = field(default_factory=dict)
    backends: Sequence[Backend] = ()
    account: str = "123456789012"
    region: str = "us-east-1"


class ScalingRoom(Struct, frozen=True):
    """Everything that may be asked of scaling."""

    clock: Clock
    state: State
    targets: TargetStore
    policies: PolicyStore
    schedules: ScheduleStore
    activities: ActivityStore
    proposals: ProposalStore
    tags: TagStore
    loop: Loop
    backends: Backends
    pools: Mapping[str, Pool]
    readings: Readings
    means: Means
    lock: Lock

    @classmethod
    def of(cls, state: State, clock: Clock, means: Means) -> "ScalingRoom":
        """The room over a state database."""
        targets, activities = TargetStore(state, clock), ActivityStore(state, clock)
        pools = {name: _pool(name, own, clock, targets, activities, means) for name, own in means.pools.items()}
        backends = Backends([PoolBackend(pools), *means.backends])
        means.actuators.register(Scaler(targets, backends))
        readings, proposals = Readings(means.evaluator, means.alarms), ProposalStore(state, clock)

        async def told(target: ScalableTarget, memory: Memory, standing: Standing, decision: Decision) -> None:
            await means.emit(metering.look(target, standing, decision.wanted, clock.now_ms()))

        loop = Loop(state, clock, readings, backends, means.actuators, activities, proposals, told, means.audited)
        return cls(
            clock, state, targets, PolicyStore(state, clock), ScheduleStore(state, clock), activities, proposals,
            TagStore(state), loop, backends, pools, readings, means, Lock(state, clock, "scaling"),
        )  # fmt: skip

    def jobs(self) -> list[Job]:
        """What the room does by itself; of several servers that share a state the one with the lock does it."""

        upcoming = Upcoming(self.state, select(func.min(scaling_targets.c.due_ms)))

        async def turn() -> None:
            if self.lock.held and await upcoming.due(self.clock.now_ms()):
                await self.loop.turn()

        async def meter() -> None:
            for name, pool in self.pools.items():
                place = self.means.account, self.means.region
                await self.means.emit(metering.pool(place, name, pool, self.clock.now_ms()))

        async def forget() -> None:
            if self.lock.held:
                await self.activities.forget()

        jobs = [
            Job("hold the lock of the scaling engine", LEASE_MS / 3000, self.lock.renew),
            Job("decide how many replicas run", _LOOK_S, turn),
            Job("forget old scaling activities", _FORGET_S, forget),
        ]
        return [*jobs, Job("measure the pools", _METER_S, meter)] if self.pools else jobs

    async def begin_pools(self) -> None:
        """Register the pools of the settings' file that are new, and ask each for what was last asked of it."""
        for name, own in self.means.pools.items():
            key = pool_key(self.means.account, self.means.region, name)
            try:
                target = await self.targets.named(EVERYTHING, key)
            except NotFound:
                target = await self.targets.put(key, _first_form(own, name))
            known = target.desired if target.desired is not None else target.least
            self.pools[name].ask_for(min(max(known, target.least), target.most))

    async def memory(self, target: ScalableTarget) -> Memory:
        """What the engine remembers of a target: its last decision, in words."""
        query = select(scaling_targets.c.state).where(scaling_targets.c.id == target.id)
        raw = await self.state.read(lambda connection: connection.execute(query).scalar())
        return read_memory(raw or "")

    async def set_mode(self, scope: Scope, id_: str, mode: Mode) -> ScalableTarget:
        """Switch a target's mode. Raises NotFound, and InvalidInput for acting on what nothing here can change."""
        target = await self.targets.get(scope, id_)
        if mode is Mode.ACT:
            self.backends.needed(target.key)
        return await self.targets.change(scope, id_, mode=mode)

    async def scale_to(self, scope: Scope, id_: str, desired: int, by: str, reason: str = "") -> ScalableTarget:
        """Scale by hand, within bounds and guard rails. Raises InvalidInput, Conflict, NotFound."""
        target = await self.targets.get(scope, id_)
        if target.mode is not Mode.ACT:
            raise Conflict(f"cannot scale {target.key.label}: its mode is {target.mode}; switch it to act first")
        if not target.least <= desired <= target.most:
            raise InvalidInput(
                f"cannot scale {target.key.label} to {desired}; expected {target.least} to {target.most}",
                field="desired",
            )
        backend, memory = self.backends.needed(target.key), await self.memory(target)
        standing = await backend.standing(target.key)
        if standing.owner:
            raise Conflict(f"cannot scale {target.key.label}: {standing.owner} owns it")
        why = f"{by} asked for {desired}" + (f": {reason}" if reason else "")
        wish = Decision(desired, desired, why, {}, memory.memories)
        asks_nobody = replace(target, guards=replace(target.guards, approval=False, approve_above=None))
        allowed = guarding.limit(asks_nobody, standing.desired, wish, self.clock.now_ms(), memory.spent)
        if allowed.desired != desired:
            raise Conflict(f"cannot scale {target.key.label} to {desired}: {'; '.join(allowed.limited.values())}")
        if desired != standing.desired:
            await self.loop.scale(target, memory, standing.desired, desired, why, {"by": by})
            due_ms = self.clock.now_ms()
            await self.state.change(partial(write_scaling, target=target, scaling=memory.scaling, due_ms=due_ms))
        return await self.targets.get(scope, id_)

    async def chaos(
        self, scope: Scope, id_: str, by: str, *, worker: str | None = None, zone: str = "", down_s: float = 60.0
    ) -> str:
        """Kill a worker (`worker` "": the busiest) or a zone of a local pool; what was killed, in words.

        Raises InvalidInput for any other target: nothing but a pool of the settings' file is ever broken on purpose.
        """
        target = await self.targets.get(scope, id_)
        pool = self.pool_of(target)
        if pool is None:
            raise InvalidInput(f"cannot kill anything of {target.key.label}: it is no local pool of this process")
        if zone:
            killed = pool.kill_zone(zone, down_s)
            words = f"Killed zone {zone}: {len(killed)} workers, and no new one there for {down_s:g} s."
        else:
            victim = pool.kill_worker(worker or "")
            words = f"Killed worker {victim.name} with {victim.serving} requests in flight."
        await self.activities.add(target, Did.CHAOS, words, f"{by} asked for it", Status.SUCCESSFUL)
        return words

    def pool_of(self, target: ScalableTarget) -> Pool | None:
        """The pool of this process that a target is."""
        return PoolBackend(self.pools).pool_of(target.key)

    async def all_memories(self, some: Sequence[ScalableTarget]) -> dict[str, Memory]:
        """Memories by target id."""
        ids = [one.id for one in some]

        def read(connection: Connection) -> dict[str, Memory]:
            query = select(scaling_targets.c.id, scaling_targets.c.state).where(scaling_targets.c.id.in_(ids))
            return {row.id: read_memory(row.state) for row in connection.execute(query)}

        return await self.state.read(read)


def pool_key(account: str, region: str, name: str) -> TargetKey:
    """The key of a local pool."""
    return TargetKey(account, region, CUSTOM, f"{PREFIX}{name}", CUSTOM_DIMENSION)


def _first_form(own: PoolSettings, name: str) -> Form:
    """What a pool's target begins with: it is observed, its demand is what its proxy counts."""
    signal = Signal(metering.POOLS, metering.REQUESTS, {metering.POOL: name}, "Sum", True, metering.WAITING)
    service = Service(own.capacity, own.launch_s, own.tick_s, signal)
    guards = Guards(price_per_hour=own.price_per_hour, currency=own.currency)
    return Form(own.least, own.most, service=service, guards=guards)


def _pool(
    name: str, own: PoolSettings, clock: Clock, targets: TargetStore, activities: ActivityStore, means: Means
) -> Pool:
    async def tell(did: Did, words: str, cause: str, details: Mapping[str, Any]) -> None:
        try:
            target = await targets.named(EVERYTHING, pool_key(means.account, means.region, name))
        except NotFound:  # it was deregistered: nobody wants to know
            return
        await activities.add(target, did, words, cause, Status.SUCCESSFUL, details=details)

    return Pool(name, own, clock, tell)
