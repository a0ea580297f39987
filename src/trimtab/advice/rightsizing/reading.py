"""Reads use from the engine: a few statements for thousands of series, which it turns into distributions a day."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.advice.rightsizing.host_use import of_hosts
from trimtab.advice.rightsizing.measures import MEASURES, SUMMED, Measure, Unit
from trimtab.advice.rightsizing.model import Axis, Kind, Option, Subject, started_ms
from trimtab.advice.rightsizing.nodes import Nodes
from trimtab.advice.rightsizing.settings import STRICT
from trimtab.advice.rightsizing.statements import RATES, SAMPLES, VALUES, DailyReads
from trimtab.advice.rightsizing.use import DAY_MS, LEVELS, DailyUse, Floats
from trimtab.metrics import model as metrics
from trimtab.metrics.registry import SeriesQuery, SeriesRegistry
from trimtab.store.telemetry.client import Telemetry

AT_ONCE = 4000
"""Series a statement: 16 million points of five minutes over 14 days, well within its memory."""

Names = tuple[str, ...]


class Known(Struct, frozen=True):
    """The series of a measure by account and the values of its dimensions."""

    measure: Measure
    series: Mapping[Names, tuple[int, metrics.Kind]]


class UseReader:
    """The only reader of use for right-sizing. Series that a scope does not cover read as if they did not exist."""

    def __init__(self, telemetry: Telemetry, registry: SeriesRegistry, nodes: Nodes | None = None) -> None:
        self._telemetry = telemetry
        self._registry = registry
        self._nodes = nodes
        self._last: DailyReads | None = None

    def known(self, scope: Scope, kind: Kind) -> list[Known]:
        """What is measured of a kind: an index of series for each of its measures."""
        mine = ((one, self._series(scope, one)) for one in MEASURES if one.kind is kind)
        return [Known(measure, series) for measure, series in mine if series]

    def _series(self, scope: Scope, measure: Measure) -> dict[Names, tuple[int, metrics.Kind]]:
        query = SeriesQuery(
            namespace=measure.namespace or None, name=measure.metric, dimension_names=measure.dimensions
        )
        found: dict[Names, tuple[int, metrics.Kind]] = {}
        sizes: dict[Names, int] = {}
        for one in self._registry.find(scope, query):
            names = one.dimensions
            key = (one.identity.account, *(names[name] for name in measure.dimensions))
            if (
                key not in found or len(names) < sizes[key]
            ):  # the series with the fewest further dimensions is the whole
                found[key], sizes[key] = (one.id, one.identity.kind), len(names)
        return found

    async def uses(
        self, subjects: Sequence[Subject], known: Iterable[Known], present: Sequence[Option], start_ms: int, days: int
    ) -> dict[Axis, DailyUse]:
        """The use of `subjects`, which have the options `present` now, by axis, in shares of what those hold."""
        found: dict[Axis, DailyUse] = {}
        for one in known:
            axis = one.measure.axis
            rows = [one.series.get(names_of(subject)) for subject in subjects]
            if not any(rows):
                continue
            starts = {} if axis in STRICT else _starts(subjects, rows, start_ms)
            use = await self._read(rows, one.measure, start_ms, days, starts)
            use = _shares(use, one.measure, present)
            found[axis] = _joined(found[axis], use, summed=axis in SUMMED) if axis in found else use
        if self._nodes is not None and subjects and subjects[0].kind is Kind.INSTANCE:
            for axis, use in (await self._hosts(self._nodes, subjects, present, start_ms, days)).items():
                found[axis] = _joined(found[axis], use, summed=False) if axis in found else use
        return {axis: use for axis, use in found.items() if use.points.any()}

    async def _hosts(
        self, nodes: Nodes, subjects: Sequence[Subject], present: Sequence[Option], start_ms: int, days: int
    ) -> dict[Axis, DailyUse]:
        """What agents and exporters say of the hosts that subjects are."""
        told = await nodes.use(subjects, start_ms, start_ms + days * DAY_MS)
        found = {}
        for axis, series in told.series.items():
            measure = Measure(Kind.INSTANCE, axis, "", "", (), rate=any(one.rate for one in series))
            use = await self._read([(one.id, one.kind) for one in series], measure, start_ms, days, {})
            found[axis] = of_hosts(axis, series, use, told.devices, present)
        return found

    async def _read(
        self,
        rows: Sequence[tuple[int, metrics.Kind] | None],
        measure: Measure,
        start_ms: int,
        days: int,
        starts: Mapping[int, int],
    ) -> DailyUse:
        number = len(rows)
        use = DailyUse(
            start_ms,
            np.full((number, days, len(LEVELS)), np.nan),
            np.full((number, days), np.nan),
            np.zeros((number, days), np.int64),
        )
        of_kind: dict[str, list[tuple[int, int]]] = {}
        for place, row in enumerate(rows):
            if row is not None:
                of_kind.setdefault(_query(row[1], measure), []).append((row[0], place))
        reads = self._reads(start_ms, days)
        for kind, pairs in of_kind.items():
            pairs.sort()
            for at in range(0, len(pairs), AT_ONCE):
                part = pairs[at : at + AT_ONCE]
                ids = [id_ for id_, _ in part]
                begun = {id_: starts[id_] for id_ in ids if id_ in starts}
                _fill(use, await reads.read(kind, ids, begun), part)
        return use

    def _reads(self, start_ms: int, days: int) -> DailyReads:
        """Reads of a range; those of a computation share what they looked up."""
        if self._last is None or (self._last.start_ms, self._last.days) != (start_ms, days):
            self._last = DailyReads(self._telemetry, start_ms, days)
        return self._last


def _starts(
    subjects: Sequence[Subject], rows: Sequence[tuple[int, metrics.Kind] | None], start_ms: int
) -> dict[int, int]:
    """When what is measured by each series was started, of what was after `start_ms`."""
    found = {}
    for subject, row in zip(subjects, rows, strict=True):
        if row is not None and (begun := started_ms(subject)) > start_ms:
            found[row[0]] = begun
    return found


def names_of(subject: Subject) -> Names:
    """By what series are looked up: the account and the parts of the id."""
    return (subject.account, *subject.id.split("/"))


def _query(kind: metrics.Kind, measure: Measure) -> str:
    if kind is metrics.Kind.EVENTS:
        return VALUES
    return RATES if measure.rate else SAMPLES


def _fill(use: DailyUse, found: pa.Table, part: Sequence[tuple[int, int]]) -> None:
    if not found.num_rows:
        return
    ids = np.array([id_ for id_, _ in part], np.uint64)
    places = np.array([place for _, place in part])
    rows = places[np.searchsorted(ids, found["series"].to_numpy().astype(np.uint64))]
    days = found["day"].to_numpy().astype(np.int64)
    levels = found["levels"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    use.quantiles[rows, days, :-1] = levels.reshape(len(rows), len(LEVELS) - 1)
    use.quantiles[rows, days, -1] = found["highest"].to_numpy()
    use.means[rows, days] = found["mean"].to_numpy()
    use.points[rows, days] = found["points"].to_numpy().astype(np.int64)


def _shares(use: DailyUse, measure: Measure, present: Sequence[Option]) -> DailyUse:
    """Use in shares of what each subject's option holds; NaN where that is not known."""
    factor = np.full(len(use), measure.scale)
    if measure.summed:
        factor /= _period_s(use)
    if measure.unit is Unit.AMOUNT:
        held = measure.against or measure.axis
        factor /= np.array([one.capacity.get(held, float("nan")) for one in present])
    scaled = use.scaled(factor)
    if not measure.free:
        return _without_unknown(scaled)
    levels = np.array(LEVELS)
    turned = np.full_like(scaled.quantiles, np.nan)
    for one, day in zip(*np.nonzero(np.isfinite(scaled.means)), strict=True):
        turned[one, day] = 1.0 - np.interp(1.0 - levels, levels, scaled.quantiles[one, day])
    return _without_unknown(DailyUse(use.start_ms, turned, 1.0 - scaled.means, use.points))


def _period_s(use: DailyUse) -> Floats:
    """The seconds that a point of each subject is the sum of, told from its fullest day."""
    most = use.points.max(axis=1, initial=0)
    found: Floats = DAY_MS / 1000.0 / np.maximum(most, 1)
    return found


def _without_unknown(use: DailyUse) -> DailyUse:
    return DailyUse(use.start_ms, use.quantiles, use.means, np.where(np.isfinite(use.means), use.points, 0))


def _joined(first: DailyUse, other: DailyUse, *, summed: bool) -> DailyUse:
    """Two measures of one axis: parts of a whole are summed, else the first that has points counts."""
    if summed:
        quantiles = np.nan_to_num(first.quantiles) + np.nan_to_num(other.quantiles)
        means = np.nan_to_num(first.means) + np.nan_to_num(other.means)
        points = np.maximum(first.points, other.points)
        gone = np.asarray(points == 0)
        quantiles[gone], means[gone] = np.nan, np.nan
        return DailyUse(first.start_ms, quantiles, means, points)
    has = np.asarray(first.points.any(axis=1))
    return DailyUse(
        first.start_ms,
        np.where(has[:, None, None], first.quantiles, other.quantiles),
        np.where(has[:, None], first.means, other.means),
        np.where(has[:, None], first.points, other.points),
    )


def sustained(cpu: DailyUse) -> DailyUse:
    """The mean of each day as a use of its own: what CPU credits must cover."""
    quantiles: Floats = np.repeat(cpu.means[:, :, None], len(LEVELS), axis=2)
    return DailyUse(cpu.start_ms, quantiles, cpu.means, cpu.points)
