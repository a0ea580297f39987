"""Every series trimtab knows, in memory: ids are given here, searches answered here, and nothing awaits but `load`.

A new series becomes an unlogged row, which the next write to the log carries in front of its points. A write that
fails gives its rows back, so that no point can stay without its series.
"""

import logging
import sys
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.metrics.admission import Admission, SeriesLimits
from trimtab.metrics.drop_rules import DROPPED_BELOW, DropRules
from trimtab.metrics.encoding import encode_series
from trimtab.metrics.last_seen import LastSeen
from trimtab.metrics.model import Identity, Kind, Series, SeriesQuery
from trimtab.metrics.postings import Ordinals
from trimtab.metrics.series_index import SeriesIndex
from trimtab.metrics.series_order import SeriesOrder
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, ReadLimits, Telemetry

__all__ = ["SeriesQuery", "SeriesRegistry"]

logger = logging.getLogger(__name__)

_QUERIES = load_queries("trimtab.metrics")
_IDS = 2**64
# ListMetrics hides what was idle for two weeks, and points older than that are refused: nothing older is asked for.
_ACTIVITY_MS = 15 * 86_400_000
# A start reads every series and 15 days of times: minutes where a page's read may take seconds.
_LOAD_LIMITS = ReadLimits(seconds=600.0)
FOLLOW_LIMIT = 1_000_000
"""Series that a process which only reads keeps in memory: about 900 bytes each."""
_AT_ONCE = 50_000
"""Series that are read from the engine at a time: 300,000 at once left 400 MB with the allocator for good."""
_FOLLOW_OVERLAP_MS = 900_000
"""Rows reach the engine after the series' first moment: by a drain's delay, and by what clocks of servers differ."""
_POINT_TABLES = ("values", "sets", "samples", "histograms")


class Snapshot(Struct, frozen=True):
    """Series as they were at a moment; times in ms, `last_seen` is 0 where no point is known."""

    identities: Sequence[Identity]
    first_seen: npt.NDArray[np.int64]
    last_seen: npt.NDArray[np.int64]


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
        self._ids: dict[Identity, int] = {}
        self._identities: list[Identity] = []
        self._first_seen = array("q")
        self._last = LastSeen()
        self._index = SeriesIndex()
        self._order = SeriesOrder(self._identities)
        self._unlogged: dict[int, bytes] = {}  # as rows already: a write that carries many would hold up the loop
        self._followed_ms = 0
        self.admission = Admission(self._limits, self._count_live, self._clock.now_ms)

    def __len__(self) -> int:
        """The number of series known."""
        return len(self._identities)

    async def load(self) -> None:
        """Read every series and when it was last active. Call once, before the first `add`."""
        async for series_id, identity, first_seen in self._stored(0, len(await self._ids_since(0))):
            self._store(self._lean(identity), series_id, first_seen)
        since = self._clock.now_ms() - _ACTIVITY_MS
        for table in _POINT_TABLES:
            sql = _QUERIES[f"last_seen_{table}"]
            last = await self._telemetry.fetch(sql, {"since": since}, limits=_LOAD_LIMITS)
            self._last.seen(last["series"], last["last"])

    async def follow(self) -> frozenset[tuple[str, str]]:
        """Learn the series that another process registered; the (namespace, name) pairs that have new ones.

        For a process that only reads: the first call learns every series, without the times of their points, and each
        further one asks for those first seen since. Past FOLLOW_LIMIT series no more are learnt.
        """
        since = max(self._followed_ms - _FOLLOW_OVERLAP_MS, 0)
        fresh: set[tuple[str, str]] = set()
        ids = await self._ids_since(since)
        if all(self._last.ordinal(series_id) is not None for series_id in ids):
            return frozenset()
        async for series_id, identity, first_seen in self._stored(since, len(ids)):
            if self._last.ordinal(series_id) is not None:
                continue
            if len(self._identities) >= FOLLOW_LIMIT:
                logger.warning("cannot follow new series: %d are known, which is as many as are kept", FOLLOW_LIMIT)
                break
            self._store(self._lean(identity), series_id, first_seen)
            self._followed_ms = max(self._followed_ms, first_seen)
            fresh.add((identity.namespace, identity.name))
        return frozenset(fresh)

    async def _ids_since(self, since_ms: int) -> list[int]:
        """The ids of what was first seen at or after a time."""
        columns = await self._telemetry.fetch(_QUERIES["ids_since"], {"since": since_ms}, limits=_LOAD_LIMITS)
        ids: list[int] = columns["series"].tolist()
        return ids

    async def _stored(self, since_ms: int, number: int) -> AsyncIterator[tuple[int, Identity, int]]:
        """The about `number` series first seen at or after a time, read in parts: what they are made of is garbage."""
        parts = number // _AT_ONCE + 1
        for part in range(parts):
            params = {"since": since_ms, "parts": parts, "part": part}
            for row in _rows(await self._telemetry.fetch(_QUERIES["series_since"], params, limits=_LOAD_LIMITS)):
                yield row

    def add(self, identity: Identity) -> int:
        """The id of the series with `identity`; a series not met before is registered and awaits the next write.

        The id of one that a rule drops is the rule's number: rows that carry it are left out as they are written.
        Raises InvalidInput for text that is not valid Unicode, which no reader could be given back, and its subclasses
        SeriesRefused and TooManySeries for a new series that passes a limit (`admission`).
        """
        kept = self.rules.judge(identity, counted=True) if self.rules else identity
        if isinstance(kept, int):
            return kept
        known = self._ids.get(kept)
        return self._register(kept) if known is None else known

    def knows(self, identity: Identity) -> bool:
        """Whether the series that `identity` is kept as is registered."""
        kept = self.rules.judge(identity) if self.rules else identity
        if isinstance(kept, int):
            return False
        known = self.get(kept.series_id())
        return known is not None and known.identity.key() == kept.key()

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
            if isinstance(identity, int) or identity in self._ids:
                continue
            if self._last.ordinal(_checked_id(identity)) is None:
                self.admission.check(identity, fresh[identity.account])
                fresh[identity.account] += 1

    def get(self, series_id: int) -> Series | None:
        """The series with `series_id`."""
        ordinal = self._last.ordinal(series_id)
        return None if ordinal is None else self._series(ordinal)

    def kind_of(self, account: str, region: str, namespace: str, name: str) -> Kind | None:
        """The kind that the series of a metric have, as its first has it; None where there is none."""
        ordinal = self._index.first((account, region, namespace, name))
        return None if ordinal is None else self._identities[ordinal].kind

    def readable(self, scope: Scope, series_id: int) -> Series | None:
        """The series with `series_id`, if it exists and `scope` covers it."""
        series = self.get(series_id)
        return series if series is not None and covers(scope, series.identity) else None

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """The series that match, ordered by namespace, name, dimensions, account, region, unit and kind.

        Raises InvalidInput when `query.after` is not a series.
        """
        found = self._filtered(self._index.candidates(scope, query), query)
        ranks = self._order.ranks()
        found = found[np.argsort(ranks[found])]
        if query.after is not None:
            after = self._last.ordinal(query.after)
            if after is None:
                raise InvalidInput("cannot continue the listing: its last series is not known", field="NextToken")
            found = found[np.searchsorted(ranks[found], ranks[after], side="right") :]
        return [self._series(ordinal) for ordinal in found[: query.limit].tolist()]

    def snapshot(self, scope: Scope, query: SeriesQuery) -> Snapshot:
        """The series that match, for a count in another thread."""
        found = self._filtered(self._index.candidates(scope, query), query)
        identities = self._identities
        first = np.array(self._first_seen, np.int64)[found]
        return Snapshot([identities[ordinal] for ordinal in found.tolist()], first, self._last.times[found])

    def mask(self, scope: Scope, since_ms: int = 0) -> npt.NDArray[np.bool_]:
        """By ordinal, whether a series is within `scope` and had a point at or after `since_ms` (0: any or none)."""
        within = np.ones(len(self._identities), dtype=np.bool_)
        if scope.accounts is not None or scope.regions is not None or scope.rows:
            within[:] = False
            within[self._index.candidates(scope, SeriesQuery())] = True
        return within & (self._last.times >= since_ms) if since_ms else within

    def identity_at(self, ordinal: int) -> Identity:
        """The series at `ordinal`: they are numbered from 0 in the order in which they became known."""
        return self._identities[ordinal]

    def id_at(self, ordinal: int) -> int:
        """The id of the series at `ordinal`."""
        return self._last.id_at(ordinal)

    @property
    def index(self) -> SeriesIndex:
        """Which ordinals have which dimensions."""
        return self._index

    def since(self, number: int) -> list[Series]:
        """The series that were registered after the first `number` ones: what an index of its own has to catch up."""
        return [self._series(ordinal) for ordinal in range(number, len(self._identities))]

    def count(self, scope: Scope, query: SeriesQuery) -> int:
        """How many series match, whatever `limit` and `after` say."""
        return len(self._filtered(self._index.candidates(scope, query), query))

    def names(self, scope: Scope) -> dict[str, dict[str, int]]:
        """Namespaces, the metric names in each, and how many series each name has; both sorted."""
        result: dict[str, dict[str, int]] = {}
        for (namespace, name), number in sorted(self._index.counts(scope).items()):
            result.setdefault(namespace, {})[name] = number
        return result

    def seen(self, ids: npt.NDArray[np.uint64], times: npt.NDArray[np.int64]) -> None:
        """Series `ids` have points at `times` (ms); the newest of each is kept."""
        self._last.seen(ids, times)

    def take_unlogged(self) -> dict[int, bytes]:
        """Series that no write has carried yet: rows of metric_series by id. They count as logged from here on."""
        taken, self._unlogged = self._unlogged, {}
        return taken

    def give_back(self, rows: Mapping[int, bytes]) -> None:
        """The write that carried `rows` failed: the next one carries them again, or newer ones of the same series."""
        self._unlogged = {**rows, **self._unlogged}

    def _register(self, identity: Identity) -> int:
        series_id = _checked_id(identity)
        if series_id < DROPPED_BELOW:
            series_id += DROPPED_BELOW
        while (ordinal := self._last.ordinal(series_id)) is not None:
            if self._identities[ordinal].key() == identity.key():
                return self._alias(self._lean(identity), series_id, ordinal)
            # Another key has this id: take the next free one, as every run would.
            series_id = max((series_id + 1) % _IDS, DROPPED_BELOW)
        self.admission.check(identity)
        now_ms = self._clock.now_ms()
        self._store(self._lean(identity), series_id, now_ms)
        self._unlogged[series_id] = encode_series(series_id, identity, now_ms)
        return series_id

    def _alias(self, identity: Identity, series_id: int, ordinal: int) -> int:
        """The same series, now with another resource: the newest one that is known is kept and logged."""
        self._ids[identity] = series_id
        if identity.resource:
            self._identities[ordinal] = identity
            self._unlogged[series_id] = encode_series(series_id, identity, self._first_seen[ordinal])
        return series_id

    def _store(self, identity: Identity, series_id: int, first_seen_ms: int) -> None:
        ordinal = self._last.add(series_id)
        self._ids[identity] = series_id
        self._identities.append(identity)
        self._first_seen.append(first_seen_ms)
        self._index.add(ordinal, identity)
        self.admission.registered(identity.account)

    def _count_live(self, account: str) -> int:
        """How many series of `account` had a point, or their first, within the last 15 days."""
        since = self._clock.now_ms() - _ACTIVITY_MS
        mine = self._index.candidates(Scope(accounts=frozenset((account,))), SeriesQuery())
        latest = np.maximum(self._last.times[mine], np.array(self._first_seen, np.int64)[mine])
        return int(np.count_nonzero(latest >= since))

    def _lean(self, identity: Identity) -> Identity:
        """The same identity made of shared strings: 200,000 series repeat a few thousand of them."""
        pairs = tuple(self._index.pair((sys.intern(name), value)) for name, value in identity.dimensions)
        return Identity(
            sys.intern(identity.account),
            sys.intern(identity.region),
            sys.intern(identity.namespace),
            sys.intern(identity.name),
            pairs,
            sys.intern(identity.unit),
            identity.kind,
            sys.intern(identity.resource),
        )

    def _series(self, ordinal: int) -> Series:
        return Series(
            self._last.id_at(ordinal),
            self._identities[ordinal],
            self._first_seen[ordinal],
            int(self._last.times[ordinal]),
        )

    def _filtered(self, found: Ordinals, query: SeriesQuery) -> Ordinals:
        if query.active_since_ms is not None:
            found = found[self._last.times[found] >= query.active_since_ms]
        number = len(query.dimensions)
        if query.exact or query.unit is not None or query.kinds is not None:
            kept = [
                ordinal
                for ordinal in found.tolist()
                if (identity := self._identities[ordinal])
                and (not query.exact or len(identity.dimensions) == number)
                and (query.unit is None or identity.unit == query.unit)
                and (query.kinds is None or identity.kind in query.kinds)
            ]
            found = np.array(kept, dtype=np.uint32)
        return found


def _rows(columns: Columns) -> Iterator[tuple[int, Identity, int]]:
    """The id, identity and first moment of every row of metric_series."""
    names = ("series", "account", "region", "namespace", "name", "dimensions", "unit", "kind", "resource")
    rows = zip(*(columns[name].tolist() for name in names), columns["first_seen"].tolist(), strict=True)
    decode = msgspec.json.Decoder(dict[str, str]).decode
    for series_id, account, region, namespace, name, dimensions, unit, kind, resource, first_seen in rows:
        pairs = tuple(sorted(decode(dimensions).items()))
        yield series_id, Identity(account, region, namespace, name, pairs, unit, Kind(kind), resource), first_seen


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
