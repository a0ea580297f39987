"""Splits a Logs Insights query into tokens, one at a time: only the parser knows where `/` begins an expression."""

import re
from enum import StrEnum

from msgspec import Struct

from trimtab.base.errors import InvalidInput


class QueryProblem(InvalidInput):
    """A query that cannot be understood. `start` and `end` are the characters at fault, counted from 0, half-open."""

    def __init__(self, why: str, start: int, end: int) -> None:
        super().__init__(f"Invalid syntax at character {start + 1}: {why}", field="queryString")
        self.start = start
        self.end = max(end, start + 1)
        self.why = why


class Lexeme(StrEnum):
    """What a token is; the value is how messages speak of it."""

    NAME = "a name"
    QUOTED = "a name in backticks"
    NUMBER = "a number"
    DURATION = "a duration"
    TEXT = "a text in quotes"
    REGEX = "a regular expression"
    SIGN = "a sign"
    END = "the end"


class Token(Struct, frozen=True):
    """A piece of a query, from character `start` to `end` (from 0, half-open); quotes and escapes are taken off."""

    lexeme: Lexeme
    text: str
    start: int
    end: int

    def __str__(self) -> str:
        """How messages name it."""
        return self.lexeme.value if self.lexeme is Lexeme.END else repr(self.text)

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words, in any case."""
        return self.lexeme is Lexeme.NAME and self.text.lower() in words

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.lexeme is Lexeme.SIGN and self.text in signs


_SPACE = re.compile(r"(?:\s+|#[^\n]*)+")
_DURATION = re.compile(r"(\d{1,9})(ms|mo|s|m|h|d|w|q|y)(?![A-Za-z0-9_@])")
_NUMBER = re.compile(r"(?:\d{1,400}(?:\.\d{1,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,3})?(?![A-Za-z0-9_@])")
_NAME = re.compile(r"[A-Za-z0-9_@$][A-Za-z0-9_@$.]*")
_QUOTED = re.compile(r"`([^`]*)`")
_TEXT = re.compile(r"\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)'", re.DOTALL)
_REGEX = re.compile(r"/((?:\\.|[^/\\\n])+)/")
_SIGN = re.compile(r"=~|!=|<=|>=|==|[=<>+\-*/^%(),|\[\]{}:]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANT = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}


def next_token(text: str, at: int) -> Token:
    """The token at or after `at`. Raises QueryProblem for a character that begins none."""
    if space := _SPACE.match(text, at):
        at = space.end()
    if at >= len(text):
        return Token(Lexeme.END, "", len(text), len(text))
    for lexeme, pattern in ((Lexeme.DURATION, _DURATION), (Lexeme.NUMBER, _NUMBER), (Lexeme.NAME, _NAME)):
        if match := pattern.match(text, at):
            return Token(lexeme, match[0], at, match.end())
    if match := _QUOTED.match(text, at):
        return Token(Lexeme.QUOTED, match[1], at, match.end())
    if match := _TEXT.match(text, at):
        return Token(Lexeme.TEXT, _unescaped(match[1] if match[2] is None else match[2]), at, match.end())
    if match := _SIGN.match(text, at):
        return Token(Lexeme.SIGN, match[0], at, match.end())
    got = text[at]
    why = f"the text that begins with {got} has no end" if got in "'\"`" else f"got {got!r}"
    raise QueryProblem(why, at, at + 1)


def regex_at(text: str, token: Token) -> Token:
    """The regular expression that begins where `token`, a `/`, is. Raises QueryProblem where it has no end."""
    match = _REGEX.match(text, token.start)
    if match is None:
        raise QueryProblem("the regular expression that begins with / has no end on its line", token.start, token.end)
    return Token(Lexeme.REGEX, match[1].replace("\\/", "/"), token.start, match.end())


def _unescaped(text: str) -> str:
    """A backslash before another character than those that need one stays, so that paths and expressions survive."""
    return _ESCAPED.sub(lambda match: _MEANT.get(match[1], match[0]), text)
