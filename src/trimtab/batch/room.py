"""The room as doors, pages and jobs are given it."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import SetupError
from trimtab.batch.commands.file import read_batch_file
from trimtab.batch.commands.jobs import CommandJobs
from trimtab.batch.places import Places, Remote
from trimtab.batch.recorder import Recorder
from trimtab.batch.store import JobStore
from trimtab.batch.transform_jobs import TransformJobs
from trimtab.egress.gate import Gate
from trimtab.inventory.catalog.spot import SpotPriceStore
from trimtab.inventory.served.store import ServedStore
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
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
    lock: Lock

    @classmethod
    def of(
        cls, state: State, clock: Clock, metrics: tuple[MetricIngest, SeriesRegistry], settings: Settings,
        remote: Remote, gate: Gate,
    ) -> "BatchRoom":  # fmt: skip
        """The room over a state database. Raises SetupError for settings that cannot be read."""
        store, folder = JobStore(state, clock), settings.data_dir / "batch"
        recorder, places = Recorder(store, *metrics, clock), Places(read_buckets(settings.batch_buckets), remote)
        jobs = TransformJobs(ServedStore(state, clock), clock, folder, places, gate, recorder)
        commands = CommandJobs(store, clock, folder / "commands", read_batch_file(settings.batch_file))
        return cls(clock, recorder, SpotPriceStore(state), jobs, commands, Lock(state, clock, "batch"))

    def jobs(self) -> list[Job]:
        """What the room does by itself; of several servers that share a state the one with the lock does it."""

        async def turn() -> None:
            if self.lock.held:
                await self.transforms.turn()

        async def commands() -> None:
            if self.lock.held:
                await self.commands.turn()
            else:  # another server runs them now, and counts what ran here as lost
                await self.commands.close()

        return [
            Job("hold the lock of transform jobs", LEASE_MS / 3000, self.lock.renew),
            Job("run transform jobs", _TURN_S, turn),
            Job("run jobs of commands", _TURN_S, commands),
            Job("end transform jobs", _NEVER_S, self.transforms.close, at_stop=True),
            Job("end jobs of commands", _NEVER_S, self.commands.close, at_stop=True),
        ]


def read_buckets(text: str) -> Mapping[str, Path]:
    """`name=/folder,…` as folders by bucket. Raises SetupError."""
    found = {}
    for part in text.split(","):
        name, equals, folder = part.strip().partition("=")
        if part.strip() and (not equals or not name or not Path(folder).is_absolute()):
            raise SetupError(f"cannot use TRIMTAB_BATCH_BUCKETS: got {part.strip()!r}; expected bucket=/folder,…")
        if name:
            found[name] = Path(folder)
    return found
