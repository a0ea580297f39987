"""Finds series by scope, namespace, name, dimensions and free text, over the columns of a table of series."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from trimtab.access.scope import MACHINE_IDS, RowRule, Scope
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.pair_table import Pair
from trimtab.metrics.postings import NOTHING, Flags, Ordinals, Postings, within
from trimtab.metrics.series_table import Group, SeriesTable, Shape
from trimtab.metrics.tokens import tokens_of, words_of

_TOKENS = 256
"""Words of searches whose pairs are remembered."""
_FEW = 16_384
"""Series whose labels are looked through: to list what many have takes longer."""


class SeriesIndex:
    """Searches. Made anew with its table."""

    def __init__(self, table: SeriesTable) -> None:
        self._table = table
        self._by_shape = Postings(table.shape_of)
        self._by_pair = Postings(table.labels, table.starts)
        self._words: dict[str, tuple[int, list[int]]] = {}

    def candidates(self, scope: Scope, query: SeriesQuery) -> Ordinals:
        """The ordinals that pass `scope` and every part of `query` but exactness, unit, kind and activity."""
        shapes = self._matching_shapes(scope, query)
        found: Ordinals | None = None
        numbers = [self._table.pairs.number(pair) for pair in query.dimensions]
        if None in numbers:
            return NOTHING
        if shapes is not None and len(shapes) <= max(len(self._table.shapes) // 8, 1):
            found = self.with_shapes(shapes)
            shapes = None
        found = self._having([number for number in numbers if number is not None], found)
        rest: list[Callable[[], Ordinals]] = [
            *[lambda name=name: self.with_name(name) for name in query.dimension_names],
            *[lambda rule=rule: self._rule(rule) for rule in scope.rows],
            *[lambda word=word: self._word(*word) for word in words_of(query.text)],
        ]
        for filter_ in rest:
            if found is not None and not len(found):
                break
            found = filter_() if found is None else within(found, filter_())
        if query.exact and not query.dimensions:
            starts = self._table.starts.view
            bare = np.flatnonzero(starts[1:] == starts[:-1]).astype(np.uint32)
            found = bare if found is None else within(found, bare)
        found = self._everything() if found is None else found
        return found if shapes is None else self._shaped(shapes, found)

    def counts(self, scope: Scope) -> dict[tuple[str, str], int]:
        """How many series each (namespace, name) has within `scope`."""
        shape_of = self._table.shape_of.view
        if scope.rows:
            shape_of = shape_of[self.candidates(scope, SeriesQuery())]
        numbers = self._matching_shapes(Scope(scope.accounts, scope.regions), SeriesQuery())
        by_shape = np.bincount(shape_of, minlength=len(self._table.shapes)).tolist()
        totals: dict[tuple[str, str], int] = {}
        for at in range(len(by_shape)) if numbers is None else numbers:
            if by_shape[at]:
                key = self._table.shapes[at][2:4]
                totals[key] = totals.get(key, 0) + by_shape[at]
        return totals

    @property
    def dimension_names(self) -> Sequence[str]:
        """Every dimension's name, in the order in which they came."""
        return self._table.pairs.names

    def with_shapes(self, shapes: Iterable[int]) -> Ordinals:
        """The ordinals whose shape is one of these."""
        return self._by_shape.union(shapes)

    def with_name(self, name: str) -> Ordinals:
        """The ordinals that have a dimension, whatever its value."""
        return self._by_pair.among(self._table.pairs.of_name(name))

    def with_any(self, pairs: Iterable[Pair]) -> Ordinals:
        """The ordinals that have any of these pairs."""
        numbers = (self._table.pairs.number(pair) for pair in pairs)
        return self._by_pair.union(number for number in numbers if number is not None)

    def values(self, name: str, among: Flags) -> Iterator[str]:
        """The values that dimension `name` has in the series `among` (a mask over ordinals)."""
        pairs = self._table.pairs
        return map(pairs.value, np.flatnonzero(pairs.of_name(name) & self.present(among)).tolist())

    def present(self, among: Flags) -> Flags:
        """By number, whether a pair is one of a series `among` (a mask over ordinals)."""
        table = self._table
        if among.all():
            return np.ones(len(table.pairs), np.bool_)
        present = np.zeros(len(table.pairs), np.bool_)
        if among.any():
            present[table.labels.view[np.repeat(among, np.diff(table.starts.view))]] = True
        return present

    def having_any(self, pairs: Iterable[Pair], found: Ordinals | None) -> Ordinals:
        """What of `found` (None: of everything) has any of these pairs."""
        numbers = [number for number in map(self._table.pairs.number, pairs) if number is not None]
        if found is None or not numbers or len(found) > _FEW:
            having = self._by_pair.union(numbers)
            return having if found is None else within(found, having)
        labels, owners = self._table.labels_of(found)
        flags = np.zeros(len(found), np.bool_)
        for number in numbers:
            flags[owners[labels == number]] = True
        return found[flags]

    def within_scope(self, scope: Scope, found: Ordinals) -> Ordinals:
        """What of `found` is within a scope."""
        if scope.rows:
            return within(found, self.candidates(scope, SeriesQuery()))
        shapes = self._matching_shapes(scope, SeriesQuery())
        return found if shapes is None else self._shaped(shapes, found)

    def _shaped(self, shapes: list[int], found: Ordinals) -> Ordinals:
        """What of some series has one of these shapes."""
        allowed = np.zeros(len(self._table.shapes), np.bool_)
        allowed[shapes] = True
        shaped: Ordinals = found[allowed[self._table.shape_of.view[found]]]
        return shaped

    def _having(self, numbers: list[int], found: Ordinals | None) -> Ordinals | None:
        """What of `found` (None: of everything) has all of these pairs: those that fewest have first."""
        if found is not None and len(found) <= _FEW and numbers:
            return self._all_of(numbers, found)
        by_size = sorted((self._by_pair.count(number), number) for number in numbers)
        for size, number in by_size:
            if found is None:
                found = self._by_pair.get(number)
            elif size > 8 * len(found):
                found = self._all_of([number], found)
            else:
                found = within(found, self._by_pair.get(number))
        return found

    def _all_of(self, numbers: list[int], found: Ordinals) -> Ordinals:
        """What of a few series has all of these pairs, by a look at their labels."""
        labels, owners = self._table.labels_of(found)
        having = np.ones(len(found), np.bool_)
        for number in numbers:
            has = np.zeros(len(found), np.bool_)
            has[owners[labels == number]] = True
            having &= has
        return found[having]

    def _everything(self) -> Ordinals:
        return np.arange(len(self._table), dtype=np.uint32)

    def _rule(self, rule: RowRule) -> Ordinals:
        """As `RowRule.passes`."""
        tagged = self.with_any((rule.key, value) for value in rule.values)
        if not rule.machines:
            return tagged
        named = self.with_any((name, id_) for name in MACHINE_IDS for id_ in rule.machines)
        return np.union1d(tagged, np.setdiff1d(named, self.with_name(rule.key)))

    def _matching_shapes(self, scope: Scope, query: SeriesQuery) -> list[int] | None:
        """The numbers of the shapes that pass; None where nothing restricts them."""
        accounts, regions, namespace, name = scope.accounts, scope.regions, query.namespace, query.name
        if accounts is None and regions is None and namespace is None and name is None:
            return None
        groups = self._table.groups
        if accounts is not None and regions is not None and namespace is not None and name is not None:
            named: Iterable[Group] = ((account, region, namespace, name) for account in accounts for region in regions)
            return [number for group in named for number in groups.get(group, ())]
        return [
            number
            for group, numbers in groups.items()
            if (accounts is None or group[0] in accounts)
            and (regions is None or group[1] in regions)
            and (namespace is None or group[2] == namespace)
            and (name is None or group[3] == name)
            for number in numbers
        ]

    def _word(self, word: str, parts: tuple[str, ...]) -> Ordinals:
        whole = self._token(word)
        if len(parts) < 2:
            return whole
        both: Ordinals | None = None
        for part in parts:
            own = self._token(part)
            both = own if both is None else within(both, own)
        return np.union1d(whole, NOTHING if both is None else both)

    def _token(self, token: str) -> Ordinals:
        table = self._table
        shapes = [number for number, shape in enumerate(table.shapes) if _has(shape, token)]
        flags = np.zeros(len(table.pairs), np.bool_)
        for name in table.pairs.names:
            if token in tokens_of(name):
                flags |= table.pairs.of_name(name)
        flags[self._pairs_with(token)] = True
        return np.union1d(self.with_shapes(shapes), self._by_pair.among(flags)).astype(np.uint32)

    def _pairs_with(self, token: str) -> list[int]:
        """The pairs that have a token in their value: what is remembered of the last search, and those since."""
        pairs = self._table.pairs
        known, numbers = self._words.pop(token, (0, []))
        if known < len(pairs):
            fresh = pairs.with_text(token, known)
            numbers = [*numbers, *(number for number in fresh if token in tokens_of.__wrapped__(pairs.value(number)))]
        if len(self._words) >= _TOKENS:
            self._words.clear()
        self._words[token] = len(pairs), numbers
        return numbers


def _has(shape: Shape, token: str) -> bool:
    return token in tokens_of(shape[2]) or token in tokens_of(shape[3])
