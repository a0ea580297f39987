"""Parses the text of SEARCH: `{Namespace, Dimension, …} term Name=term "exact" NOT term (term OR term)`.

AND binds tighter than OR and may be left out. Source: "CloudWatch search expression syntax".
"""

import re

from msgspec import Struct

from trimtab.base.errors import InvalidInput

MAX_TEXT = 1024
"""Characters a search may have, as documented."""
_MAX_DEPTH = 40
ACCOUNT = ":aws.AccountId"
"""The property that names accounts."""


class Term(Struct, frozen=True):
    """Text to find: the whole string where `exact`, else its tokens; without a property in every name and value."""

    property: str | None
    text: str
    exact: bool


class Both(Struct, frozen=True):
    """All of `items` hold."""

    items: tuple["Condition", ...]


class Either(Struct, frozen=True):
    """One of `items` holds."""

    items: tuple["Condition", ...]


class Not(Struct, frozen=True):
    """`item` does not hold."""

    item: "Condition"


Condition = Term | Both | Either | Not


class Search(Struct, frozen=True):
    """A parsed search. With `dimensions` a metric has exactly those names; with only a namespace, any."""

    namespace: str | None
    dimensions: tuple[str, ...]
    condition: Condition | None


_PIECE = re.compile(r'\s*(?:(?P<sign>[(){},=])|"(?P<exact>(?:\\.|[^"\\])*)"|(?P<word>[^\s(){}",=]+))', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

Piece = tuple[str, str, int]
"""Sort (sign, exact, word or end), text, and character from 1."""


def parse_search(text: str) -> Search:
    """Read a search. Raises InvalidInput naming the character of the search text that is wrong."""
    if len(text) > MAX_TEXT:
        raise InvalidInput(f"cannot search: got a text of {len(text)} characters; expected at most {MAX_TEXT}")
    return _Parser(_pieces(text)).whole()


def _pieces(text: str) -> list[Piece]:
    found: list[Piece] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _PIECE.match(text, at)
        if match is None:
            raise _wrong(at + 1, "the double quotes have no end" if '"' in text[at:] else f"got {text[at]!r}")
        sort = str(match.lastgroup)
        value = _ESCAPED.sub(r"\1", match[sort]) if sort == "exact" else match[sort]
        found.append((sort, value, match.start(sort) + 1))
        at = match.end()
    return [*found, ("end", "", len(text) + 1)]


def _wrong(at: int, why: str) -> InvalidInput:
    return InvalidInput(f"Invalid syntax of SEARCH at character {at} of its text: {why}")


def _unexpected(piece: Piece, expected: str) -> InvalidInput:
    sort, text, at = piece
    return _wrong(at, f"got {'the end' if sort == 'end' else repr(text)}; expected {expected}")


class _Parser:
    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces
        self._next = 0
        self._depth = 0

    def whole(self) -> Search:
        namespace, dimensions = self._schema() if self._is("sign", "{") else (None, ())
        if namespace is not None and self._is("sign", ","):
            self._next += 1
        condition = None if self._piece[0] == "end" else self._either()
        if condition is None and namespace is None:
            raise _unexpected(self._piece, "a {Namespace, …} or something to find")
        if self._piece[0] != "end":
            raise _unexpected(self._piece, "another term or the end")
        return Search(namespace, dimensions, condition)

    @property
    def _piece(self) -> Piece:
        return self._pieces[self._next]

    def _is(self, sort: str, text: str) -> bool:
        return self._piece[:2] == (sort, text)

    def _schema(self) -> tuple[str, tuple[str, ...]]:
        self._next += 1
        names = [self._name()]
        while self._is("sign", ","):
            self._next += 1
            names.append(self._name())
        if not self._is("sign", "}"):
            raise _unexpected(self._piece, "',' or '}'")
        self._next += 1
        return names[0], tuple(names[1:])

    def _name(self) -> str:
        sort, text, _ = self._piece
        if sort not in ("word", "exact") or not text:
            raise _unexpected(self._piece, "a namespace or dimension name")
        self._next += 1
        return text

    def _either(self) -> Condition:
        items = [self._both()]
        while self._is("word", "OR"):
            self._next += 1
            items.append(self._both())
        return items[0] if len(items) == 1 else Either(tuple(items))

    def _both(self) -> Condition:
        items = [self._one()]
        while self._is("sign", "(") or (self._piece[0] in ("word", "exact") and not self._is("word", "OR")):
            if self._is("word", "AND"):
                self._next += 1
            items.append(self._one())
        return items[0] if len(items) == 1 else Both(tuple(items))

    def _one(self) -> Condition:
        at = self._piece[2]
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _wrong(at, f"more than {_MAX_DEPTH} levels")
        try:
            if self._is("word", "NOT"):
                self._next += 1
                return Not(self._one())
            if self._is("sign", "("):
                return self._bracketed()
            return self._term()
        finally:
            self._depth -= 1

    def _bracketed(self) -> Condition:
        self._next += 1
        inner = self._either()
        if not self._is("sign", ")"):
            raise _unexpected(self._piece, "another term or ')'")
        self._next += 1
        return inner

    def _term(self) -> Condition:
        text, exact = self._value()
        if not self._is("sign", "="):
            return Term(None, text, exact)
        self._next += 1
        value, exact = self._value()
        return Term(text, value, exact)

    def _value(self) -> tuple[str, bool]:
        sort, text, _ = self._piece
        if sort not in ("word", "exact") or (sort == "word" and text in ("AND", "OR", "NOT")):
            raise _unexpected(self._piece, "something to find")
        self._next += 1
        return text, sort == "exact"
