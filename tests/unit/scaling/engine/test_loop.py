"""The control loop: modes, guard rails, owners, approvals, restarts."""

import asyncio
from decimal import Decimal

import pytest
from tests.unit.scaling.engine.conftest import KEY, TRACKED, Bench

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import Conflict, InvalidInput
from trimtab.scaling.engine.alarms import Breach
from trimtab.scaling.engine.model import Freeze, Guards, Kind, Mode, Status, Suspended, Times


def test_a_breach_of_three_minutes_scales_out_once_and_tells_why(engine_bench: Bench) -> None:
    async def run() -> None:
        await engine_bench.target()
        await engine_bench.policy()
        await engine_bench.minutes(2, 90.0)
        assert [] == engine_bench.backend.asked
        await engine_bench.minutes(1, 90.0)
        assert [2] == engine_bench.backend.asked
        [one] = await engine_bench.done()
        assert Status.IN_PROGRESS is one.status
        assert (
            "the metric is 90 against a target of 50 for long enough: 1 replicas × 90 ÷ 50, rounded up, is 2"
            in one.cause
        )
        assert [({"from": 1, "to": 2, "cause": one.cause}, "")] == engine_bench.audited
        engine_bench.backend.ready = 2
        await engine_bench.minutes(1, 50.0)
        assert "2 are ready after 60.0 s" in (await engine_bench.done())[0].message

    asyncio.run(run())


def test_a_restart_neither_scales_to_a_bound_nor_forgets_a_cooldown(engine_bench: Bench) -> None:
    async def run() -> None:
        await engine_bench.target()
        await engine_bench.policy(**{**TRACKED, "ScaleOutCooldown": 600})
        await engine_bench.minutes(3, 90.0)
        engine_bench.backend.ready = 2
        later = engine_bench.again()
        await later.minutes(6, 90.0)  # in breach all the time, but 600 s have not gone by
        assert [2] == engine_bench.backend.asked
        await later.minutes(4, 90.0)
        assert [2, 4] == engine_bench.backend.asked

    asyncio.run(run())


def test_minutes_that_nobody_saw_are_no_breach_in_a_row(engine_bench: Bench) -> None:
    async def run() -> None:
        await engine_bench.target()
        await engine_bench.policy()
        await engine_bench.minutes(2, 90.0)
        engine_bench.clock.advance(3600)
        await engine_bench.minutes(2, 90.0)
        assert [] == engine_bench.backend.asked

    asyncio.run(run())


def test_missing_data_scales_nothing_in(engine_bench: Bench) -> None:
    async def run() -> None:
        engine_bench.backend.ready = engine_bench.backend.desired = 5
        await engine_bench.target()
        await engine_bench.policy()
        await engine_bench.policy(Kind.OBJECTIVE, headroom=0.2)
        await engine_bench.minutes(30)
        assert [] == engine_bench.backend.asked
        memory = await engine_bench.room.memory(await engine_bench.room.targets.named(EVERYTHING, KEY))
        assert "does not scale on missing data" in memory.why
        assert "no value of own requests" in memory.why

    asyncio.run(run())


def test_observing_keeps_the_decision_and_does_nothing(engine_bench: Bench) -> None:
    async def run() -> None:
        target = await engine_bench.target(Mode.OBSERVE)
        await engine_bench.policy()
        await engine_bench.minutes(3, 90.0)
        assert ([], []) == (engine_bench.backend.asked, await engine_bench.done())
        assert 2 == (await engine_bench.room.memory(target)).wanted
        assert {"ReadyReplicas", "DesiredReplicas", "WantedReplicas"} == {one.name for one in engine_bench.points}

    asyncio.run(run())


def test_a_dry_run_goes_on_from_what_it_would_have_done(engine_bench: Bench) -> None:
    async def run() -> None:
        await engine_bench.target(Mode.DRY_RUN)
        await engine_bench.policy()
        await engine_bench.minutes(3, 90.0)
        await engine_bench.minutes(4, 90.0)  # two would each have 45: no further wish
        [one] = await engine_bench.done()
        assert (Status.PLANNED, 1, 2) == (one.status, one.before, one.after)
        assert "Nothing was changed: dry run." == one.message
        assert [] == engine_bench.backend.asked

    asyncio.run(run())


def test_a_target_that_another_controller_owns_is_never_written(engine_bench: Bench) -> None:
    async def run() -> None:
        engine_bench.backend.owner = "HorizontalPodAutoscaler web"
        target = await engine_bench.target()
        await engine_bench.policy()
        await engine_bench.minutes(4, 90.0)
        assert [] == engine_bench.backend.asked
        [one] = await engine_bench.done()
        assert "Nothing was changed: HorizontalPodAutoscaler web owns the target." == one.message
        with pytest.raises(Conflict, match="owns it"):
            await engine_bench.room.scale_to(EVERYTHING, target.id, 3, "ann")

    asyncio.run(run())


def test_a_backend_that_fails_is_told_and_asked_again(engine_bench: Bench) -> None:
    async def run() -> None:
        target = await engine_bench.target()
        await engine_bench.policy(**{**TRACKED, "ScaleOutCooldown": 0})
        engine_bench.backend.fails = "it is away"
        await engine_bench.minutes(3, 90.0)
        [one] = await engine_bench.done()
        assert (Status.FAILED, "it is away") == (one.status, one.message)
        assert "it is away" == engine_bench.audited[0][1]
        assert 1 == (await engine_bench.room.targets.get(EVERYTHING, target.id)).desired
        engine_bench.backend.fails = ""
        await engine_bench.minutes(1, 90.0)
        assert [2] == engine_bench.backend.asked

    asyncio.run(run())


def test_what_guard_rails_leave_is_told(engine_bench: Bench) -> None:
    async def run() -> None:
        guards = Guards(max_step=1, price_per_hour=Decimal(1), hourly_cap=Decimal(3))
        engine_bench.backend.ready = engine_bench.backend.desired = 2
        await engine_bench.target(guards=guards)
        await engine_bench.policy(**{**TRACKED, "ScaleOutCooldown": 0})
        await engine_bench.minutes(3, 300.0)
        engine_bench.backend.ready = 3
        await engine_bench.minutes(3, 300.0)
        assert [3] == engine_bench.backend.asked
        told = [one.details["limited"] for one in await engine_bench.done()]
        assert "3 USD an hour pay for 3 at 1 each" == told[0]["budget"]
        assert "12 are wanted; at most 1 are changed at once" not in told[1].values()  # cut to the maximum of 10 first
        assert "10 are wanted; at most 1 are changed at once" == told[1]["max_step"]

    asyncio.run(run())


def test_a_freeze_and_a_suspension_hold_what_runs_and_begin_no_cooldown(engine_bench: Bench) -> None:
    async def run() -> None:
        freeze = Freeze("rate(1 hour)", 1800, why="release")
        engine_bench.clock.at_ms = 1_764_000_000_000 // 3_600_000 * 3_600_000
        await engine_bench.target(guards=Guards(freezes=(freeze,)))
        await engine_bench.policy()
        await engine_bench.minutes(29, 90.0)
        assert [] == engine_bench.backend.asked
        [one] = await engine_bench.done()
        assert one.message.endswith(": release")
        await engine_bench.minutes(2, 90.0)
        assert [2] == engine_bench.backend.asked
        await engine_bench.target(suspended=Suspended(scaling_out=True))
        engine_bench.backend.ready = 2
        await engine_bench.minutes(10, 90.0)
        assert [2] == engine_bench.backend.asked

    asyncio.run(run())


def test_a_change_waits_for_approval_and_is_made_once_it_is_given(engine_bench: Bench) -> None:
    async def run() -> None:
        target = await engine_bench.target(guards=Guards(approval=True))
        await engine_bench.policy()
        await engine_bench.minutes(4, 90.0)
        assert [] == engine_bench.backend.asked
        waiting = await engine_bench.room.proposals.open_for(target)
        assert waiting is not None
        assert [Status.WAITING] == [one.status for one in await engine_bench.done()]
        await engine_bench.room.proposals.decide(EVERYTHING, waiting.id, True, "ann")
        await engine_bench.minutes(1, 90.0)
        assert [2] == engine_bench.backend.asked
        with pytest.raises(Conflict, match="approved already"):
            await engine_bench.room.proposals.decide(EVERYTHING, waiting.id, False, "ann")

    asyncio.run(run())


def test_a_step_policy_follows_the_alarms_that_name_it(engine_bench: Bench) -> None:
    async def run() -> None:
        await engine_bench.target()
        steps = [{"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 1},
                 {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 3}]  # fmt: skip
        await engine_bench.policy(Kind.STEP, AdjustmentType="ChangeInCapacity", StepAdjustments=steps, Cooldown=120)
        await engine_bench.minutes(2)
        engine_bench.alarms.breaches = [Breach("hot", 25.0, True)]
        await engine_bench.minutes(2)
        assert [4] == engine_bench.backend.asked
        assert "alarm hot is +25 beyond its threshold: its step asks for 4" in (await engine_bench.done())[0].cause

    asyncio.run(run())


def test_bounds_that_are_due_hold_though_nobody_ran_when_they_were(engine_bench: Bench) -> None:
    async def run() -> None:
        target = await engine_bench.target()
        times = Times("cron(0/10 * * * ? *)", least=3, most=6)
        await engine_bench.room.schedules.put(EVERYTHING, KEY, "day", times)
        engine_bench.clock.advance(3600)
        await engine_bench.minutes(1)
        assert [3] == engine_bench.backend.asked
        found = await engine_bench.room.targets.get(EVERYTHING, target.id)
        assert (3, 6) == (found.least, found.most)
        assert "Setting the bounds from 1 to 10 to 3 to 6." in [one.description for one in await engine_bench.done()]
        await engine_bench.target(least=1)
        await engine_bench.minutes(1)
        assert 1 == (await engine_bench.room.targets.get(EVERYTHING, target.id)).least  # done once

    asyncio.run(run())


def test_what_ran_is_counted_and_a_month_begins_at_nothing(engine_bench: Bench) -> None:
    async def run() -> None:
        engine_bench.clock.at_ms = 1_764_547_200_000 - 600_000  # ten minutes before December
        target = await engine_bench.target(guards=Guards(price_per_hour=Decimal("6"), monthly_cap=Decimal("100")))
        await engine_bench.minutes(6)
        assert Decimal("0.5") == (await engine_bench.room.memory(target)).spent
        await engine_bench.minutes(5)
        memory = await engine_bench.room.memory(target)
        assert ("2025-12", Decimal("0.1")) == (memory.month, memory.spent)

    asyncio.run(run())


def test_by_hand_bounds_and_guard_rails_hold_too(engine_bench: Bench) -> None:
    async def run() -> None:
        target = await engine_bench.target(guards=Guards(max_step=2))
        with pytest.raises(InvalidInput, match="expected 1 to 10"):
            await engine_bench.room.scale_to(EVERYTHING, target.id, 11, "ann")
        with pytest.raises(Conflict, match="at most 2 are changed"):
            await engine_bench.room.scale_to(EVERYTHING, target.id, 9, "ann")
        found = await engine_bench.room.scale_to(EVERYTHING, target.id, 3, "ann", "a launch")
        assert (3, "ann asked for 3: a launch") == (found.desired, (await engine_bench.done())[0].cause)
        await engine_bench.room.set_mode(EVERYTHING, target.id, Mode.DRY_RUN)
        with pytest.raises(Conflict, match="its mode is dry-run"):
            await engine_bench.room.scale_to(EVERYTHING, target.id, 2, "ann")
        with pytest.raises(InvalidInput, match="no local pool"):
            await engine_bench.room.chaos(EVERYTHING, target.id, "ann")

    asyncio.run(run())
