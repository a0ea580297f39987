"""The room's part of the server process: deliveries are sent and runs started, by one server of several."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from trimtab.actions.registry import Actuators
from trimtab.base.clock import Clock
from trimtab.base.ids import new_id
from trimtab.egress.gate import Gate
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.notify.publishing import Publishing
from trimtab.notify.transport.http import HttpTransport
from trimtab.store.state.database import State
from trimtab.triggers.dispatch import A_TURN, Dispatcher
from trimtab.triggers.pipelines.by_hand import StartPipeline
from trimtab.triggers.pipelines.running import PipelineRuns
from trimtab.triggers.pipelines.sandbox import Sandbox
from trimtab.triggers.pipelines.starters import CommandStarter, HttpStarter, OwnPipelines, SageMakerStarter, Starter
from trimtab.triggers.pipelines.target import Pipelines
from trimtab.triggers.room import TriggersRoom
from trimtab.triggers.sending.authorize import Authorizer
from trimtab.triggers.sending.bus_logs import BusLogs
from trimtab.triggers.sending.dead_letters import DeadLetters
from trimtab.triggers.sending.inside import Actions, EventBuses, LogGroups, Topics, WriteLog
from trimtab.triggers.sending.over_http import ApiDestinations, Webhooks

_SEND_S = 0.5
_RUN_S = 0.5
_FORGET_S = 3600.0
_DAY_MS = 86_400_000


async def no_groups(arn: str, log_type: str) -> Sequence[str]:
    """The log groups of a bus that logs nowhere."""
    return ()


class Means(Struct, frozen=True):
    """With what is sent. `sagemaker` makes a client for a region, `sagemaker_problems` are what its calls raise."""

    state: State
    clock: Clock
    directory: Path
    write_log: WriteLog
    publishing: Publishing
    actuators: Actuators
    sagemaker: Callable[[str], Any]
    sagemaker_problems: tuple[type[Exception], ...]
    gate: Gate
    groups_for: Callable[[str, str], Awaitable[Sequence[str]]] = no_groups
    retention_days: int = 30
    own_pipelines: OwnPipelines | None = None


class Delivering(Struct, frozen=True):
    """What sends and starts, and the registry of actions, in which starting a pipeline is one."""

    dispatcher: Dispatcher
    runs: PipelineRuns
    actuators: Actuators
    jobs: Sequence[Job]

    @classmethod
    def of(cls, room: TriggersRoom, means: Means) -> "Delivering":
        """The jobs of the server process over the room."""
        state, clock = means.state, means.clock
        lock = Lock(state, clock, "event deliveries", _holder(state))
        http = HttpTransport(means.gate)
        authorizer = Authorizer(http, clock)
        log_groups, webhooks, topics = LogGroups(means.write_log), Webhooks(http), Topics(means.publishing)
        senders = (
            Pipelines(state, clock, room.commands),
            log_groups,
            ApiDestinations(http, authorizer, room.connections, room.destinations),
            EventBuses(state, room.intake),
            topics,
            webhooks,
            Actions(means.actuators),
        )
        letters = DeadLetters(means.directory / "dead-letters", (log_groups, webhooks, topics))
        dispatcher = Dispatcher(
            state,
            clock,
            senders,
            letters,
            lambda: lock.held,
            BusLogs(room.buses, means.groups_for, means.write_log).tell,
        )
        over_http = HttpStarter(http, authorizer, room.connections)
        starters: dict[str, Starter] = {
            "command": CommandStarter(Sandbox(means.directory / "runs"), room.commands),
            "sagemaker": SageMakerStarter(means.sagemaker, means.sagemaker_problems, means.own_pipelines),
            "workflow": over_http,
            "webhook": over_http,
        }
        means.actuators.register(StartPipeline(state, clock, room.pipelines))
        runs = PipelineRuns(state, clock, room.intake, starters, lambda: lock.held)

        async def send() -> None:
            while await dispatcher.turn() >= A_TURN:
                continue

        async def forget() -> None:
            if lock.held:
                await room.log.forget(clock.now_ms() - means.retention_days * _DAY_MS)
                await room.archives.drop()

        jobs = (
            Job("hold the lock of event deliveries", LEASE_MS / 3000, lock.renew),
            Job("deliver to the targets of event rules", _SEND_S, send),
            Job("start and follow pipelines", _RUN_S, runs.turn),
            Job("forget old deliveries of event rules", _FORGET_S, forget),
        )
        return cls(dispatcher, runs, means.actuators, jobs)


def _holder(state: State) -> str:
    """Who holds the lock. A state database in a file has one server, whose successor need not wait for its lease."""
    return "the server" if state.engine.dialect.name == "sqlite" else new_id()
