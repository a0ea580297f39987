"""What was asked to be forgotten: taken up by having the server start anew, done by the server at its start."""

from trimtab.base.clock import Clock
from trimtab.forget.requests import ForgetRequests
from trimtab.forget.run import Forgetting
from trimtab.jobs.anew import Anew
from trimtab.jobs.lock import Lock
from trimtab.jobs.periodic import Job
from trimtab.settings import Settings
from trimtab.store.state.database import State
from trimtab.stores import JOBS, Stores

_LOOK_S = 1.0


async def forget_at_start(settings: Settings, stores: Stores, clock: Clock) -> None:
    """Do what is pending, before any door opens."""
    lock = Lock(stores.state, clock, JOBS)
    logs = stores.ingest_logs
    await Forgetting(stores.telemetry, stores.state, logs, settings.data_dir, clock, lock).run()


def forgetting_job(state: State, clock: Clock, anew: Anew) -> Job:
    """Has the server start anew when something is asked for that no start has tried yet."""
    untried = ForgetRequests(state, clock).untried()

    async def look() -> None:
        if await untried.due(clock.now_ms()):
            anew.ask()

    return Job("take up what is to be forgotten", _LOOK_S, look)
