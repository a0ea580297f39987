"""The canaries of every account and their runs."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.canaries.form import check_form, check_name
from trimtab.canaries.model import Canary, CanaryKey, Run, StepResult
from trimtab.store.state.database import State
from trimtab.store.state.tables import canaries, canary_runs, tags
from trimtab.store.state.upcoming import Upcoming

Form = Mapping[str, Any]
_columns, _runs = canaries.c, canary_runs.c
_DAY_MS = 86_400_000


class CanaryStore:
    """The canaries."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self.upcoming = Upcoming(state, select(func.min(_columns.next_ms)).where(_columns.running.is_(True)))

    async def create(self, key: CanaryKey, form: Form) -> Canary:
        """Keep a new canary, which does not run yet. Raises InvalidInput, Conflict where there is one of that name."""
        check_form(form)
        check_name(key.name)
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Canary:
            if connection.execute(select(_columns.name).where(_at(key))).first() is not None:
                raise Conflict(f"A canary with the name {key.name} already exists.")
            row = {"account": key.account, "region": key.region, "name": key.name, "id": str(uuid4())}
            connection.execute(
                insert(canaries).values(**row, form=_written(form), running=False, created_ms=now_ms, updated_ms=now_ms)
            )
            return _one(connection, key)

        return await self._state.change(write)

    async def put(self, key: CanaryKey, blueprint: Any, schedule: str, retries: int, timeout_s: int | None) -> Canary:
        """Make a canary, or change these of one that there is. Raises InvalidInput."""
        check_name(key.name)
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Canary:
            row = connection.execute(select(canaries).where(_at(key))).mappings().first()
            form: dict[str, Any] = json.loads(row["form"]) if row is not None else {}
            timed = {"Expression": schedule, "RetryConfig": {"MaxRetries": retries}}
            form |= {"Blueprint": blueprint, "Schedule": {**form.get("Schedule", {}), **timed}}
            if timeout_s is not None:
                form["RunConfig"] = {**form.get("RunConfig", {}), "TimeoutInSeconds": timeout_s}
            check_form(form)
            values = {"form": _written(form), "updated_ms": now_ms}
            if row is None:
                place = {"account": key.account, "region": key.region, "name": key.name, "id": str(uuid4())}
                connection.execute(insert(canaries).values(**place, **values, running=False, created_ms=now_ms))
            else:
                connection.execute(update(canaries).where(_at(key)).values(**values))
            return _one(connection, key)

        return await self._state.change(write)

    async def update(self, key: CanaryKey, form: Form) -> Canary:
        """Change the form. Raises InvalidInput, NotFound."""
        check_form(form)
        values = {"form": _written(form), "updated_ms": self._clock.now_ms()}

        def write(connection: Connection) -> Canary:
            connection.execute(update(canaries).where(_at(key)).values(**values))
            return _one(connection, key)

        return await self._state.change(write)

    async def get(self, key: CanaryKey) -> Canary:
        """A canary. Raises NotFound."""
        return await self._state.read(lambda connection: _one(connection, key))

    async def listed(self, scope: Scope) -> list[Canary]:
        """The canaries of a scope's accounts and regions, by name."""
        query = select(canaries).order_by(_columns.name, _columns.account, _columns.region)
        if scope.accounts is not None:
            query = query.where(_columns.account.in_(scope.accounts))
        if scope.regions is not None:
            query = query.where(_columns.region.in_(scope.regions))
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(query).mappings()])

    async def delete(self, key: CanaryKey) -> None:
        """Forget a canary with its runs and tags. Raises NotFound, Conflict while it runs."""

        def write(connection: Connection) -> None:
            kept = _one(connection, key)
            if kept.running:
                raise Conflict(f"Canary {key.name} is in a state that can not be deleted: stop it first.")
            connection.execute(delete(canary_runs).where(_runs.canary == kept.id))
            connection.execute(delete(canaries).where(_at(key)))
            connection.execute(delete(tags).where(tags.c.arn == key.arn))

        await self._state.change(write)

    async def start(self, key: CanaryKey) -> Canary:
        """Let it run from now on, as long as its schedule says. Raises NotFound, Conflict while it runs."""
        now_ms = self._clock.now_ms()

        def started(kept: Canary) -> Mapping[str, Any]:
            lasts_s = kept.form["Schedule"].get("DurationInSeconds") or 0
            until_ms = now_ms + lasts_s * 1000 if lasts_s else None
            return {"running": True, "started_ms": now_ms, "runs_until_ms": until_ms, "next_ms": now_ms}

        return await self._turn(key, started, "is already running")

    async def stop(self, key: CanaryKey) -> Canary:
        """Let it run no more. Raises NotFound, Conflict unless it runs."""
        stopped = {"running": False, "stopped_ms": self._clock.now_ms(), "next_ms": None}
        return await self._turn(key, lambda _: stopped, "is not running")

    async def due(self, now_ms: int, limit: int = 100) -> list[Canary]:
        """Canaries that are to run now, those that wait longest first."""
        query = select(canaries).where(_columns.running.is_(True), _columns.next_ms <= now_ms)
        query = query.order_by(_columns.next_ms).limit(limit)
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(query).mappings()])

    async def ran(self, canary: Canary, run: Run, next_ms: int | None) -> None:
        """Keep a run, and when the next one is due (None: it stops); runs past their days go."""
        form, now_ms = canary.form, self._clock.now_ms()
        values: dict[str, Any] = {"next_ms": next_ms}
        if next_ms is None:
            values |= {"running": False, "stopped_ms": now_ms}

        def write(connection: Connection) -> None:
            still = and_(_columns.id == canary.id, _columns.running.is_(True), _columns.next_ms == canary.next_ms)
            connection.execute(update(canaries).where(still).values(values))
            if connection.execute(select(_columns.id).where(_columns.id == canary.id)).first() is None:
                return  # it was deleted meanwhile
            connection.execute(
                insert(canary_runs).values(
                    id=run.id, canary=canary.id, began_ms=run.began_ms, ended_ms=run.ended_ms, passed=run.passed,
                    reason=run.reason, steps=msgspec.json.encode(run.steps).decode(), retry=run.retry,
                )
            )  # fmt: skip
            for passed, name in ((True, "SuccessRetentionPeriodInDays"), (False, "FailureRetentionPeriodInDays")):
                before_ms = now_ms - int(form.get(name, 31)) * _DAY_MS
                old = (_runs.canary == canary.id, _runs.passed.is_(passed), _runs.began_ms < before_ms)
                connection.execute(delete(canary_runs).where(*old))

        await self._state.change(write)

    async def runs(self, canary: str, limit: int = 100, before_ms: int | None = None) -> list[Run]:
        """Runs of a canary (its id), the newest first, those that began before a time."""
        query = select(canary_runs).where(_runs.canary == canary)
        if before_ms is not None:
            query = query.where(_runs.began_ms < before_ms)
        query = query.order_by(_runs.began_ms.desc()).limit(limit)
        return await self._state.read(lambda connection: [_run(row) for row in connection.execute(query).mappings()])

    async def _turn(self, key: CanaryKey, turned: Callable[[Canary], Mapping[str, Any]], already: str) -> Canary:
        """Change whether it runs. Raises NotFound, Conflict where it is so already."""

        def write(connection: Connection) -> Canary:
            kept = _one(connection, key)
            values = turned(kept)
            if kept.running is values["running"]:
                raise Conflict(f"Canary {key.name} {already}.")
            connection.execute(update(canaries).where(_at(key)).values(**values))
            return _one(connection, key)

        return await self._state.change(write)


def _written(form: Form) -> str:
    return json.dumps(dict(form), sort_keys=True)


def _at(key: CanaryKey) -> ColumnElement[bool]:
    return and_(_columns.account == key.account, _columns.region == key.region, _columns.name == key.name)


def _one(connection: Connection, key: CanaryKey) -> Canary:
    row = connection.execute(select(canaries).where(_at(key))).mappings().first()
    if row is None:
        raise NotFound(f"The canary {key.name} does not exist.")
    return _read(row)


def _read(row: RowMapping) -> Canary:
    kept = {name: row[name] for name in Canary.__struct_fields__ if name not in ("key", "form")}
    key = CanaryKey(row["account"], row["region"], row["name"])
    return Canary(key=key, form=json.loads(row["form"]), **kept)


def _run(row: RowMapping) -> Run:
    steps: Sequence[StepResult] = typed.decode(row["steps"], type=list[StepResult])
    kept = {name: row[name] for name in ("id", "began_ms", "ended_ms", "passed", "reason", "retry")}
    return Run(steps=tuple(steps), **kept)
