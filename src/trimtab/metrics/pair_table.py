"""Pairs of a label's name and value, each once and under a number: values are UTF-8 in one buffer, not objects."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trimtab.metrics.columns import Column, KeyTable, Numbers

Pair = tuple[str, str]
Flags = npt.NDArray[np.bool_]

_HOT = 16_384
"""Pairs that are kept as objects beside their numbers, about 5 MB: what is registered or read comes again."""
_MASK = 2**64 - 1


class PairTable:
    """An append-only set of pairs, numbered in the order in which they came: about 40 bytes and its text each."""

    def __init__(self) -> None:
        self.names: list[str] = []
        """Every name, in the order in which they came."""
        self.empty: set[int] = set()
        """The pairs whose value is the empty text: one a name at most."""
        self._name_numbers: dict[str, int] = {}
        self._by_hash = KeyTable()
        self._name_of = Column(np.uint32)
        self._ends = Column(np.int64)
        self._text = bytearray()
        self._wide = Column(np.uint32)  # pairs whose value is not ASCII
        self._numbers: dict[Pair, int] = {}
        self._pairs: dict[int, Pair] = {}

    def __len__(self) -> int:
        """How many pairs there are."""
        return len(self._ends)

    def number(self, pair: Pair) -> int | None:
        """The number of a pair; None where there is none."""
        known = self._numbers.get(pair)
        if known is not None:
            return known
        name = self._name_numbers.get(pair[0])
        if name is None:
            return None
        try:
            raw = pair[1].encode()
        except UnicodeEncodeError:  # half of a surrogate pair, which no pair here has
            return None
        for number in self._by_hash.rows(_hash(name, pair[1])):
            if self._name_of[number] == name and self._raw(number) == raw:
                self._note(pair, number)
                return number
        return None

    def put(self, pair: Pair) -> int:
        """The number of a pair, which is new where there was none."""
        known = self._numbers.get(pair)
        if known is not None:
            return known
        known = self.number(pair)
        if known is not None:
            return known
        name = self._name_numbers.get(pair[0])
        if name is None:
            name = self._name_numbers[pair[0]] = len(self.names)
            self.names.append(pair[0])
        number = self._by_hash.append(_hash(name, pair[1]))
        if not pair[1]:
            self.empty.add(number)
        elif not pair[1].isascii():
            self._wide.append(number)
        self._text += pair[1].encode()
        self._name_of.append(name)
        self._ends.append(len(self._text))
        self._note(pair, number)
        return number

    def pair(self, number: int) -> Pair:
        """The pair with a number."""
        pair = self._pairs.get(number)
        if pair is None:
            pair = self.names[self._name_of[number]], self._raw(number).decode()
            self._note(pair, number)
        return pair

    def value(self, number: int) -> str:
        """A pair's value; not kept as an object."""
        return self._raw(number).decode()

    def of_name(self, name: str) -> Flags:
        """By number, whether a pair has this name."""
        number = self._name_numbers.get(name)
        if number is None:
            return np.zeros(len(self), np.bool_)
        flags: Flags = self._name_of.view == number
        return flags

    @property
    def name_of(self) -> npt.NDArray[np.uint32]:
        """The number of each pair's name."""
        return self._name_of.view

    def name_number(self, name: str) -> int | None:
        """The number of a name."""
        return self._name_numbers.get(name)

    def with_text(self, text: str, first: int) -> Sequence[int]:
        """Those from number `first` on whose value may contain `text` (in lower case), in any case: no other does."""
        found = self._with_bytes(text.encode(), first) if text.isascii() else np.empty(0, np.int64)
        wide = self._wide.view
        numbers: list[int] = np.union1d(found, wide[wide >= first]).tolist()
        return numbers

    def sorted_ranks(self) -> Numbers:
        """By number, the pair's place among all pairs in the order of Python's tuples of text."""
        place_of_name = np.empty(len(self.names), np.int64)
        place_of_name[sorted(range(len(self.names)), key=self.names.__getitem__)] = np.arange(len(self.names))
        ends = np.append(np.int64(0), self._ends.view)
        texts = pa.LargeStringArray.from_buffers(len(self), pa.py_buffer(ends), pa.py_buffer(bytes(self._text)))
        table = pa.table({"name": place_of_name[self._name_of.view], "value": texts})
        import pyarrow.compute as pc  # 10 MB, for who lists all series

        order = pc.sort_indices(table, sort_keys=[("name", "ascending"), ("value", "ascending")]).to_numpy()
        ranks = np.empty(len(self), np.int64)
        ranks[order] = np.arange(len(self))
        return ranks

    def _with_bytes(self, text: bytes, first: int) -> Numbers:
        begin = self._begin(first) if first < len(self) else len(self._text)
        lower = self._text[begin:].lower()
        places, at = [], lower.find(text)
        while at >= 0:
            places.append(at + begin)
            at = lower.find(text, at + 1)
        starts = np.array(places, np.int64)
        numbers = np.searchsorted(self._ends.view, starts, side="right")
        # What was found across the border of two values is in none of them.
        whole = starts + len(text) <= self._ends.view[numbers] if len(numbers) else np.zeros(0, np.bool_)
        return np.unique(numbers[whole])

    def _begin(self, number: int) -> int:
        return self._ends[number - 1] if number else 0

    def _raw(self, number: int) -> bytearray:
        return self._text[self._begin(number) : self._ends[number]]  # a copy: a lent buffer could not grow

    def _note(self, pair: Pair, number: int) -> None:
        if len(self._numbers) >= _HOT:
            self._numbers.clear()
            self._pairs.clear()
        self._numbers[pair] = number
        self._pairs[number] = pair


def _hash(name: int, value: str) -> int:
    return hash((name, value)) & _MASK
