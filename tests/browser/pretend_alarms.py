"""Alarms over the made-up hosts: one that fires, one under a composite alarm, one that is silent, one on PromQL."""

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from trimtab.access.scope import Scope
from trimtab.alarms.firing import FiringAlarms
from trimtab.alarms.model import AlarmKey, AlarmKind, StateValue
from trimtab.alarms.rehearsals import Rehearsals
from trimtab.alarms.replay.home import Rooms
from trimtab.alarms.room import AlarmRoom
from trimtab.base.clock import Clock
from trimtab.metrics.expressions.bands import NoBands
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.rollups.tiers import Retention
from trimtab.store.state.database import State
from trimtab.web.alarms.desk import AlarmRooms

ACCOUNT, REGION = "123456789012", "us-east-1"
FIRING = "memory <b>of web-1</b>"


def pretend_alarms(reader: Any, registry: SeriesRegistry, clock: Clock) -> AlarmRooms:
    """The rooms of alarms over a state database of their own; without series there are no alarms."""
    state = State.open("", Path(tempfile.mkdtemp()))
    room = AlarmRoom.of(state, clock)
    rooms = Rooms(reader, registry, NoBands(), room.store.named, Retention(), clock)
    with ThreadPoolExecutor(1) as elsewhere:  # a browser's event loop may run in this thread
        elsewhere.submit(lambda: asyncio.run(_fill(room, registry))).result()
    return AlarmRooms(room, Rehearsals(room, rooms, clock), FiringAlarms(state), ACCOUNT, REGION)


async def _fill(room: AlarmRoom, registry: SeriesRegistry) -> None:
    query = SeriesQuery(name="system.memory.utilization", limit=1)
    found = registry.find(Scope.of(ACCOUNT, REGION), query)
    if not found:
        return
    own = found[0].identity
    form = {
        "AlarmDescription": "nearly <full>",
        "Namespace": own.namespace,
        "MetricName": own.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in own.dimensions],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.6,
        "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:ops"],
    }
    await room.store.put(AlarmKind.METRIC, _key(FIRING), form, {})
    await room.store.put(AlarmKind.METRIC, _key("disk/quiet"), {**form, "Threshold": 5.0, "ActionsEnabled": False}, {})
    rule = f'ALARM("{FIRING}") OR ALARM("disk/quiet")'
    await room.store.put(AlarmKind.COMPOSITE, _key("host in trouble"), {"AlarmRule": rule}, {})
    promql = {"EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0"}}, "EvaluationInterval": 60}
    await room.store.put(AlarmKind.PROMQL, _key("targets down"), promql, {})
    await room.store.set_state(_key(FIRING), StateValue.ALARM, "Threshold Crossed: 1 datapoint", None)
    schedule = {"Expression": "cron(0 22 * * *)", "Duration": "PT8H"}
    targets = {"AlarmNames": ["disk/quiet"]}
    document = {"Name": "nights", "Rule": {"Schedule": schedule}, "MuteTargets": targets}
    await room.mute_rules.put(ACCOUNT, REGION, document, {})


def _key(name: str) -> AlarmKey:
    return AlarmKey(ACCOUNT, REGION, name)
