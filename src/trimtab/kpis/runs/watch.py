"""`HangWatch`: looks at the runs that go on, and tells of those that hang within five minutes."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock, iso
from trimtab.base.records import replace
from trimtab.events.outbox import Happened, latest, record
from trimtab.fleet.phases.judge import Past
from trimtab.inventory.runs.filter import RunFilter, visible
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import QUIET_S, Job
from trimtab.kpis.runs import activity as activities
from trimtab.kpis.runs import phases, probes
from trimtab.kpis.runs.phases import Hang
from trimtab.kpis.runs.probes import Probe
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
_CHECK_MS = 60_000
"""Between two full looks at a run that is known to hang, while a cheap one says that nothing has changed."""
_UNKNOWN_MS = 300_000
"""Between two looks at a run of whose GPUs too little is known."""
_BATCH_GPUS = 2048
"""GPUs that are looked at together: 360 steps of nine signals of each are 53 MB."""


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
    _probes: dict[RunKey, Probe] = field(default_factory=dict)
    _unsure: frozenset[RunKey] = frozenset()
    """Runs that may have hung at the last look: looked at in full once more, so that the end of a stall is seen."""
    _checked: dict[RunKey, int] = field(default_factory=dict)
    """When (ms) runs that hang were looked at in full."""
    _again: dict[RunKey, int] = field(default_factory=dict)
    """When to look again (ms) at runs of whose GPUs too little is known."""
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
            Job("look for runs that hang", _EVERY_S, look, after_s=QUIET_S),
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
        new = [run for run in runs if run.key not in self._past and self._again.get(run.key, 0) <= now_ms]
        known_before = [run for run in runs if run.key in self._past]
        calm, past = await self._calm(known_before, now_ms)
        unsure = frozenset(run.key for run in known_before if run.key not in calm)
        known = {key for key in self._hanging if key in unsure and self._checked.get(key, 0) > now_ms - _CHECK_MS}
        looked = (unsure | self._unsure | frozenset(self._hanging)) - known
        did: dict[RunKey, phases.GpuPhases] = {}
        for batch in _batches(new):
            did |= await self._phases(batch, now_ms - _FIRST_WINDOW_MS, now_ms, _FIRST_STEP_S)
        for batch in _batches([run for run in known_before if run.key in looked]):
            did |= await self._phases(batch, now_ms - _WINDOW_MS, now_ms, _STEP_S)
        found = {key: self._hanging[key] for key in known}
        for run in runs:
            seen = did.get(run.key)
            last = [hang for hang in seen.hangs if not hang.ended] if seen is not None else []
            if last:
                found[run.key] = await self._hang(run, last[-1])
        await self._tell(found, now_ms)
        self._past = {key: self._past[key] for key in known} | past | {key: seen.past for key, seen in did.items()}
        self._checked = {key: self._checked.get(key, 0) if key in known else now_ms for key in found}
        there = {run.key for run in runs}
        self._probes = {key: probe for key, probe in self._probes.items() if key in there}
        self._again = {key: at_ms for key, at_ms in self._again.items() if key in there and at_ms > now_ms}
        nothing = [key for key, probe in self._probes.items() if not probe.work and key not in self._again]
        unknown = [run.key for run in new if run.key not in did]
        self._again |= dict.fromkeys((*nothing, *unknown), now_ms + _UNKNOWN_MS)
        self._unsure = unsure
        self._hanging = found

    async def _calm(self, runs: list[Run], now_ms: int) -> tuple[frozenset[RunKey], dict[RunKey, Past]]:
        """The runs that cannot hang by a cheap look, and what is known of them before now."""
        mine = {run.key: probe for run in runs if (probe := self._probes.get(run.key)) is not None}
        due = [key for key, probe in mine.items() if not probe.work and self._again.get(key, 0) <= now_ms]
        for key in due:  # its GPUs may tell more by now
            del mine[key], self._probes[key]
        asked = {key: probe for key, probe in mine.items() if probe.work}
        found = await probes.states(self.reports.reader, EVERYTHING, asked, now_ms)
        found |= {key: probes.State.IDLE for key in mine if key not in asked}  # it is never known to hang
        calm = frozenset(key for key, state in found.items() if state is not probes.State.UNSURE)
        moved = {key for key in calm if found[key] is probes.State.MOVES}
        return calm, {key: replace(self._past[key], worked=self._past[key].worked or key in moved) for key in calm}

    async def _phases(self, runs: list[Run], start_ms: int, end_ms: int, step_s: int) -> dict[RunKey, phases.GpuPhases]:
        reports = self.reports
        place = reports.reader, reports.registry, EVERYTHING
        activity = await activities.read(*place, runs, start_ms, end_ms, step_s, memory=False)
        lacking = {key: one for key, one in activity.items() if key not in self._probes and one.devices.known}
        if lacking:
            made = probes.probes_of(reports.registry, EVERYTHING, lacking, start_ms)
            self._probes |= {key: made.get(key, probes.NOTHING) for key in lacking}
        told = await reports.told(EVERYTHING, runs) if reports.told is not None else {}
        return await phases.read(*place, runs, activity, told, self._past)

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


def _batches(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """The runs, so many at a time as have `_BATCH_GPUS` GPUs together, one at least."""
    batch: list[Run] = []
    for run in runs:
        if batch and sum(one.gpus for one in batch) + run.gpus > _BATCH_GPUS:
            yield batch
            batch = []
        batch.append(run)
    if batch:
        yield batch


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
