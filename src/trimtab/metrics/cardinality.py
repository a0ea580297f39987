"""What costs most series: by metric, label, account and source, with how many are new and when they last spoke.

A source is what sends: the job of a Prometheus series, else the namespace (an OTLP service, a CloudWatch namespace).
"""

import asyncio
from collections.abc import Callable, Iterable
from enum import StrEnum

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.metrics.model import Identity, SeriesQuery
from trimtab.metrics.registry import SeriesRegistry, Snapshot

DAY_MS = 86_400_000
KEEP_MS = 30_000
"""How long a report stands: a million series take some seconds to count."""
_MOST_REPORTS = 20
_JOB = "job"


class By(StrEnum):
    """What series are counted by."""

    METRIC = "metric"
    LABEL = "label"
    ACCOUNT = "account"
    SOURCE = "source"


class Group(Struct):
    """Series of one metric, label, account or source. `namespace` is a metric's, `values` are a label's: how many it
    has. `created` began within a day, `live` had a point within one. `last_seen_ms` is 0 where no point is known.
    """

    key: str
    namespace: str = ""
    series: int = 0
    created: int = 0
    live: int = 0
    last_seen_ms: int = 0
    values: int = 0
    example: str = ""


class Cardinality(Struct, frozen=True):
    """A report: the whole, and groups of each kind, those with most series (of labels: most values) first."""

    at_ms: int
    total: Group
    groups: dict[By, list[Group]] = field(default_factory=dict)


class CardinalityReader:
    """Counts in a thread, over what the registry knows at the moment."""

    def __init__(self, registry: SeriesRegistry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock
        self._kept: dict[tuple[Scope, SeriesQuery], Cardinality] = {}

    async def read(self, scope: Scope, namespace: str = "", name: str = "") -> Cardinality:
        """The report of what `scope` covers, or of one namespace or metric in it."""
        query = SeriesQuery(namespace=namespace or None, name=name or None)
        now_ms = self._clock.now_ms()
        kept = self._kept.get((scope, query))
        if kept is not None and now_ms - kept.at_ms < KEEP_MS:
            return kept
        report = await asyncio.to_thread(count, self._registry.snapshot(scope, query), now_ms)
        if len(self._kept) >= _MOST_REPORTS:
            self._kept.clear()
        self._kept[scope, query] = report
        return report


def count(snapshot: Snapshot, now_ms: int) -> Cardinality:
    """The report of these series. Blocks: some µs a series."""
    created = (snapshot.first_seen >= now_ms - DAY_MS).tolist()
    live = (snapshot.last_seen >= now_ms - DAY_MS).tolist()
    last = snapshot.last_seen.tolist()
    total, found = Group("all"), {by: _Groups() for by in By}
    values: dict[str, set[str]] = {}
    for identity, is_new, is_live, at in zip(snapshot.identities, created, live, last, strict=True):
        touched = [total, found[By.ACCOUNT].of(identity.account), found[By.SOURCE].of(source_of(identity))]
        touched.append(found[By.METRIC].of(identity.name, identity.namespace))
        for label, value in identity.dimensions:
            touched.append(found[By.LABEL].of(label))
            values.setdefault(label, set()).add(value)
        for group in touched:
            group.series += 1
            group.created += is_new
            group.live += is_live
            group.last_seen_ms = max(group.last_seen_ms, at)
    for group in found[By.LABEL].all():
        group.values, group.example = len(values[group.key]), next(iter(values[group.key]))
    order: dict[By, Callable[[Group], int]] = dict.fromkeys(By, lambda group: group.series)
    order[By.LABEL] = lambda group: group.values
    groups = {by: sorted(found[by].all(), key=lambda one: (-order[by](one), one.key)) for by in By}
    return Cardinality(now_ms, total, groups)


def source_of(identity: Identity) -> str:
    """What sends a series."""
    return next((value for label, value in identity.dimensions if label == _JOB), identity.namespace)


class _Groups:
    """Groups by key and namespace, made when they are first met."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], Group] = {}

    def of(self, key: str, namespace: str = "") -> Group:
        group = self._groups.get((key, namespace))
        if group is None:
            group = self._groups[key, namespace] = Group(key, namespace)
        return group

    def all(self) -> Iterable[Group]:
        return self._groups.values()
