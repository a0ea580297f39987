"""From a scanned WriteRequest to rows: series are looked up by digest, and only those not met before are decoded."""

from dataclasses import dataclass, field, replace
from types import ModuleType

import numpy as np
import numpy.typing as npt

from trimtab.base.errors import InvalidInput
from trimtab.base.tags import make_tags
from trimtab.doors.prometheus.histograms import read_histogram
from trimtab.doors.prometheus.kinds import Families, read_metadata
from trimtab.doors.prometheus.scan import EXEMPLARS, HISTOGRAMS, Scanned
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.series_cache import Caches
from trimtab.doors.protobuf.wire import LENGTH
from trimtab.doors.writing import Refused
from trimtab.inventory.resolver import resolve
from trimtab.metrics.model import SAMPLE_ROW, HistogramPoint, Identity, Kind, MetricBatch, Rows
from trimtab.metrics.registry import SeriesRegistry

NAMESPACE = "Prometheus"
EARLIEST_MS = 946_684_800_000
"""2000-01-01: a time before is a mistake of unit (seconds sent as milliseconds). History after it is welcome."""
AHEAD_MS = 2 * 3_600_000
"""How far ahead of the server's clock a sample may be, as in CloudWatch."""
NOT_IN_TIME = "a sample's time is not between the year 2000 and two hours from now"
_MAX_HISTOGRAMS = 100_000  # label blocks of native histograms remembered; some hundred bytes each
_LABEL, _NAME, _VALUE = 1, 1, 2  # TimeSeries.labels, Label.name, Label.value
_EXAMPLE_LABELS = 8


@dataclass(slots=True)
class Tenant:
    """What is remembered of one account: its series, and its metadata."""

    account: str
    region: str
    families: Families = field(default_factory=Families)
    caches: Caches = field(default_factory=Caches)
    histograms: dict[bytes, int] = field(default_factory=dict)
    """Series of native histograms by label block."""


def remember_metadata(scanned: Scanned, tenant: Tenant) -> None:
    """Keep the metadata of a request. Raises Malformed."""
    for what, number, start, end in scanned.others.tolist():
        if what == 0 and number < 0:
            tenant.families.remember(read_metadata(scanned.body, start, end))


def decode(
    scanned: Scanned, tenant: Tenant, registry: SeriesRegistry, now_ms: int, kernels: ModuleType | None
) -> tuple[MetricBatch, list[Refused]]:
    """The batch of a request, and what is wrong with the rest. New series are registered: write before awaiting."""
    cache = tenant.caches.of(kernels)
    ids, missing = cache.find(scanned.keys)
    counts = scanned.samples_by_series()
    refused = _exemplars(scanned)
    wrong: list[int] = []
    for number in missing.tolist():
        block = scanned.label_block(number)
        if not counts[number]:  # carries exemplars or a histogram only
            continue
        try:
            identity = identify(block, tenant, registry)
        except InvalidInput as problem:
            wrong.append(number)
            refused.append(Refused(str(problem), describe(block), int(counts[number])))
            continue
        ids[number] = registry.add(identity)
        if not scanned.series[number, 2]:  # the digest of a scattered block covers other fields too
            cache.put(scanned.keys[number], int(ids[number]))
    kept = _in_time(scanned, counts, now_ms, refused)
    if wrong:
        bad = np.zeros(len(counts), np.bool_)
        bad[wrong] = True
        kept &= ~np.repeat(bad, counts)
    histograms = tuple(_histograms(scanned, tenant, registry, now_ms, refused)) if len(scanned.others) else ()
    return MetricBatch(samples=_rows(scanned, ids, counts, kept), histograms=histograms), refused


def identify(block: bytes, tenant: Tenant, registry: SeriesRegistry) -> Identity:
    """The identity that a label block names. Raises InvalidInput for one that names none."""
    labels = read_labels(block)
    name = labels.pop("__name__", "")
    if not name:
        raise InvalidInput("a series has no label __name__")
    resource = resolve(labels, tenant.account, tenant.region).path
    pairs = make_tags(labels)
    kind = tenant.families.kind(name)
    identity = Identity(tenant.account, tenant.region, NAMESPACE, name, pairs, kind=kind, resource=resource)
    if _registered(identity, registry):
        return identity
    other_kind = Kind.GAUGE if kind is Kind.COUNTER else Kind.COUNTER
    other = Identity(tenant.account, tenant.region, NAMESPACE, name, pairs, kind=other_kind, resource=resource)
    return other if _registered(other, registry) else identity


def read_labels(block: bytes) -> dict[str, str]:
    """The labels of a block; an empty value is no label. Raises InvalidInput for a name that is empty or repeated."""
    labels: dict[str, str] = {}
    for number, kind, _, start, end in wire.fields(block, 0, len(block)):
        if number != _LABEL or kind != LENGTH:
            continue
        name = value = ""
        for part, part_kind, _, begin, stop in wire.fields(block, start, end):
            if part == _NAME and part_kind == LENGTH:
                name = wire.text(block, begin, stop)
            elif part == _VALUE and part_kind == LENGTH:
                value = wire.text(block, begin, stop)
        if not name:
            raise InvalidInput("a series has a label without a name")
        if name in labels:
            raise InvalidInput("a series has a label twice")
        labels[name] = value
    return {name: value for name, value in labels.items() if value}


def describe(block: bytes) -> str:
    """A label block as Prometheus writes it, as far as it can be read."""
    try:
        labels = read_labels(block)
    except InvalidInput as problem:
        return str(problem)
    name = labels.pop("__name__", "")
    shown = [f'{key}="{value}"' for key, value in list(labels.items())[:_EXAMPLE_LABELS]]
    return f"{name}{{{', '.join(shown)}}}"


def _registered(identity: Identity, registry: SeriesRegistry) -> bool:
    known = registry.get(identity.series_id())
    return known is not None and known.identity.key() == identity.key()


def _histograms(
    scanned: Scanned, tenant: Tenant, registry: SeriesRegistry, now_ms: int, refused: list[Refused]
) -> list[HistogramPoint]:
    points = []
    for what, number, start, end in scanned.others.tolist():
        if what != HISTOGRAMS:
            continue
        block = scanned.label_block(number)
        try:
            native = read_histogram(scanned.body, start, end)
            if native.stale:
                continue
            if not EARLIEST_MS <= native.time_ms <= now_ms + AHEAD_MS:
                raise InvalidInput(NOT_IN_TIME)
            native.point(0)  # what is wrong with it registers no series
            points.append(native.point(_histogram_series(block, tenant, registry)))
        except InvalidInput as problem:
            refused.append(Refused(str(problem), describe(block), 1))
    return points


def _histogram_series(block: bytes, tenant: Tenant, registry: SeriesRegistry) -> int:
    known = tenant.histograms.get(block)
    if known is None:
        known = registry.add(replace(identify(block, tenant, registry), kind=Kind.HISTOGRAM))
        if len(tenant.histograms) >= _MAX_HISTOGRAMS:
            tenant.histograms.clear()
        tenant.histograms[block] = known
    return known


def _exemplars(scanned: Scanned) -> list[Refused]:
    rows = scanned.others[scanned.others[:, 0] == EXEMPLARS]
    if not len(rows):
        return []
    example = describe(scanned.label_block(int(rows[0, 1])))
    return [Refused("exemplars are not kept yet; try send_exemplars: false", example, len(rows), hint=True)]


def _in_time(
    scanned: Scanned, counts: npt.NDArray[np.int64], now_ms: int, refused: list[Refused]
) -> npt.NDArray[np.bool_]:
    kept = (scanned.times >= EARLIEST_MS) & (scanned.times <= now_ms + AHEAD_MS)
    if not kept.all():
        at = int(np.argmin(kept))
        number = int(np.searchsorted(scanned.series[:, 3], at, side="right"))
        example = f"{describe(scanned.label_block(number))} at {scanned.times[at]} ms"
        refused.append(Refused(NOT_IN_TIME, example, int(np.count_nonzero(~kept))))
    return kept


def _rows(
    scanned: Scanned, ids: npt.NDArray[np.uint64], counts: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_]
) -> Rows:
    rows = np.empty(len(scanned.times), SAMPLE_ROW)
    rows["series"] = np.repeat(ids, counts)
    rows["time"] = scanned.times
    rows["value"] = scanned.values
    return rows if kept.all() else rows[kept]
