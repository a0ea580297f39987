"""The room's part of the jobs process: alarms, schedules, objects and drift become events; archives are replayed."""

from collections.abc import Callable

from trimtab.base.clock import Clock
from trimtab.events.outbox import Outbox
from trimtab.jobs.periodic import Job
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.store.state.database import State
from trimtab.triggers.arns import Place
from trimtab.triggers.book import RuleBook
from trimtab.triggers.intake import Intake
from trimtab.triggers.replays import ReplayStore
from trimtab.triggers.sources.drift import DriftJob
from trimtab.triggers.sources.places import ListObjects
from trimtab.triggers.sources.schedules import Schedules
from trimtab.triggers.sources.told import SUBSCRIBER, ToldSource
from trimtab.triggers.sources.watch import ObjectWatch

_SCHEDULES_S = 1.0
_REPLAYS_S = 1.0
_PLACES_S = 1.0  # asks whether a place is due to be looked at
_DRIFT_S = 15.0


async def begin(
    state: State,
    clock: Clock,
    outbox: Outbox,
    evaluator: Evaluator,
    list_objects: ListObjects,
    home: Place,
    may_write: Callable[[], bool],
) -> list[Job]:
    """Subscribe to the outbox; the jobs to run."""
    intake = Intake(state, clock, RuleBook())
    await outbox.subscribe(SUBSCRIBER, ToldSource(intake, home, clock).handle)
    schedules = Schedules(state, clock, intake, may_write)
    replays = ReplayStore(state, clock, intake)
    places = ObjectWatch(state, clock, intake, list_objects, may_write)
    drifts = DriftJob(state, clock, intake, evaluator, may_write)

    async def replay() -> None:
        await replays.turn(may_write)

    return [
        Job("fire the schedules of event rules", _SCHEDULES_S, schedules.turn),
        Job("replay archived events", _REPLAYS_S, replay),
        Job("look for new objects", _PLACES_S, places.turn),
        Job("look for drift", _DRIFT_S, drifts.turn),
    ]
