"""What CreateExportTask waits for before there is a task, over the state and without a server."""

import asyncio
from typing import Any

import pytest

from trimtab.access.principal import LOCAL_OPERATOR
from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.doors.aws.logs.exports import operations
from trimtab.doors.aws.service import CallContext
from trimtab.logs.exports.tasks import ExportTasks
from trimtab.logs.groups import LogGroups
from trimtab.logs.read import LogReader
from trimtab.store.state.database import State

ACCOUNT, REGION = "123456789012", "eu-west-1"


class Rooms:
    """As much of the rooms as the operation asks; `room` is itself, and the log's drain too."""

    def __init__(self, state: State, reachable: bool) -> None:
        clock = ManualClock()
        self.groups, self.exports = LogGroups(state, clock), ExportTasks(state, clock)
        self.reader = LogReader(None, self.groups, self, clock)  # type: ignore[arg-type]  # no event is read
        self.room = self
        self.reachable = reachable
        self.tasks_at_the_wait: list[int] = []

    async def settled(self, timeout_s: float) -> bool:
        assert timeout_s >= 10  # a block of a machine that is busy takes seconds
        self.tasks_at_the_wait.append(len(await self.exports.listed(ACCOUNT, REGION)))
        return self.reachable


@pytest.mark.parametrize("reachable", [True, False])
def test_a_task_is_there_once_all_that_was_acknowledged_can_be_read(state: State, reachable: bool) -> None:
    rooms = Rooms(state, reachable)
    context = CallContext(LOCAL_OPERATOR, ACCOUNT, REGION, Scope.of(ACCOUNT, REGION), "id")
    request: dict[str, Any] = {"logGroupName": "g", "from": 0, "to": 9, "destination": "out"}

    async def scenario() -> None:
        await rooms.groups.create(ACCOUNT, REGION, "g")
        create = operations.bind(rooms).operations["CreateExportTask"].call  # type: ignore[arg-type]  # see Rooms
        if reachable:
            assert (await create(request, context))["taskId"]
        else:
            with pytest.raises(Unavailable, match="acknowledged are not in the engine yet; try again"):
                await create(request, context)
        assert [0] == rooms.tasks_at_the_wait
        assert reachable == bool(await rooms.exports.listed(ACCOUNT, REGION))

    asyncio.run(scenario())
