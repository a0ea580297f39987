"""Many patterns, matched at once: an event is walked through a tree of the places that rules ask for.

Each alternative of each pattern is a bit. It has one *anchor*, the place at which it is most particular; an event's
values at anchors say which alternatives come into question at all. These are then narrowed by the places that most of
them ask for, and what few are left are looked at alone. So the cost grows with what an event has, not with the rules;
and a value that no alternative in question asks for is never looked at.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from trimtab.triggers.patterns.field_masks import FieldMasks, Several
from trimtab.triggers.patterns.leaves import leaves_of
from trimtab.triggers.patterns.pattern import Alternative, Pattern, holds

Rule = TypeVar("Rule")
_FEW, _MANY_PLACES = 4, 16
"""Alternatives in question below which each is looked at alone, where rules ask for more places than these: with few
places going on through all of them is cheaper (`bench/bench_event_rules.py`)."""


class _Node(Struct):
    """A step of places. `place` is the number of the one that ends here, -1 for none."""

    children: dict[str, "_Node"] = field(default_factory=dict)
    place: int = -1


class RuleIndex(Generic[Rule]):
    """An unchanging set of rules. `match` answers those whose pattern matches, in the order they were given in."""

    def __init__(self, rules: Iterable[tuple[Rule, Pattern]]) -> None:
        self._owners: list[int] = []
        self._alternatives: list[Alternative] = []
        self._rules: list[Rule] = []
        for owner, (rule, pattern) in enumerate(rules):
            self._rules.append(rule)
            for alternative in pattern.alternatives:
                self._owners.append(owner)
                self._alternatives.append(alternative)
        self._root = _Node()
        self._build()

    def __len__(self) -> int:
        return len(self._rules)

    def match(self, event: dict[str, Any]) -> list[Rule]:
        """The rules whose pattern matches an event that `numerals.decode` read."""
        present: dict[int, Any] = {}
        in_arrays = self._walk(self._root.children, event, present)
        alive = self._unanchored
        satisfied: dict[int, int] = {}
        for place, masks, texts, anchored in self._anchors:
            if place in present:
                value = present[place]
                mask = texts.get(value, 0) if texts is not None and type(value) is str else masks.mask_of(value)
                satisfied[place] = mask
                alive |= mask & anchored
        if alive:
            alive = self._narrow(alive, present, satisfied)
        if not alive:
            return []
        found = self._numbers(alive)
        if in_arrays:
            leaves = leaves_of(event)
            found = [one for one in found if holds(self._alternatives[one], leaves)]
        owners = self._owners
        return [self._rules[owner] for owner in dict.fromkeys([owners[one] for one in found])]

    def _walk(self, children: dict[str, _Node], value: dict[str, Any], present: dict[int, Any]) -> bool:
        """Note the values at places; True where objects in an array were met, whose fields belong together."""
        in_arrays = False
        for key, inner in value.items():
            node = children.get(key)
            if node is None:
                if "." not in key:
                    continue
                node = _step(children, key)
                if node is None:
                    continue
            kind = type(inner)
            if kind is dict:
                if node.children:
                    in_arrays |= self._walk(node.children, inner, present)
            elif kind is list:
                in_arrays |= self._walk_array(node, inner, present)
            elif (place := node.place) >= 0:
                present[place] = inner if place not in present else Several.of(present[place], inner)
        return in_arrays

    def _walk_array(self, node: _Node, values: list[Any], present: dict[int, Any]) -> bool:
        in_arrays = False
        for inner in values:
            if isinstance(inner, dict):
                if node.children:
                    self._walk(node.children, inner, present)
                    in_arrays = True
            elif isinstance(inner, list):
                in_arrays |= self._walk_array(node, inner, present)
            elif (place := node.place) >= 0:
                present[place] = inner if place not in present else Several.of(present[place], inner)
        return in_arrays

    def _narrow(self, alive: int, present: dict[int, Any], satisfied: dict[int, int]) -> int:
        few = _FEW if len(self._by_use) > _MANY_PLACES else 0
        for place, masks, texts, free, absent in self._by_use:
            if alive & masks.conditioned:
                if place not in present:
                    alive &= absent
                else:
                    if place in satisfied:
                        mask = satisfied[place]
                    else:
                        value = present[place]
                        simple = texts if type(value) is str else None
                        mask = masks.mask_of(value) if simple is None else simple.get(value, 0)
                        satisfied[place] = mask
                    alive &= free | mask
                if not alive or (few and alive.bit_count() <= few):
                    break
        else:
            return alive
        for number in self._numbers(alive):
            bit = 1 << number
            for place, masks, may_be_absent in self._places[number]:
                if place not in present:
                    fits = may_be_absent
                else:
                    if place not in satisfied:
                        satisfied[place] = masks.mask_of(present[place])
                    fits = bool(satisfied[place] & bit)
                if not fits:
                    alive ^= bit
                    break
        return alive

    @staticmethod
    def _numbers(mask: int) -> list[int]:
        """The bits that are set, ascending."""
        found = []
        while mask:
            lowest = mask & -mask
            found.append(lowest.bit_length() - 1)
            mask ^= lowest
        return found

    def _build(self) -> None:
        asked: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        for number, alternative in enumerate(self._alternatives):
            for path, conditions in alternative.items():
                asked[path].append((number, conditions))
        paths = sorted(asked, key=lambda path: -len(asked[path]))
        masks = {path: FieldMasks(asked[path]) for path in paths}
        everything = (1 << len(self._alternatives)) - 1
        self._by_use: list[tuple[int, FieldMasks, dict[str, int] | None, int, int]] = []
        for place, path in enumerate(paths):
            node = self._root
            for step in path.split("."):
                node = node.children.setdefault(step, _Node())
            node.place = place
            free = everything & ~masks[path].conditioned
            self._by_use.append((place, masks[path], masks[path].texts, free, free | masks[path].absent))
        place_of = {path: place for place, path in enumerate(paths)}
        anchored: dict[str, int] = defaultdict(int)
        self._unanchored = 0
        self._places: list[tuple[tuple[int, FieldMasks, bool], ...]] = []
        for number, alternative in enumerate(self._alternatives):
            bit = 1 << number
            needed = [path for path in alternative if not masks[path].absent & bit]
            if needed:
                anchored[min(needed, key=lambda path: masks[path].weight(alternative[path]))] |= bit
            else:
                self._unanchored |= bit
            self._places.append(
                tuple((place_of[path], masks[path], bool(masks[path].absent & bit)) for path in alternative)
            )
        self._anchors = [(place_of[path], masks[path], masks[path].texts, mask) for path, mask in anchored.items()]


def _step(children: dict[str, _Node], key: str) -> _Node | None:
    """The node that a key with dots leads to: it means the same place as nested keys do."""
    node: _Node | None = None
    for step in key.split("."):
        node = children.get(step)
        if node is None:
            return None
        children = node.children
    return node
