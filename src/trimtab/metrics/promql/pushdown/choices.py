"""Which series a piece is about, kept for the next time: a dashboard asks the same again and again.

What was chosen holds as long as the catalogue's version: no series came or went.
"""

from collections import OrderedDict

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.metrics.model import Kind
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.labels import NAME
from trimtab.metrics.promql.language.syntax import Aggregate, Matcher
from trimtab.metrics.promql.pushdown.cohort import Cohort, cohort_of
from trimtab.metrics.promql.translation import Entry

_MOST_CHOICES = 10_000
_KEPT = 50_000
"""Label sets that are kept by cohorts: 30 MB, as many as the catalogue keeps."""
_SERIES_A_LABEL_SET = 30
"""So many series of a cohort, of each of which three numbers are kept, take the memory of a label set."""


class Choice(Struct, frozen=True):
    """What a selector finds: how many series, their metric names, and whether all are plain samples."""

    number: int
    names: frozenset[str]
    plain: bool


Matchers = tuple[Matcher, ...]
_Selected = tuple[Scope, tuple[frozenset[str], ...], Matchers]
"""Rules of rows are equal whatever their machines are, which are kept beside them here."""
_Grouping = tuple[tuple[str, ...], bool] | None


class Choices:
    """Choices and cohorts by selector. Used from one thread, as the catalogue is."""

    def __init__(self, catalogue: Catalogue, most: int) -> None:
        self._catalogue = catalogue
        self._most = most
        self._forget()

    def _forget(self) -> None:
        self._version: tuple[int, int] | None = None
        self._choices: dict[_Selected, Choice] = {}
        self._cohorts: OrderedDict[tuple[_Selected, _Grouping], Cohort | None] = OrderedDict()
        self._held = 0

    def choice(self, scope: Scope, matchers: Matchers) -> tuple[Choice, list[Entry] | None]:
        """What a selector finds, and the series themselves where they had to be looked for: one more than the most
        at most.
        """
        version = self._catalogue.version()
        if version != self._version:
            self._forget()
            self._version = version
        selected = _selected(scope, matchers)
        known = self._choices.get(selected)
        if known is not None:
            return known, None
        entries = self._catalogue.find(scope, matchers, most=self._most + 1)
        names = frozenset(sets.get(entry.labels, NAME) for entry in entries)
        plain = all(entry.kind in (Kind.GAUGE, Kind.COUNTER) for entry in entries)
        choice = Choice(len(entries), names, plain)
        if len(self._choices) >= _MOST_CHOICES:
            self._choices.clear()
        self._choices[selected] = choice
        return choice, entries

    def cohort(
        self, scope: Scope, matchers: Matchers, entries: list[Entry] | None, aggregate: Aggregate | None
    ) -> Cohort | None:
        """The cohort of what `choice` found; None where it is none (`cohort_of`)."""
        key = _selected(scope, matchers), None if aggregate is None else (aggregate.labels, aggregate.without)
        if key in self._cohorts:
            self._cohorts.move_to_end(key)
            return self._cohorts[key]
        if entries is None:
            entries = self._catalogue.find(scope, matchers, most=self._most + 1)
        cohort = cohort_of(entries, aggregate)
        self._cohorts[key] = cohort
        self._held += _size(cohort)
        while self._held > _KEPT:
            self._held -= _size(self._cohorts.popitem(last=False)[1])
        return cohort


def _selected(scope: Scope, matchers: Matchers) -> _Selected:
    return scope, tuple(rule.machines for rule in scope.rows), matchers


def _size(cohort: Cohort | None) -> int:
    return 1 if cohort is None else 1 + len(cohort.labels) + len(cohort.ids) // _SERIES_A_LABEL_SET
