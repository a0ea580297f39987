"""Finds series by scope, namespace, name, dimensions and free text. Holds ordinals; the registry holds the rest."""

from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from trimtab.access.scope import MACHINE_IDS, RowRule, Scope
from trimtab.metrics.model import Identity, SeriesQuery
from trimtab.metrics.postings import Ordinals, Postings
from trimtab.metrics.tokens import tokens_of, words_of

Group = tuple[str, str, str, str]
"""Account, region, namespace, name: what nearly every search names."""

Pair = tuple[str, str]

_BARE = ("", "")  # Stands for "has no dimensions" among the pairs, so that an exact search for none is a look-up too.


class SeriesIndex:
    """Inverted lists over group, dimension pair, dimension name and token. Ordinals are added in ascending order."""

    def __init__(self) -> None:
        self._groups: Postings[Group] = Postings()
        self._pairs: Postings[Pair] = Postings()
        self._names: Postings[str] = Postings()
        self._group_of = array("I")  # The number of the group, by ordinal.
        # Tokens to the numbers of the strings that have them: a token is in few strings, a string in many series.
        self._group_tokens: Postings[str] = Postings()
        self._name_tokens: Postings[str] = Postings()
        self._value_tokens: Postings[str] = Postings()

    def add(self, ordinal: int, identity: Identity) -> None:
        """Index the series at `ordinal`."""
        group = (identity.account, identity.region, identity.namespace, identity.name)
        number, new = self._groups.add(group, ordinal)
        if new:
            _note(self._group_tokens, tokens_of(identity.namespace) | tokens_of(identity.name), number)
        self._group_of.append(number)
        for pair in identity.dimensions or (_BARE,):
            number, new = self._pairs.add(pair, ordinal)
            if new:
                _note(self._value_tokens, tokens_of(pair[1]), number)
            if pair is not _BARE:
                number, new = self._names.add(pair[0], ordinal)
                if new:
                    _note(self._name_tokens, tokens_of(pair[0]), number)

    def pair(self, pair: Pair) -> Pair:
        """The pair that is kept for all series that have an equal one; `pair` itself where none has."""
        number = self._pairs.number(pair)
        return pair if number is None else self._pairs.keys[number]

    def candidates(self, scope: Scope, query: SeriesQuery) -> Ordinals:
        """The ordinals that pass `scope` and every part of `query` but exactness, unit, kind and activity."""
        wanted = [*query.dimensions] if query.dimensions or not query.exact else [_BARE]
        filters = [self._pairs.get(pair) for pair in wanted]
        filters += [self._names.get(name) for name in query.dimension_names]
        filters += [self._rule(rule) for rule in scope.rows]
        filters += [self._word(word, parts) for word, parts in words_of(query.text)]
        groups = self._matching_groups(scope, query)
        if not filters:
            return self._everything() if groups is None else self._groups.union(groups)
        found = _intersection(filters)
        if groups is None:
            return found
        allowed = np.zeros(len(self._groups.keys), dtype=np.bool_)
        allowed[groups] = True
        return found[allowed[np.array(self._group_of, dtype=np.uint32)[found]]]

    def counts(self, scope: Scope) -> dict[tuple[str, str], int]:
        """How many series each (namespace, name) has within `scope`."""
        groups = self._groups.keys
        if scope.rows:
            found = np.array(self._group_of, dtype=np.uint32)[self.candidates(scope, SeriesQuery())]
            by_group = dict(enumerate(np.bincount(found, minlength=len(groups)).tolist()))
        else:
            numbers = self._matching_groups(scope, SeriesQuery())
            by_group = {at: self._groups.count_at(at) for at in (range(len(groups)) if numbers is None else numbers)}
        totals: dict[tuple[str, str], int] = {}
        for at, number in by_group.items():
            if number:
                totals[groups[at][2:]] = totals.get(groups[at][2:], 0) + number
        return totals

    @property
    def dimension_names(self) -> Sequence[str]:
        """Every dimension's name, in the order in which they came."""
        return self._names.keys

    def first(self, group: Group) -> int | None:
        """The ordinal of the first series of a group."""
        return self._groups.first(group)

    def with_name(self, name: str) -> Ordinals:
        """The ordinals that have a dimension, whatever its value."""
        return self._names.get(name)

    def with_any(self, pairs: Iterable[Pair]) -> Ordinals:
        """The ordinals that have any of these pairs."""
        numbers = (self._pairs.number(pair) for pair in pairs)
        return self._pairs.union(number for number in numbers if number is not None)

    def values(self, name: str, among: npt.NDArray[np.bool_]) -> Iterator[str]:
        """The values that dimension `name` has in the series `among` (a mask over ordinals)."""
        for number, (key, value) in enumerate(self._pairs.keys):
            if key == name and self._pairs.any_at(number, among):
                yield value

    def _everything(self) -> Ordinals:
        return np.arange(len(self._group_of), dtype=np.uint32)

    def _rule(self, rule: RowRule) -> Ordinals:
        """As `RowRule.passes`."""
        tagged = self.with_any((rule.key, value) for value in rule.values)
        if not rule.machines:
            return tagged
        named = self.with_any((name, id_) for name in MACHINE_IDS for id_ in rule.machines)
        return np.union1d(tagged, np.setdiff1d(named, self._names.get(rule.key)))

    def _matching_groups(self, scope: Scope, query: SeriesQuery) -> list[int] | None:
        """The numbers of the groups that pass; None where nothing restricts them."""
        accounts, regions, namespace, name = scope.accounts, scope.regions, query.namespace, query.name
        if accounts is None and regions is None and namespace is None and name is None:
            return None
        if accounts is not None and regions is not None and namespace is not None and name is not None:
            named = ((account, region, namespace, name) for account in accounts for region in regions)
            numbers = (self._groups.number(group) for group in named)
            return [number for number in numbers if number is not None]
        return [
            number
            for number, group in enumerate(self._groups.keys)
            if (accounts is None or group[0] in accounts)
            and (regions is None or group[1] in regions)
            and (namespace is None or group[2] == namespace)
            and (name is None or group[3] == name)
        ]

    def _word(self, word: str, parts: tuple[str, ...]) -> Ordinals:
        whole = self._token(word)
        if len(parts) < 2:
            return whole
        return np.union1d(whole, _intersection([self._token(part) for part in parts]))

    def _token(self, token: str) -> Ordinals:
        found = (
            self._groups.union(self._group_tokens.get(token).tolist()),
            self._names.union(self._name_tokens.get(token).tolist()),
            self._pairs.union(self._value_tokens.get(token).tolist()),
        )
        return np.unique(np.concatenate(found))


def _intersection(filters: list[Ordinals]) -> Ordinals:
    filters.sort(key=len)
    result = filters[0]
    for other in filters[1:]:
        result = np.intersect1d(result, other, assume_unique=True)
    return result


def _note(postings: Postings[str], tokens: Iterable[str], number: int) -> None:
    for token in tokens:
        postings.add(token, number)
