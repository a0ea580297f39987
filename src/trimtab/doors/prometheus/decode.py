"""From a scanned request to rows: series are looked up by digest, and only those not met before are decoded."""

from collections.abc import Iterator
from itertools import islice
from types import ModuleType

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.base.tags import make_tags
from trimtab.base.turns import Turns
from trimtab.doors.prometheus.beginnings import beginnings
from trimtab.doors.prometheus.histograms import empty, read_histogram
from trimtab.doors.prometheus.kinds import Families, read_metadata
from trimtab.doors.prometheus.labels import make_labels, written
from trimtab.doors.prometheus.scan import EXEMPLARS, HISTOGRAMS, Found
from trimtab.doors.protobuf.series_cache import Caches
from trimtab.doors.writing import Refused
from trimtab.inventory.resolver import resolve
from trimtab.metrics.admission import Admission, TooManySeries
from trimtab.metrics.beginnings import recent
from trimtab.metrics.model import SAMPLE_ROW, HistogramPoint, Identity, Kind, MetricBatch, Rows
from trimtab.metrics.registry import SeriesRegistry

NAMESPACE = "Prometheus"
EARLIEST_MS = 946_684_800_000
"""2000-01-01: a time before is a mistake of unit (seconds sent as milliseconds). History after it is welcome."""
AHEAD_MS = 2 * 3_600_000
"""How far ahead of the server's clock a sample may be, as in CloudWatch."""
NOT_IN_TIME = "a sample's time is not between the year 2000 and two hours from now"
_SLICE = 50  # series not met before, or histograms, at a time: 0.1 to 0.2 ms each
_MAX_HISTOGRAMS = 100_000  # native histograms remembered; some hundred bytes each
_MAX_BEGAN = 500_000  # series whose beginning is remembered; 100 bytes each


class Tenant(Struct):
    """What is remembered of one account: its series, and its metadata."""

    account: str
    region: str
    families: Families = field(default_factory=Families)
    caches: Caches = field(default_factory=Caches)
    histograms: dict[bytes, int] = field(default_factory=dict)
    """Series of native histograms by what the scan knows their labels by."""
    began: dict[int, int] = field(default_factory=dict)
    """When each series began (ms), of those for which that is stored."""

    def remember_began(self, began: dict[int, int]) -> None:
        """Keep what was stored."""
        if len(self.began) + len(began) > _MAX_BEGAN:
            self.began.clear()
        self.began.update(began)


class Decoded(Struct):
    """What a request becomes. `samples` and `histograms` are how many of those sent are in the batch, `began` the
    series of which the batch has the beginning.
    """

    batch: MetricBatch
    refused: list[Refused]
    samples: int = 0
    histograms: int = 0
    began: dict[int, int] = field(default_factory=dict)


def remember_metadata(scanned: Found, tenant: Tenant) -> None:
    """Keep the metadata that a request of version 1.0 has apart from its series. Raises Malformed."""
    for what, number, start, end in scanned.others.tolist():
        if what == 0 and number < 0:
            tenant.families.remember(read_metadata(scanned.body, start, end))


async def decode(
    scanned: Found, tenant: Tenant, registry: SeriesRegistry, now_ms: int, kernels: ModuleType | None
) -> Decoded:
    """The batch of a request, and what is wrong with the rest. New series are registered, slice by slice: whichever
    write comes next carries them, and they are in the log before this batch as long as nothing awaits in between.
    """
    turns = Turns(_SLICE)
    cache = tenant.caches.of(kernels)
    ids, missing = cache.find(scanned.keys)
    counts = scanned.samples_by_series()
    refused = _exemplars(scanned)
    wrong: list[int] = []
    for number in missing.tolist():
        await turns.next()
        if not counts[number]:  # carries exemplars or a histogram only
            continue
        try:
            ids[number] = registry.add(identify(scanned, number, tenant, registry))
        except InvalidInput as problem:
            wrong.append(number)
            refused.append(_refusal(problem, scanned, number, int(counts[number])))
            continue
        if scanned.cacheable(number):
            cache.put(scanned.keys[number], int(ids[number]))
    kept = _in_time(scanned, counts, now_ms, refused)
    if wrong:
        bad = np.zeros(len(counts), np.bool_)
        bad[wrong] = True
        kept &= ~np.repeat(bad, counts)
    rows = _rows(scanned, ids, counts, kept)
    decoded = Decoded(MetricBatch(samples=rows), refused, samples=len(rows))
    points: list[HistogramPoint] = []
    if len(scanned.others):
        points = await _histograms(scanned, tenant, registry, now_ms, decoded, turns)
    if scanned.starts is not None:
        starts = scanned.starts if kept.all() else scanned.starts[kept]
        rows = beginnings(rows, starts, tenant.began, registry, decoded.began)
    decoded.batch = MetricBatch(samples=rows, histograms=tuple(points))
    return decoded


def identify(scanned: Found, number: int, tenant: Tenant, registry: SeriesRegistry) -> Identity:
    """The identity of a series. Raises InvalidInput for labels that name none."""
    labels = make_labels(_within(scanned.pairs(number), registry.admission))
    name = labels.pop("__name__", "")
    if not name:
        raise InvalidInput("a series has no label __name__")
    metadata = scanned.metadata(number)
    if metadata is not None:
        tenant.families.remember(metadata)
    resource = resolve(labels, tenant.account, tenant.region).path
    pairs = make_tags(labels)
    kind = _kind(name, tenant, registry)
    identity = Identity(tenant.account, tenant.region, NAMESPACE, name, pairs, kind=kind, resource=resource)
    other_kind = Kind.GAUGE if kind is Kind.COUNTER else Kind.COUNTER
    if not registry.has_kind(tenant.account, tenant.region, NAMESPACE, name, other_kind) or registry.knows(identity):
        return identity
    other = Identity(tenant.account, tenant.region, NAMESPACE, name, pairs, kind=other_kind, resource=resource)
    return other if registry.knows(other) else identity


def _kind(name: str, tenant: Tenant, registry: SeriesRegistry) -> Kind:
    """The kind of a series: by metadata, else as others of its name have it (a sender tells once, and the server may
    have started since), else by its name."""
    if tenant.families.get(name) is None:
        known = registry.kind_of(tenant.account, tenant.region, NAMESPACE, name)
        if known in (Kind.COUNTER, Kind.GAUGE):
            return known
    return tenant.families.kind(name)


def _within(pairs: Iterator[tuple[str, str]], admission: Admission) -> Iterator[tuple[str, str]]:
    """`pairs`, as long as there are not more than a series may have: what is over is not even decoded."""
    most = admission.limits.labels + 1  # the name is none
    yield from islice(pairs, most)
    if next(pairs, None) is not None:
        raise admission.too_many_labels(f"more than {most - 1}")


def describe(scanned: Found, number: int) -> str:
    """The labels of a series as Prometheus writes them, as far as they can be read."""
    try:
        return written(scanned.pairs(number))
    except InvalidInput as problem:
        return str(problem)


def _refusal(problem: InvalidInput, scanned: Found, number: int, rows: int) -> Refused:
    return Refused(str(problem), describe(scanned, number), rows, full=isinstance(problem, TooManySeries))


async def _histograms(
    scanned: Found, tenant: Tenant, registry: SeriesRegistry, now_ms: int, decoded: Decoded, turns: Turns
) -> list[HistogramPoint]:
    points = []
    for what, number, start, end in scanned.others.tolist():
        if what != HISTOGRAMS:
            continue
        await turns.next()
        try:
            native = read_histogram(scanned.body, start, end)
            if not native.stale:
                if not EARLIEST_MS <= native.time_ms <= now_ms + AHEAD_MS:
                    raise InvalidInput(NOT_IN_TIME)
                native.point(0)  # what is wrong with it registers no series
                point = native.point(_histogram_series(scanned, number, tenant, registry))
                began = native.start_ms or scanned.start_of(number)
                if recent(began, native.time_ms) and tenant.began.get(point.series) != began:
                    decoded.began[point.series] = began
                    points.append(empty(point, began))
                points.append(point)
        except InvalidInput as problem:
            decoded.refused.append(_refusal(problem, scanned, number, 1))
            continue
        decoded.histograms += 1
    return points


def _histogram_series(scanned: Found, number: int, tenant: Tenant, registry: SeriesRegistry) -> int:
    key = scanned.series_key(number)
    known = tenant.histograms.get(key)
    if known is None:
        known = registry.add(replace(identify(scanned, number, tenant, registry), kind=Kind.HISTOGRAM))
        if len(tenant.histograms) >= _MAX_HISTOGRAMS:
            tenant.histograms.clear()
        tenant.histograms[key] = known
    return known


def _exemplars(scanned: Found) -> list[Refused]:
    rows = scanned.others[scanned.others[:, 0] == EXEMPLARS]
    if not len(rows):
        return []
    example = describe(scanned, int(rows[0, 1]))
    return [Refused("exemplars are not kept yet; try send_exemplars: false", example, len(rows), hint=True)]


def _in_time(
    scanned: Found, counts: npt.NDArray[np.int64], now_ms: int, refused: list[Refused]
) -> npt.NDArray[np.bool_]:
    kept = (scanned.times >= EARLIEST_MS) & (scanned.times <= now_ms + AHEAD_MS)
    if not kept.all():
        at = int(np.argmin(kept))
        number = int(np.searchsorted(np.cumsum(counts), at, side="right"))
        example = f"{describe(scanned, number)} at {scanned.times[at]} ms"
        refused.append(Refused(NOT_IN_TIME, example, int(np.count_nonzero(~kept))))
    return kept


def _rows(
    scanned: Found, ids: npt.NDArray[np.uint64], counts: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_]
) -> Rows:
    rows = np.empty(len(scanned.times), SAMPLE_ROW)
    rows["series"] = np.repeat(ids, counts)
    rows["time"] = scanned.times
    rows["value"] = scanned.values
    return rows if kept.all() else rows[kept]
