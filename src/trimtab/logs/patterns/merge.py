"""Masked lines become templates: those that differ in one word, which has many values, are one. Pure.

A word of a masked line is variable where the others of the line are equal and it has `MANY` values, or where it stands
beside a masked value and has signs or digits in it. Words are generalised one place at a time until nothing changes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import re2

from trimtab.logs.patterns.rules import SHOWN, VARIABLE

MANY = 5
"""Values of one place that make it variable: fewer are usually the words of different messages."""
_PLAIN = 2
"""Words that must be left when one is made variable: a template of nothing but variables says nothing."""
_ROUNDS = 3
_TOKEN = re2.compile(rf"{VARIABLE}| |[A-Za-z0-9_./\\@$%&*#+~^-]+|(?s:.)")
_WORD = re2.compile(r"[\w./\\@$%&*#+~^-]+")

Tokens = tuple[str, ...]
_HOLE = "\x02"


def templates(masked: Iterable[str]) -> dict[str, str]:
    """The template of each masked line, as people see it (`<*>` for what changes)."""
    tokens = {line: tokens_of(line) for line in set(masked)}
    merged = _merged(set(tokens.values()))
    return {line: "".join(merged[own]).replace(VARIABLE, SHOWN) for line, own in tokens.items()}


def tokens_of(masked: str) -> Tokens:
    """The words and signs of a masked line."""
    return tuple(_TOKEN.findall(masked))


def is_word(token: str) -> bool:
    """Whether a token is a word, rather than a sign or what changes."""
    return token != VARIABLE and _is_word(token)


def _merged(lines: set[Tokens]) -> Mapping[Tokens, Tokens]:
    found = {line: line for line in lines}
    for _ in range(_ROUNDS):
        change = _generalised(set(found.values()))
        if not change:
            break
        for line, own in found.items():
            found[line] = change.get(own, own)
    return found


def _generalised(lines: set[Tokens]) -> dict[Tokens, Tokens]:
    """Lines with one more variable place, those whose place has the most values first."""
    places: dict[Tokens, set[str]] = defaultdict(set)
    for line in lines:
        words = [place for place, token in enumerate(line) if token == VARIABLE or _is_word(token)]
        if sum(line[place] != VARIABLE for place in words) < _PLAIN:
            continue
        for place in words:
            places[(*line[:place], _HOLE, *line[place + 1 :])].add(line[place])
    change: dict[Tokens, Tokens] = {}
    for frame, values in sorted(places.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        if not _is_variable(values):
            continue
        at = frame.index(_HOLE)
        general = (*frame[:at], VARIABLE, *frame[at + 1 :])
        for value in values - {VARIABLE}:
            change.setdefault((*frame[:at], value, *frame[at + 1 :]), general)
    return change


def _is_variable(values: set[str]) -> bool:
    words = values - {VARIABLE}
    if len(words) >= MANY:
        return True
    return VARIABLE in values and bool(words) and not any(word.isalpha() for word in words)


def _is_word(text: str) -> bool:
    return text != " " and _WORD.fullmatch(text) is not None
