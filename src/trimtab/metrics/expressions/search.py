"""Finds the metrics of a SEARCH in the registry's index."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.base.tags import Tags
from trimtab.metrics.expressions.ports import Registry
from trimtab.metrics.expressions.search_match import Matcher
from trimtab.metrics.expressions.search_text import ACCOUNT, Both, Condition, Either, Not, Search, Term
from trimtab.metrics.model import Identity, Series, SeriesQuery

MAX_FOUND = 500
"""Metrics that a search may return: as many as CloudWatch's graphs and requests take."""
_FEW = 20_000
"""Candidates that are looked at one by one. Of more, the index's words choose first; they do not know names without
their separators (`project2trial333`), which then are not found."""
METRIC_NAME, NAMESPACE = "MetricName", "Namespace"

Test = Callable[[Identity], bool]


class Metric(Struct, frozen=True):
    """A metric that a search or query found: what it is called, and its series (ids; one for each unit and kind)."""

    account: str
    region: str
    namespace: str
    name: str
    dimensions: Tags
    series: tuple[int, ...]


def find(registry: Registry, scope: Scope, search: Search, active_since_ms: int | None) -> list[Metric]:
    """All metrics that match, by namespace, name and dimensions, without regard to MAX_FOUND.

    With `active_since_ms` only those with a point since then.
    """
    query = _query(search, active_since_ms)
    if search.condition is not None and registry.count(scope, query) > _FEW:
        query = replace(query, text=" ".join(_words(search.condition)))
    test = _test(search.condition) if search.condition is not None else None
    names = frozenset(search.dimensions)
    found = [
        series
        for series in registry.find(scope, query)
        if (not names or names == series.dimensions.keys()) and (test is None or test(series.identity))
    ]
    return metrics_of(found)


def metrics_of(found: Sequence[Series]) -> list[Metric]:
    """The metrics that `found` series belong to, in the order of their first one."""
    groups: dict[tuple[str, str, str, str, Tags], list[int]] = {}
    for series in found:
        own = series.identity
        key = (own.account, own.region, own.namespace, own.name, own.dimensions)
        groups.setdefault(key, []).append(series.id)
    return [Metric(*key, tuple(ids)) for key, ids in groups.items()]


def names_accounts(condition: Condition | None) -> bool:
    """Whether a search says which accounts it means; only then those linked to the caller's are searched."""
    return condition is not None and any(term.property == ACCOUNT for term in _terms(condition))


def _query(search: Search, active_since_ms: int | None) -> SeriesQuery:
    needed = list(_needed(search.condition)) if search.condition is not None else []
    exact = {term.property: term.text for term in needed if term.exact and term.property is not None}
    pairs = {name: text for name, text in exact.items() if name not in (METRIC_NAME, NAMESPACE, ACCOUNT)}
    return SeriesQuery(
        namespace=search.namespace if search.namespace is not None else exact.get(NAMESPACE),
        name=exact.get(METRIC_NAME),
        dimensions=tuple(sorted(pairs.items())),
        dimension_names=search.dimensions,
        active_since_ms=active_since_ms,
    )


def _needed(condition: Condition) -> list[Term]:
    """Terms without which nothing matches."""
    if isinstance(condition, Term):
        return [condition]
    return [term for item in condition.items for term in _needed(item)] if isinstance(condition, Both) else []


def _words(condition: Condition) -> list[str]:
    return [term.text for term in _needed(condition) if term.property != ACCOUNT]


def _terms(condition: Condition) -> list[Term]:
    match condition:
        case Term():
            return [condition]
        case Not(item=item):
            return _terms(item)
        case Both(items=items) | Either(items=items):
            return [term for item in items for term in _terms(item)]


def _test(condition: Condition) -> Test:
    match condition:
        case Term():
            return _term_test(condition)
        case Not(item=item):
            inner = _test(item)
            return lambda identity: not inner(identity)
        case Both(items=items):
            every = [_test(item) for item in items]
            return lambda identity: all(test(identity) for test in every)
        case Either(items=items):
            some = [_test(item) for item in items]
            return lambda identity: any(test(identity) for test in some)


def _term_test(term: Term) -> Test:
    matches = Matcher(term).matches
    match term.property:
        case None:
            return lambda identity: (
                matches(identity.name)
                or matches(identity.namespace)
                or any(matches(value) or matches(name) for name, value in identity.dimensions)
            )
        case "MetricName":
            return lambda identity: matches(identity.name)
        case "Namespace":
            return lambda identity: matches(identity.namespace)
        case ":aws.AccountId":
            return lambda identity: identity.account == term.text
        case name:
            return lambda identity: any(key == name and matches(value) for key, value in identity.dimensions)
