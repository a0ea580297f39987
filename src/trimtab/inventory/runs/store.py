"""`RunStore`: what schedulers report of runs, kept once however often it comes, and asked for again.

A report is an upsert: an older one than what is known changes nothing, a repeat only moves `seen_ms`. What a run waited
for is kept as stretches of time with one reason each; the last stretch of a run that still waits goes on to when the
run was last seen.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select, tuple_, update

from trimtab.access.scope import Scope
from trimtab.base.errors import NotFound
from trimtab.base.records import replace
from trimtab.inventory.runs.accounting import Accounting, Began, Cluster, accounted
from trimtab.inventory.runs.attempts import closed, earlier_key, is_earlier, is_newer, whole_key
from trimtab.inventory.runs.filter import RunFilter, visible
from trimtab.inventory.runs.marks import Span, mark
from trimtab.inventory.runs.model import OPEN, Held, Run, RunKey, RunState, Stretch
from trimtab.inventory.runs.rows import STILL, held_of, held_values, key_of, key_values, run_of, run_values, stretch_of
from trimtab.store.state.database import State
from trimtab.store.state.tables import run_devices, run_states, runs

_CHUNK = 500
"""Keys of one statement: far below SQLite's limit of 32,766 parameters."""
_FEW = 20
"""Runs whose attempts are looked up by name one by one."""
OpenJobs = Mapping[tuple[str, str], frozenset[str]]
UNKNOWN_REASON = "not observed"
"""Why a run waited that nobody looked at while it did."""


class Taken(Struct, frozen=True):
    """What came of a report: runs read, those that changed something, and those that vanished."""

    runs: int
    changed: int
    lost: int = 0


class RunStore:
    """Every run, over the state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(self, reported: Sequence[Run], seen_ms: int, open_jobs: OpenJobs | None = None) -> Taken:
        """Take a report of `seen_ms`. `open_jobs` are, by (account, cluster), the ids of every run that waits or runs
        there: one that is known as open and not among them has vanished.
        """
        return await self._state.change(lambda connection: _put(connection, reported, seen_ms, open_jobs or {}))

    async def listed(self, scope: Scope, wanted: RunFilter, limit: int, after: RunKey | None = None) -> list[Run]:
        """At most `limit` runs, the last submitted first; those after the run `after` in that order."""
        return await self._state.read(lambda connection: _listed(connection, scope, wanted, limit, after))

    async def spans(self, start_ms: int, end_ms: int) -> list[tuple[int, int | None]]:
        """From when until when each run held GPUs (None: still) that ran at any time in a range: no run, no words."""
        return await self._state.read(lambda connection: _spans(connection, start_ms, end_ms))

    async def nodes(self, start_ms: int, end_ms: int) -> set[str]:
        """The names of the nodes of runs with GPUs that overlap a range."""
        return await self._state.read(lambda connection: _nodes(connection, start_ms, end_ms))

    async def accounted(self, began: Began) -> dict[Cluster, int]:
        """By account and cluster since when runs tell who had its nodes, of the time before `began` (None: of all).

        That is the start of the first run that ended by then: only accounting tells of those. Clusters of which nothing
        is known of that time are left out.
        """
        return await self._state.read(lambda connection: accounted(connection, began))

    async def one(self, scope: Scope, job: str, cluster: str = "") -> Run:
        """The run of an id. Raises NotFound; of several clusters' runs of that id the last submitted is taken."""
        found = await self._state.read(lambda connection: _of_job(connection, scope, job, cluster))
        if not found:
            where = f" in cluster {cluster!r}" if cluster else ""
            raise NotFound(f"no run {job!r} is known{where}; `trimtab runs list` shows those that are")
        return found[0]

    async def attempts(self, asked: Sequence[Run]) -> dict[RunKey, list[Run]]:
        """The other attempts of runs that have any, the first first: the earlier ones, and of an earlier one the newest
        too."""
        return await self._state.read(lambda connection: _attempts(connection, asked))

    async def stretches(self, keys: Iterable[RunKey]) -> dict[RunKey, list[Stretch]]:
        """What runs waited for, in order of time."""
        wanted = list(dict.fromkeys(keys))
        return await self._state.read(lambda connection: _stretches(connection, wanted))


def _put(connection: Connection, reported: Sequence[Run], seen_ms: int, open_jobs: OpenJobs) -> Taken:
    accounting = Accounting.of(connection, {(one.key.account, one.key.cluster) for one in reported})
    newest, spans = _by_attempt(connection, reported, seen_ms)
    changed = 0
    keys = list(newest)
    for at in range(0, len(keys), _CHUNK):
        known = {one.key: one for one in _by_keys(connection, keys[at : at + _CHUNK])}
        same, new = [], []
        for key in keys[at : at + _CHUNK]:
            before, now = known.get(key), newest[key]
            if before is not None and before.seen_ms > seen_ms:
                continue
            now = _joined(before, now, seen_ms)
            if before is not None and replace(before, seen_ms=seen_ms) == now:
                same.append(key)
                continue
            changed += 1
            spans += _difference(before, now)
            if before is None:
                new.append(now)
            else:
                _change(connection, before, now)
        _add(connection, new)
        _seen(connection, same, seen_ms)
    lost = [one for cluster, jobs in open_jobs.items() for one in _vanished(connection, *cluster, jobs, seen_ms)]
    spans += [span for before, now in lost for span in _difference(before, now)]
    mark(connection, [*spans, *accounting.reaches_back(connection)])
    return Taken(len(newest), changed, len(lost))


def _by_attempt(connection: Connection, reported: Sequence[Run], seen_ms: int) -> tuple[dict[RunKey, Run], list[Span]]:
    """What is reported, each attempt under its key; a known run that a newer attempt follows is an earlier one from now
    on. With the places of those."""
    attempts: dict[RunKey, dict[int, Run]] = defaultdict(dict)
    for one in reported:
        attempts[one.key][one.submit_ms] = one
    found: dict[RunKey, Run] = {}
    spans: list[Span] = []
    keys = list(attempts)
    for at in range(0, len(keys), _CHUNK):
        known = {one.key: one for one in _by_keys(connection, keys[at : at + _CHUNK])}
        for key in keys[at : at + _CHUNK]:
            *earlier, last = (attempts[key][submitted] for submitted in sorted(attempts[key]))
            before = known.get(key)
            if before is not None and before.seen_ms <= seen_ms and is_newer(last, before):
                spans += _extent(before)
                _rename(connection, key, earlier_key(before))
                found[earlier_key(before)] = closed(before, last)
            elif before is not None and is_newer(before, last):
                earlier.append(last)  # told late: what is known of it by now is newer
            if earlier[-1:] != [last]:
                found[key] = last
            found |= {earlier_key(one): replace(one, key=earlier_key(one)) for one in earlier if not one.open}
    return found, spans


def _rename(connection: Connection, key: RunKey, new: RunKey) -> None:
    for table in (runs, run_devices, run_states):
        connection.execute(delete(table).where(_at(table, new)))
        connection.execute(update(table).where(_at(table, key)).values(job=new.job))


def _extent(run: Run | None) -> list[Span]:
    """The nodes that a run held, and from when until when; none for one that did not start."""
    if run is None:
        return []
    times = [(part.start_ms, part.end_ms) for part in run.held]
    starts = [start for start in (run.start_ms, *(start for start, _ in times)) if start is not None]
    if not starts:
        return []
    ends = [run.end_ms, *(end for _, end in times if end is not None)]
    until_ms = STILL if run.end_ms is None else max(end for end in ends if end is not None)
    nodes = dict.fromkeys((*(part.node for part in run.held), *run.node_names)) or {"": None}
    return [Span(run.key.account, run.key.cluster, tuple(nodes), min(starts), max(until_ms, min(starts) + 1))]


def _difference(before: Run | None, now: Run) -> list[Span]:
    """Where and when a run holds other than it did: nothing where only words about it changed, and only what follows
    the earlier end where it is its end that moved (mostly: it ended, and was taken for going on)."""
    if before is None or _placed(before) != _placed(now):
        return [*_extent(before), *_extent(now)]
    moved = [end for ends in zip(_ends(before), _ends(now), strict=True) if len(set(ends)) > 1 for end in ends]
    if not moved:
        return []
    until_ms = max((span.to_ms for run in (before, now) for span in _extent(run)), default=0)
    return [replace(span, from_ms=min(moved), to_ms=until_ms) for span in _extent(now)]


def _placed(run: Run) -> tuple[object, ...]:
    """Everything that says what a run held, of what and for whom, but not until when."""
    held = tuple(replace(part, end_ms=None) for part in run.held)
    when = (run.submit_ms, run.start_ms)
    return (*when, run.team, run.queue, run.gpus, run.gpu_type, run.node_names, run.whole_nodes, held)


def _ends(run: Run) -> list[int]:
    """When a run ended, and each of its parts."""
    whole = STILL if run.end_ms is None else run.end_ms
    return [whole, *(whole if part.end_ms is None else part.end_ms for part in run.held)]


def _joined(before: Run | None, now: Run, seen_ms: int) -> Run:
    """A report with what only an earlier one said: accounting forgets which GPUs of a node a run had."""
    now = replace(now, seen_ms=seen_ms, tags=dict(now.tags))
    if before is None:
        return now
    if _named(before.held) and not _named(now.held) and now.start_ms == before.start_ms:
        now = replace(now, held=before.held)
    if not now.gpu_type:
        now = replace(now, gpu_type=before.gpu_type)
    if not now.reason and now.state is RunState.PENDING and before.state is RunState.PENDING:
        now = replace(now, reason=before.reason)
    return now


def _named(held: Sequence[Held]) -> bool:
    return any(one.indexes or one.uuids for one in held)


def _add(connection: Connection, new: Sequence[Run]) -> None:
    """Insert runs that were not known, in three statements."""
    if not new:
        return
    rows = [
        {**key_values(one.key), **run_values(one), "seen_ms": one.seen_ms, "changed_ms": one.seen_ms} for one in new
    ]
    connection.execute(insert(runs), rows)
    held = [row for one in new for row in held_values(one)]
    if held:
        connection.execute(insert(run_devices), held)
    waits = [row for one in new if (row := _first_wait(one)) is not None]
    if waits:
        connection.execute(insert(run_states), waits)


def _change(connection: Connection, before: Run, now: Run) -> None:
    """Bring a known run up to date."""
    values = {**run_values(now), "seen_ms": now.seen_ms, "changed_ms": now.seen_ms}
    connection.execute(update(runs).where(_at(runs, now.key)).values(values))
    if before.held != now.held:
        connection.execute(delete(run_devices).where(_at(run_devices, now.key)))
        if now.held:
            connection.execute(insert(run_devices), held_values(now))
    waits, was = now.state is RunState.PENDING, before.state is RunState.PENDING
    if waits and was and before.reason == now.reason:
        return
    ended_ms = now.seen_ms if waits else now.submit_ms + now.wait_ms(now.seen_ms)
    if was:
        open_ = update(run_states).where(_at(run_states, now.key), run_states.c.to_ms == STILL)
        connection.execute(open_.values(to_ms=ended_ms))
    if waits:  # a job that goes back to the queue waits from when somebody saw it there
        row = _stretch(now.key, now.seen_ms, STILL, now.reason)
        same = (_at(run_states, now.key), run_states.c.from_ms == now.seen_ms)
        connection.execute(delete(run_states).where(*same))
        connection.execute(insert(run_states).values(row))


def _first_wait(now: Run) -> dict[str, Any] | None:
    """What a run that was not known before waits for, or waited for; None for one that did not wait."""
    if now.state is RunState.PENDING:
        return _stretch(now.key, now.submit_ms, STILL, now.reason)
    ended_ms = now.submit_ms + now.wait_ms(now.seen_ms)
    return _stretch(now.key, now.submit_ms, ended_ms, now.reason) if ended_ms > now.submit_ms else None


def _stretch(key: RunKey, from_ms: int, to_ms: int, reason: str) -> dict[str, Any]:
    state = RunState.PENDING.value
    reason = reason or UNKNOWN_REASON
    return {**key_values(key), "from_ms": from_ms, "to_ms": to_ms, "state": state, "reason": reason}


def _seen(connection: Connection, keys: Sequence[RunKey], seen_ms: int) -> None:
    if keys:
        connection.execute(update(runs).where(_in(runs, keys)).values(seen_ms=seen_ms))


def _vanished(
    connection: Connection, account: str, cluster: str, jobs: frozenset[str], seen_ms: int
) -> list[tuple[Run, Run]]:
    """End what is open and not among `jobs`, when it was last seen; the others are seen now. Those that vanished, as
    they were before and as they are now.
    """
    states = [state.value for state in OPEN]
    here = and_(runs.c.account == account, runs.c.cluster == cluster, runs.c.state.in_(states))
    rows = connection.execute(select(runs).where(here, runs.c.seen_ms < seen_ms)).all()
    gone = [row for row in rows if row.job not in jobs]
    vanished: list[tuple[Run, Run]] = []
    for before in _with_held(connection, gone):
        end_ms = max(before.seen_ms, before.start_ms or 0)
        now = replace(before, state=RunState.LOST, end_ms=end_ms, seen_ms=seen_ms, reason="it vanished")
        _change(connection, before, now)
        vanished.append((before, now))
    still = [key_of(row) for row in rows if row.job in jobs]
    for at in range(0, len(still), _CHUNK):
        _seen(connection, still[at : at + _CHUNK], seen_ms)
    return vanished


def _listed(connection: Connection, scope: Scope, wanted: RunFilter, limit: int, after: RunKey | None) -> list[Run]:
    query = _filtered(scope, wanted)
    if after is not None:
        last = connection.execute(select(runs.c.submit_ms).where(_at(runs, after))).scalar()
        if last is not None:
            place = tuple_(runs.c.account, runs.c.cluster, runs.c.job)
            later = and_(runs.c.submit_ms == last, place > tuple_(after.account, after.cluster, after.job))
            query = query.where(or_(runs.c.submit_ms < last, later))
    query = query.order_by(runs.c.submit_ms.desc(), runs.c.account, runs.c.cluster, runs.c.job)
    found: list[Run] = []
    for row in connection.execute(query.execution_options(yield_per=500)):
        one = run_of(row, ())
        if visible(scope, one) and wanted.takes(one):
            found.append(one)
        if len(found) == limit:
            break
    held = _held(connection, [one.key for one in found])
    return [replace(one, held=tuple(held.get(one.key, ()))) for one in found]


def _filtered(scope: Scope, wanted: RunFilter) -> Select[Any]:
    query = select(runs)
    if scope.accounts is not None:
        query = query.where(runs.c.account.in_(sorted(scope.accounts)))
    if wanted.end_ms is not None:
        query = query.where(runs.c.submit_ms < wanted.end_ms)
    if wanted.start_ms is not None:
        query = query.where(or_(runs.c.end_ms.is_(None), runs.c.end_ms > wanted.start_ms))
    for column, value in (
        (runs.c.cluster, wanted.cluster),
        (runs.c.team, wanted.team),
        (runs.c.user, wanted.user),
        (runs.c.queue, wanted.queue),
    ):
        if value:
            query = query.where(column == value)
    return query.where(runs.c.state.in_(wanted.states)) if wanted.states else query


def _spans(connection: Connection, start_ms: int, end_ms: int) -> list[tuple[int, int | None]]:
    last = func.max(run_devices.c.end_ms)
    query = (
        select(runs.c.start_ms, runs.c.end_ms, last)
        .select_from(runs.outerjoin(run_devices, _same_run()))
        .where(runs.c.start_ms < end_ms, or_(runs.c.end_ms.is_(None), runs.c.end_ms > start_ms), runs.c.gpus > 0)
        .group_by(runs.c.account, runs.c.cluster, runs.c.job, runs.c.start_ms, runs.c.end_ms)
    )
    found = connection.execute(query)
    return [(begun, None if ended is None else max(ended, held or 0)) for begun, ended, held in found]


def _nodes(connection: Connection, start_ms: int, end_ms: int) -> set[str]:
    within = runs.c.start_ms < end_ms, or_(runs.c.end_ms.is_(None), runs.c.end_ms > start_ms), runs.c.gpus > 0
    held = select(run_devices.c.node).select_from(runs.join(run_devices, _same_run())).where(*within).distinct()
    named = select(runs.c.node_names).where(*within).distinct()
    lists = [json.loads(text) for text in connection.execute(named).scalars()]
    return {*connection.execute(held).scalars(), *(name for names in lists for name in names)} - {""}


def _same_run() -> ColumnElement[bool]:
    return and_(*(runs.c[name] == run_devices.c[name] for name in ("account", "cluster", "job")))


def _of_job(connection: Connection, scope: Scope, job: str, cluster: str) -> list[Run]:
    query = select(runs).where(runs.c.job == job).order_by(runs.c.submit_ms.desc())
    if cluster:
        query = query.where(runs.c.cluster == cluster)
    return [one for one in _with_held(connection, connection.execute(query).all()) if visible(scope, one)]


def _by_keys(connection: Connection, keys: Sequence[RunKey]) -> list[Run]:
    if not keys:
        return []
    return _with_held(connection, connection.execute(select(runs).where(_in(runs, keys))).all())


def _with_held(connection: Connection, rows: Sequence[Any]) -> list[Run]:
    held = _held(connection, [key_of(row) for row in rows])
    return [run_of(row, held.get(key_of(row), ())) for row in rows]


def _held(connection: Connection, keys: Sequence[RunKey]) -> dict[RunKey, list[Held]]:
    found: dict[RunKey, list[Held]] = defaultdict(list)
    for at in range(0, len(keys), _CHUNK):
        query = select(run_devices).where(_in(run_devices, keys[at : at + _CHUNK])).order_by(run_devices.c.place)
        for row in connection.execute(query):
            found[key_of(row)].append(held_of(row))
    return found


def _attempts(connection: Connection, asked: Sequence[Run]) -> dict[RunKey, list[Run]]:
    keys = {whole_key(one.key) for one in asked}
    accounts = sorted({key.account for key in keys})
    earlier = [runs.c.job.contains("@", autoescape=True)]
    if len(keys) <= _FEW:  # "A" follows "@": the names of attempts, by the index of the primary key
        earlier = [and_(runs.c.job > f"{key.job}@", runs.c.job < f"{key.job}A") for key in keys]
    rows = connection.execute(select(runs).where(runs.c.account.in_(accounts), or_(*earlier))).all()
    found = [one for one in _with_held(connection, rows) if whole_key(one.key) in keys and is_earlier(one.key)]
    by_whole: dict[RunKey, list[Run]] = defaultdict(list)
    for one in (*found, *_by_keys(connection, list({whole_key(one.key) for one in found}))):
        by_whole[whole_key(one.key)].append(one)
    every = {key: sorted(mine, key=lambda one: one.submit_ms) for key, mine in by_whole.items()}
    others = {run.key: [one for one in every.get(whole_key(run.key), ()) if one.key != run.key] for run in asked}
    return {key: mine for key, mine in others.items() if mine}


def _stretches(connection: Connection, keys: Sequence[RunKey]) -> dict[RunKey, list[Stretch]]:
    found: dict[RunKey, list[Stretch]] = defaultdict(list)
    for at in range(0, len(keys), _CHUNK):
        chunk = keys[at : at + _CHUNK]
        seen = {key_of(row): row.seen_ms for row in connection.execute(select(runs).where(_in(runs, chunk)))}
        rows = connection.execute(select(run_states).where(_in(run_states, chunk)).order_by(run_states.c.from_ms))
        for row in rows:
            one, key = stretch_of(row), key_of(row)
            found[key].append(replace(one, to_ms=min(one.to_ms, max(seen[key], one.from_ms))))
    return found


def _at(table: Any, key: RunKey) -> Any:
    return and_(table.c.account == key.account, table.c.cluster == key.cluster, table.c.job == key.job)


def _in(table: Any, keys: Sequence[RunKey]) -> Any:
    """Rows of keys, cluster by cluster: both databases then use the primary key, as they do not for lists of tuples."""
    jobs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key in keys:
        jobs[key.account, key.cluster].append(key.job)
    columns = table.c
    parts = [
        and_(columns.account == account, columns.cluster == cluster, columns.job.in_(found))
        for (account, cluster), found in jobs.items()
    ]
    return or_(*parts)
