"""The patterns that one log group is known to have, and what counts of new lines make of them. Pure but for its memory.

A line belongs to the pattern that its masked form matches. Lines that match none are mined together with what is known,
so that a pattern becomes more general where its words turn out to vary; it keeps its id.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec import Struct, field

from trimtab.base.ids import hash64
from trimtab.base.records import replace
from trimtab.logs.patterns.anomalies import SLOT_MS, KnownPattern
from trimtab.logs.patterns.merge import Tokens, is_word, templates, tokens_of
from trimtab.logs.patterns.rules import SHOWN, VARIABLE
from trimtab.logs.patterns.severity import guess, level_of

MOST_PATTERNS = 100
"""Patterns of a group that are known at a time: a log of more has no patterns."""
FORGOTTEN_MS = 15 * 86_400_000
"""How long without a line until a pattern is forgotten."""
_IDLE_MS = 86_400_000
"""Patterns without a line for so long make room for new ones."""
_MOST_FRESH = 500
"""Unknown forms that are mined at a time: mining compares each with each."""
_EXAMPLE = 1000  # characters of a line that are kept with its pattern
_MEMORY = 20_000  # masked forms whose pattern is remembered


class Slot(Struct, frozen=True):
    """Lines of one masked form in a slot (its start, ms)."""

    masked: str
    at_ms: int
    lines: int
    example: str
    level: str = ""


class Learnt(Struct):
    """What slots made known: lines by pattern id and slot, ids that are new, and of those the ones that only vary."""

    counts: dict[str, dict[int, int]] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    variants: set[str] = field(default_factory=set)


class Vocabulary:
    """The known patterns of a group, by id."""

    def __init__(self, group: int, known: Iterable[KnownPattern] = ()) -> None:
        self._group = group
        self.known: dict[str, KnownPattern] = {one.id: one for one in known}
        self._tokens: dict[str, Tokens] = {}
        self._matched: dict[str, str] = {}
        self._index()

    def match(self, masked: str) -> str | None:
        """The id of the pattern that a masked line belongs to."""
        found = self._matched.get(masked)
        if found is None:
            tokens = tokens_of(masked)
            # The pattern with the fewest variable places is the closest.
            fitting = [(own.count(VARIABLE), id_) for id_, own in self._tokens.items() if covers(own, tokens)]
            if not fitting:
                return None
            found = min(fitting)[1]
            if len(self._matched) < _MEMORY:
                self._matched[masked] = found
        return found

    def take(self, slots: Sequence[Slot]) -> Learnt:
        """Count lines by pattern, and learn patterns from those that match none."""
        learnt = Learnt()
        fresh = self._fresh(slots)
        if fresh:
            self._learn(fresh, slots, learnt)
        for one in sorted(slots, key=lambda one: one.at_ms):
            id_ = self.match(one.masked)
            if id_ is not None:
                mine = learnt.counts.setdefault(id_, {})
                mine[one.at_ms] = mine.get(one.at_ms, 0) + one.lines
        for id_, counts in learnt.counts.items():
            self.known[id_] = _grown(self.known[id_], counts)
        return learnt

    def _fresh(self, slots: Sequence[Slot]) -> list[str]:
        """Masked forms that match nothing, in order; of very many (a log of random words) those with most lines."""
        lines: dict[str, int] = {}
        for one in slots:
            if self.match(one.masked) is None:
                lines[one.masked] = lines.get(one.masked, 0) + one.lines
        return sorted(sorted(lines, key=lambda masked: (-lines[masked], masked))[:_MOST_FRESH])

    def forget(self, now_ms: int) -> list[str]:
        """Forget patterns that have long had no line; their ids."""
        gone = [one.id for one in self.known.values() if one.last_ms < now_ms - FORGOTTEN_MS]
        for id_ in gone:
            del self.known[id_]
        if gone:
            self._index()
        return gone

    def _learn(self, fresh: Sequence[str], slots: Sequence[Slot], learnt: Learnt) -> None:
        before = {id_: one.template.replace(SHOWN, VARIABLE) for id_, one in self.known.items()}
        merged = templates([*before.values(), *fresh])
        for id_, masked in before.items():
            template = merged[masked]
            if id_ in self.known and template != self.known[id_].template:
                self._widen(id_, template, learnt)
        self._index()
        first: dict[str, Slot] = {}
        for one in sorted(slots, key=lambda one: one.at_ms):
            first.setdefault(one.masked, one)
        for masked in sorted(fresh, key=lambda masked: first[masked].at_ms):
            if self.match(masked) is None:
                self._add(merged[masked], first[masked], learnt)

    def _widen(self, id_: str, template: str, learnt: Learnt) -> None:
        """A pattern becomes more general, and takes in others that become the same."""
        twin = next((one for one in self.known.values() if one.template == template and one.id != id_), None)
        mine = self.known[id_]
        if twin is None:
            self.known[id_] = replace(mine, template=template)
            return
        kept, gone = sorted((mine, twin), key=lambda one: (one.first_ms, one.id))
        self.known[kept.id] = replace(
            kept,
            template=template,
            last_ms=max(kept.last_ms, gone.last_ms),
            lines=kept.lines + gone.lines,
            slots=max(kept.slots, gone.slots),
            gap_ms=min(kept.gap_ms, gone.gap_ms),
        )
        del self.known[gone.id]
        learnt.new = [one for one in learnt.new if one != gone.id]

    def _add(self, template: str, seen: Slot, learnt: Learnt) -> None:
        if len(self.known) >= MOST_PATTERNS:
            idle = min(self.known.values(), key=lambda one: (one.last_ms, one.id))
            if idle.last_ms > seen.at_ms - _IDLE_MS:
                return
            del self.known[idle.id]
        id_ = f"{hash64(f'{self._group}/{template}'):016x}"
        tokens = tokens_of(template.replace(SHOWN, VARIABLE))
        if any(_varies(tokens, own) for own in self._tokens.values()):
            learnt.variants.add(id_)
        severity = level_of(seen.level) or guess(seen.example)
        example = seen.example[:_EXAMPLE]
        self.known[id_] = KnownPattern(self._group, id_, template, example, severity, seen.at_ms, seen.at_ms)
        learnt.new.append(id_)
        self._index()

    def _index(self) -> None:
        self._tokens = {id_: tokens_of(one.template.replace(SHOWN, VARIABLE)) for id_, one in self.known.items()}
        self._matched = {}


def covers(template: Tokens, line: Tokens) -> bool:
    """Whether a line has a template's words, and anything where that is variable."""
    return len(template) == len(line) and all(
        one in (VARIABLE, other) for one, other in zip(template, line, strict=True)
    )


def _varies(tokens: Tokens, other: Tokens) -> bool:
    """Whether two patterns differ in one word only: more of the same, and no other message."""
    if len(tokens) != len(other):
        return False
    apart = [(one, two) for one, two in zip(tokens, other, strict=True) if one != two]
    return len(apart) == 1 and sum(map(is_word, tokens)) > 2


def _grown(pattern: KnownPattern, counts: dict[int, int]) -> KnownPattern:
    """A pattern after more of its lines were counted, by slot."""
    slots = sorted(slot for slot, lines in counts.items() if lines)
    seen = [pattern.last_ms, *(slot for slot in slots if slot > pattern.last_ms)]
    gaps = [after - before for before, after in pairwise(seen)]
    return replace(
        pattern,
        last_ms=max(pattern.last_ms, slots[-1]) if slots else pattern.last_ms,
        gap_ms=max([pattern.gap_ms, *gaps], default=SLOT_MS),
        lines=pattern.lines + sum(counts.values()),
        slots=pattern.slots + len(slots),
    )
