"""Groups as what the engine scales."""

import asyncio
from pathlib import Path

from trimtab.base.clock import SystemClock
from trimtab.scaling.engine.model import GROUP_DIMENSION, GROUPS, TargetKey
from trimtab.scaling.groups.acting import PREFIX, GroupsBackend
from trimtab.scaling.groups.model import LAUNCHING, Group, Hook
from trimtab.scaling.groups.room import GroupsRoom
from trimtab.scaling.groups.schedules import next_time
from trimtab.scaling.groups.settle import due_ms, set_desired, settle
from trimtab.store.state.database import State

PLACE = ("123456789012", "eu-central-1")
HOUR_MS = 3_600_000


def group_of(**form: object) -> Group:
    """A group of 1 to 5 over two zones."""
    zones = {"AvailabilityZones": ["eu-central-1a", "eu-central-1b"]}
    return Group("shop", "arn:shop", *PLACE, 0, 1, 5, 0, {**zones, **form})


def test_the_engine_sees_and_sets_the_desired_number(tmp_path: Path) -> None:
    state = State.open("", tmp_path)
    room = GroupsRoom.of(state, SystemClock())
    backend, key = GroupsBackend(room), TargetKey(*PLACE, GROUPS, f"{PREFIX}shop", GROUP_DIMENSION)

    async def steps() -> None:
        made = group_of()
        made.hooks = [Hook("warm", LAUNCHING)]
        await room.create(PLACE, made)
        assert "the desired capacity is 3" == await backend.scale(key, 3, "load")
        standing = await backend.standing(key)
        assert (0, 3, 3) == (standing.ready, standing.coming, standing.desired)
        assert "the desired capacity is 5" == await backend.scale(key, 50, "more load")  # within the group's bounds
        await room.change(PLACE, "shop", lambda group, now_ms: group.suspended.append("AlarmNotification"))
        assert "the desired capacity is 5" == await backend.scale(key, 1, "less load")
        assert "from 5 to 1" in await backend.preview(key, 1)

    asyncio.run(steps())
    state.close()


def test_a_hook_that_nobody_answers_ends_with_its_default() -> None:
    group = group_of()
    group.hooks = [Hook("warm", LAUNCHING, heartbeat_s=60, result="ABANDON")]
    set_desired(group, 1, "a test", 1000)
    (first,) = group.instances
    assert 61_000 == due_ms(group)
    settle(group, 61_000)
    (second,) = group.instances  # the abandoned one is replaced, and waits in its turn
    assert first.id != second.id
    group.hooks[0].result = "CONTINUE"
    settle(group, 200_000)
    assert ["InService"] == [one.state for one in group.instances]


def test_an_old_instance_is_replaced_and_a_schedule_is_followed() -> None:
    group = group_of(MaxInstanceLifetime=86_400)
    set_desired(group, 1, "a test", 0)
    (old,) = group.instances
    assert 24 * HOUR_MS == due_ms(group)
    settle(group, 24 * HOUR_MS)
    assert old.id not in [one.id for one in group.instances]
    weekdays = {"Recurrence": "0 8 * * 1-5", "DesiredCapacity": 3, "TimeZone": "Europe/Berlin"}
    assert 24 * HOUR_MS + 7 * HOUR_MS == next_time(weekdays, 24 * HOUR_MS)  # Friday, 2 January 1970


def test_settling_twice_changes_nothing_more() -> None:
    group = group_of()
    set_desired(group, 4, "a test", 5)
    before = [(one.id, one.zone, one.state) for one in group.instances]
    settle(group, 5)
    assert before == [(one.id, one.zone, one.state) for one in group.instances]
    assert {"eu-central-1a": 2, "eu-central-1b": 2} == {
        zone: sum(one.zone == zone for one in group.instances) for zone in group.zones
    }
