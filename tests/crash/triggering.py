"""A process that takes events in, delivers them and starts pipelines, until it is killed: `triggering.py DIRECTORY`.

It reads event numbers from standard input, one a line, and says `taken N` once event N is durable.
"""

import asyncio
import json
import sys
import threading
from pathlib import Path
from typing import NoReturn

from trimtab.actions.registry import Actuators
from trimtab.base.clock import SystemClock
from trimtab.egress.gate import Gate
from trimtab.notify.publishing import Publishing
from trimtab.settings import Settings
from trimtab.store.state.database import State
from trimtab.triggers.arns import Place
from trimtab.triggers.delivering import Delivering, Means
from trimtab.triggers.entries import read_entries
from trimtab.triggers.model import Event
from trimtab.triggers.room import TriggersRoom

HERE = Place("123456789012", "us-east-1")


def rooms(directory: Path) -> tuple[TriggersRoom, Delivering, State]:
    """The room as the server has it."""
    clock = SystemClock()
    state = State.open("", directory)
    room = TriggersRoom.of(Settings(trigger_commands=str(directory / "commands.toml")), state, clock)

    async def nowhere(place: Place, group: str, stream: str, at: int, message: str, key: str) -> None:
        return

    def no_client(region: str) -> NoReturn:
        raise AssertionError(region)

    means = Means(
        state,
        clock,
        directory / "triggers",
        nowhere,
        Publishing(state, clock),
        Actuators(state, clock),
        no_client,
        (OSError,),
        Gate.of(Settings(data_dir=directory), state, clock),
    )
    return room, Delivering.of(room, means), state


async def take(room: TriggersRoom, base_ms: int, line: str) -> None:
    """Take event N in: ten to a group, groups a thousand seconds apart."""
    number = int(line)
    at_ms = base_ms + number // 10 * 1_000_000 + number % 10 * 1_000
    entry = {"Source": "data", "DetailType": "arrived", "Detail": json.dumps({"n": number}), "Time": at_ms}
    read = read_entries([entry], HERE, room.clock.now_ms(), f"event-{number}")
    await room.intake.put([one for one in read if isinstance(one, Event)])
    print("taken", number, flush=True)


async def main(directory: Path, base_ms: int) -> None:
    """Work until killed."""
    room, delivering, _ = rooms(directory)
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)

    threading.Thread(target=read, daemon=True).start()
    await delivering.jobs[0].work()

    async def intake() -> None:
        while True:
            await take(room, base_ms, await lines.get())

    async def work() -> None:
        while True:
            await delivering.dispatcher.turn()
            await delivering.runs.turn()
            await asyncio.sleep(0.02)

    await asyncio.gather(intake(), work())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
