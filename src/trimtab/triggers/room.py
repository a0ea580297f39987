"""The room as doors and pages are given it."""

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.egress.gate import Gate
from trimtab.settings import Settings
from trimtab.store.state.database import State
from trimtab.triggers.archives import ArchiveStore
from trimtab.triggers.arns import Place
from trimtab.triggers.book import RuleBook
from trimtab.triggers.buses import BusStore
from trimtab.triggers.connections import ConnectionStore
from trimtab.triggers.destinations import DestinationStore
from trimtab.triggers.intake import Intake
from trimtab.triggers.pipelines.commands import Commands
from trimtab.triggers.pipelines.running import RunLog
from trimtab.triggers.pipelines.store import PipelineStore
from trimtab.triggers.queue import DeliveryLog
from trimtab.triggers.replays import ReplayStore
from trimtab.triggers.rules import RuleStore
from trimtab.triggers.sources.drift import DriftStore
from trimtab.triggers.sources.places import PlaceStore
from trimtab.triggers.tags import TagStore
from trimtab.triggers.targets import TargetStore


class TriggersRoom(Struct, frozen=True):
    """Everything that may be asked of event rules. `home` is the place of callers who are bound to none."""

    home: Place
    clock: Clock
    book: RuleBook
    intake: Intake
    buses: BusStore
    rules: RuleStore
    targets: TargetStore
    log: DeliveryLog
    archives: ArchiveStore
    replays: ReplayStore
    connections: ConnectionStore
    destinations: DestinationStore
    tags: TagStore
    commands: Commands
    pipelines: PipelineStore
    runs: RunLog
    places: PlaceStore
    drifts: DriftStore

    @classmethod
    def of(cls, settings: Settings, state: State, clock: Clock) -> "TriggersRoom":
        """The room over a state database. Raises SetupError for commands that cannot be used."""
        book, commands = RuleBook(), Commands.of(settings.trigger_commands)
        intake, gate = Intake(state, clock, book), Gate.of(settings, state, clock)
        return cls(
            home=Place(settings.account_id, settings.region),
            clock=clock,
            book=book,
            intake=intake,
            buses=BusStore(state, clock),
            rules=RuleStore(state, clock),
            targets=TargetStore(state, gate),
            log=DeliveryLog(state, clock),
            archives=ArchiveStore(state, clock),
            replays=ReplayStore(state, clock, intake),
            connections=ConnectionStore(state, clock, gate),
            destinations=DestinationStore(state, clock, gate),
            tags=TagStore(state),
            commands=commands,
            pipelines=PipelineStore(state, clock, commands, gate),
            runs=RunLog(state),
            places=PlaceStore(state, clock),
            drifts=DriftStore(state, clock),
        )
