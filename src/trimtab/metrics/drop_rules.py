"""Rules asked of every new series, whatever its door, before the registry: some are dropped, others lose labels.

A rule that drops a series gives it the rule's number for an id. No series has one so small (DROPPED_BELOW), so doors
remember it like any other id, and the rows that carry it are counted by rule and left out where points are written.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.base.tags import Tags
from trimtab.inventory.drop_rules import MOST_NUMBER, Action, DropRule, DropRuleStore
from trimtab.metrics.model import HistogramPoint, Identity, Rows
from trimtab.metrics.promql.language.parse import parse_selector
from trimtab.metrics.promql.matchers import compiled, predicate

DROPPED_BELOW = MOST_NUMBER + 1
"""Ids below are numbers of rules."""
REFRESH_S = 10.0
"""How long another server's rule may wait to count here."""
_NAME, _NAMESPACE, _ACCOUNT = "__name__", "__namespace__", "__account__"

Test = Callable[[dict[str, str]], bool]


class _Compiled(Struct, frozen=True):
    number: int
    rule: DropRule
    matches: Test
    only: Test
    labels: Callable[[str], bool]

    def judge(self, identity: Identity, seen: dict[str, str]) -> Identity | int:
        """The series as it is kept, or this rule's number where it is dropped."""
        match self.rule.action:
            case Action.DROP:
                return self.number
            case Action.KEEP_ONLY:
                return identity if self.only(seen) else self.number
        drop = self.rule.action is Action.DROP_LABELS
        kept = tuple(pair for pair in identity.dimensions if self.labels(pair[0]) is not drop)
        return identity if len(kept) == len(identity.dimensions) else replace(identity, dimensions=kept)


class DropRules:
    """The rules in force, and how often each took something."""

    def __init__(self) -> None:
        self._rules: tuple[_Compiled, ...] = ()
        self.rows: Counter[str] = Counter()
        """Rows dropped since the start, by rule."""
        self.series: Counter[str] = Counter()
        """Series dropped or changed since the start, by rule: once each time that a door met them anew."""

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._rules)

    def use(self, rules: Iterable[tuple[int, DropRule]]) -> bool:
        """Put these in force; whether they are others than before."""
        rules = tuple(rules)
        if rules == tuple((one.number, one.rule) for one in self._rules):
            return False
        self._rules = tuple(_compile(number, rule) for number, rule in rules)
        return True

    def judge(self, identity: Identity, *, counted: bool = False) -> Identity | int:
        """The series as it is kept, or the number of the rule that drops it: each rule sees what those before left.

        `counted` says that the series comes to be kept now, and is not only asked about.
        """
        for rule in self._rules:
            seen = _labels(identity)
            if not rule.matches(seen):
                continue
            found = rule.judge(identity, seen)
            if counted and found is not identity:
                self.series[rule.rule.name] += 1
            if isinstance(found, int):
                return found
            identity = found
        return identity

    def left(self, rows: Rows) -> Rows:
        """Rows of series that no rule drops."""
        ids = rows["series"]
        if not len(ids) or ids.min() >= DROPPED_BELOW:
            return rows
        dropped = ids < DROPPED_BELOW
        self._count(ids[dropped].tolist())
        return rows[~dropped]

    def left_histograms(self, points: Sequence[HistogramPoint]) -> tuple[HistogramPoint, ...]:
        """The same of histograms."""
        self._count([point.series for point in points if point.series < DROPPED_BELOW])
        return tuple(point for point in points if point.series >= DROPPED_BELOW)

    def _count(self, numbers: Sequence[int]) -> None:
        names = {one.number: one.rule.name for one in self._rules}
        for number, rows in zip(*np.unique(np.array(numbers, np.int64), return_counts=True), strict=True):
            self.rows[names.get(int(number), "removed")] += int(rows)


class DropRulesRoom(Struct, frozen=True):
    """Reads, changes and puts in force. `forget` empties what doors remember of series: they are to ask anew."""

    store: DropRuleStore
    rules: DropRules
    forget: Sequence[Callable[[], None]]

    async def all(self) -> list[DropRule]:
        """Every rule, in the order in which they are asked."""
        return [rule for _, rule in await self.store.all()]

    async def put(self, rule: DropRule) -> None:
        """Keep a rule; it counts from the next point on. Raises InvalidInput, LimitExceeded."""
        _compile(1, rule)
        await self._then(self.store.put(rule))

    async def remove(self, name: str) -> None:
        """Take a rule out. Raises NotFound."""
        await self._then(self.store.remove(name))

    async def refresh(self) -> None:
        """Put in force what is kept."""
        if self.rules.use(await self.store.all()):
            for forget in self.forget:
                forget()

    def forget_all(self) -> None:
        """No rule is in force, and no door remembers a series: everything was wiped."""
        self.rules.use(())
        for forget in self.forget:
            forget()

    async def _then(self, work: Awaitable[None]) -> None:
        await work
        await self.refresh()


def _compile(number: int, rule: DropRule) -> _Compiled:
    needs_labels = rule.action in (Action.DROP_LABELS, Action.KEEP_LABELS)
    if needs_labels is not bool(rule.labels):
        wanted = "expected some" if needs_labels else f"{rule.action} has none"
        raise InvalidInput(f"cannot keep rule {rule.name!r}: {wanted}", field="labels")
    if (rule.action is Action.KEEP_ONLY) is not bool(rule.only):
        wanted = "expected a selector" if rule.action is Action.KEEP_ONLY else f"{rule.action} has none"
        raise InvalidInput(f"cannot keep rule {rule.name!r}: {wanted}", field="only")
    try:
        patterns = [compiled(text) for text in rule.labels]
    except ValueError as problem:
        raise InvalidInput(f"cannot keep rule {rule.name!r}: {problem}", field="labels") from None

    def named(label: str) -> bool:
        return any(pattern.fullmatch(label) for pattern in patterns)

    only = _test(rule.name, "only", rule.only) if rule.only else _always
    return _Compiled(number, rule, _test(rule.name, "match", rule.match), only, named)


def _always(_labels: dict[str, str]) -> bool:
    return True


def _test(name: str, field: str, text: str) -> Test:
    try:
        selector = parse_selector(text)
        tests = [(matcher.name, predicate(matcher)) for matcher in selector.matchers]
    except (InvalidInput, ValueError) as problem:
        raise InvalidInput(f"cannot keep rule {name!r}: {problem}", field=field) from None
    return lambda labels: all(test(labels.get(label, "")) for label, test in tests)


def _labels(identity: Identity) -> dict[str, str]:
    own: Tags = ((_NAME, identity.name), (_NAMESPACE, identity.namespace), (_ACCOUNT, identity.account))
    return dict(identity.dimensions) | dict(own)
