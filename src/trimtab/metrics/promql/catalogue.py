"""Which series match a selector: an index of what PromQL sees, kept up with the registry."""

from collections.abc import Callable, Iterable

from trimtab.access.scope import Scope
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.labels import BUCKET, NAME
from trimtab.metrics.promql.language.syntax import Matcher, MatchOp
from trimtab.metrics.promql.matchers import predicate
from trimtab.metrics.promql.translation import Entry, Part, entries
from trimtab.metrics.registry import SeriesRegistry, covers


class Catalogue:
    """Entries by metric name. Used from one thread, as the registry is."""

    def __init__(self, registry: SeriesRegistry) -> None:
        self._registry = registry
        self._by_name: dict[str, list[Entry]] = {}
        self._known = 0

    def find(self, scope: Scope, matchers: Iterable[Matcher]) -> list[Entry]:
        """The entries that pass `scope` and all matchers; one on `le` says nothing of buckets that were not read."""
        self._catch_up()
        names = [matcher for matcher in matchers if matcher.name == NAME]
        rest = [(matcher.name, predicate(matcher)) for matcher in matchers if matcher.name != NAME]
        found = [entry for name in self._names(names) for entry in self._by_name[name] if _passes(entry, rest)]
        return [entry for entry in found if self._covered(scope, entry)]

    def names(self, scope: Scope) -> list[str]:
        """Every metric name within `scope`, sorted."""
        self._catch_up()
        return sorted(name for name, own in self._by_name.items() if any(self._covered(scope, entry) for entry in own))

    def _names(self, matchers: list[Matcher]) -> list[str]:
        exact = next((matcher.value for matcher in matchers if matcher.op is MatchOp.EQUAL), None)
        candidates = self._by_name if exact is None else [exact] if exact in self._by_name else []
        passes = [predicate(matcher) for matcher in matchers]
        return [name for name in candidates if all(passing(name) for passing in passes)]

    def _covered(self, scope: Scope, entry: Entry) -> bool:
        if scope.accounts is None and scope.regions is None and not scope.rows:
            return True
        series = self._registry.get(entry.series)
        return series is not None and covers(scope, series.identity)

    def _catch_up(self) -> None:
        if len(self._registry) < self._known:  # everything was wiped
            self._by_name.clear()
            self._known = 0
        for series in self._registry.since(self._known):
            for entry in entries(series.id, series.identity):
                self._by_name.setdefault(sets.get(entry.labels, NAME), []).append(entry)
        self._known = len(self._registry)


def _passes(entry: Entry, matchers: list[tuple[str, Callable[[str], bool]]]) -> bool:
    if not matchers:
        return True
    own = dict(entry.labels)
    return all(
        (name == BUCKET and entry.part is Part.BUCKET) or passing(own.get(name, "")) for name, passing in matchers
    )
