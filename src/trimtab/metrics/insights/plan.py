"""From a Metrics Insights query to groups of series: what each result is the statistic of."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.metrics.expressions.ports import Registry, ResourceTags
from trimtab.metrics.insights.parser import FUNCTIONS, Filter, Select
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.statistics import Statistic, parse_statistic

OTHER = "Other"
"""What a metric without a key of GROUP BY has instead of a value, as documented."""
ACCOUNT = "AWS.AccountId"
TAG = "tag."


class Group(Struct, frozen=True):
    """One result: the values of the keys of GROUP BY (None: the metrics have no such key), and its series (ids)."""

    values: tuple[str | None, ...]
    series: tuple[int, ...]

    @property
    def label(self) -> str:
        """The values, as CloudWatch labels a result."""
        return " ".join(OTHER if value is None else value for value in self.values)


def statistic_of(select: Select) -> Statistic:
    """The statistic that the query asks for."""
    return parse_statistic(FUNCTIONS[select.function])


def names_accounts(select: Select) -> bool:
    """Whether a query speaks of accounts; only then those linked to the caller's are read."""
    return ACCOUNT in select.group_by or any(one.key == ACCOUNT for one in select.where)


def make_groups(
    registry: Registry, tags: ResourceTags, scope: Scope, select: Select, active_since_ms: int | None
) -> list[Group]:
    """The groups of matching series, by their values, metrics without a key last. Without GROUP BY it is one, if any.

    LIMIT is not applied: it counts after ORDER BY, which needs the points.
    """
    found = [
        series for series in registry.find(scope, _query(select, active_since_ms)) if _passes(select, tags, series)
    ]
    if not select.group_by:
        return [Group((), tuple(series.id for series in found))] if found else []
    groups: dict[tuple[str | None, ...], list[int]] = {}
    for series in found:
        groups.setdefault(tuple(_value(key, series, tags) for key in select.group_by), []).append(series.id)
    return [Group(values, tuple(ids)) for values, ids in sorted(groups.items(), key=lambda item: _rank(item[0]))]


def _query(select: Select, active_since_ms: int | None) -> SeriesQuery:
    equal = {one.key: one.value for one in select.where if one.equal and _is_dimension(one.key)}
    return SeriesQuery(
        namespace=select.namespace,
        name=select.metric,
        dimensions=tuple(sorted(equal.items())),
        dimension_names=select.schema or (),
        active_since_ms=active_since_ms,
    )


def _passes(select: Select, tags: ResourceTags, series: Series) -> bool:
    if select.schema is not None and len(series.identity.dimensions) != len(set(select.schema)):
        return False
    return all(_holds(one, _value(one.key, series, tags)) for one in select.where)


def _holds(filter_: Filter, value: str | None) -> bool:
    return value is not None and (value == filter_.value) == filter_.equal


def _value(key: str, series: Series, tags: ResourceTags) -> str | None:
    if key == ACCOUNT:
        return series.identity.account
    if key.startswith(TAG):
        known: Mapping[str, str] = tags.tags_of(series.identity.resource)
        return known.get(key.removeprefix(TAG))
    return next((value for name, value in series.identity.dimensions if name == key), None)


def _is_dimension(key: str) -> bool:
    return key != ACCOUNT and not key.startswith(TAG)


def _rank(values: Sequence[str | None]) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in values)
