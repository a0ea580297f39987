"""One place of events, asked for all rules at once: which alternatives does this value satisfy?

The answer is an int whose bit n stands for alternative n. Equal conditions share one mask, so that a value is looked
up and not tried: strings in dictionaries, prefixes and networks by their lengths, numbers by bisection. Wildcards are
tried where their beginning fits; what cannot be looked up at all (exclusions of other than strings, stars in front) is
tried one by one. Answers are remembered.
"""

from bisect import bisect_left
from collections import defaultdict

from trimtab.triggers.patterns.conditions import (
    LIMIT,
    Absent,
    Addresses,
    AnythingBut,
    Between,
    Condition,
    Exactly,
    Exists,
    IgnoringCase,
    Prefix,
    SameNumeral,
    Suffix,
    Value,
    Wildcard,
    Word,
    address_of,
)
from trimtab.triggers.patterns.numerals import comparable, text_of

_REMEMBERED = 4096
"""Answers that a place remembers before it forgets them all: a place of unique values must not fill the memory."""
_NONE: dict[Wildcard, int] = {}
_MOST_BOUNDS = 2048
"""Different bounds of numeric ranges of one place that are laid out for bisection; further ranges are tried."""


class Several(list[Value]):
    """The values of a place that has more than one: the elements of arrays."""

    @classmethod
    def of(cls, before: "Value | Several", value: Value) -> "Several":
        """One more."""
        if isinstance(before, Several):
            before.append(value)
            return before
        return cls((before, value))


class FieldMasks:
    """The conditions that rules have for one place."""

    def __init__(self, conditions: list[tuple[int, tuple[Condition, ...]]]) -> None:
        """`conditions`: of each alternative (its number) the conditions of which one must hold."""
        self.conditioned = 0
        self.absent = 0
        self._always = 0
        self._texts: dict[str, int] = defaultdict(int)
        self._numerals: dict[float | str, int] = defaultdict(int)
        self._words: dict[bool | None, int] = {True: 0, False: 0, None: 0}
        self._folded: dict[str, int] = defaultdict(int)
        self._prefixes: dict[tuple[int, bool], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._suffixes: dict[tuple[int, bool], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._spared = 0
        self._excluded: dict[str, int] = defaultdict(int)
        self._networks: dict[tuple[int, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._begun: dict[int, dict[str, dict[Wildcard, int]]] = {}
        ranges: dict[Between, int] = defaultdict(int)
        self._tried: dict[Condition, int] = defaultdict(int)
        for number, alternatives in conditions:
            bit = 1 << number
            self.conditioned |= bit
            for condition in alternatives:
                self._add(condition, bit, ranges)
        self._bounds, self._at, self._between = self._lay_out(ranges)
        self._simple = not (
            self._folded
            or self._prefixes
            or self._suffixes
            or self._spared
            or self._networks
            or self._begun
            or self._tried
            or self._always
        )
        self.texts: dict[str, int] | None = dict(self._texts) if self._simple else None
        """The masks of strings, where looking a string up is all that there is to it."""
        self._remembered: dict[str, int] = {}

    def weight(self, conditions: tuple[Condition, ...]) -> int:
        """About how many alternatives a value satisfies that satisfies one of `conditions`: fewer, better anchor."""
        if not all(isinstance(one, Exactly) for one in conditions):
            return self.conditioned.bit_count() + 1
        return sum(self._texts[one.text].bit_count() for one in conditions if isinstance(one, Exactly))

    def mask_of(self, values: Value | Several) -> int:
        """The alternatives that one of the values here satisfies."""
        if type(values) is Several:
            found = 0
            for value in values:
                found |= self.mask(value)
            return found
        return self.mask(values)  # type: ignore[arg-type]  # what is not Several is one value

    def mask(self, value: Value) -> int:
        """The alternatives that the value satisfies."""
        if type(value) is str:
            if self._simple:
                return self._texts.get(value, 0)
            found = self._remembered.get(value)
            if found is None:
                found = self._of_text(value)
                if len(self._remembered) >= _REMEMBERED:
                    self._remembered.clear()
                self._remembered[value] = found
            return found
        if value is None or isinstance(value, bool):
            found = self._words[value]
        else:
            assert not isinstance(value, str)  # noqa: S101 - a leaf is one of JSON's: what is left is a number
            size = comparable(value) if self._numerals or self._bounds else None
            found = self._numerals.get(text_of(value) if size is None else size, 0)
            if size is not None and self._bounds and -LIMIT <= value <= LIMIT:
                found |= self._in_range(value)
        return found | self._always | self._spared | self._try(value)

    def _of_text(self, value: str) -> int:
        found = self._texts.get(value, 0) | self._always
        folded = value.lower() if self._folded or self._prefixes or self._suffixes else value
        if self._folded:
            found |= self._folded.get(folded, 0)
        for (length, fold), texts in self._prefixes.items():
            found |= texts.get((folded if fold else value)[:length], 0)
        for (length, fold), texts in self._suffixes.items():
            word = folded if fold else value
            if length <= len(word):
                found |= texts.get(word[len(word) - length :], 0)
        for length, beginnings in self._begun.items():
            for wildcard, mask in beginnings.get(value[:length], _NONE).items():
                if wildcard.holds(value):
                    found |= mask
        if self._networks:
            found |= self._in_networks(value)
        return found | self._spared & ~self._excluded.get(value, 0) | self._try(value)

    def _in_networks(self, value: str) -> int:
        address = address_of(value)
        if address is None:
            return 0
        of, number = address
        found = 0
        for (version, bits), networks in self._networks.items():
            if version == of:
                found |= networks.get(number >> bits, 0)
        return found

    def _try(self, value: Value) -> int:
        found = 0
        for condition, mask in self._tried.items():
            if condition.holds(value):
                found |= mask
        return found

    def _in_range(self, value: float) -> int:
        at = bisect_left(self._bounds, value)
        if at < len(self._bounds) and self._bounds[at] == value:
            return self._at[at]
        return self._between[at]

    def _add(self, condition: Condition, bit: int, ranges: dict[Between, int]) -> None:
        match condition:
            case Exactly(text):
                self._texts[text] |= bit
            case SameNumeral(number):
                self._numerals[number] |= bit
            case Word(word):
                self._words[word] |= bit
            case IgnoringCase(text):
                self._folded[text] |= bit
            case Prefix(text, folded):
                self._prefixes[len(text), folded][text] |= bit
            case Suffix(text, folded):
                self._suffixes[len(text), folded][text] |= bit
            case Exists():
                self._always |= bit
            case Absent():
                self.absent |= bit
            case Between() if len(ranges) < _MOST_BOUNDS:
                ranges[condition] |= bit
            case Addresses(version, low, high):
                bits = (high - low).bit_length()
                self._networks[version, bits][low >> bits] |= bit
            case Wildcard((first, *_)) if first:
                fitting = self._begun.setdefault(len(first), {}).setdefault(first, {})
                fitting[condition] = fitting.get(condition, 0) | bit
            case AnythingBut(excluded) if not self._spared & bit and all(isinstance(one, Exactly) for one in excluded):
                self._spared |= bit
                for one in excluded:
                    if isinstance(one, Exactly):
                        self._excluded[one.text] |= bit
            case _:
                self._tried[condition] |= bit

    def _lay_out(self, ranges: dict[Between, int]) -> tuple[list[float], list[int], list[int]]:
        """The bounds ascending, the mask at each, and the masks before, between and after them."""
        bounds = sorted({bound for one in ranges for bound in (one.low, one.high)})
        at, between = [0] * len(bounds), [0] * (len(bounds) + 1)
        for one, mask in ranges.items():
            first, last = bisect_left(bounds, one.low), bisect_left(bounds, one.high)
            for index in range(first, last + 1):
                if one.holds(bounds[index]):
                    at[index] |= mask
            for index in range(first + 1, last + 1):
                between[index] |= mask
        return bounds, at, between
