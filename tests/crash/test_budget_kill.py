"""`kill -9` while actions of budgets run: each that was approved is done, none is done twice, none stays in between.

A process of its own carries out what is in progress; it is killed in the middle of an action, again and again.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from tests.crash.budgeting import ACCOUNT, BUDGET, approved, lines

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import SystemClock
from trimtab.budgets.actions import ActionStore
from trimtab.budgets.model import Action, ActionStatus
from trimtab.store.state.database import State

pytestmark = [pytest.mark.crash, pytest.mark.slow]
_ACTIONS, _KILLS = 5, 3


def _child(directory: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.crash.budgeting", str(directory)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


@pytest.mark.timeout(600)
def test_the_process_that_acts_is_killed_in_the_middle_and_nothing_is_done_twice(tmp_path: Path) -> None:
    state = State.open("", tmp_path)
    ids = asyncio.run(approved(state, _ACTIONS))
    for number in range(_KILLS + 1):
        child = _child(tmp_path)
        assert child.stdout is not None
        with child.stdout:
            for text in child.stdout:
                # The first time in the middle of the first action, then of the second, and so on; at last it ends.
                if text.startswith("begun") and number < _KILLS and len(set(lines(tmp_path / "asked.txt"))) > number:
                    child.kill()
                    break
                if text.startswith("idle"):
                    break
        child.wait(60)
    actions = ActionStore(state, SystemClock())

    async def found() -> list[Action]:
        return [await actions.get(EVERYTHING, ACCOUNT, BUDGET, id_) for id_ in ids]

    assert {ActionStatus.EXECUTION_SUCCESS} == {one.status for one in asyncio.run(found())}
    asked, done = lines(tmp_path / "asked.txt"), lines(tmp_path / "done.txt")
    assert _ACTIONS == len(set(asked)), "an action had another key after a crash"
    assert len(asked) >= _ACTIONS + 1, "no kill came in the middle of an action"
    assert sorted(set(asked)) == sorted(done)
    state.close()
