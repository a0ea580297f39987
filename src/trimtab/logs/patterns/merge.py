"""Masked lines become templates: those that differ in one word, which has many values, are one. Pure.

A word of a masked line is variable where the others of the line are equal and it has many values, or where it stands
beside a masked value and has signs or digits in it. Words are generalised one place at a time until nothing changes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import re2
from msgspec import Struct

from trimtab.logs.patterns.rules import SHOWN, VARIABLE


class Generalising(Struct, frozen=True):
    """When the words of one place are values of a variable.

    `many` different ones make it variable: fewer are usually the words of different messages. `plain` words must be
    left when one is made variable: a template of nothing but variables says nothing. Names that fill the places of
    two messages alike (users that come and go) are values from `shared` of them on. `leading` tells whether the first
    word of a line may vary: it mostly says what kind of message the line is.
    """

    many: int = 5
    plain: int = 2
    shared: int = 3
    leading: bool = False


USUAL = Generalising()
"""Of all logs; `bench/eval_loghub.py` chooses it anew without each of its logs and tells what that gives."""
_ROUNDS = 3
_TOKEN = re2.compile(rf"{VARIABLE}| |[A-Za-z0-9_./\\@$%&*#+~^-]+|(?s:.)")
_NAME = re2.compile(r"[a-z]+")
_WORD = re2.compile(r"[\w./\\@$%&*#+~^-]+")

Tokens = tuple[str, ...]
_HOLE = "\x02"


def templates(masked: Iterable[str], by: Generalising = USUAL) -> dict[str, str]:
    """The template of each masked line, as people see it (`<*>` for what changes)."""
    tokens = {line: tokens_of(line) for line in set(masked)}
    merged = _merged(set(tokens.values()), by)
    return {line: "".join(merged[own]).replace(VARIABLE, SHOWN) for line, own in tokens.items()}


def tokens_of(masked: str) -> Tokens:
    """The words and signs of a masked line."""
    return tuple(_TOKEN.findall(masked))


def is_word(token: str) -> bool:
    """Whether a token is a word, rather than a sign or what changes."""
    return token != VARIABLE and _is_word(token)


def _merged(lines: set[Tokens], by: Generalising) -> Mapping[Tokens, Tokens]:
    found = {line: line for line in lines}
    for _ in range(_ROUNDS):
        change = _generalised(set(found.values()), by)
        if not change:
            break
        for line, own in found.items():
            found[line] = change.get(own, own)
    return found


def _generalised(lines: set[Tokens], by: Generalising) -> dict[Tokens, Tokens]:
    """Lines with one more variable place, those whose place has the most values first."""
    places: dict[Tokens, set[str]] = defaultdict(set)
    for line in lines:
        words = [place for place, token in enumerate(line) if token == VARIABLE or _is_word(token)]
        if sum(line[place] != VARIABLE for place in words) < by.plain:
            continue
        for place in words if by.leading or line[:1] == (VARIABLE,) else words[1:]:
            places[(*line[:place], _HOLE, *line[place + 1 :])].add(line[place])
    change: dict[Tokens, Tokens] = {}
    alike = _alike(places, by)
    for frame, values in sorted(places.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        if frame not in alike and not _is_variable(values, by):
            continue
        at = frame.index(_HOLE)
        general = (*frame[:at], VARIABLE, *frame[at + 1 :])
        for value in values - {VARIABLE}:
            change.setdefault((*frame[:at], value, *frame[at + 1 :]), general)
    return change


def _alike(places: Mapping[Tokens, set[str]], by: Generalising) -> set[Tokens]:
    """Frames whose place is filled by the same names as that of another: these are no words of messages."""
    names = {frame: values for frame, values in places.items() if _are_names(values - {VARIABLE}, by)}
    filled = Counter(value for values in names.values() for value in values)
    return {frame for frame, values in names.items() if sum(filled[value] > 1 for value in values) >= by.shared}


def _are_names(values: set[str], by: Generalising) -> bool:
    return len(values) >= by.shared and all(_NAME.fullmatch(value) for value in values)


def _is_variable(values: set[str], by: Generalising) -> bool:
    words = values - {VARIABLE}
    if len(words) >= by.many:
        return True
    return VARIABLE in values and bool(words) and not any(word.isalpha() for word in words)


def _is_word(text: str) -> bool:
    return text != " " and _WORD.fullmatch(text) is not None
