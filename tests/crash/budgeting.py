"""A process that carries out what budgets have in progress, until it is killed: `budgeting.py DIRECTORY`.

Its actuator says `begun KEY`, takes a moment, and does its work once a key, as actuators must; `idle` is the end.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trimtab.access.scope import EVERYTHING
from trimtab.actions.registry import Actuators, Plan
from trimtab.base.clock import SystemClock
from trimtab.budgets.actions import ACTUATOR, ActionStore, move
from trimtab.budgets.executing import Executing
from trimtab.budgets.model import ActionStatus, Execution
from trimtab.budgets.store import BudgetStore
from trimtab.store.state.database import State

ACCOUNT, BUDGET = "1" * 12, "cap"
_TAKES_S = 0.4


class Suspend:
    """An actuator that notes what it was asked for and what it did, each on disk before it goes on."""

    name = "suspend"

    def __init__(self, directory: Path) -> None:
        self.asked, self.done = directory / "asked.txt", directory / "done.txt"

    async def plan(self, target: str, wish: Mapping[str, Any]) -> Plan:
        return Plan(f"suspend {target}", dict(wish))

    async def act(self, target: str, wish: Mapping[str, Any], request_id: str) -> str:
        key = str(wish["request"])
        note(self.asked, key)
        print("begun", key, flush=True)
        await asyncio.sleep(_TAKES_S)
        if key not in lines(self.done):
            note(self.done, key)
        return f"suspended {target}"


def note(path: Path, key: str) -> None:
    """Append a line that a kill cannot take back."""
    with path.open("a") as file:
        file.write(f"{key}\n")
        file.flush()
        os.fsync(file.fileno())


def lines(path: Path) -> list[str]:
    """The lines of a file; none where it is not there."""
    return path.read_text().split() if path.exists() else []


async def approved(state: State, number: int) -> list[str]:
    """A budget with actions that wait for approval, and get it; their ids."""
    clock = SystemClock()
    now = clock.now_ms()
    form = {
        "BudgetName": BUDGET,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "100", "Unit": "USD"},
    }
    await BudgetStore(state, clock, lambda _: None).create(EVERYTHING, ACCOUNT, form, [])
    actions = ActionStore(state, clock)
    ids = []
    for at in range(number):
        asked = {
            "NotificationType": "ACTUAL",
            "ActionType": ACTUATOR,
            "ActionThreshold": {"ActionThresholdValue": 100.0 + at, "ActionThresholdType": "PERCENTAGE"},
            "Definition": {"ActuatorDefinition": {"Actuator": "suspend", "Target": f"run-{at}", "Wish": {}}},
            "ExecutionRoleArn": "arn:aws:iam::000000000000:role/trimtab",
            "ApprovalModel": "MANUAL",
        }
        made = await actions.create(EVERYTHING, ACCOUNT, BUDGET, asked, [])
        await state.change(
            lambda connection, one=made: move(connection, one, ActionStatus.PENDING, now, "crossed", period_ms=now)
        )
        await actions.execute(EVERYTHING, ACCOUNT, BUDGET, made.id, Execution.APPROVE, "tester")
        ids.append(made.id)
    return ids


async def _carry_out(directory: Path) -> None:
    state, clock = State.open("", directory), SystemClock()
    actuators = Actuators(state, clock)
    actuators.register(Suspend(directory))

    async def no_mail(account: str, address: str) -> str:
        return ""

    executing = Executing(state, clock, actuators, no_mail)
    while await executing.turn():
        continue
    print("idle", flush=True)
    state.close()


if __name__ == "__main__":
    asyncio.run(_carry_out(Path(sys.argv[1])))
