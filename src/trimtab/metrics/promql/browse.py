"""What there is to ask for: series, label names and values, and what is known of metrics."""

from collections.abc import Iterable

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.metrics.model import Kind
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.labels import NAME, Labels
from trimtab.metrics.promql.language.syntax import Matcher
from trimtab.metrics.promql.translation import PROMETHEUS, Entry, Part
from trimtab.metrics.registry import SeriesRegistry

_TYPES = {Kind.COUNTER: "counter", Kind.GAUGE: "gauge", Kind.HISTOGRAM: "histogram", Kind.EVENTS: "gauge"}


class About(Struct, frozen=True):
    """What is known of a metric: Prometheus' type and the unit as it was sent."""

    type: str
    unit: str


class Browser:
    """Answers from the index of series, without the engine. Series that had no point since `start_ms` are left out."""

    def __init__(self, registry: SeriesRegistry, catalogue: Catalogue) -> None:
        self._registry = registry
        self._catalogue = catalogue

    def series(self, scope: Scope, selectors: list[tuple[Matcher, ...]], start_ms: int = 0) -> list[Labels]:
        """The label sets that any of the selectors matches, sorted. Of buckets the label `le` is not told."""
        return sorted({entry.labels for entry in self._entries(scope, selectors, start_ms)})

    def label_names(self, scope: Scope, selectors: list[tuple[Matcher, ...]], start_ms: int = 0) -> list[str]:
        """The names of labels of those series, sorted."""
        if not selectors:
            return self._catalogue.label_names(scope, start_ms)
        return sorted({name for entry in self._entries(scope, selectors, start_ms) for name, _ in entry.labels})

    def label_values(
        self, scope: Scope, name: str, selectors: list[tuple[Matcher, ...]], start_ms: int = 0
    ) -> list[str]:
        """The values of one label of those series, sorted."""
        if not selectors:
            return self._catalogue.label_values(scope, name, start_ms)
        found = self._entries(scope, selectors, start_ms)
        return sorted({value for entry in found for key, value in entry.labels if key == name})

    def metadata(self, scope: Scope, metric: str = "") -> dict[str, list[About]]:
        """What is known of metrics, by name."""
        found: dict[str, dict[About, None]] = {}
        for entry in self._catalogue.find(scope, ()):
            name = next(value for key, value in entry.labels if key == NAME)
            if metric and name != metric:
                continue
            found.setdefault(name, {})[self._about(entry)] = None
        return {name: list(about) for name, about in sorted(found.items())}

    def _about(self, entry: Entry) -> About:
        series = self._registry.get(entry.series)
        unit = "" if series is None or series.identity.unit == "None" else series.identity.unit
        if series is not None and series.identity.namespace != PROMETHEUS and entry.part is Part.NATIVE:
            return About("histogram", unit)
        kind = Kind.COUNTER if entry.kind is Kind.HISTOGRAM and entry.part is not Part.NATIVE else entry.kind
        return About(_TYPES[kind], unit)

    def _entries(self, scope: Scope, selectors: list[tuple[Matcher, ...]], start_ms: int) -> Iterable[Entry]:
        for matchers in selectors or [()]:
            yield from self._catalogue.find(scope, matchers, start_ms)
