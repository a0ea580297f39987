"""The room as doors, pages and jobs are given it."""

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.batch.automl.way import AutoMlWay
from trimtab.batch.commands.file import read_batch_file
from trimtab.batch.commands.jobs import ACTIVE, CommandJobs
from trimtab.batch.containers import jobs as container_jobs
from trimtab.batch.containers.jobs import ContainerJobs
from trimtab.batch.containers.telling import Announce, Telling
from trimtab.batch.model_pipelines import executions as pipelining
from trimtab.batch.model_pipelines.executions import PipelineExecutions
from trimtab.batch.model_pipelines.registry import ModelRegistry
from trimtab.batch.monitor import executions as monitoring
from trimtab.batch.monitor.analyzer import Analyzer
from trimtab.batch.monitor.executions import Monitors
from trimtab.batch.places import Places
from trimtab.batch.recorder import Recorder
from trimtab.batch.store import COMMAND, JobStore
from trimtab.batch.transform_jobs import ALIVE, TransformJobs
from trimtab.batch.tuning import jobs as tuning_jobs
from trimtab.batch.tuning.jobs import TuningJobs, TuningWay, Way
from trimtab.cloud.buckets import Remote, read_buckets
from trimtab.egress.gate import Gate
from trimtab.inventory.catalog.spot import SpotPriceStore
from trimtab.inventory.runs.store import RunStore
from trimtab.inventory.served.model import AUTOML, TRANSFORM, TUNING
from trimtab.inventory.served.store import ServedStore
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.logs.room import LogsRoom
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.registry import SeriesRegistry
from trimtab.settings import Settings
from trimtab.store.state.database import State

_TURN_S = 1.0
_NEVER_S = 10 * 365 * 86_400.0  # only when the server stops


class BatchRoom(Struct, frozen=True):
    """Everything that may be asked of batch jobs."""

    clock: Clock
    recorder: Recorder
    spot: SpotPriceStore
    transforms: TransformJobs
    commands: CommandJobs
    containers: ContainerJobs
    tuning: TuningJobs
    monitors: Monitors
    registry: ModelRegistry
    pipelines: PipelineExecutions
    lock: Lock

    @classmethod
    def of(
        cls, state: State, clock: Clock, metrics: tuple[MetricIngest, SeriesRegistry], settings: Settings,
        remote: Remote, gate: Gate, logs: LogsRoom, announce: Announce,
    ) -> "BatchRoom":  # fmt: skip
        """The room over a state database. `announce` puts events of jobs on the bus. Raises SetupError for settings
        that cannot be read."""
        store, folder = JobStore(state, clock), settings.data_dir / "batch"
        recorder, places = Recorder(store, *metrics, clock), Places(read_buckets(settings.batch_buckets), remote)
        served, file = ServedStore(state, clock), read_batch_file(settings.batch_file)
        jobs = TransformJobs(served, clock, folder, places, gate, recorder)
        commands = CommandJobs(store, clock, folder / "commands", file)
        telling = Telling(logs, metrics, RunStore(state), clock, announce)
        containers = ContainerJobs(
            served, clock, folder / "containers", places, file, telling, Analyzer(metrics, clock)
        )
        monitors = Monitors(served, clock, places, folder / "monitors")
        registry = ModelRegistry(served, gate, announce)
        pipelines = PipelineExecutions(served, clock, places, folder / "pipelines", registry, announce)
        lock, spot = Lock(state, clock, "batch"), SpotPriceStore(state)
        ways: dict[str, Way] = {TUNING: TuningWay(), AUTOML: AutoMlWay(served, places, folder / "automl")}
        tuning = TuningJobs(served, clock, announce, ways)
        return cls(clock, recorder, spot, jobs, commands, containers, tuning, monitors, registry, pipelines, lock)

    def jobs(self) -> list[Job]:
        """What the room does by itself; of several servers that share a state the one with the lock does it."""

        transforms = self.transforms.served.upcoming({TRANSFORM: ALIVE})
        active = self.recorder.store.upcoming(COMMAND, ACTIVE)

        async def turn() -> None:
            if self.lock.held and await transforms.due(self.clock.now_ms()):
                await self.transforms.turn()

        rooms = monitoring, pipelining, tuning_jobs, container_jobs
        going_on = self.transforms.served.upcoming({kind: some for one in rooms for kind, some in one.DUE_AS.items()})

        async def containers() -> None:
            if self.lock.held:
                if await going_on.due(self.clock.now_ms()):
                    await self.monitors.turn()
                    await self.pipelines.turn()
                    await self.tuning.turn()
                    await self.containers.turn()
            else:
                await self.containers.close()

        async def commands() -> None:
            if self.lock.held:
                if await active.due(self.clock.now_ms()):
                    await self.commands.turn()
            else:  # another server runs them now, and counts what ran here as lost
                await self.commands.close()

        return [
            Job("hold the lock of transform jobs", LEASE_MS / 3000, self.lock.renew),
            Job("run transform jobs", _TURN_S, turn),
            Job("run jobs of commands", _TURN_S, commands),
            Job("run training and processing jobs", _TURN_S, containers),
            Job("end training and processing jobs", _NEVER_S, self.containers.close, at_stop=True),
            Job("end transform jobs", _NEVER_S, self.transforms.close, at_stop=True),
            Job("end jobs of commands", _NEVER_S, self.commands.close, at_stop=True),
        ]
