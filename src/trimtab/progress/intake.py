"""Progress from log lines as they come in, by whatever door: read, held for a moment, and given to their runs.

Whose a line is: the job id or pod that its attributes or the name of its file tell; else its host, where one run alone
was on it. Lines of a run that no scheduler has told yet wait for `WAIT_MS`. What a crash takes are lines of the last
seconds: the next step says how far the run is.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.fleet.telemetry.devices import first
from trimtab.fleet.telemetry.identity import short_host
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run
from trimtab.inventory.runs.store import RunStore
from trimtab.logs.jobs_named import FILE_KEYS, JOB_IN_NAME, JOB_KEYS
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.progress import lines
from trimtab.progress.model import Mark, Workload, merged
from trimtab.progress.store import ProgressStore, Told

FLUSH_S = 10.0
"""How often what came is given to its runs: a page is looked at more rarely."""
WAIT_MS = 600_000
"""How long lines wait for their run: schedulers are asked once a minute or more often."""
MOST_HELD = 100_000
"""Lines that wait: 20 MB. Of more the newest are dropped and counted."""
_LONGEST_MS = 14 * 86_400_000
"""The age of lines that are taken: older ones are refused by the doors."""
_MOST_RUNS = 20_000
_PODS = (
    ("k8s.namespace.name", "k8s.pod.name"),
    ("namespace", "pod"),
    ("kubernetes.namespace_name", "kubernetes.pod_name"),
)
_HOSTS = ("host.name", "k8s.node.name", "hostname", "host")


class Whose(Struct, frozen=True):
    """What a line says of the run that wrote it; "" where it does not."""

    account: str
    job: str = ""
    pod: str = ""
    host: str = ""


class _Held(Struct):
    """Lines of one writer that wait."""

    since_ms: int
    dialect: str
    marks: list[Mark] = field(default_factory=list)
    workloads: list[Workload] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.marks) + len(self.workloads)


class LineIntake:
    """A tap of the ingest of logs; `flush` gives what it holds to the runs."""

    def __init__(self, runs: RunStore, store: ProgressStore, clock: Clock) -> None:
        self._runs = runs
        self._store = store
        self._clock = clock
        self._held: dict[tuple[Whose, str], _Held] = {}
        self._size = 0
        self.dropped = 0

    async def __call__(self, batches: Sequence[LogBatch]) -> None:
        """Take in what was written to logs."""
        for batch in batches:
            for event in batch.events:
                if lines.may_say(event.message):
                    self._take(batch, event)

    def _take(self, batch: LogBatch, event: LogEvent) -> None:
        said = lines.read(event.message, event.time_ms)
        if said is None:
            return
        if self._size >= MOST_HELD:
            self.dropped += 1
            return
        self._size += 1
        key = whose(batch, event), said.dialect
        held = self._held.setdefault(key, _Held(self._clock.now_ms(), said.dialect))
        if said.mark is not None:
            held.marks.append(said.mark)
        if said.workload is not None:
            held.workloads.append(said.workload)

    def forget(self) -> None:
        """Forget what waits: everything was wiped."""
        self._held, self._size = {}, 0

    async def flush(self) -> int:
        """Give what came to its runs; returns of how many runs something is new. Raises Unavailable."""
        if not self._held:
            return 0
        held, self._held, self._size = self._held, {}, 0
        now_ms = self._clock.now_ms()
        try:
            known = await self._known(held, now_ms)
            told = []
            for (writer, dialect), lines_held in held.items():
                run = run_of(writer, lines_held.marks, known[writer.account], now_ms)
                if run is not None:
                    told.append(Told(run.key, f"{dialect} log lines", lines_held.marks, merged(lines_held.workloads)))
                elif now_ms - lines_held.since_ms < WAIT_MS:
                    self._put_back((writer, dialect), lines_held)
            return await self._store.add(told)
        except BaseException:
            for key, lines_held in held.items():
                self._put_back(key, lines_held)
            raise

    def _put_back(self, key: tuple[Whose, str], before: _Held) -> None:
        """Hold lines again, before what came meanwhile."""
        now = self._held.get(key)
        if now is before:
            return
        self._size += before.size
        if now is not None:
            before.marks += now.marks
            before.workloads += now.workloads
        self._held[key] = before

    async def _known(self, held: Mapping[tuple[Whose, str], _Held], now_ms: int) -> dict[str, list[Run]]:
        """The runs of each account that may have written: those that waited or ran since the oldest line, or
        ended a little before it: last lines come late.
        """
        found: dict[str, list[Run]] = {}
        times = [mark.at_ms for one in held.values() for mark in one.marks] or [now_ms]
        since_ms = max(min(times), now_ms - _LONGEST_MS)
        for account in {writer.account for writer, _ in held}:
            wanted = RunFilter(start_ms=min(since_ms, now_ms) - WAIT_MS, end_ms=now_ms + 60_000)
            found[account] = await self._runs.listed(Scope(accounts=frozenset((account,))), wanted, _MOST_RUNS)
        return found


def whose(batch: LogBatch, event: LogEvent) -> Whose:
    """What an event and its stream say of who wrote it."""
    about = event.attributes
    job = first(about, JOB_KEYS)
    if not job:
        names = (*(about[name] for name in FILE_KEYS if name in about), batch.stream.name, batch.group.name)
        job = next((found.group(1) for name in names if (found := JOB_IN_NAME.search(name))), "")
    pod = next((f"{about.get(space, '')}/{about[name]}" for space, name in _PODS if about.get(name)), "")
    host = first(about, _HOSTS) or batch.stream.name
    return Whose(batch.group.account, job, pod, short_host(host))


def run_of(writer: Whose, marks: Sequence[Mark], runs: Sequence[Run], now_ms: int) -> Run | None:
    """The run that wrote; None where none is certain. `runs` are the last submitted first."""
    if writer.job:
        by_id = [run for run in runs if run.key.job in (writer.job, writer.job.partition("_")[0])]
        if by_id:
            return by_id[0]
    if writer.pod:
        by_pod = [run for run in runs if run.key.job == writer.pod or any(part.pod == writer.pod for part in run.held)]
        if by_pod:
            return by_pod[0]
    at_ms = marks[0].at_ms if marks else now_ms
    there = [run for run in runs if writer.host and _on(run, writer.host) and _ran(run, at_ms)]
    return there[0] if len(there) == 1 else None


def _on(run: Run, host: str) -> bool:
    return any(short_host(name) == host for name in (*run.node_names, *(part.node for part in run.held)))


def _ran(run: Run, at_ms: int) -> bool:
    return run.start_ms is not None and run.start_ms <= at_ms and (run.end_ms is None or at_ms <= run.end_ms)
