"""The labels that CloudWatch gives where a query gives none: what tells the metrics of one answer apart."""

from collections.abc import Sequence
from typing import Protocol

from trimtab.base.tags import Tags
from trimtab.metrics.statistics import Statistic


class Labelled(Protocol):
    """A metric with its statistic."""

    @property
    def name(self) -> str:
        """The metric's name."""
        ...

    @property
    def dimensions(self) -> Tags:
        """Its dimensions."""
        ...

    @property
    def statistic(self) -> Statistic:
        """The statistic that is read."""
        ...

    @property
    def period_s(self) -> int:
        """The period it is read in, in seconds."""
        ...


def default_labels(metrics: Sequence[Labelled]) -> list[str]:
    """A label for each metric: its name, with dimension values in front and statistic and period behind as needed.

    The rule is not documented; this is what the service does with the cases that its guide shows, and in recordings.
    """
    if not metrics:
        return []
    same_name = len({metric.name for metric in metrics}) == 1
    same_statistic = len({metric.statistic.text for metric in metrics}) == 1
    same_period = len({metric.period_s for metric in metrics}) == 1
    varying = _varying_dimensions(metrics)
    labels = []
    for metric in metrics:
        parts = [value for name, value in metric.dimensions if name in varying]
        if not same_name or not parts:
            parts.append(metric.name)
        if not same_statistic:
            parts.append(metric.statistic.text)
        if not same_period:
            parts.append(str(metric.period_s))
        labels.append(" ".join(parts))
    return labels


def _varying_dimensions(metrics: Sequence[Labelled]) -> set[str]:
    """Names of dimensions that do not have one value over all metrics."""
    if len(metrics) == 1:
        return set()
    by_metric = [dict(metric.dimensions) for metric in metrics]
    names = {name for pairs in by_metric for name in pairs}
    return {name for name in names if len({pairs.get(name) for pairs in by_metric}) > 1}
