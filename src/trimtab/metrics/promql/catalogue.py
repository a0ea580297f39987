"""Which series match a selector: what PromQL sees by metric name, kept up with the registry.

Of a series it keeps its number under each of its names, 4 bytes; its labels are made when a selector asks for them, and
kept for the next time. A matcher that wants a label equal to a text is first asked of the registry's index.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from trimtab.access.scope import Scope
from trimtab.metrics.model import Identity
from trimtab.metrics.promql.labels import BUCKET, NAME
from trimtab.metrics.promql.language.syntax import Matcher, MatchOp
from trimtab.metrics.promql.matchers import predicate
from trimtab.metrics.promql.translation import (
    JOINT,
    OWN_LABELS,
    Entry,
    Form,
    Part,
    entry,
    form_of,
    label_of,
    named,
)
from trimtab.metrics.registry import SeriesRegistry

Mask = npt.NDArray[np.bool_]
"""By the number of a series, whether it counts."""
_KEPT = 50_000
"""Entries that are kept made: what a page and its alarms ask again and again, in about 30 MB."""
_OWN = frozenset(label for labels in OWN_LABELS.values() for label in labels)


class Catalogue:
    """Series by metric name. Used from one thread, as the registry is."""

    def __init__(self, registry: SeriesRegistry) -> None:
        self._registry = registry
        self.clear()

    def clear(self) -> None:
        """Know no series."""
        self._by_name: dict[str, dict[Part, array[int]]] = {}
        self._lists: dict[tuple[object, ...], list[array[int]]] = {}
        self._forms = array("B")
        self._dimensions: dict[tuple[Form, str], list[str]] = {}
        self._dimensions_known = 0
        self._made: dict[tuple[int, str], Entry] = {}

    def find(self, scope: Scope, matchers: Iterable[Matcher], since_ms: int = 0) -> list[Entry]:
        """The entries that pass `scope` and all matchers; one on `le` says nothing of buckets that were not read.

        With `since_ms` only those of series that had a point at or after it.
        """
        self._catch_up()
        names = [matcher for matcher in matchers if matcher.name == NAME]
        rest = [matcher for matcher in matchers if matcher.name != NAME]
        passes = [(matcher.name, predicate(matcher)) for matcher in rest]
        among = self._registry.mask(scope, since_ms)
        for matcher in rest:
            self._narrow(among, matcher)
        return [
            one
            for name in self._names(names)
            for part, series in self._by_name[name].items()
            for one in self._entries(name, part, _among(series, among))
            if _passes(one, passes)
        ]

    def names(self, scope: Scope, since_ms: int = 0) -> list[str]:
        """Every metric name within `scope`, sorted."""
        self._catch_up()
        among = self._registry.mask(scope, since_ms)
        return sorted(name for name, parts in self._by_name.items() if any(map(_any_of(among), parts.values())))

    def label_names(self, scope: Scope, since_ms: int = 0) -> list[str]:
        """Every label's name within `scope`, sorted."""
        self._catch_up()
        among = self._registry.mask(scope, since_ms)
        forms = np.frombuffer(self._forms.tobytes(), dtype=np.uint8)
        present = {form: among & (forms == form) for form in Form}
        found = {NAME} if among.any() else set()
        for form, own in OWN_LABELS.items():
            found |= {label for label in own if self._lacks(label, "", present[form])}
        for (form, label), dimensions in self._dimensions.items():
            if label in found or not present[form].any():
                continue
            if self._joined(dimensions, present[form]):
                if any(key == label for one in self.find(scope, (), since_ms) for key, _ in one.labels):
                    found.add(label)
            elif any(self._has(dimension, present[form]) for dimension in dimensions):
                found.add(label)
        return sorted(found)

    def label_values(self, scope: Scope, label: str, since_ms: int = 0) -> list[str]:
        """Every value of a label within `scope`, sorted."""
        self._catch_up()
        if label == NAME:
            return self.names(scope, since_ms)
        among = self._registry.mask(scope, since_ms)
        forms = np.frombuffer(self._forms.tobytes(), dtype=np.uint8)
        otlp = among & (forms == Form.OPEN_TELEMETRY)
        of_open_telemetry = self._dimensions.get((Form.OPEN_TELEMETRY, label), [])
        if label in _OWN or self._joined(
            of_open_telemetry, otlp
        ):  # made of what is no dimension, or of several at once
            entries = self.find(scope, (), since_ms)
            return sorted({value for one in entries for key, value in one.labels if key == label})
        found = set(self._registry.index.values(label, among & ~otlp))
        for dimension in of_open_telemetry:
            found |= set(self._registry.index.values(dimension, otlp))
        return sorted(found - {""})

    def _joined(self, dimensions: list[str], among: Mask) -> bool:
        """Whether a series has more than one of these dimensions."""
        having = np.zeros(len(among), dtype=np.uint8)
        for dimension in dimensions if len(dimensions) > 1 else ():
            having[self._registry.index.with_name(dimension)] += 1
        return bool((having[among] > 1).any())

    def _has(self, dimension: str, among: Mask) -> bool:
        """Whether a series has a value, not an empty one, for a dimension."""
        having = np.zeros(len(among), dtype=np.bool_)
        having[self._registry.index.with_name(dimension)] = True
        return self._lacks(dimension, "", having & among)

    def _lacks(self, dimension: str, value: str, among: Mask) -> bool:
        """Whether a series has not this value for a dimension."""
        other = among.copy()
        other[self._registry.index.with_any([(dimension, value)])] = False
        return bool(other.any())

    def _narrow(self, among: Mask, matcher: Matcher) -> None:
        """Leave out what cannot have the text that a label is to equal, as far as the index knows."""
        label, text = matcher.name, matcher.value
        if matcher.op is not MatchOp.EQUAL or not text or JOINT in text or label == BUCKET or label in _OWN:
            return
        dimensions = {label, *self._dimensions.get((Form.OPEN_TELEMETRY, label), ())}
        having = np.zeros(len(among), dtype=np.bool_)
        having[self._registry.index.with_any((dimension, text) for dimension in dimensions)] = True
        among &= having

    def _names(self, matchers: list[Matcher]) -> list[str]:
        exact = next((matcher.value for matcher in matchers if matcher.op is MatchOp.EQUAL), None)
        candidates = self._by_name if exact is None else [exact] if exact in self._by_name else []
        passes = [predicate(matcher) for matcher in matchers]
        return [name for name in candidates if all(passing(name) for passing in passes)]

    def _entries(self, name: str, part: Part, series: list[int]) -> Iterator[Entry]:
        registry = self._registry
        for number in series:
            made = self._made.get((number, name))
            if made is None:
                made = entry(registry.id_at(number), registry.identity_at(number), name, part)
                if len(self._made) >= _KEPT:
                    self._made.clear()
                self._made[number, name] = made
            yield made

    def _catch_up(self) -> None:
        registry = self._registry
        if len(registry) < len(self._forms):  # everything was wiped
            self.clear()
        for number in range(len(self._forms), len(registry)):
            identity = registry.identity_at(number)
            form = form_of(identity)
            alike = (form, identity.name, identity.unit, identity.kind)
            lists = self._lists.get(alike)
            if lists is None:
                lists = self._lists[alike] = self._lists_of(identity)
            for one in lists:
                one.append(number)
            self._forms.append(form)
        names = registry.index.dimension_names
        for dimension in names[self._dimensions_known :]:
            for form in Form:
                self._dimensions.setdefault((form, label_of(dimension, form)), []).append(dimension)
        self._dimensions_known = len(names)

    def _lists_of(self, identity: Identity) -> "list[array[int]]":
        """Where series with the form, name, unit and kind of this one are listed."""
        return [self._by_name.setdefault(name, {}).setdefault(part, array("I")) for name, part in named(identity)]


def _among(series: "array[int]", among: Mask) -> list[int]:
    numbers = np.frombuffer(series.tobytes(), dtype=np.uint32)
    kept: list[int] = numbers[among[numbers]].tolist()
    return kept


def _any_of(among: Mask) -> "Callable[[array[int]], bool]":
    return lambda series: bool(among[np.frombuffer(series.tobytes(), dtype=np.uint32)].any())


def _passes(one: Entry, matchers: list[tuple[str, Callable[[str], bool]]]) -> bool:
    if not matchers:
        return True
    own = dict(one.labels)
    return all((name == BUCKET and one.part is Part.BUCKET) or passing(own.get(name, "")) for name, passing in matchers)
