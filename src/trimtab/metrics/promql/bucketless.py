"""Selectors of which nobody looks at the buckets: below histogram_count, histogram_sum and histogram_avg.

Their histograms keep count and sum alone, which makes rates and sums of them cheap. Whether a counter was reset shows
in the buckets too, so each is compared with the one before it first, and its hint says so. Source: Prometheus,
promql/engine.go (detectHistogramStatsDecoding) and promql/histogram_stats_iterator.go.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from trimtab.base.records import replace
from trimtab.metrics.promql.histograms.arithmetic import was_reset
from trimtab.metrics.promql.histograms.model import Hint, Histogram
from trimtab.metrics.promql.language.syntax import Binary, Call, Expression, Selector, Subquery, children
from trimtab.metrics.promql.language.tokens import TRIMS
from trimtab.metrics.promql.notes import Notes
from trimtab.metrics.promql.values import Samples

_WITHOUT = frozenset(("histogram_count", "histogram_sum", "histogram_avg"))
_WITH = frozenset(("histogram_quantile", "histogram_quantiles", "histogram_fraction"))


def bucketless(node: Expression, samples: Mapping[Selector, Samples], notes: Notes) -> dict[Selector, Samples]:
    """What was read for the selectors of a query, without the buckets that it does not look at."""
    read = dict(samples)
    for selector in _selectors(node, needed=True):
        own = read.get(selector)
        if own is not None and len(own.histograms.times):
            read[selector] = without_buckets(own, notes)
    return read


def _selectors(node: Expression, *, needed: bool) -> Iterator[Selector]:
    """The selectors below `node` whose buckets are not needed."""
    if isinstance(node, Selector):
        if not needed:
            yield node
        return
    if isinstance(node, Subquery) or (isinstance(node, Binary) and node.op in TRIMS):
        return  # a subquery leaves samples out, so resets between the others are found by their buckets
    if isinstance(node, Call) and node.function in _WITH:
        return
    needed = needed and not (isinstance(node, Call) and node.function in _WITHOUT)
    for child in children(node):
        yield from _selectors(child, needed=needed)


def without_buckets(samples: Samples, notes: Notes) -> Samples:
    """Count and sum of every histogram, with the hint that its buckets gave."""
    points = samples.histograms
    firsts = set(points.edges[:-1].tolist())
    values = np.empty(len(points.values), np.object_)
    before: Histogram | None = None
    for place, histogram in notes.watched(enumerate(points.values.tolist())):
        hint = histogram.hint
        if hint is Hint.UNKNOWN and before is not None and place not in firsts:
            hint = Hint.RESET if was_reset(histogram, before) else Hint.NOT_RESET
        values[place] = histogram.without_buckets().hinted(hint)
        before = histogram
    return replace(samples, histograms=replace(points, values=values))
