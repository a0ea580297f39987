"""Details: what few reads need and not every rollup row has, and from which version on rows have it.

Rows of an hour tell everything of every series. Sketches, which percentiles come from, take more room than all else of
a row, and so do the first values and rises of gauges, which only rates of gauges read: rows of 5 minutes and of a
minute have them for metrics that have been asked for percentiles or rates. A reader notes what it is asked for, the
builder takes it up in its next round. Rows of a minute are only written where they are kept longer than raw points.

What rows of a version have is told by `metric_detailed`: a row a metric that was asked for (version 0 until the builder
took it up), one for the first version that a builder of this kind wrote ("lean": rows before it have every detail), and
one each for when rows of a minute began and ceased to be written.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from trimtab.metrics.rollups.hours import RolledHour
from trimtab.metrics.rollups.tiers import ONE_MINUTE, Tier
from trimtab.store.telemetry.client import Columns
from trimtab.store.telemetry.rowbinary import string

Metric = tuple[str, str]
"""Namespace and name."""

_METRIC, _LEAN, _MINUTES, _NO_MINUTES = "metric", "lean", "minutes", "no minutes"
_NEVER = 1 << 32  # above every version


class DetailRow(Struct, frozen=True):
    """A row of `metric_detailed`."""

    what: str
    namespace: str
    name: str
    version: int


class Details(Struct, frozen=True):
    """The versions from which on rows lack details (`lean`; 0: none does), have those of the metrics that were asked
    for (0: not yet), and from which on rows of a minute are and are not written.
    """

    lean: int
    metrics: Mapping[Metric, int]
    minutes: int = 0
    no_minutes: int = 0

    def since(self, tier: Tier, metrics: Iterable[Metric]) -> int:
        """The version from which on rows of `tier` have the details of all `metrics`; 0 where all rows have."""
        needed = [] if tier.detailed else [self.metrics.get(metric) or _NEVER for metric in metrics]
        if tier is ONE_MINUTE:
            needed.append(self.minutes if self.minutes > self.no_minutes else _NEVER)
        return max(needed, default=0)

    def lacking(self, hour: RolledHour, since: int) -> bool:
        """Whether the rows of an hour lack what rows have from the version `since` on.

        Where raw points are gone, the rows that were carried over are as the version was that they come from.
        """
        version = hour.base or hour.version
        return bool(self.lean) and self.lean <= version < since

    def due(self, version: int, *, minutes: bool) -> list[DetailRow]:
        """What a builder has to note before it writes `version`, with or without rows of a minute."""
        due = [] if self.lean else [DetailRow(_LEAN, "", "", version)]
        due += [DetailRow(_METRIC, *metric, version) for metric, since in self.metrics.items() if not since]
        if minutes and self.minutes <= self.no_minutes:
            due.append(DetailRow(_MINUTES, "", "", version))
        if not minutes and self.minutes > self.no_minutes:
            due.append(DetailRow(_NO_MINUTES, "", "", version))
        return due


def details_of(columns: Columns) -> Details:
    """From the result of the query `details`."""
    single: dict[str, int] = {}
    metrics: dict[Metric, int] = {}
    names = (columns[name].tolist() for name in ("what", "namespace", "name", "version"))
    for what, namespace, name, version in zip(*names, strict=True):
        if what == _METRIC:
            metrics[namespace, name] = version
        else:
            single[what] = version
    return Details(single.get(_LEAN, 0), metrics, single.get(_MINUTES, 0), single.get(_NO_MINUTES, 0))


def asked(metrics: Iterable[Metric]) -> list[DetailRow]:
    """The rows that note metrics which were asked for."""
    return [DetailRow(_METRIC, *metric, 0) for metric in metrics]


def encode_details(rows: Iterable[DetailRow]) -> bytes:
    """Rows of `metric_detailed` (RowBinary)."""
    return b"".join(
        string(row.what) + string(row.namespace) + string(row.name) + row.version.to_bytes(4, "little") for row in rows
    )
