"""`HangWatch`: looks at the runs that go on, and tells of those that hang within five minutes."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock, iso
from trimtab.events.outbox import Happened, latest, record
from trimtab.fleet.phases.judge import Past
from trimtab.inventory.runs.filter import RunFilter, visible
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.kpis.runs import activity as activities
from trimtab.kpis.runs import phases
from trimtab.kpis.runs.phases import Hang
from trimtab.kpis.runs.reader import RunReports
from trimtab.store.state.database import State

HUNG, WORKS_AGAIN = "run.hung", "run.works_again"
"""Kinds of events in the outbox; their subject is the path of the run, `account/cluster/job`."""
_EVERY_S = 15.0
_STEP_S, _WINDOW_MS = 30, 40 * 60_000
"""Longer than any pause of a healthy run, so that a stall is seen from its beginning."""
_FIRST_STEP_S, _FIRST_WINDOW_MS = 60, 6 * 3_600_000
"""Of a run that is looked at for the first time: it may hang since long before this process began."""
_MOST_RUNS = 2000


class Hanging(Struct, frozen=True):
    """A run that hangs: since when, and what a minute of it costs, by currency ({}: its cost is unknown)."""

    run: Run
    hang: Hang
    amounts_a_minute: Mapping[str, Decimal]


class HangWatch(Struct):
    """Of one server; of several that share a state the one with the lock looks."""

    reports: RunReports
    state: State
    clock: Clock
    lock: Lock
    _past: dict[RunKey, Past] = field(default_factory=dict)
    _hanging: dict[RunKey, Hanging] = field(default_factory=dict)
    _told: frozenset[str] | None = None
    """Of which a process before this one told that they hang: that is not told again."""

    @classmethod
    def of(cls, reports: RunReports, state: State, clock: Clock) -> "HangWatch":
        """Over reports of runs."""
        return cls(reports, state, clock, Lock(state, clock, "hanging runs"))

    def jobs(self) -> list[Job]:
        """What it does by itself."""

        async def look() -> None:
            if self.lock.held:
                await self.look()

        return [
            Job("hold the lock of hanging runs", LEASE_MS / 3000, self.lock.renew),
            Job("look for runs that hang", _EVERY_S, look),
        ]

    def hanging(self, scope: Scope) -> list[Hanging]:
        """The runs that hang now and that a scope sees, the longest first."""
        seen = [one for one in self._hanging.values() if visible(scope, one.run)]
        return sorted(seen, key=lambda one: one.hang.start_ms)

    async def look(self) -> None:
        """Look once. What hangs, or works again, is told in the outbox. Raises QueryAborted, Unavailable."""
        now_ms = self.clock.now_ms()
        wanted = RunFilter(states=(RunState.RUNNING.value,))
        runs = [run for run in await self.reports.room.runs.listed(EVERYTHING, wanted, _MOST_RUNS) if run.gpus > 0]
        new = [run for run in runs if run.key not in self._past]
        known_before = [run for run in runs if run.key in self._past]
        did = await self._phases(new, now_ms - _FIRST_WINDOW_MS, now_ms, _FIRST_STEP_S)
        did |= await self._phases(known_before, now_ms - _WINDOW_MS, now_ms, _STEP_S)
        found: dict[RunKey, Hanging] = {}
        for run in runs:
            known = did.get(run.key)
            last = [hang for hang in known.hangs if not hang.ended] if known is not None else []
            if last:
                found[run.key] = await self._hang(run, last[-1])
        await self._tell(found, now_ms)
        self._past = {key: known.past for key, known in did.items()}
        self._hanging = found

    async def _phases(self, runs: list[Run], start_ms: int, end_ms: int, step_s: int) -> dict[RunKey, phases.GpuPhases]:
        reports = self.reports
        activity = await activities.read(reports.reader, reports.registry, EVERYTHING, runs, start_ms, end_ms, step_s)
        told = await reports.told(EVERYTHING, runs) if reports.told is not None else {}
        return await phases.read(reports.reader, reports.registry, EVERYTHING, runs, activity, told, self._past)

    async def _hang(self, run: Run, hang: Hang) -> Hanging:
        """A hang as it was told before, or a new one with what it costs."""
        before = self._hanging.get(run.key)
        if before is not None:  # its beginning may lie before what is looked at by now
            return Hanging(run, before.hang, before.amounts_a_minute)
        report = await self.reports.priced_one(EVERYTHING, run.key.job, run.key.cluster)
        share = run.gpus / 60 / report.gpu_hours if report.gpu_hours > 0 else 0.0
        return Hanging(run, hang, report.cost.part(share) if share else {})

    async def _tell(self, found: Mapping[RunKey, Hanging], now_ms: int) -> None:
        if self._told is None:
            before = await latest(self.state, (HUNG, WORKS_AGAIN))
            self._told = frozenset(subject for subject, kind in before.items() if kind == HUNG)
        begun = [(HUNG, one) for key, one in found.items() if key not in self._hanging and _path(key) not in self._told]
        over = [(WORKS_AGAIN, one) for key, one in self._hanging.items() if key not in found]
        events = [Happened(kind, _path(one.run.key), body_of(one, now_ms)) for kind, one in (*begun, *over)]
        await record(self.state, self.clock, events)
        self._told = frozenset(subject for subject in self._told if subject in {_path(key) for key in found})


def _path(key: RunKey) -> str:
    return f"{key.account}/{key.cluster}/{key.job}"


def body_of(one: Hanging, now_ms: int) -> dict[str, object]:
    """The facts of an event."""
    run, hang = one.run, one.hang
    return {
        "account": run.key.account,
        "cluster": run.key.cluster,
        "job": run.key.job,
        "name": run.name,
        "team": run.team,
        "user": run.user,
        "gpus": run.gpus,
        "since": iso(hang.start_ms),
        "minutes": round((now_ms - hang.start_ms) / 60_000, 1),
        "amounts_a_minute": {currency: f"{amount:.4f}" for currency, amount in one.amounts_a_minute.items()},
        "stopped_first": {"gpu": hang.stopped_first, "node": hang.node, "index": hang.index},
    }
