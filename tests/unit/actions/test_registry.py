import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from trimtab.actions.registry import Actuators, Plan
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, NotFound, Unavailable
from trimtab.store.state.database import State
from trimtab.store.state.tables import action_log


class Scale:
    name = "scale"

    def __init__(self) -> None:
        self.acted: list[str] = []

    async def plan(self, target: str, wish: Mapping[str, Any]) -> Plan:
        if wish["to"] < 0:
            raise InvalidInput("cannot scale below 0")
        return Plan(f"{target}: 1 → {wish['to']}", {"to": wish["to"]})

    async def act(self, target: str, wish: Mapping[str, Any], request_id: str) -> str:
        if wish["to"] > 10:
            raise Unavailable("the cluster is full")
        self.acted.append(target)
        return "scaled"


def logged(state: State) -> list[tuple[str, int]]:
    rows = state.read_sync(lambda connection: connection.execute(select(action_log).order_by(action_log.c.at_ms)).all())
    return [(row.state, row.dry_run) for row in rows]


def test_a_dry_run_changes_nothing_and_is_on_record(state: State) -> None:
    actuators, scale = Actuators(state, ManualClock()), Scale()
    actuators.register(scale)
    done = asyncio.run(actuators.run("scale", "web", {"to": 3}, requested_by="ada"))
    assert done.dry_run
    assert done.plan.summary == "web: 1 → 3"
    assert scale.acted == []
    assert logged(state) == [("planned", 1)]


def test_acting_records_success_and_failure(state: State) -> None:
    actuators, scale = Actuators(state, ManualClock()), Scale()
    actuators.register(scale)
    assert asyncio.run(actuators.run("scale", "web", {"to": 3}, requested_by="ada", dry_run=False)).outcome == "scaled"
    with pytest.raises(Unavailable):
        asyncio.run(actuators.run("scale", "web", {"to": 11}, requested_by="ada", dry_run=False))
    assert scale.acted == ["web"]
    assert sorted(logged(state)) == [("done", 0), ("failed", 0)]


def test_wrong_wishes_and_names_are_refused_before_anything_is_logged(state: State) -> None:
    actuators = Actuators(state, ManualClock())
    actuators.register(Scale())
    with pytest.raises(Conflict):
        actuators.register(Scale())
    with pytest.raises(NotFound, match="scale"):
        asyncio.run(actuators.run("fly", "web", {}, requested_by="ada"))
    with pytest.raises(InvalidInput):
        asyncio.run(actuators.run("scale", "web", {"to": -1}, requested_by="ada"))
    assert logged(state) == []
