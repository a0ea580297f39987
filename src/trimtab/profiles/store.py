"""`ProfileStore`: what files of profiles say of runs, in the state database; it goes with its run."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.inventory.runs.model import RunKey
from trimtab.profiles.model import TraceProfile
from trimtab.profiles.stragglers import StragglerReport
from trimtab.store.state.database import State
from trimtab.store.state.tables import run_profiles, runs

MOST_FILES = 1024
"""Files of one run: a rank each. A row takes some 10 kB, and a run's page reads all of them."""


class ProfileFile(Struct, frozen=True, kw_only=True):
    """What one file says: a trace of one rank, or the operations of a whole job."""

    file: str
    trace: TraceProfile | None = None
    stragglers: StragglerReport | None = None


class RunProfiles(Struct, frozen=True):
    """The files of a run by name, and when the last of them came."""

    files: tuple[ProfileFile, ...]
    imported_ms: int


class ProfileStore:
    """Profiles by run."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(self, key: RunKey, files: Sequence[ProfileFile], who: str, *, replace: bool = False) -> int:
        """Keep files of a run, all or none; returns how many it has now. One of a name that it has replaces that; with
        `replace` all that it has goes.

        Raises NotFound where the run is gone, LimitExceeded for more than MOST_FILES.
        """
        now_ms = self._clock.now_ms()
        gone = None if replace else [one.file for one in files]
        return await self._state.change(lambda connection: _put(connection, key, files, gone, _By(who, now_ms)))

    async def of(self, key: RunKey) -> RunProfiles | None:
        """What is kept of a run."""
        return await self._state.read(lambda connection: _of(connection, key))

    async def drop(self, key: RunKey) -> int:
        """Let go of all that is kept of a run; how many files it was."""
        return await self._state.change(lambda connection: _drop(connection, key))


def _here(key: RunKey, names: Sequence[str] | None = None) -> ColumnElement[bool]:
    columns = run_profiles.c
    one = and_(columns.account == key.account, columns.cluster == key.cluster, columns.job == key.job)
    return one if names is None else and_(one, columns.file.in_(names))


class _By(NamedTuple):
    """Who imports, and when."""

    who: str
    at_ms: int


def _put(connection: Connection, key: RunKey, files: Sequence[ProfileFile], gone: Sequence[str] | None, by: _By) -> int:
    """Keep files in place of those of names in `gone` (None: of all)."""
    mine = and_(runs.c.account == key.account, runs.c.cluster == key.cluster, runs.c.job == key.job)
    if connection.execute(select(runs.c.job).where(mine)).first() is None:
        raise NotFound(f"run {key.job!r} is not known any more")
    connection.execute(delete(run_profiles).where(_here(key, gone)))
    kept = connection.scalar(select(func.count()).select_from(run_profiles).where(_here(key))) or 0
    if kept + len(files) > MOST_FILES:
        raise LimitExceeded(
            f"cannot keep {kept + len(files)} files of run {key.job!r}: at most {MOST_FILES}; nothing was kept"
        )
    rows = [
        {
            "account": key.account,
            "cluster": key.cluster,
            "job": key.job,
            "file": one.file,
            "imported_ms": by.at_ms,
            "imported_by": by.who,
            "profile": msgspec.json.encode(one).decode(),
        }
        for one in files
    ]
    if rows:
        connection.execute(insert(run_profiles), rows)
    return int(kept) + len(rows)


def _of(connection: Connection, key: RunKey) -> RunProfiles | None:
    columns = run_profiles.c.profile, run_profiles.c.imported_ms
    rows = connection.execute(select(*columns).where(_here(key)).order_by(run_profiles.c.file)).all()
    if not rows:
        return None
    files = tuple(typed.decode(row.profile, type=ProfileFile) for row in rows)
    return RunProfiles(files, max(row.imported_ms for row in rows))


def _drop(connection: Connection, key: RunKey) -> int:
    return connection.execute(delete(run_profiles).where(_here(key))).rowcount
