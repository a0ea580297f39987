"""The control loop: looks at every target that is due, decides, and does what its mode and guard rails let it.

One process works (it holds the lock). All that a decision is made from is stored, so that a process that ends between
two looks, or between an order and its end, is followed by another that goes on: cooldowns hold, what was asked for
last is not asked for again, and nothing is scaled to a bound only because something began anew.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from msgspec import Struct
from sqlalchemy import Connection, select, update

from trimtab.actions.registry import Actuators
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound, TrimtabError, Unavailable
from trimtab.base.records import replace
from trimtab.scaling.engine import actuator, deciding, guarding, promising, scheduling
from trimtab.scaling.engine.activities import ActivityStore, ProposalStore
from trimtab.scaling.engine.deciding import Decision, Seen
from trimtab.scaling.engine.documents import PLANNED
from trimtab.scaling.engine.forecasting import Forecasts
from trimtab.scaling.engine.guarding import Allowed
from trimtab.scaling.engine.memory import Memory, read_memory, write_memory
from trimtab.scaling.engine.model import (
    Did,
    Kind,
    Mode,
    Policy,
    ScalableTarget,
    ScheduledChange,
    Standing,
    Status,
)
from trimtab.scaling.engine.readings import HISTORY_S, STALE, Readings
from trimtab.scaling.engine.rows import policies_in, schedules_in, target_of
from trimtab.scaling.targets.backend import Backends
from trimtab.store.state.database import State
from trimtab.store.state.schema.scaling import scaling_targets

logger = logging.getLogger(__name__)

AT_ONCE = 8
"""Targets that are looked at at once: a slow API of one does not hold up the others."""
_UNFULFILLED = 10.0
"""Launch times after which a scale that did not come is told as unfulfilled."""
_PATIENCE_MS = 300_000
"""How long a proposal stays as it is while what is wanted grows or shrinks further the same way."""
Told = Callable[[ScalableTarget, Memory, Standing, Decision], Awaitable[None]]
"""Who is told of every look: the metrics room keeps what stood and what was wanted."""
Audited = Callable[[ScalableTarget, Mapping[str, object], str], Awaitable[None]]
"""Who is told of every change that was made, or failed (its problem; "" for none): the audit."""


class Loop(Struct, frozen=True):
    """The loop over its stores."""

    state: State
    clock: Clock
    readings: Readings
    backends: Backends
    actuators: Actuators
    activities: ActivityStore
    proposals: ProposalStore
    told: Told
    audited: Audited

    async def turn(self) -> int:
        """Look at every target that is due; returns how many were."""
        now_ms, columns = self.clock.now_ms(), scaling_targets.c
        query = select(scaling_targets).where(columns.due_ms <= now_ms).order_by(columns.due_ms)
        rows = await self.state.read(lambda connection: connection.execute(query).all())
        room = asyncio.Semaphore(AT_ONCE)

        async def look(target: ScalableTarget, memory: Memory) -> None:
            async with room:
                await self._look_safely(target, memory)

        await asyncio.gather(*(look(target_of(row), read_memory(row.state)) for row in rows))
        return len(rows)

    async def _look_safely(self, target: ScalableTarget, memory: Memory) -> None:
        was = memory.scaling
        try:
            await self.look(target, memory)
            memory.problem = ""
        except TrimtabError as problem:  # of this target alone: the others are looked at all the same
            memory.problem = str(problem)
            if not isinstance(problem, Unavailable):
                logger.warning("cannot look at %s: %s", target.key.label, problem)
        tick_ms = target.service.tick_s * 1000
        due_ms = (self.clock.now_ms() // tick_ms + 1) * tick_ms
        await self.state.change(partial(write_memory, target=target, memory=memory, was=was, due_ms=due_ms))

    async def look(self, target: ScalableTarget, memory: Memory) -> Decision:
        """Decide about one target and do what may be done; moves `memory`."""
        now_ms = self.clock.now_ms()
        policies, schedules = await self.state.read(
            lambda connection: (policies_in(connection, target), schedules_in(connection, target))
        )
        real = await self._standing(target)
        memory.spend(target, real.ready + real.coming, now_ms)
        memory.owner, memory.ready, memory.coming = real.owner or "", real.ready, real.coming
        acts = target.mode is Mode.ACT and not real.owner and self.backends.of(target.key) is not None
        if acts:
            memory.shadow, standing = None, real
        else:
            standing = memory.shadow_standing(target, real, now_ms)
        await self._follow(target, memory, real)
        target, asked = await self._scheduled(target, schedules, now_ms)
        seen = await self._seen(target, policies, standing, None if acts else real, now_ms)
        # Apart from the event loop: policies that plan take seconds of a core, and the first look compiles them.
        memory.promises, safe = await asyncio.to_thread(
            promising.check_all,
            *(memory.promises, target, policies, deciding.fleet_of(target), seen.demand, standing, now_ms),
        )
        seen = replace(seen, floors={**seen.floors, **safe})
        decision = await asyncio.to_thread(deciding.decide, target, policies, seen, memory.memories, memory.last)
        if asked is not None:
            wanted = min(max(asked[0], target.least), target.most)
            decision = replace(decision, wanted=wanted, wish=asked[0], why=f"{asked[1]}; {decision.why}")
        allowed = guarding.limit(target, standing.desired, decision, now_ms, memory.spent)
        before, memory.memories = memory.memories, decision.memories
        again, memory.last = deciding.tick_of(target, now_ms) == memory.last, deciding.tick_of(target, now_ms)
        memory.why, memory.reasons, memory.wanted = decision.why, dict(decision.reasons), decision.wanted
        memory.limited, memory.floor = dict(allowed.limited), decision.floor
        await self.told(target, memory, standing, decision)
        if not await self._do(target, memory, standing, decision, allowed, acts):
            memory.memories = before if again else deciding.uncooled(decision.memories, before)
        return decision

    async def _standing(self, target: ScalableTarget) -> Standing:
        backend = self.backends.of(target.key)
        if backend is not None:
            return await backend.standing(target.key)
        number = target.desired if target.desired is not None else target.least
        return Standing(number, 0, number)

    async def _scheduled(
        self, target: ScalableTarget, schedules: Sequence[ScheduledChange], now_ms: int
    ) -> tuple[ScalableTarget, tuple[int, str] | None]:
        """The target with what is due of its scheduled actions, and the desired number that one of them asks for."""
        due = scheduling.due(schedules, now_ms)
        if not due or target.suspended.scheduled:
            return target, None
        changed, asked, words = scheduling.applied(target, due)
        await self.state.change(partial(scheduling.write, target=changed, due=due))
        before, after = f"{target.least} to {target.most}", f"{changed.least} to {changed.most}"
        if before != after:
            await self.activities.add(
                target, Did.SCHEDULE, f"Setting the bounds from {before} to {after}.", words, Status.SUCCESSFUL,
                message="The bounds hold until they are set again.",
            )  # fmt: skip
        return changed, None if asked is None else (asked, words)

    async def _seen(
        self,
        target: ScalableTarget,
        policies: Sequence[Policy],
        standing: Standing,
        real: Standing | None,
        now_ms: int,
    ) -> Seen:
        """What is read for a decision. `real` is given where `standing` is only thought."""
        asked = [one for one in policies if one.enabled]
        values, breaches, floors, history = {}, {}, {}, -1
        for one in asked:
            if one.kind is Kind.TRACKING:
                values[one.id] = await self.readings.value(target, one, now_ms)
            elif one.kind is Kind.STEP:
                breaches[one.id] = await self.readings.alarms.breaching(target.key, one.arn)
            elif one.kind is Kind.PREDICTIVE:
                floors[one.id] = await Forecasts(self.readings).floor(target, one, now_ms)
            elif one.kind in PLANNED:
                history = HISTORY_S
            else:
                history = max(history, STALE * target.service.tick_s)
        demand = await self.readings.demand(target, now_ms, history) if history >= 0 else None
        if real is not None and standing.ready:  # what a replica would measure, had there been so many
            values = {id_: value * max(1, real.ready) / standing.ready for id_, value in values.items()}
        return Seen(now_ms, standing, values, breaches, demand, floors)

    async def _follow(self, target: ScalableTarget, memory: Memory, real: Standing) -> None:
        """End the activity of a scale that is under way once what was asked for is there."""
        if not memory.scaling:
            return
        found = await self.activities.one(memory.scaling)
        if found is None or found.end_ms is not None or found.after is None:
            memory.scaling = ""
            return
        took_s = (self.clock.now_ms() - found.start_ms) / 1000
        if real.ready == found.after and not real.coming:
            told = f"Successfully set desired to {found.after}. {real.ready} are ready after {took_s:.1f} s."
            await self.activities.end(found.id, Status.SUCCESSFUL, told, {"took_s": round(took_s, 3)})
        elif took_s > _UNFULFILLED * max(30.0, target.service.launch_s):
            told = f"{real.ready} of {found.after} are ready after {took_s:.0f} s."
            await self.activities.end(found.id, Status.UNFULFILLED, told)
        else:
            return
        memory.scaling = ""

    async def _do(
        self,
        target: ScalableTarget,
        memory: Memory,
        standing: Standing,
        decision: Decision,
        allowed: Allowed,
        acts: bool,
    ) -> bool:
        """Do what the mode lets it; whether anything was done, or would have been."""
        now, wanted = standing.desired, allowed.desired
        await self._tell_limits(target, memory, now, decision, allowed)
        if wanted == now:
            if acts:
                await self.proposals.overtake(target)
            return False
        details = {"limited": dict(allowed.limited)} if allowed.limited else {}
        if not acts:
            memory.shadow_scale(target, wanted, self.clock.now_ms())
            if target.mode is not Mode.OBSERVE:
                why = f"{memory.owner} owns the target" if memory.owner else "dry run"
                await self.activities.add(
                    target, Did.SCALE, f"Setting desired from {now} to {wanted}.", decision.why, Status.PLANNED,
                    message=f"Nothing was changed: {why}.", before=now, after=wanted, details=details,
                )  # fmt: skip
            return True
        if allowed.approval:
            granted = await self._granted(target, now, wanted, decision)
            if granted is None:
                return False
            wanted = granted
        await self.scale(target, memory, now, wanted, decision.why, details)
        return True

    async def _granted(self, target: ScalableTarget, now: int, wanted: int, decision: Decision) -> int | None:
        """How far a person let this change go; None, and it is put up for approval, where nobody did."""
        granted = await self.proposals.granted_for(target)
        if granted is not None:
            await self.proposals.done(granted)
            if (granted.after - now) * (wanted - now) > 0:
                return min(wanted, granted.after) if wanted > now else max(wanted, granted.after)
        waiting = await self.proposals.open_for(target)
        if waiting is not None and (waiting.after - now) * (wanted - now) > 0:
            same = waiting.after == wanted or self.clock.now_ms() - waiting.at_ms < _PATIENCE_MS
            if same and waiting.before == now:
                return None
        await self.proposals.propose(target, now, wanted, decision.why)
        await self.activities.add(
            target, Did.SCALE, f"Setting desired from {now} to {wanted}.", decision.why, Status.WAITING,
            message="Waits for approval.", before=now, after=wanted,
        )  # fmt: skip
        return None

    async def scale(
        self, target: ScalableTarget, memory: Memory, now: int, wanted: int, why: str, details: Mapping[str, object]
    ) -> None:
        """Ask the backend for a number through the actions registry; the activity stays open until it is there."""
        if memory.scaling:
            await self.activities.end(memory.scaling, Status.OVERRIDDEN, f"Overridden: desired became {wanted}.")
        made = await self.activities.add(
            target, Did.SCALE, f"Setting desired from {now} to {wanted}.", why, Status.IN_PROGRESS, before=now,
            after=wanted, details=details,
        )  # fmt: skip
        memory.scaling = made.id
        await self.state.change(partial(_ask_for, id_=target.id, desired=wanted))
        wish, problem = {"desired": wanted, "reason": why}, ""
        try:
            await self.actuators.run(actuator.NAME, target.id, wish, requested_by="scaling engine", dry_run=False)
        except TrimtabError as failed:
            problem, memory.scaling = str(failed), ""
            await self.state.change(partial(_ask_for, id_=target.id, desired=now))
            await self.activities.end(made.id, Status.FAILED, problem)
        await self.audited(target, {"from": now, "to": wanted, "cause": why, **details}, problem)

    async def _tell_limits(
        self, target: ScalableTarget, memory: Memory, now: int, decision: Decision, allowed: Allowed
    ) -> None:
        """Tell once why nothing was scaled, until something is or the reasons change."""
        if allowed.desired != now:
            memory.said = ""
            return
        said = "; ".join(sorted(allowed.limited)) or memory.said
        if said != memory.said and target.mode is not Mode.OBSERVE:
            reasons = [
                {"Code": code, "MaxCapacity": target.most, "MinCapacity": target.least, "CurrentCapacity": now}
                for code in sorted(allowed.limited)
            ]
            await self.activities.add(
                target, Did.SCALE, f"Keeping desired at {now}.", decision.why, Status.UNFULFILLED,
                message="; ".join(allowed.limited.values()), before=now, after=now,
                details={"limited": dict(allowed.limited), "not_scaled": reasons},
            )  # fmt: skip
        memory.said = said


def _ask_for(connection: Connection, id_: str, desired: int) -> None:
    known = connection.execute(select(scaling_targets.c.id).where(scaling_targets.c.id == id_)).first()
    if known is None:
        raise NotFound(f"cannot scale: the target {id_!r} was deregistered")
    connection.execute(update(scaling_targets).where(scaling_targets.c.id == id_).values(desired=desired))
