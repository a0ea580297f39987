"""Drift of a metric: its latest window against a baseline, and an event when it begins and when it ends."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from sqlalchemy import Connection, Row, delete, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound, TrimtabError
from trimtab.base.records import asdict, replace
from trimtab.base.tags import make_tags
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.expressions.model import MetricStat, Query, Values
from trimtab.metrics.statistics import parse_statistic
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import drift_watches
from trimtab.timeseries.drift import Drift, drift
from trimtab.triggers.arns import Place
from trimtab.triggers.entries import make_event, stable_id
from trimtab.triggers.intake import Intake

SOURCE, DETAIL_TYPE = "trimtab.drift", "Metric Drift State Change"
STABLE, DRIFTED, UNKNOWN = "STABLE", "DRIFTED", "INSUFFICIENT_DATA"
MOST_WATCHES = 200
_columns = drift_watches.c


class DriftForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is compared: the last `window_s` with the `baseline_s` before it, in periods of `period_s`.

    It has drifted where the PSI is above `psi`, or the KS test's p-value below `p_value` and its statistic above `ks`:
    with many points a difference too small to matter is significant all the same.
    """

    namespace: str
    name: str
    dimensions: dict[str, str] = msgspec.field(default_factory=dict)
    statistic: str = "Average"
    period_s: int = 300
    window_s: int = 86_400
    baseline_s: int = 7 * 86_400
    psi: float = 0.25
    ks: float = 0.2
    p_value: float = 0.001
    least_points: int = 30
    every_s: int = 300


class DriftWatch(Struct, frozen=True):
    """A watched metric and what came of the last look."""

    place: Place
    name: str
    form: DriftForm
    state: str
    scores: Drift | None
    created_ms: int
    looked_ms: int | None
    changed_ms: int | None
    reason: str


class DriftStore:
    """The watches."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(self, place: Place, name: str, form: DriftForm) -> DriftWatch:
        """Watch a metric. Raises InvalidInput, LimitExceeded."""
        parse_statistic(form.statistic)
        if not name or len(name) > 64:
            raise InvalidInput("cannot watch a metric without a name of up to 64 characters")
        if form.period_s < 60 or form.period_s % 60 or form.window_s < form.period_s or form.baseline_s < form.window_s:
            raise InvalidInput("cannot watch: expected whole minutes as period, and period ≤ window ≤ baseline")
        made = DriftWatch(place, name, form, UNKNOWN, None, self._clock.now_ms(), None, None, "")

        def write(connection: Connection) -> DriftWatch:
            known = connection.execute(select(_columns.name).where(_named(place, name))).first()
            if known is None and len(connection.execute(select(_columns.name)).all()) >= MOST_WATCHES:
                raise LimitExceeded(f"cannot watch {name}: there are {MOST_WATCHES} watches")
            connection.execute(delete(drift_watches).where(_named(place, name)))
            row = {"account": place.account, "region": place.region, "name": name, "state": UNKNOWN, "scores": ""}
            more = {"form": msgspec.json.encode(form).decode(), "created_ms": made.created_ms, "reason": ""}
            connection.execute(insert(drift_watches).values({**row, **more}))
            return made

        return await self._state.change(write)

    async def listed(self, account: str | None) -> list[DriftWatch]:
        """The watches of an account (None: of all), by name."""
        query = select(drift_watches).order_by(_columns.name)
        if account is not None:
            query = query.where(_columns.account == account)
        return await self._state.read(lambda connection: [_watch(row) for row in connection.execute(query)])

    async def delete(self, place: Place, name: str) -> None:
        """Watch no more. Raises NotFound."""

        def write(connection: Connection) -> None:
            if not connection.execute(delete(drift_watches).where(_named(place, name))).rowcount:
                raise NotFound(f"cannot find the drift watch {name[:100]!r}")

        await self._state.change(write)


class DriftJob:
    """Looks at the watches that are due."""

    def __init__(
        self,
        state: State,
        clock: Clock,
        intake: Intake,
        evaluator: Evaluator,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        self._state = state
        self._clock = clock
        self._intake = intake
        self._evaluator = evaluator
        self._may_write = may_write
        self._store = DriftStore(state, clock)

    async def turn(self) -> None:
        """Look at every watch that is due."""
        for watch in await self._store.listed(None):
            if self._may_write() and self._clock.now_ms() >= (watch.looked_ms or 0) + 1000 * watch.form.every_s:
                await self._look(watch)

    async def _look(self, watch: DriftWatch) -> None:
        form = watch.form
        period_ms = 1000 * form.period_s
        end_ms = self._clock.now_ms() // period_ms * period_ms
        try:
            sample = await self._values(watch, end_ms - 1000 * form.window_s, end_ms)
            baseline = await self._values(
                watch, end_ms - 1000 * (form.window_s + form.baseline_s), end_ms - 1000 * form.window_s
            )
        except TrimtabError as problem:
            await self._state.change(partial(self._note, watch=replace(watch, reason=str(problem)), was=watch.state))
            return
        await self._state.change(partial(self._note, watch=judged(watch, baseline, sample), was=watch.state))

    async def _values(self, watch: DriftWatch, start_ms: int, end_ms: int) -> Values:
        form = watch.form
        stat = MetricStat(
            form.namespace, form.name, make_tags(form.dimensions), parse_statistic(form.statistic), form.period_s
        )
        scope = Scope.of(watch.place.account, watch.place.region)
        found = await self._evaluator.evaluate(scope, [Query("m", stat)], start_ms, end_ms)
        return found[0].values if found else np.empty(0)

    def _note(self, connection: Connection, watch: DriftWatch, was: str) -> None:
        now_ms = self._clock.now_ms()
        changed = watch.state != was
        values: dict[str, Any] = {
            "state": watch.state,
            "scores": json.dumps(asdict(watch.scores)) if watch.scores else "",
            "looked_ms": now_ms,
            "reason": watch.reason,
        }
        if changed:
            values["changed_ms"] = now_ms
        connection.execute(update(drift_watches).where(_named(watch.place, watch.name)).values(values))
        if changed and DRIFTED in (watch.state, was):
            self._tell(connection, watch, was, now_ms)

    def _tell(self, connection: Connection, watch: DriftWatch, was: str, now_ms: int) -> None:
        form = watch.form
        detail = {
            "watch": watch.name,
            "state": watch.state,
            "previousState": was,
            "reason": watch.reason,
            "scores": asdict(watch.scores) if watch.scores else None,
            "metric": {"namespace": form.namespace, "name": form.name, "dimensions": form.dimensions},
            "statistic": form.statistic,
        }
        event = make_event(
            watch.place,
            watch.place.bus(""),
            source=SOURCE,
            detail_type=DETAIL_TYPE,
            detail=detail,
            at_ms=now_ms,
            id_=stable_id("drift", watch.place.arn("trimtab", watch.name), watch.state, str(now_ms)),
        )
        self._intake.put_in(connection, [event])


def judged(watch: DriftWatch, baseline: Values, sample: Values) -> DriftWatch:
    """The watch with the state that its data give it; with too few points it keeps the state that it has."""
    form = watch.form
    if min(baseline.size, sample.size) < form.least_points:
        said = f"{sample.size} points and {baseline.size} in the baseline; expected {form.least_points} each"
        return replace(watch, scores=None, reason=said)
    scores = drift(baseline, sample)
    moved = scores.psi > form.psi or (scores.p_value < form.p_value and scores.ks > form.ks)
    said = f"PSI {scores.psi:.3f} (limit {form.psi:g}), KS {scores.ks:.3f} with p {scores.p_value:.2g}"
    return replace(watch, state=DRIFTED if moved else STABLE, scores=scores, reason=said)


def _named(place: Place, name: str) -> Any:
    return (_columns.account == place.account) & (_columns.region == place.region) & (_columns.name == name)


def _watch(row: Row[Any]) -> DriftWatch:
    scores = Drift(**json.loads(row.scores)) if row.scores else None
    form = typed.decode(row.form, type=DriftForm)
    place = Place(row.account, row.region)
    return DriftWatch(
        place, row.name, form, row.state, scores, row.created_ms, row.looked_ms, row.changed_ms, row.reason
    )
