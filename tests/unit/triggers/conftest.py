"""The whole room over a new state database, a clock that stands still, and a receiver on loopback."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.unit.notify.receiver import Receiver, receiving

from gates import open_gate
from trimtab.actions.registry import Actuators
from trimtab.base.clock import ManualClock
from trimtab.notify.publishing import Publishing
from trimtab.settings import Settings
from trimtab.store.state.database import State
from trimtab.triggers.arns import Place
from trimtab.triggers.delivering import Delivering, Means
from trimtab.triggers.entries import read_entries
from trimtab.triggers.model import Delivery, Event
from trimtab.triggers.room import TriggersRoom
from trimtab.triggers.rules import Wish

ACCOUNT, REGION = "123456789012", "us-east-1"
HERE = Place(ACCOUNT, REGION)
COMMANDS = """\
[train]
argv = ["sh", "-c", "echo trained $TRIMTAB_PIPELINE; cat > got.json; pwd"]
timeout_s = 30
[fail]
argv = ["sh", "-c", "echo cannot; exit 3"]
[slow]
argv = ["sleep", "60"]
timeout_s = 0.2
[big]
argv = ["python3", "-c", "x = bytearray(1 << 30)"]
memory_mb = 200
"""


class SageMaker:
    """A stand-in for a client: what was asked, by token, and what is answered."""

    def __init__(self) -> None:
        self.started: dict[str, dict[str, Any]] = {}
        self.status = "Executing"

    def start_pipeline_execution(self, **asked: Any) -> dict[str, str]:
        self.started[asked["ClientRequestToken"]] = asked
        return {"PipelineExecutionArn": f"arn:{asked['PipelineName']}/execution/1"}

    def describe_pipeline_execution(self, **asked: Any) -> dict[str, str]:
        return {"PipelineExecutionStatus": self.status, "PipelineExecutionArn": asked["PipelineExecutionArn"]}


@dataclass
class Rooms:
    """Everything of the room. `run` runs a coroutine, `tick` one turn of the jobs."""

    state: State
    clock: ManualClock
    directory: Path
    logged: list[tuple[str, str, str, str]] = field(default_factory=list)
    sagemaker: SageMaker = field(default_factory=SageMaker)

    def __post_init__(self) -> None:
        commands = self.directory / "commands.toml"
        commands.write_text(COMMANDS)
        settings = Settings(trigger_commands=str(commands), data_dir=self.directory)
        self.room = TriggersRoom.of(settings, self.state, self.clock)
        self.actuators = Actuators(self.state, self.clock)
        means = Means(
            self.state,
            self.clock,
            self.directory / "triggers",
            self._write_log,
            Publishing(self.state, self.clock),
            self.actuators,
            lambda region: self.sagemaker,
            (ConnectionError,),
            open_gate(),
        )
        self.delivering = Delivering.of(self.room, means)
        self.runner = asyncio.Runner()
        self.run(self.delivering.jobs[0].work())

    async def _write_log(self, place: Place, group: str, stream: str, at: int, message: str, key: str) -> None:
        self.logged.append((group, stream, message, key))

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def advance(self, seconds: float) -> None:
        """Let time pass, and the lock's lease, which is of the same clock, with it."""
        self.clock.advance(seconds)
        self.run(self.delivering.jobs[0].work())

    def tick(self, seconds: float = 0.0) -> None:
        self.advance(seconds)
        self.run(self.delivering.dispatcher.turn())
        self.run(self.delivering.dispatcher.turn())  # dead letters go out with the turn after

    def rule(self, name: str, pattern: Any, *targets: Any, bus: str = "default") -> str:
        """A rule with targets: ARNs, or forms without an Id."""
        made = self.run(self.room.rules.put(HERE, Wish(name, bus, json.dumps(pattern))))
        forms = [
            {"Id": str(at), **(one if isinstance(one, dict) else {"Arn": one})} for at, one in enumerate(targets, 1)
        ]
        assert self.run(self.room.targets.put(HERE, bus, name, forms)) == []
        return str(made.arn)

    def send(self, source: str = "my.app", call: str | None = None, **detail: Any) -> list[Any]:
        """One event, as PutEvents takes it."""
        return self.send_entry({"Source": source, "DetailType": "test", "Detail": json.dumps(detail)}, call)

    def send_entry(self, entry: dict[str, Any], call: str | None = None) -> list[Any]:
        read = read_entries([entry], HERE, self.clock.now_ms(), call)
        events = [one for one in read if isinstance(one, Event)]
        assert len(events) == 1, read
        return self.run(self.room.intake.put(events))  # type: ignore[no-any-return]  # `run` gives anything

    def deliveries(self) -> list[Delivery]:
        """The oldest first."""
        return self.run(self.room.log.page(None))[::-1]  # type: ignore[no-any-return]  # `run` gives anything

    def arn(self, resource: str, service: str = "trimtab") -> str:
        return HERE.arn(service, resource)

    def close(self) -> None:
        self.runner.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty state database: migrated once, copied for each test."""
    directory = tmp_path_factory.mktemp("migrated")
    State.open("", directory).close()
    return directory / "state.sqlite"


@pytest.fixture
def rooms(tmp_path: Path, migrated: Path) -> Iterator[Rooms]:
    state = State(f"sqlite:///{shutil.copy(migrated, tmp_path)}")
    state.unlock(Path(shutil.copy(migrated.with_name("state.key"), tmp_path)))
    made = Rooms(state, ManualClock(), tmp_path)
    yield made
    made.close()
    state.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found
