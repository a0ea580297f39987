"""Event rules that are made up: a rule whose pipeline ran, one on a schedule, deliveries of each kind, an archive."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gates import open_gate
from trimtab.actions.registry import Actuators
from trimtab.base.clock import Clock
from trimtab.notify.publishing import Publishing
from trimtab.settings import Settings
from trimtab.store.state.database import State
from trimtab.triggers.arns import Place
from trimtab.triggers.delivering import Delivering, Means
from trimtab.triggers.entries import read_entries
from trimtab.triggers.model import Event
from trimtab.triggers.room import TriggersRoom
from trimtab.triggers.rules import Wish
from trimtab.web.events.desk import EventRooms

HERE = Place("123456789012", "us-east-1")
_COMMANDS = '[retrain]\nargv = ["true"]\n'


async def _nowhere(place: Place, group: str, stream: str, at: int, message: str, key: str) -> None:
    return


def pretend_events(state: State, directory: Path, clock: Clock) -> EventRooms:
    """The room over `state`, with what is made up put into it."""
    commands = directory / "commands.toml"
    commands.write_text(_COMMANDS)
    room = TriggersRoom.of(Settings(trigger_commands=str(commands)), state, clock)
    actuators = Actuators(state, clock)
    publishing = Publishing(state, clock)
    means = Means(
        state, clock, directory, _nowhere, publishing, actuators, lambda region: None, (OSError,), open_gate()
    )
    delivering = Delivering.of(room, means)
    with ThreadPoolExecutor(1) as other:  # Playwright's event loop runs in this thread
        other.submit(lambda: asyncio.run(_fill(room, delivering, clock))).result()
    return EventRooms(room, delivering.dispatcher.reaches, actuators)


async def _fill(room: TriggersRoom, delivering: Delivering, clock: Clock) -> None:
    await delivering.jobs[0].work()
    pipeline = await room.pipelines.put(HERE, "retrain", "command", {"command": "retrain"}, 3600, "The ranking model")
    await room.archives.create(HERE, "all", "", "Everything", None, 30)
    await room.places.put(HERE, "training", "/data/training", 30)
    pattern = json.dumps({"source": ["data"], "detail": {"table": [{"prefix": "clicks/"}]}})
    await room.rules.put(HERE, Wish("data-arrives", pattern=pattern, description="New training data: retrain"))
    log = HERE.arn("logs", "log-group:/events")
    away = HERE.arn("lambda", "function:f")
    forms = [{"Id": str(at), "Arn": arn} for at, arn in enumerate((pipeline.arn, log, away))]
    await room.targets.put(HERE, "", "data-arrives", forms)
    await room.rules.put(HERE, Wish("nightly", schedule="cron(0 2 * * ? *)", zone="Europe/Berlin"))
    for number in range(3):
        entry = {"Source": "data", "DetailType": "Arrived", "Detail": json.dumps({"table": f"clicks/{number}"})}
        read = read_entries([entry], HERE, clock.now_ms(), None)
        await room.intake.put([one for one in read if isinstance(one, Event)])
    await delivering.dispatcher.turn()
