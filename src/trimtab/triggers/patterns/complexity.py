"""How complex the wildcards of one place are: in how many positions of them a value may be at once while it is read.

Source: AWS's event-ruler, MachineComplexityEvaluator; a star takes part from where it begins, before it took anything.
"""

from collections.abc import Iterable, Iterator

from trimtab.triggers.patterns.conditions import AnythingBut, Condition, Wildcard

MOST_POSITIONS = 10
"""Positions at once that EventBridge still takes. It publishes no limit: event-ruler's README has this one for a single
rule, and between it and the next number lie the guide's example that is refused and the rules that users told of."""
_MOST_SETS = 20_000
"""Sets of positions that are looked at; patterns that make more are too complex to be looked at."""
_OTHER = ""
"""Stands for every character that no pattern has."""


def too_complex(conditions: Iterable[Condition]) -> bool:
    """Whether the wildcards of one place are more complex than may be."""
    tokens = [list(_tokens(one)) for one in _wildcards(conditions)]
    if not tokens:
        return False
    positions = _Positions(tokens)
    seen = {positions.start}
    waiting = [positions.start]
    while waiting:
        now = waiting.pop()
        if positions.count(now) > MOST_POSITIONS or len(seen) > _MOST_SETS:
            return True
        for character in positions.characters:
            following = positions.after(now, character)
            if following and following not in seen:
                seen.add(following)
                waiting.append(following)
    return False


def _wildcards(conditions: Iterable[Condition]) -> Iterator[Wildcard]:
    for one in conditions:
        if isinstance(one, Wildcard):
            yield one
        elif isinstance(one, AnythingBut):
            yield from (inner for inner in one.excluded if isinstance(inner, Wildcard))


def _tokens(wildcard: Wildcard) -> Iterator[tuple[str, bool]]:
    """Its characters between quotes, as event-ruler has them, each with whether a star follows."""
    yield '"', len(wildcard.parts) > 1 and not wildcard.parts[0]
    for number, part in enumerate(wildcard.parts):
        last = number == len(wildcard.parts) - 1
        for at, character in enumerate(part):
            yield character, at == len(part) - 1 and not last
    yield '"', False


class _Positions:
    """Positions in patterns: (pattern, characters read, whether the star there took something)."""

    def __init__(self, tokens: list[list[tuple[str, bool]]]) -> None:
        self._tokens = tokens
        self.characters = {character for pattern in tokens for character, _ in pattern} | {_OTHER}
        self.start = frozenset((number, 1, False) for number in range(len(tokens)))

    def count(self, positions: frozenset[tuple[int, int, bool]]) -> int:
        """How many there are; a star that may take something yet counts too."""
        starting = [at for at in positions if not at[2] and self._star(at) and (at[0], at[1], True) not in positions]
        return len(positions) + len(starting)

    def after(self, positions: frozenset[tuple[int, int, bool]], character: str) -> frozenset[tuple[int, int, bool]]:
        """Where a value may be when it goes on with a character."""
        found = set()
        for number, read, _ in positions:
            pattern = self._tokens[number]
            if self._star((number, read, False)):
                found.add((number, read, True))
            if read < len(pattern) and pattern[read][0] == character:
                found.add((number, read + 1, False))
        return frozenset(found)

    def _star(self, position: tuple[int, int, bool]) -> bool:
        return self._tokens[position[0]][position[1] - 1][1]
