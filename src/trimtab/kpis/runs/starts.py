"""When runs that wait will start, and how long one that is not submitted yet would wait, by the cluster's own queue.

Each cluster is a queue of its own. A run that ended without a start was withdrawn: its wait was longer than it was seen
to be (capacity/waits). What starts at once counts as well: most jobs of a queue that is not full do.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.capacity.waits.forecast import FEWEST, Forecaster, learnt
from trimtab.capacity.waits.model import Asked, Expected, Wait
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run, RunState

LEARNT_OVER_MS = 90 * 86_400_000
"""How far back a queue's waits are read: what was before says little of now."""
_MOST_RUNS = 5000
"""Of a cluster, the newest: a forecast rests on 600 waits that were as long."""
_AGES_S = (0.0, 60.0, 600.0, 3600.0, 6 * 3600.0, 86_400.0)
"""How long runs have waited, in steps: levels are learnt from those that waited at least that long."""
TOO_FEW = f"fewer than {FEWEST} runs of this queue have started since {LEARNT_OVER_MS // 86_400_000} days"
NO_QUEUE = "no run of that cluster is known; name one with --cluster"
SEVERAL = "there are several clusters; name one with --cluster"


class Wish(Struct, frozen=True):
    """GPUs that somebody means to ask for; "" is not known."""

    gpus: float
    gpu_type: str = ""
    queue: str = ""
    team: str = ""
    cluster: str = ""


class Start(Struct, frozen=True):
    """When a run is expected to start, ms: half of such runs start by `at_ms`, 80 % in `[from_ms, to_ms]`."""

    from_ms: int
    at_ms: int
    to_ms: int
    waits: int
    by: str


class WaitingRun(Struct, frozen=True):
    """A run that waits, and when it is expected to start; None where too little is known of its queue."""

    run: Run
    start: Start | None


class Queues:
    """The waits of every cluster that a caller sees, and what they say of others. Pure."""

    def __init__(self, runs: Sequence[Run], now_ms: int) -> None:
        self.now_ms = now_ms
        self._waits: dict[str, list[Wait]] = defaultdict(list)
        self._forecasters: dict[tuple[str, float], Forecaster] = {}
        self._waiting = [run for run in runs if _waits_still(run)]
        for run in runs:
            if run.gpus > 0:
                self._waits[run.key.cluster].append(_wait_of(run))

    def starts(self) -> list[WaitingRun]:
        """Every run that waits, the first to start in front; those of which nothing is known come last."""
        found = [WaitingRun(run, self._start(run)) for run in self._waiting]
        return sorted(
            found, key=lambda one: (one.start is None, one.start.at_ms if one.start else 0, one.run.submit_ms)
        )

    def expected(self, wish: Wish) -> tuple[Expected | None, str]:
        """How long a run would wait that was submitted now, or why that is not known."""
        cluster = wish.cluster or (next(iter(self._waits)) if len(self._waits) == 1 else "")
        if cluster not in self._waits:
            return None, SEVERAL if not wish.cluster and self._waits else NO_QUEUE
        now_s = self.now_ms / 1000
        forecaster = self._of(cluster, 0.0)
        asked = Asked(
            key="", submit_s=now_s, gpus=wish.gpus, gpu_type=wish.gpu_type, owner=wish.team, queue=wish.queue,
            ahead=forecaster.waiting,
        )  # fmt: skip
        said = forecaster.expect(asked, now_s, 0.0)
        return said, "" if said else TOO_FEW

    def _start(self, run: Run) -> Start | None:
        waited_s = max(self.now_ms - run.submit_ms, 0) / 1000
        age_s = max(one for one in _AGES_S if one <= waited_s)
        said = self._of(run.key.cluster, age_s).expect(_asked_of(run), self.now_ms / 1000, waited_s)
        if said is None:
            return None
        low, middle, high = (run.submit_ms + round(one * 1000) for one in (said.low_s, said.median_s, said.high_s))
        return Start(low, middle, high, said.waits, said.by)

    def _of(self, cluster: str, age_s: float) -> Forecaster:
        key = (cluster, age_s)
        if key not in self._forecasters:
            self._forecasters[key] = learnt(self._waits[cluster], age_s, self.now_ms / 1000)
        return self._forecasters[key]


async def read(room: InventoryRoom, scope: Scope, now_ms: int, cluster: str = "") -> Queues:
    """The queues of the clusters that a caller sees. Raises Unavailable."""
    wanted = RunFilter(start_ms=now_ms - LEARNT_OVER_MS, end_ms=now_ms + 1, cluster=cluster)
    return Queues(await room.runs.listed(scope, wanted, _MOST_RUNS), now_ms)


async def waiting(room: InventoryRoom, scope: Scope, now_ms: int, cluster: str = "") -> list[WaitingRun]:
    """The runs that wait now, and when they are expected to start. Raises Unavailable."""
    queues = await read(room, scope, now_ms, cluster)
    return await asyncio.to_thread(queues.starts)


def _waits_still(run: Run) -> bool:
    return run.state is RunState.PENDING and run.start_ms is None and run.end_ms is None and run.gpus > 0


def _asked_of(run: Run) -> Asked:
    """What was known when it was submitted. Its GPUs are those of one task: each starts by itself."""
    key, each = f"{run.key.account}\n{run.key.job}", run.gpus / max(run.tasks, 1)
    return Asked(
        key=key, submit_s=run.submit_ms / 1000, gpus=each, gpu_type=run.gpu_type, owner=run.team, queue=run.queue
    )


def _wait_of(run: Run) -> Wait:
    until_ms = run.start_ms if run.start_ms is not None else run.end_ms
    return Wait(_asked_of(run), math.inf if until_ms is None else until_ms / 1000, run.start_ms is not None)
