"""Gathers what jobs read, so that all metrics over one range are one call of the reader."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.metrics.expressions.model import MetricStat
from trimtab.metrics.expressions.ports import Reader, Registry
from trimtab.metrics.expressions.values import Grid, Tag
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import Statistic

_REMEMBERED = 100_000
"""Metrics whose series are remembered: more than the alarms that one server evaluates each minute."""


class Row(Struct, frozen=True):
    """A time series to read: its tag, and its place in the batch (None: it has no series)."""

    tag: Tag
    slot: int | None


class Rows(Struct, frozen=True):
    """What a metric, SEARCH or query reads: rows on one grid, and whether a limit left some out."""

    grid: Grid
    rows: tuple[Row, ...]
    cut: bool = False


class Sight(Struct, frozen=True):
    """What an evaluation may see: `own` unless a query names accounts, then as much of `linked` as it names."""

    own: Scope
    linked: Scope

    def of(self, account: str | None) -> Scope:
        """The scope of a query that names `account` or none. Raises InvalidInput for one that is not linked."""
        if account is None or self.own.accounts == frozenset((account,)):
            return self.own
        allowed = self.linked.accounts
        if allowed is not None and account not in allowed:
            raise InvalidInput(
                f"The value {account} for parameter AccountId is not a linked account.", field="AccountId"
            )
        return replace(self.linked, accounts=frozenset((account,)))


class Batch:
    """Distinct reads of all jobs. A read that several want is made once."""

    def __init__(self) -> None:
        self._slots: dict[tuple[Scope, int, int, tuple[int, ...], Statistic, int], int] = {}

    def slot(self, scope: Scope, ids: tuple[int, ...], statistic: Statistic, grid: Grid, end_ms: int) -> int | None:
        """The place of a read in the answer of `read`; None where there are no series to read."""
        if not ids:
            return None
        key = (scope, grid.start_ms, end_ms, ids, statistic, grid.period_ms // 1000)
        return self._slots.setdefault(key, len(self._slots))

    async def read(self, reader: Reader) -> list[StatSeries]:
        """Every read, in the order of the slots. One call of the reader for each scope and range."""
        groups: dict[tuple[Scope, int, int], list[tuple[int, StatRequest]]] = {}
        for (scope, start_ms, end_ms, ids, statistic, period_s), slot in self._slots.items():
            request = StatRequest(ids, statistic, period_s, start_ms)
            groups.setdefault((scope, start_ms, end_ms), []).append((slot, request))
        answers = await asyncio.gather(
            *(
                reader.statistics(scope, [request for _, request in members], start_ms, end_ms)
                for (scope, start_ms, end_ms), members in groups.items()
            )
        )
        found: dict[int, StatSeries] = {}
        for members, answer in zip(groups.values(), answers, strict=True):
            found.update(zip((slot for slot, _ in members), answer, strict=True))
        return [found[slot] for slot in range(len(self._slots))]


class Resolver:
    """Series of metrics, remembered while no new series arrives."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[tuple[Scope, str, str, object, str | None], tuple[int, ...]] = {}
        self._size = -1

    def series(self, scope: Scope, stat: MetricStat) -> tuple[int, ...]:
        """The ids of the series that are this metric."""
        size = len(self._registry)
        if size != self._size or len(self._known) > _REMEMBERED:
            self._known.clear()
            self._size = size
        key = (scope, stat.namespace, stat.name, stat.dimensions, stat.unit)
        found = self._known.get(key)
        if found is None:
            query = SeriesQuery(stat.namespace, stat.name, stat.dimensions, exact=True, unit=stat.unit)
            found = self._known[key] = tuple(series.id for series in self._registry.find(scope, query))
        return found


def metric_tag(stat: MetricStat, label: str, scope: Scope) -> Tag:
    """The tag of a metric: what dynamic labels can say of it."""
    return tag_of(
        label,
        stat.namespace,
        stat.name,
        stat.dimensions,
        stat.statistic,
        stat.period_s,
        _only(scope.accounts),
        _only(scope.regions),
    )


def tag_of(
    label: str,
    namespace: str,
    name: str,
    dimensions: Sequence[tuple[str, str]],
    statistic: Statistic,
    period_s: int,
    account: str,
    region: str,
) -> Tag:
    """A tag with the documented properties."""
    return Tag(
        label,
        {
            "AccountId": account,
            "AccountLabel": account,
            "MetricName": name,
            "Namespace": namespace,
            "Period": str(period_s),
            "Region": region,
            "Stat": statistic.text,
            **{f"Dim.{key}": value for key, value in dimensions},
        },
    )


def _only(names: frozenset[str] | None) -> str:
    return next(iter(names)) if names is not None and len(names) == 1 else ""
