"""Finds series by scope, namespace, name, dimensions and free text. Holds ordinals; the registry holds the rest."""

from array import array
from collections.abc import Iterable

import numpy as np

from trimtab.access.scope import Scope
from trimtab.metrics.model import Identity, SeriesQuery
from trimtab.metrics.postings import NOTHING, Ordinals, Postings
from trimtab.metrics.tokens import tokens_of, words_of

Group = tuple[str, str, str, str]
"""Account, region, namespace, name: what nearly every search names."""

_BARE = ("", "")  # Stands for "has no dimensions" among the pairs, so that an exact search for none is a look-up too.


class SeriesIndex:
    """Inverted lists over group, dimension pair, dimension name and token. Ordinals are added in ascending order."""

    def __init__(self) -> None:
        self._groups: Postings[int] = Postings()
        self._pairs: Postings[tuple[str, str]] = Postings()
        self._names: Postings[str] = Postings()
        self._group_numbers: dict[Group, int] = {}
        self._group_list: list[Group] = []
        self._group_of = array("I")  # By ordinal.
        self._pair_list: list[tuple[str, str]] = []
        # Token to the positions in the lists above: tokens belong to few strings, strings to many series.
        self._group_tokens: dict[str, array[int]] = {}
        self._pair_tokens: dict[str, array[int]] = {}

    def add(self, ordinal: int, identity: Identity) -> None:
        """Index the series at `ordinal`."""
        group = (identity.account, identity.region, identity.namespace, identity.name)
        number = self._group_numbers.setdefault(group, len(self._group_list))
        if self._groups.add(number, ordinal):
            _note(self._group_tokens, tokens_of(identity.namespace) | tokens_of(identity.name), number)
            self._group_list.append(group)
        self._group_of.append(number)
        for pair in identity.dimensions or (_BARE,):
            if self._pairs.add(pair, ordinal):
                _note(self._pair_tokens, tokens_of(pair[0]) | tokens_of(pair[1]), len(self._pair_list))
                self._pair_list.append(pair)
            if pair is not _BARE:
                self._names.add(pair[0], ordinal)

    def candidates(self, scope: Scope, query: SeriesQuery) -> Ordinals:
        """The ordinals that pass `scope` and every part of `query` but exactness, unit, kind and activity."""
        wanted = [*query.dimensions] if query.dimensions or not query.exact else [_BARE]
        filters = [self._pairs.get(pair) for pair in wanted]
        filters += [self._names.get(name) for name in query.dimension_names]
        filters += [self._rule(rule.key, rule.values) for rule in scope.rows]
        filters += [self._word(word, parts) for word, parts in words_of(query.text)]
        groups = self._matching_groups(scope, query)
        if not filters:
            return self._everything() if groups is None else self._groups.union(groups)
        found = _intersection(filters)
        if groups is None:
            return found
        allowed = np.zeros(len(self._group_list), dtype=np.bool_)
        allowed[groups] = True
        return found[allowed[np.array(self._group_of, dtype=np.uint32)[found]]]

    def counts(self, scope: Scope) -> dict[tuple[str, str], int]:
        """How many series each (namespace, name) has within `scope`."""
        found = self.candidates(scope, SeriesQuery())
        numbers = np.bincount(np.array(self._group_of, dtype=np.uint32)[found], minlength=len(self._group_list))
        totals: dict[tuple[str, str], int] = {}
        for group, number in zip(self._group_list, numbers.tolist(), strict=True):
            if number:
                totals[group[2:]] = totals.get(group[2:], 0) + number
        return totals

    def dimension_values(self, name: str) -> list[str]:
        """Every value of dimension `name`, in no order and across every scope."""
        return [value for key, value in self._pair_list if key == name]

    def _everything(self) -> Ordinals:
        return np.arange(len(self._group_of), dtype=np.uint32)

    def _rule(self, key: str, values: Iterable[str]) -> Ordinals:
        return self._pairs.union((key, value) for value in values)

    def _matching_groups(self, scope: Scope, query: SeriesQuery) -> list[int] | None:
        """The numbers of the groups that pass; None where nothing restricts them."""
        accounts, regions, namespace, name = scope.accounts, scope.regions, query.namespace, query.name
        if accounts is None and regions is None and namespace is None and name is None:
            return None
        if accounts is not None and regions is not None and namespace is not None and name is not None:
            named = ((account, region, namespace, name) for account in accounts for region in regions)
            return [self._group_numbers[group] for group in named if group in self._group_numbers]
        return [
            number
            for number, group in enumerate(self._group_list)
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
        groups = self._groups.union(self._group_tokens.get(token, ()))
        pairs = self._pairs.union(self._pair_list[at] for at in self._pair_tokens.get(token, ()))
        return np.union1d(groups, pairs) if len(groups) or len(pairs) else NOTHING


def _intersection(filters: list[Ordinals]) -> Ordinals:
    filters.sort(key=len)
    result = filters[0]
    for other in filters[1:]:
        result = np.intersect1d(result, other, assume_unique=True)
    return result


def _note(lists: dict[str, "array[int]"], tokens: Iterable[str], position: int) -> None:
    for token in tokens:
        present = lists.get(token)
        if present is None:
            lists[token] = array("I", (position,))
        else:
            present.append(position)
