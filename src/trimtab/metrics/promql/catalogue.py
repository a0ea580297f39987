"""Which series match a selector: what PromQL sees by metric name, kept up with the registry.

What series are named follows from their shape (name, unit, kind), of which there are few. Matchers are first asked of
the registry's index and columns: entries, with their labels, are made of the series that are left, and kept for the
next time.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt

from trimtab.access.scope import Scope
from trimtab.metrics.model import Identity
from trimtab.metrics.postings import Ordinals
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
from trimtab.metrics.series_table import Shape

Mask = npt.NDArray[np.bool_]
"""By the number of a series, whether it counts."""
_KEPT = 50_000
"""Entries that are kept made: what a page and its alarms ask again and again, in about 30 MB."""
_OWN = frozenset(label for labels in OWN_LABELS.values() for label in labels)


class Catalogue:
    """Series by metric name. Used from one thread, as the registry is."""

    def __init__(self, registry: SeriesRegistry) -> None:
        self._registry = registry
        self._wiped = 0
        self.clear()

    def clear(self) -> None:
        """Know no series."""
        self._wiped += 1
        self._table = self._registry.table
        self._by_name: dict[str, dict[Part, list[int]]] = {}  # the numbers of shapes
        self._forms: npt.NDArray[np.uint8] = np.empty(0, np.uint8)  # by shape
        self._dimensions: dict[tuple[Form, str], list[str]] = {}
        self._dimensions_known = 0
        self._made: dict[tuple[int, str], Entry] = {}

    def version(self) -> tuple[int, int]:
        """Another one whenever a selector may find others: how often all were forgotten, and how many are known."""
        self._catch_up()
        return self._wiped, len(self._table)

    def find(
        self, scope: Scope, matchers: Iterable[Matcher], since_ms: int = 0, *, most: int | None = None
    ) -> list[Entry]:
        """The entries that pass `scope` and all matchers; one on `le` says nothing of buckets that were not read.

        With `since_ms` only those of series that had a point at or after it; no more than `most` of them.
        """
        self._catch_up()
        matchers = list(matchers)
        names = self._names([matcher for matcher in matchers if matcher.name == NAME])
        rest = [matcher for matcher in matchers if matcher.name != NAME]
        passes = [(matcher.name, predicate(matcher)) for matcher in rest]
        found = self._within(scope, since_ms, self._series_named(names, rest))
        for label, passing in passes:
            found = self._passing(found, label, passing)
        by_shape = _by_shape(found, self._table.shape_of.view[found])
        entries = self._all_entries(names, by_shape, passes)
        return list(islice(entries, most))

    def names(self, scope: Scope, since_ms: int = 0) -> list[str]:
        """Every metric name within `scope`, sorted."""
        self._catch_up()
        shape_of = self._table.shape_of.view[self._registry.mask(scope, since_ms)]
        present = np.bincount(shape_of, minlength=len(self._table.shapes)) > 0
        return sorted(
            name for name, parts in self._by_name.items() if any(present[shapes].any() for shapes in parts.values())
        )

    def label_names(self, scope: Scope, since_ms: int = 0) -> list[str]:
        """Every label's name within `scope`, sorted."""
        self._catch_up()
        among = self._registry.mask(scope, since_ms)
        forms = self._forms[self._table.shape_of.view]
        found = {NAME} if among.any() else set()
        for form in Form:
            own = among & (forms == form)
            if not own.any():
                continue
            found |= {label for label in OWN_LABELS[form] if self._lacks(label, "", own)}
            present = self._dimensions_of(own)
            for (its_form, label), dimensions in self._dimensions.items():
                if its_form is not form or label in found:
                    continue
                if self._joined(dimensions, own):
                    if any(key == label for each in self.find(scope, (), since_ms) for key, _ in each.labels):
                        found.add(label)
                elif not present.isdisjoint(dimensions):
                    found.add(label)
        return sorted(found)

    def label_values(self, scope: Scope, label: str, since_ms: int = 0) -> list[str]:
        """Every value of a label within `scope`, sorted."""
        self._catch_up()
        if label == NAME:
            return self.names(scope, since_ms)
        among = self._registry.mask(scope, since_ms)
        forms = self._forms[self._table.shape_of.view]
        otlp = among & (forms == Form.OPEN_TELEMETRY)
        of_open_telemetry = self._dimensions.get((Form.OPEN_TELEMETRY, label), [])
        own = [form for form, labels in OWN_LABELS.items() if label in labels and (among & (forms == form)).any()]
        if own or self._joined(of_open_telemetry, otlp):  # made of what is no dimension, or of several at once
            entries = self.find(scope, (), since_ms)
            return sorted({value for each in entries for key, value in each.labels if key == label})
        found = set(self._registry.index.values(label, among & ~otlp))
        for dimension in of_open_telemetry:
            found |= set(self._registry.index.values(dimension, otlp))
        return sorted(found - {""})

    def _dimensions_of(self, among: Mask) -> set[str]:
        """The dimensions of which some series has a value that is not empty."""
        pairs = self._table.pairs
        present = self._registry.index.present(among)
        present[list(pairs.empty)] = False
        return {pairs.names[number] for number in np.unique(pairs.name_of[present]).tolist()}

    def _series_named(self, names: list[str], matchers: list[Matcher]) -> Ordinals:
        """The series of metrics, as far as the index knows those that have what labels are to equal."""
        index = self._registry.index
        found: Ordinals | None = None
        if len(names) < len(self._by_name):
            shapes = {shape for name in names for own in self._by_name[name].values() for shape in own}
            found = index.with_shapes(sorted(shapes))
        for matcher in matchers:
            label, text = matcher.name, matcher.value
            if matcher.op is not MatchOp.EQUAL or not text or JOINT in text or label == BUCKET or label in _OWN:
                continue
            dimensions = {label, *self._dimensions.get((Form.OPEN_TELEMETRY, label), ())}
            found = index.having_any([(dimension, text) for dimension in dimensions], found)
        return np.arange(len(self._table), dtype=np.uint32) if found is None else found

    def _within(self, scope: Scope, since_ms: int, found: Ordinals) -> Ordinals:
        if since_ms:
            found = found[self._table.last_seen[found] >= since_ms]
        return self._registry.index.within_scope(scope, found)

    def _passing(self, found: Ordinals, label: str, passing: Callable[[str], bool]) -> Ordinals:
        """What of some series may pass a matcher: each value of a dimension is asked once.

        Series whose labels are made of more than their dimensions are left for their entries to be looked at.
        """
        forms = self._forms[self._table.shape_of.view[found]]
        told = forms == Form.PROMETHEUS if label in _OWN else forms != Form.OPEN_TELEMETRY
        asked = np.flatnonzero(told)
        pairs = self._table.pair_named(found[asked], label)
        numbers, places = np.unique(pairs, return_inverse=True)
        values = ("" if number < 0 else self._table.pairs.value(number) for number in numbers.tolist())
        kept = ~told
        kept[asked] = np.fromiter(map(passing, values), np.bool_, len(numbers))[places]
        passed: Ordinals = found[kept]
        return passed

    def _joined(self, dimensions: list[str], among: Mask) -> bool:
        """Whether a series has more than one of these dimensions."""
        having = np.zeros(len(among), dtype=np.uint8)
        for dimension in dimensions if len(dimensions) > 1 else ():
            having[self._registry.index.with_name(dimension)] += 1
        return bool((having[among] > 1).any())

    def _lacks(self, dimension: str, value: str, among: Mask) -> bool:
        """Whether a series has not this value for a dimension."""
        other = among.copy()
        other[self._registry.index.with_any([(dimension, value)])] = False
        return bool(other.any())

    def _names(self, matchers: list[Matcher]) -> list[str]:
        exact = next((matcher.value for matcher in matchers if matcher.op is MatchOp.EQUAL), None)
        candidates = self._by_name if exact is None else [exact] if exact in self._by_name else []
        passes = [predicate(matcher) for matcher in matchers]
        return [name for name in candidates if all(passing(name) for passing in passes)]

    def _all_entries(
        self, names: list[str], by_shape: dict[int, list[int]], passes: list[tuple[str, Callable[[str], bool]]]
    ) -> Iterator[Entry]:
        """The entries of some series under each of these names that they have."""
        for name in names:
            for part, shapes in self._by_name[name].items():
                for shape in shapes:
                    series = by_shape.get(shape, [])
                    entries = self._entries(name, part, series)
                    if int(self._forms[shape]) == int(Form.PROMETHEUS):  # what passes was found by the columns
                        yield from entries
                    else:
                        yield from (each for each in entries if _passes(each, passes))

    def _entries(self, name: str, part: Part, series: list[int]) -> Iterator[Entry]:
        """The entries of some series under one of their names."""
        table = self._table
        for number in series:
            made = self._made.get((number, name))
            if made is None:
                made = entry(table.id_at(number), table.identity(number), name, part)
                if len(self._made) >= _KEPT:
                    self._made.clear()
                self._made[number, name] = made
            yield made

    def _catch_up(self) -> None:
        if self._registry.table is not self._table:  # everything was wiped
            self.clear()
        shapes = self._table.shapes
        fresh = [_identity(shape) for shape in shapes[len(self._forms) :]]
        for number, identity in enumerate(fresh, len(self._forms)):
            for name, part in named(identity):
                self._by_name.setdefault(name, {}).setdefault(part, []).append(number)
        if fresh:
            self._forms = np.append(self._forms, np.array([form_of(identity) for identity in fresh], np.uint8))
        names = self._registry.index.dimension_names
        for dimension in names[self._dimensions_known :]:
            for form in Form:
                self._dimensions.setdefault((form, label_of(dimension, form)), []).append(dimension)
        self._dimensions_known = len(names)


def _identity(shape: Shape) -> Identity:
    """What says how series of a shape are named: their dimensions do not."""
    account, region, namespace, name, unit, kind = shape
    return Identity(account, region, namespace, name, (), unit, kind)


def _by_shape(found: Ordinals, shape_of: npt.NDArray[np.uint32]) -> dict[int, list[int]]:
    """Series by their shape."""
    order = np.argsort(shape_of, kind="stable")
    shapes, begins = np.unique(shape_of[order], return_index=True)
    parts = np.split(found[order], begins[1:]) if len(shapes) else []
    return {shape: part.tolist() for shape, part in zip(shapes.tolist(), parts, strict=True)}


def _passes(one: Entry, matchers: list[tuple[str, Callable[[str], bool]]]) -> bool:
    if not matchers:
        return True
    own = dict(one.labels)
    return all((name == BUCKET and one.part is Part.BUCKET) or passing(own.get(name, "")) for name, passing in matchers)
