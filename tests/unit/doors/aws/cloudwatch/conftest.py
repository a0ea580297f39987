"""CloudWatch with alarms: a gateway over a state database, and an evaluator whose time the test moves."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.doors.aws.conftest import World

from trimtab.access.scope import Scope
from trimtab.alarms.evaluator import AlarmEvaluator, EvaluatorParts
from trimtab.alarms.room import AlarmRoom
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.doors.aws.cloudwatch.service import build
from trimtab.doors.aws.cloudwatch.tags import EveryTagged
from trimtab.doors.aws.gateway import Gateway, GatewayOptions
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State
from trimtab.store.state.tables import outbox

MINUTE_START_MS = 1_795_600_020_000
"""A full minute: alarms are evaluated on those."""


class SharedRegistry:
    """The door's own registry, for an evaluator in the same process: there is nothing to follow."""

    def __init__(self, registry: SeriesRegistry) -> None:
        self._registry = registry
        self._known = 0

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        return self._registry.find(scope, query)

    async def follow(self) -> frozenset[tuple[str, str]]:
        fresh = frozenset((one.identity.namespace, one.identity.name) for one in self._registry.since(self._known))
        self._known = len(self._registry)
        return fresh


class AlarmWorld(World):
    """A gateway with alarms. `advance` lets time go by, and evaluates as the jobs process would, every second or so."""

    def __init__(self, directory: Path) -> None:
        super().__init__(clock=ManualClock(MINUTE_START_MS))
        self.database = State.open("", directory)
        self.alarms = AlarmRoom.of(self.database, self.clock)
        tagged = EveryTagged(self.alarms.tags, (self.alarms.tags.exists,))
        self.rooms = replace(self.rooms, alarms=self.alarms, tagged=tagged)
        services = (build(self.rooms),)
        self.gateway = Gateway(GatewayOptions(services, self.keys, self.clock, "123456789012", "us-east-1", False))
        parts = EvaluatorParts(
            self.database, self.clock, self.reader, SharedRegistry(self.registry), self.rooms.evaluator
        )
        self.evaluator = AlarmEvaluator(parts)
        asyncio.run(self.evaluator.run())

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        asyncio.run(self.evaluator.run())

    def messages(self) -> list[dict[str, Any]]:
        """What was told of alarms, oldest first."""
        rows = self.database.read_sync(lambda connection: connection.execute(outbox.select()).fetchall())
        return [json.loads(row.body) for row in rows]


@pytest.fixture
def alarm_world(tmp_path: Path) -> Iterator[AlarmWorld]:
    world = AlarmWorld(tmp_path)
    yield world
    world.database.close()
