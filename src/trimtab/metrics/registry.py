"""Every series trimtab knows, in memory: ids are given here, searches answered here, and nothing awaits but `load`.

Series are columns (`series_table.py`): what is answered as an object is made when it is asked for.

A new series becomes an unlogged row, which the next write to the log carries in front of its points. A write that
fails gives its rows back, so that no point can stay without its series.
"""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.metrics.activity import LATE_MS, Activity
from trimtab.metrics.admission import Admission, SeriesLimits
from trimtab.metrics.drop_rules import DROPPED_BELOW, DropRules
from trimtab.metrics.encoding import encode_series
from trimtab.metrics.model import Identity, Kind, Series, SeriesQuery
from trimtab.metrics.postings import Ordinals
from trimtab.metrics.series_index import SeriesIndex
from trimtab.metrics.series_order import SeriesOrder
from trimtab.metrics.series_rows import put_rows
from trimtab.metrics.series_table import SeriesTable
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import ReadLimits, Telemetry

__all__ = ["SeriesQuery", "SeriesRegistry"]

logger = logging.getLogger(__name__)

_QUERIES = load_queries("trimtab.metrics")
_IDS = 2**64
# ListMetrics hides what was idle for two weeks, and points older than that are refused: nothing older is asked for.
_ACTIVITY_MS = 15 * 86_400_000
# A start reads every series and 15 days of times: minutes where a page's read may take seconds.
_LOAD_LIMITS = ReadLimits(seconds=600.0)
FOLLOW_LIMIT = 4_000_000
"""Series that a process which only reads keeps in memory: about 150 bytes each."""
_ALL = 2**32 - 1  # ordinals are 32 bits wide
_RECENT = 4096
"""Identities whose ids are remembered, 3 MB: doors that keep none of their own ask for the same ones again."""
FOLLOW_S = 10.0
"""Seconds between two looks of a server for series that others registered; points of them are read at once."""
_FOLLOW_OVERLAP_MS = 900_000
"""Rows reach the engine after the series' first moment: by a drain's delay, and by what clocks of servers differ."""
_TIMED_MS = 3_600_000
"""Between two reads of when series last had points: what is listed was active within days."""
_POINT_TABLES = ("values", "sets", "samples", "histograms")


class Snapshot(Struct, frozen=True):
    """Some series of a table, whose columns only grow: another thread may read what they say of these."""

    table: SeriesTable
    found: Ordinals


class SeriesRegistry:
    """The index of every series. Used from one thread (the event loop's)."""

    def __init__(self, telemetry: Telemetry, clock: Clock, limits: SeriesLimits | None = None) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._limits = limits or SeriesLimits()
        self.rules = DropRules()
        """What is not kept: asked of every identity that a door brings, before it is looked up."""
        self.clear()

    def clear(self) -> None:
        """Know no series: at the start, and when everything was wiped."""
        self._table = SeriesTable()
        self._index = SeriesIndex(self._table)
        self._order = SeriesOrder(self._table)
        self._recent: dict[Identity, int] = {}
        self._renamed: set[tuple[int, str]] = set()  # series and resources that they had before
        self._unlogged: dict[int, bytes] = {}  # as rows already: a write that carries many would hold up the loop
        self._followed_ms = self._timed_ms = 0
        self.admission = Admission(self._limits, self._count_live, self._clock.now_ms)

    def __len__(self) -> int:
        """The number of series known."""
        return len(self._table)

    async def load(self, kept: Activity | None = None) -> None:
        """Read every series and when it was last active. Call once, before the first `add`.

        Of what is `kept` of an earlier run only the times since are read: all points of 15 days else.
        """
        async for _ in self._learnt(0, _ALL):
            continue
        self._followed_ms = int(self._table.first_seen.max(initial=0))
        since = self._clock.now_ms() - _ACTIVITY_MS
        if kept is not None:
            self._table.seen(kept.ids, kept.times)
            since = max(since, min(kept.at_ms, self._clock.now_ms()) - LATE_MS)
        await self._read_times(since)

    async def _read_times(self, since_ms: int) -> None:
        """Learn when series last had a point since a time."""
        self._timed_ms = self._clock.now_ms()
        for table in _POINT_TABLES:
            sql = _QUERIES[f"last_seen_{table}"]
            last = await self._telemetry.fetch(sql, {"since": since_ms}, limits=_LOAD_LIMITS)
            self._table.seen(last["series"], last["last"])

    def activity(self) -> Activity:
        """When each series that had a point was last active, for another run's `load`."""
        spoke = self._table.last_seen > 0
        return Activity(self._clock.now_ms(), self._table.ids[spoke], self._table.last_seen[spoke])

    async def share(self) -> None:
        """For a server beside others: `follow`, so that what it learns counts as active since it was first seen; and
        now and then learn of all series when they last had points, which others may have taken."""
        before = len(self)
        await self.follow()
        self._table.seen(self._table.ids[before:], self._table.first_seen[before:])
        if self._clock.now_ms() - self._timed_ms > _TIMED_MS:
            await self._read_times(self._timed_ms - _FOLLOW_OVERLAP_MS)

    async def follow(self) -> frozenset[tuple[str, str]]:
        """Learn the series that another process registered; the (namespace, name) pairs that have new ones.

        The first call learns every series that `load` has not, without the times of their points, and each
        further one asks for those first seen since. Past FOLLOW_LIMIT series no more are learnt.
        """
        since = max(self._followed_ms - _FOLLOW_OVERLAP_MS, 0)
        if since:
            columns = await self._telemetry.fetch(_QUERIES["ids_since"], {"since": since}, limits=_LOAD_LIMITS)
            if (self._table.ordinals(columns["series"]) >= 0).all():
                return frozenset()
        before, shapes = len(self._table), set()
        async for part in self._learnt(since, FOLLOW_LIMIT):
            shapes.update(np.unique(part).tolist())
        if len(self._table) >= FOLLOW_LIMIT:
            logger.warning("cannot follow new series: %d are known, which is as many as are kept", FOLLOW_LIMIT)
        self._followed_ms = max(self._followed_ms, int(self._table.first_seen[before:].max(initial=0)))
        return frozenset(self._table.shapes[shape][2:4] for shape in shapes)

    async def _learnt(self, since_ms: int, most: int) -> AsyncIterator[npt.NDArray[np.uint32]]:
        """Learn the series first seen at or after a time, `most` in all: the shapes of those that were new, by batch.

        What a batch is made of is garbage before the next one comes.
        """
        rows = self._telemetry.batches(_QUERIES["series_since"], {"since": since_ms}, limits=_LOAD_LIMITS)
        async for batch in rows:
            shapes = put_rows(self._table, batch, most - len(self._table))
            numbers, counts = np.unique(shapes, return_counts=True)
            for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
                self.admission.registered(self._table.shapes[number][0], count)
            yield shapes

    def add(self, identity: Identity) -> int:
        """The id of the series with `identity`; a series not met before is registered and awaits the next write.

        The id of one that a rule drops is the rule's number: rows that carry it are left out as they are written.
        Raises InvalidInput for text that is not valid Unicode, which no reader could be given back, and its subclasses
        SeriesRefused and TooManySeries for a new series that passes a limit (`admission`).
        """
        kept = self.rules.judge(identity, counted=True) if self.rules else identity
        if isinstance(kept, int):
            return kept
        known = self._recent.get(kept)
        return self._register(kept) if known is None else known

    def knows(self, identity: Identity) -> bool:
        """Whether the series that `identity` is kept as is registered."""
        kept = self.rules.judge(identity) if self.rules else identity
        return not isinstance(kept, int) and self._place(kept)[1] is not None

    def has_kind(self, account: str, region: str, namespace: str, name: str, kind: Kind) -> bool:
        """Whether a series of a metric has this kind."""
        shapes = self._table.groups.get((account, region, namespace, name), ())
        return any(self._table.shapes[shape][5] is kind for shape in shapes)

    def offer(self, identity: Identity) -> int | None:
        """As `add`; None for a series that passes a limit: for what nobody sends, and so nobody could be told."""
        try:
            return self.add(identity)
        except LimitExceeded:
            return None

    def admit(self, identities: Iterable[Identity]) -> None:
        """Check that all of `identities` may be added, for a door that takes a request whole or not at all.

        Raises what `add` would raise for one of them; nothing is registered.
        """
        fresh: Counter[str] = Counter()
        for identity in {self.rules.judge(identity) for identity in identities}:
            if isinstance(identity, int) or identity in self._recent:
                continue
            if self._place(identity)[1] is None:
                self.admission.check(identity, fresh[identity.account])
                fresh[identity.account] += 1

    def get(self, series_id: int) -> Series | None:
        """The series with `series_id`."""
        ordinal = self._table.ordinal(series_id)
        return None if ordinal is None else self._series(ordinal)

    def kind_of(self, account: str, region: str, namespace: str, name: str) -> Kind | None:
        """The kind that the series of a metric have, as its first has it; None where there is none."""
        shapes = self._table.groups.get((account, region, namespace, name))
        return self._table.shapes[shapes[0]][5] if shapes else None

    def readable(self, scope: Scope, series_id: int) -> Series | None:
        """The series with `series_id`, if it exists and `scope` covers it."""
        series = self.get(series_id)
        return series if series is not None and covers(scope, series.identity) else None

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """The series that match, ordered by namespace, name, dimensions, account, region, unit and kind.

        Raises InvalidInput when `query.after` is not a series.
        """
        found = self._order.sorted(self.ordinals(scope, query))
        if query.after is not None:
            after = self._table.ordinal(query.after)
            if after is None:
                raise InvalidInput("cannot continue the listing: its last series is not known", field="NextToken")
            ranks = self._order.ranks()
            found = found[np.searchsorted(ranks[found], ranks[after], side="right") :]
        return [self._series(ordinal) for ordinal in found[: query.limit].tolist()]

    def ordinals(self, scope: Scope, query: SeriesQuery) -> Ordinals:
        """The series that match by ordinal, ascending, whatever `limit` and `after` say."""
        return self._filtered(self._index.candidates(scope, query), query)

    def snapshot(self, scope: Scope, query: SeriesQuery) -> Snapshot:
        """The series that match, for a count in another thread."""
        return Snapshot(self._table, self.ordinals(scope, query))

    def mask(self, scope: Scope, since_ms: int = 0) -> npt.NDArray[np.bool_]:
        """By ordinal, whether a series is within `scope` and had a point at or after `since_ms` (0: any or none)."""
        within = np.ones(len(self._table), dtype=np.bool_)
        if scope.accounts is not None or scope.regions is not None or scope.rows:
            within[:] = False
            within[self._index.candidates(scope, SeriesQuery())] = True
        return within & (self._table.last_seen >= since_ms) if since_ms else within

    @property
    def table(self) -> SeriesTable:
        """Every series as columns, for what looks at many at once."""
        return self._table

    def identity_at(self, ordinal: int) -> Identity:
        """The series at `ordinal`: they are numbered from 0 in the order in which they became known."""
        return self._table.identity(ordinal)

    def id_at(self, ordinal: int) -> int:
        """The id of the series at `ordinal`."""
        return self._table.id_at(ordinal)

    @property
    def index(self) -> SeriesIndex:
        """Which ordinals have which dimensions."""
        return self._index

    def since(self, number: int) -> list[Series]:
        """The series that were registered after the first `number` ones: what an index of its own has to catch up."""
        return [self._series(ordinal) for ordinal in range(number, len(self._table))]

    def names_since(self, number: int) -> frozenset[tuple[str, str]]:
        """The (namespace, name) pairs of those series."""
        table = self._table
        return frozenset(table.shapes[shape][2:4] for shape in np.unique(table.shape_of.view[number:]).tolist())

    def count(self, scope: Scope, query: SeriesQuery) -> int:
        """How many series match, whatever `limit` and `after` say."""
        return len(self.ordinals(scope, query))

    def names(self, scope: Scope) -> dict[str, dict[str, int]]:
        """Namespaces, the metric names in each, and how many series each name has; both sorted."""
        result: dict[str, dict[str, int]] = {}
        for (namespace, name), number in sorted(self._index.counts(scope).items()):
            result.setdefault(namespace, {})[name] = number
        return result

    def seen(self, ids: npt.NDArray[np.uint64], times: npt.NDArray[np.int64]) -> None:
        """Series `ids` have points at `times` (ms); the newest of each is kept."""
        self._table.seen(ids, times)

    def take_unlogged(self) -> dict[int, bytes]:
        """Series that no write has carried yet: rows of metric_series by id. They count as logged from here on."""
        taken, self._unlogged = self._unlogged, {}
        return taken

    def give_back(self, rows: Mapping[int, bytes]) -> None:
        """The write that carried `rows` failed: the next one carries them again, or newer ones of the same series."""
        self._unlogged = {**rows, **self._unlogged}

    def _place(self, identity: Identity) -> tuple[int, int | None]:
        """The id of a series, and its ordinal where it is registered. Raises InvalidInput for text that is no text."""
        series_id = _checked_id(identity)
        if series_id < DROPPED_BELOW:
            series_id += DROPPED_BELOW
        while (ordinal := self._table.ordinal(series_id)) is not None:
            if self._table.is_at(ordinal, identity):
                return series_id, ordinal
            # Another key has this id: take the next free one, as every run would.
            series_id = max((series_id + 1) % _IDS, DROPPED_BELOW)
        return series_id, None

    def _register(self, identity: Identity) -> int:
        series_id, ordinal = self._place(identity)
        if ordinal is not None:
            self._name_resource(identity.resource, ordinal)
            if len(self._recent) >= _RECENT:
                self._recent.clear()
            self._recent[identity] = series_id
            return series_id
        self.admission.check(identity)
        now_ms = self._clock.now_ms()
        self._table.add(series_id, identity, now_ms)
        self.admission.registered(identity.account)
        self._unlogged[series_id] = encode_series(series_id, identity, now_ms)
        return series_id

    def _name_resource(self, resource: str, ordinal: int) -> None:
        """The same series, now with another resource: the newest one that is known is kept and logged."""
        before = self._table.resource_at(ordinal)
        if not resource or resource == before or (ordinal, resource) in self._renamed:
            return
        self._renamed.add((ordinal, before))
        self._table.name_resource(ordinal, resource)
        series = self._series(ordinal)
        self._unlogged[series.id] = encode_series(series.id, series.identity, series.first_seen_ms)

    def _count_live(self, account: str) -> int:
        """How many series of `account` had a point, or their first, within the last 15 days."""
        since = self._clock.now_ms() - _ACTIVITY_MS
        mine = self._index.candidates(Scope(accounts=frozenset((account,))), SeriesQuery())
        latest = np.maximum(self._table.last_seen[mine], self._table.first_seen[mine])
        return int(np.count_nonzero(latest >= since))

    def _series(self, ordinal: int) -> Series:
        table = self._table
        return Series(
            table.id_at(ordinal), table.identity(ordinal), table.first_seen_at(ordinal), table.last_seen_at(ordinal)
        )

    def _filtered(self, found: Ordinals, query: SeriesQuery) -> Ordinals:
        table = self._table
        if query.active_since_ms is not None:
            found = found[table.last_seen[found] >= query.active_since_ms]
        if query.exact:
            starts = table.starts.view
            found = found[starts[found + np.uint32(1)] - starts[found] == len(query.dimensions)]
        if query.unit is not None or query.kinds is not None:
            passing = [
                (query.unit is None or unit == query.unit) and (query.kinds is None or kind in query.kinds)
                for *_, unit, kind in table.shapes
            ]
            found = found[np.array(passing, np.bool_)[table.shape_of.view[found]]]
        return found


def _checked_id(identity: Identity) -> int:
    key = identity.key()
    try:
        if not key.isascii():
            key.encode()  # Ids hash half surrogate pairs without complaint; no reader could decode them.
    except UnicodeEncodeError:
        raise InvalidInput(
            f"cannot register series {identity.name!a}: got text with half of a surrogate pair; expected valid Unicode"
        ) from None
    return identity.series_id_of(key)


def covers(scope: Scope, identity: Identity) -> bool:
    """Whether `scope` covers a series: its account, its region, and every row rule by a dimension or its machine."""
    if scope.accounts is not None and identity.account not in scope.accounts:
        return False
    if scope.regions is not None and identity.region not in scope.regions:
        return False
    pairs = dict(identity.dimensions) if scope.rows else {}
    return all(rule.passes(pairs) for rule in scope.rows)
