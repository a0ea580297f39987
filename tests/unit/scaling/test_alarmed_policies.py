"""Simple and step policies of groups, run by CloudWatch's alarms."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from trimtab.alarms.form import kind_of
from trimtab.alarms.model import AlarmKey, StateValue
from trimtab.alarms.store import AlarmStore
from trimtab.base.clock import ManualClock
from trimtab.jobs.lock import Lock
from trimtab.scaling.groups.alarmed import REPEATED_MS, AlarmedPolicies
from trimtab.scaling.groups.model import Group, GroupPolicy
from trimtab.scaling.groups.policies import SIMPLE, STEP
from trimtab.scaling.groups.room import GroupsRoom
from trimtab.store.state.database import State
from trimtab.wiring.policy_alarms import PolicyAlarms

PLACE = ("123456789012", "eu-central-1")
ARN = "arn:aws:autoscaling:eu-central-1:123456789012:scalingPolicy:5a3b:autoScalingGroupName/shop:policyName/out"


class Bench(Struct):
    """A group with one policy, an alarm that names it, and what runs it."""

    room: GroupsRoom
    alarms: AlarmStore
    clock: ManualClock
    policies: AlarmedPolicies

    async def begin(self, kind: str, **form: Any) -> None:
        """A group of 1 to 20 that desires 10, made an hour ago, with a policy and its alarm at a threshold of 50."""
        made = self.clock.now_ms() - 3_600_000
        group = Group("shop", "arn:shop", *PLACE, made, 1, 20, 10, {"AvailabilityZones": ["a"], "DefaultCooldown": 120})
        group.policies = [GroupPolicy("out", ARN, kind, form)]
        await self.room.create(PLACE, group)
        self.clock.at_ms += 3_600_000  # all of them are warm
        alarm = {
            "Namespace": "shop", "MetricName": "load", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1,
            "Threshold": 50.0, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [ARN],
        }  # fmt: skip
        await self.alarms.put(kind_of(alarm), self.key, alarm, {})

    @property
    def key(self) -> AlarmKey:
        """The alarm's."""
        return AlarmKey(*PLACE, "load is high")

    async def alarm(self, value: float | None, state: StateValue = StateValue.ALARM) -> None:
        """The alarm's state, and the newest value of its metric where there is one."""
        data = None if value is None else json.dumps({"recentDatapoints": [value], "threshold": 50.0})
        await self.alarms.set_state(self.key, state, "a test", data)

    async def after(self, seconds: float) -> int:
        """What the group desires that much later, when its policies were looked at."""
        self.clock.at_ms += int(seconds * 1000)
        await self.policies.turn()
        return (await self.room.get(PLACE, "shop")).desired


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = ManualClock()
    state = State.open("", tmp_path)
    room, store = GroupsRoom.of(state, clock), AlarmStore(state, clock)
    yield Bench(room, store, clock, AlarmedPolicies(room, PolicyAlarms(store), clock, Lock(state, clock, "scaling")))
    state.close()


def test_a_simple_policy_is_run_when_its_alarm_fires_and_after_each_cooldown(bench: Bench) -> None:
    async def steps() -> None:
        await bench.begin(SIMPLE, AdjustmentType="ChangeInCapacity", ScalingAdjustment=2)
        assert 10 == await bench.after(0)
        await bench.alarm(None)  # set by hand, so without a value: a simple policy needs none
        assert 12 == await bench.after(1)
        assert 12 == await bench.after(61)  # the cooldown of 120 s is not over
        assert 14 == await bench.after(60)
        await bench.alarm(None, StateValue.OK)
        assert 14 == await bench.after(600)
        group = await bench.room.get(PLACE, "shop")
        assert "a monitor alarm load is high in state ALARM triggered policy out" in group.activities[0].cause

    asyncio.run(steps())


def test_a_cooldown_of_the_policy_takes_the_place_of_the_groups(bench: Bench) -> None:
    async def steps() -> None:
        await bench.begin(SIMPLE, AdjustmentType="ChangeInCapacity", ScalingAdjustment=1, Cooldown=0)
        await bench.alarm(None)
        assert 11 == await bench.after(0)
        assert 11 == await bench.after(REPEATED_MS / 1000 - 1)
        assert 12 == await bench.after(1)

    asyncio.run(steps())


def test_a_step_policy_counts_what_it_launched_toward_the_next_step(bench: Bench) -> None:
    """The user guide's example: ten instances, a step of 10 % and then one of 30 % while the first warms up."""

    async def steps() -> None:
        await bench.begin(
            STEP, AdjustmentType="PercentChangeInCapacity", EstimatedInstanceWarmup=300,
            StepAdjustments=[
                {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 0},
                {"MetricIntervalLowerBound": 10, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 10},
                {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 30},
            ],
        )  # fmt: skip
        await bench.alarm(60)
        assert 11 == await bench.after(1)
        assert 11 == await bench.after(61)  # the same step while its instance warms up is the same activity
        await bench.alarm(70)
        assert 13 == await bench.after(61)
        await bench.alarm(55)
        assert 13 == await bench.after(400)
        await bench.alarm(70)
        assert 16 == await bench.after(61)  # 30 % of 13 is 3.9, which is rounded down

    asyncio.run(steps())


def test_nothing_is_taken_away_while_something_warms_up_and_no_step_is_no_change(bench: Bench) -> None:
    async def steps() -> None:
        less = [{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -4}]
        await bench.begin(STEP, AdjustmentType="ChangeInCapacity", StepAdjustments=less)
        await bench.alarm(60)  # above the threshold: no step
        assert 10 == await bench.after(1)
        await bench.alarm(20)
        group = await bench.room.change(PLACE, "shop", lambda group, now_ms: group)
        assert group.created_ms < bench.clock.now_ms() - 3_600_000
        assert 6 == await bench.after(61)

        def grow(group: Group, now_ms: int) -> None:
            group.desired = 9

        await bench.room.change(PLACE, "shop", grow)
        assert 9 == await bench.after(61)  # three are younger than the group's cooldown
        assert 5 == await bench.after(121)

    asyncio.run(steps())


@pytest.mark.parametrize("how", ["suspended", "disabled", "actions"])
def test_what_is_suspended_or_disabled_is_not_run(bench: Bench, how: str) -> None:
    async def steps() -> None:
        enabled = how != "disabled"
        await bench.begin(SIMPLE, AdjustmentType="ExactCapacity", ScalingAdjustment=3, Enabled=enabled)
        if how == "suspended":
            await bench.room.change(PLACE, "shop", lambda group, now_ms: group.suspended.append("AlarmNotification"))
        await bench.alarms.enable_actions(*PLACE, [bench.key.name], enabled=how != "actions")
        await bench.alarm(None)
        assert 10 == await bench.after(1)

    asyncio.run(steps())
