"""Classic histograms of a `load_with_nhcb` as native histograms with custom buckets."""

from collections import defaultdict

from msgspec import Struct, field

from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.histograms.model import CUSTOM, Buckets, Histogram
from trimtab.metrics.promql.labels import BUCKET, NAME, Labels
from trimtab.metrics.promql.script.commands import Load


class _Classic(Struct):
    """One classic histogram at one time."""

    buckets: dict[float, float] = field(default_factory=dict)
    count: float | None = None
    sum: float = 0.0


def as_custom_buckets(command: Load) -> dict[Labels, dict[int, Histogram]]:
    """The native histograms by series and time."""
    found: dict[Labels, dict[int, _Classic]] = defaultdict(lambda: defaultdict(_Classic))
    for labels, items, _ in command.series:
        name = sets.get(labels, NAME)
        suffix = next((end for end in ("_bucket", "_count", "_sum") if name.endswith(end)), "")
        if not suffix:
            continue
        base = sets.put(sets.drop(labels, (BUCKET,)), NAME, name.removesuffix(suffix))
        for place, item in enumerate(items):
            if item.value is None or isinstance(item.value, Histogram):
                continue
            classic = found[base][place * command.step_ms]
            if suffix == "_bucket":
                classic.buckets[float(sets.get(labels, BUCKET))] = item.value
            elif suffix == "_count":
                classic.count = item.value
            else:
                classic.sum = item.value
    return {labels: {at: _native(classic) for at, classic in samples.items()} for labels, samples in found.items()}


def _native(classic: _Classic) -> Histogram:
    bounds = sorted(classic.buckets)
    counts, before = [], 0.0
    for bound in bounds:
        counts.append(classic.buckets[bound] - before)
        before = classic.buckets[bound]
    count = before if classic.count is None else classic.count
    finite = tuple(bound for bound in bounds if bound != float("inf"))
    if len(finite) == len(bounds):
        counts.append(count - before)
    return Histogram(CUSTOM, count, classic.sum, positive=Buckets.of(0, counts).compact(), custom=finite)
