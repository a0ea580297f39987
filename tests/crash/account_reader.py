"""Reads an AWS account in a process of its own: connects it, or goes on where a process before was killed.

    python account_reader.py DATA_DIR ENDPOINT REGION…

It is what the server's job does, without doors and engine; points of metrics go to a file.
"""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from trimtab.accounts.model import Account
from trimtab.accounts.room import AccountsRoom
from trimtab.base.clock import SystemClock
from trimtab.cloud.reading import Access
from trimtab.egress.asker import Asker, asking
from trimtab.egress.gate import Gate
from trimtab.inventory.room import InventoryRoom
from trimtab.settings import Settings
from trimtab.store.state.database import State


class Points:
    """Appends keys of what is written."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def write(self, account: str, region: str, points: Any) -> int:
        with self._file.open("a") as out:
            out.write(f"{points.key} {len(points.rows)}\n")
        return len(points.rows)


class NoAudit:
    async def write_new(self, events: Any) -> Any:
        return SimpleNamespace(events=list(events))


async def main(data: Path, endpoint: str, regions: tuple[str, ...]) -> None:
    state, clock = State.open("", data), SystemClock()
    inventory = InventoryRoom.of(state, clock)
    metrics = Points(data / "points")
    room = AccountsRoom.of(
        state,
        clock,
        inventory,
        cast(Any, metrics),
        cast(Any, NoAudit()),
        Gate.of(Settings(data_dir=data), state, clock),
    )
    if not await room.store.all():
        await room.connect(Account("", Access(endpoint=endpoint), regions=regions, days=2))
    await room.turn()
    state.close()


if __name__ == "__main__":
    with asking(Asker("administrator", may_allow=True)):
        asyncio.run(main(Path(sys.argv[1]), sys.argv[2], tuple(sys.argv[3:])))
