"""Searches under way, of tuning and AutoML jobs: begins training jobs while some are to be tried, and ends when enough
is known."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput
from trimtab.base.records import replace
from trimtab.batch.containers.jobs import COMPLETED, FAILED, RUNNING, STOPPED, STOPPING
from trimtab.batch.containers.telling import Announce
from trimtab.batch.tuning.asked import TUNED_BY, tuning_for
from trimtab.batch.tuning.trials import ENDED_EARLY, Search, trial_name
from trimtab.inventory.served.model import AUTOML, TRAINING, TUNING, Served
from trimtab.inventory.served.store import ServedStore

DUE_AS = {TUNING: (RUNNING, STOPPING), AUTOML: (RUNNING, STOPPING)}
"""By kind, the statuses of resources for which a turn has something to do."""
CHANGED = "SageMaker HyperParameter Tuning Job State Change"
NONE_SUCCEEDED = "No training job succeeded."
_LONGEST = 1024  # characters of a FailureReason
_MOST_FAILED = 5
"""Training jobs that fail one after another, after which no more are begun: what fails five times fails again."""


class Way(Protocol):
    """How jobs of a kind search."""

    @property
    def member(self) -> str:
        """The member of a training job's request that names the job which began it."""
        ...

    async def search(self, job: Served) -> Search | None:
        """What a job searches; None while that is not known yet. Raises InvalidInput for a job that fails."""
        ...

    def ended(self, job: Served, status: str, ended_ms: int) -> tuple[str, Mapping[str, Any]] | None:
        """The event of a job's end: its detail type and its detail; None where the service has none."""
        ...


class TuningWay(Struct, frozen=True):
    """How tuning jobs search: as their request says."""

    member: str = TUNED_BY

    async def search(self, job: Served) -> Search:
        """As it was asked for; a release before may have allowed more."""
        return tuning_for(job)

    def ended(self, job: Served, status: str, ended_ms: int) -> tuple[str, Mapping[str, Any]]:
        """The event of a tuning job."""
        return CHANGED, {
            "HyperParameterTuningJobName": job.name,
            "HyperParameterTuningJobArn": job.arn,
            "HyperParameterTuningJobStatus": status,
            "HyperParameterTuningJobConfig": job.form["HyperParameterTuningJobConfig"],
            "CreationTime": job.created_ms,
            "HyperParameterTuningEndTime": ended_ms,
        }


class TuningJobs(Struct, frozen=True):
    """The searches of one server, by the kinds of their jobs; `ContainerJobs` runs what they begin."""

    served: ServedStore
    clock: Clock
    announce: Announce
    ways: Mapping[str, Way]

    async def turn(self) -> None:
        """Look at every search that is under way."""
        for kind in self.ways:
            for job in await self.served.listed(EVERYTHING, kind, DUE_AS[kind]):
                await self._look(job)

    async def trials(self, job: Served) -> list[Served]:
        """The training jobs of a search, in the order of their trials."""
        every, member = (
            await self.served.listed(Scope.of(job.account, job.region), TRAINING),
            self.ways[job.kind].member,
        )
        return sorted((one for one in every if one.form.get(member) == job.arn), key=lambda one: one.name)

    async def _look(self, job: Served) -> None:
        try:
            tuning, known = await self.ways[job.kind].search(job), await self.trials(job)
        except InvalidInput as problem:
            await self._over(job, FAILED, str(problem))
            return
        if tuning is None:
            return
        going = [one for one in known if one.status in (RUNNING, STOPPING)]
        if job.status == STOPPING or job.state.get("ending") or self._enough(job, tuning, known):
            await self._wind_down(job, tuning, known, going)
            return
        job = await self._end_losers(job, tuning, known)
        begun = int(job.state.get("begun", 0))
        if begun >= tuning.trials:
            if not going:
                await self._end(job, tuning, known)
            return
        until = min(begun + tuning.parallel - len(going), tuning.trials)
        for number in range(begun, until):
            await self._begin(job, tuning, number)
        if until > begun:
            await self.served.change(job, state={**job.state, "begun": until}, only_from=(RUNNING,))

    async def _end_losers(self, job: Served, tuning: Search, known: Sequence[Served]) -> Served:
        """Stop the training jobs that lose; that they were stopped for this is kept first."""
        losers = [one for number, one in enumerate(known) if one.status == RUNNING and tuning.loses(number, one, known)]
        if losers:
            names = sorted({*(job.state.get(ENDED_EARLY) or ()), *(one.name for one in losers)})
            job = replace(job, state={**job.state, ENDED_EARLY: names})
            await self.served.change(job, state=job.state, only_from=(RUNNING,))
        for one in losers:
            await self.served.change(one, status=STOPPING, only_from=(RUNNING,))
        return job

    async def _begin(self, job: Served, tuning: Search, number: int) -> None:
        place, tagged = (job.account, job.region), await self.served.tags_of(job.arn)
        name, known = trial_name(job.name, job.arn, number), await self.trials(job)
        form = await asyncio.to_thread(tuning.form, job.arn, number, known)
        try:
            await self.served.create(place, TRAINING, name, form, RUNNING, tagged)
        except Conflict:
            return  # a server that ended before it noted so had begun it

    def _enough(self, job: Served, tuning: Search, known: Sequence[Served]) -> bool:
        """Whether no more trials are to be begun."""
        if tuning.longest_s is not None and self.clock.now_ms() - job.created_ms >= tuning.longest_s * 1000:
            return True
        over = [one for one in known if one.status in (COMPLETED, FAILED, STOPPED)]
        over.sort(key=lambda one: one.state.get("ended_ms", 0))
        if len(over) >= _MOST_FAILED and all(one.status == FAILED for one in over[-_MOST_FAILED:]):
            return True
        best, since = None, 0
        for one in over:
            value = tuning.value(one) if tuning.counts(one) else None
            if value is not None and tuning.better(value, best):
                best, since = value, 0
            else:
                since += 1
        target = tuning.target
        if best is not None and target is not None and (best == target or tuning.better(best, target)):
            return True
        return tuning.patience is not None and since >= tuning.patience

    async def _wind_down(self, job: Served, tuning: Search, known: Sequence[Served], going: Sequence[Served]) -> None:
        """End what still runs, and then the tuning job."""
        if not going:
            await self._end(job, tuning, known)
            return
        if job.status != STOPPING and not job.state.get("ending"):
            await self.served.change(job, state={**job.state, "ending": True})
        for one in going:
            await self.served.change(one, status=STOPPING, only_from=(RUNNING,))

    async def _end(self, job: Served, tuning: Search, known: Sequence[Served]) -> None:
        if job.status == STOPPING:
            await self._over(job, STOPPED)
        elif tuning.best(known) is None:
            await self._over(job, FAILED, NONE_SUCCEEDED)
        else:
            await self._over(job, COMPLETED)

    async def _over(self, job: Served, status: str, problem: str = "") -> None:
        """Keep how a search ended, and put it on the bus, where the service does."""
        ended_ms = self.clock.now_ms()
        state = {**job.state, "ended_ms": ended_ms, **({"problem": problem[:_LONGEST]} if problem else {})}
        await self.served.change(job, status=status, state=state)
        told = self.ways[job.kind].ended(job, status, ended_ms)
        if told is not None:
            await self.announce((job.account, job.region), told[0], job.arn, told[1])
