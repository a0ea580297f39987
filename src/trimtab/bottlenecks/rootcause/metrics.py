"""Evidence in metrics: how far a component's values are from its normal ones, on the scale of what the metric does.

Some metrics jump by ten of their deviations every hour, some never. So a deviation is measured against those that the
same metric had in parts of the normal window, over all components: octaves above nine tenths of these. (More than a
tenth of normal time is seldom abnormal, so a normal window that holds other incidents does little harm.)
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from trimtab.bottlenecks.rootcause.deviation import Values, windows
from trimtab.bottlenecks.rootcause.signals import Evidence, Kind, Series

_USUAL, _MIDDLE = 0.9, 0.75
_OWN_GRAIN, _FLEET_GRAIN = 0.05, 0.01
"""A change of less than this share of its own median, or of the fleet's largest medians, is nothing."""
_MAD = 1.4826
_RECENT = 10
"""Samples at the end of the normal window that are looked at by themselves: a level that shifted before is not news."""
_LEAST = 3


class _Normal(Struct, frozen=True):
    center: float
    recent: float
    scale: float

    def deviation(self, values: Values) -> float:
        """Of the mean of values, in robust standard deviations: the lesser from all and from the latest, signed."""
        mean = float(np.nanmean(values))
        far, near = (mean - self.center) / self.scale, (mean - self.recent) / self.scale
        return 0.0 if far * near < 0 else min(far, near, key=abs)


def deviations(normal: Sequence[Series], now: Sequence[Series]) -> Iterator[Evidence]:
    """The deviation of each series that is in both windows; edges keep their peer."""
    after = {(item.metric, item.component, item.peer): _known(item.values) for item in now}
    by_metric: dict[str, list[Series]] = defaultdict(list)
    for item in normal:
        by_metric[item.metric].append(item)
    for metric, items in sorted(by_metric.items()):
        known = [(item, _known(item.values)) for item in items]
        known = [(item, values) for item, values in known if len(values) >= _LEAST]
        if not known:
            continue
        fleet = float(np.quantile([abs(float(np.median(values))) for _, values in known], _USUAL))
        normals = [(item, values, _normal(values, fleet)) for item, values in known]
        lengths = [len(after.get((metric, item.component, item.peer), ())) for item, _, _ in normals]
        seen = [_seen(own, values, max(int(np.median(lengths)), 1)) for _, values, own in normals]
        middle, usual = (float(np.quantile(np.concatenate(seen), share)) for share in (_MIDDLE, _USUAL))
        for (item, _, own), parts in zip(normals, seen, strict=True):
            values = after.get((metric, item.component, item.peer))
            if values is None or not len(values):
                continue
            # A series that is wilder than others is measured against itself, by a share that few incidents reach.
            wild = float(np.quantile(parts, _MIDDLE)) * usual / max(middle, 1e-9)
            octaves = float(np.log2(max(abs(own.deviation(values)), 1e-9) / max(usual, wild, 1.0)))
            mean = float(np.mean(values))
            yield Evidence(item.component, Kind.METRIC, metric, own.center, mean, max(octaves, 0.0), peer=item.peer)


def silent_edges(normal: Sequence[Series], now: Sequence[Series]) -> Iterator[Evidence]:
    """Edges whose metric has no value any more though the caller's others have: calls that are made no more."""
    after = {(item.metric, item.component, item.peer): item.values for item in now if item.peer}
    for item in normal:
        values = after.get((item.metric, item.component, item.peer))
        if values is None or not len(values) or not len(item.values) or np.isfinite(values).any():
            continue
        present = int(np.isfinite(item.values).sum())
        if present < _LEAST:
            continue
        gap = 1.0 - (present + 0.5) / (len(item.values) + 1.0)
        bits = -len(values) * float(np.log2(gap))  # of surprise, if gaps came by chance
        yield Evidence(
            item.component, Kind.CALLS, f"→ {item.peer}", present / len(item.values), 0.0, float(np.log2(1 + bits))
        )


def _seen(own: "_Normal", values: Values, length: int) -> Values:
    """How far the parts of a normal window are from its normal."""
    return np.array([abs(own.deviation(part)) for part in windows(values, min(length, len(values)))])


def _normal(values: Values, fleet: float) -> _Normal:
    center = float(np.median(values))
    spread = _MAD * float(np.median(np.abs(values - center)))
    scale = max(spread, _OWN_GRAIN * abs(center), _FLEET_GRAIN * fleet, 1e-12)
    return _Normal(center, float(np.median(values[-_RECENT:])), scale)


def _known(values: Values) -> Values:
    return values[np.isfinite(values)]
