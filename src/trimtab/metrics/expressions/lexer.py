"""Splits a metric math expression into tokens that know where they stand."""

import re
from enum import StrEnum

from msgspec import Struct

from trimtab.base.errors import InvalidInput


class Lexeme(StrEnum):
    """What a token is; the value is how messages speak of it."""

    NUMBER = "a number"
    NAME = "a name"
    TEXT = "a string"
    SIGN = "a sign"
    END = "the end"


class Token(Struct, frozen=True):
    """A piece of an expression; `at` counts characters from 1. The text of a string is without its quotes."""

    lexeme: Lexeme
    text: str
    at: int

    def __str__(self) -> str:
        """How messages name it."""
        return self.lexeme.value if self.lexeme is Lexeme.END else repr(self.text)


_SPACE = re.compile(r"\s+")
_PIECES = (
    (Lexeme.NUMBER, re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)),
    (Lexeme.NAME, re.compile(r"[A-Za-z_][A-Za-z0-9_]*")),
    # A quote inside a string of the same quotes is escaped; any other backslash belongs to SEARCH, which reads it.
    (Lexeme.TEXT, re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)),
    (Lexeme.SIGN, re.compile(r"==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]]")),
)


def split(text: str) -> list[Token]:
    """The tokens of `text`, an END last. Raises InvalidInput naming the character that begins none."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if space := _SPACE.match(text, at):
            at = space.end()
            continue
        token = _token(text, at)
        tokens.append(token[0])
        at = token[1]
    return [*tokens, Token(Lexeme.END, "", len(text) + 1)]


def _token(text: str, at: int) -> tuple[Token, int]:
    for lexeme, pattern in _PIECES:
        if match := pattern.match(text, at):
            found = match[0]
            if lexeme is Lexeme.TEXT:
                found = found[1:-1].replace("\\" + found[0], found[0])
            return Token(lexeme, found, at + 1), match.end()
    if text[at] in "'\"":
        raise invalid(at + 1, f"the string that begins with {text[at]} has no end")
    raise invalid(at + 1, f"got {text[at]!r}")


def invalid(at: int, why: str) -> InvalidInput:
    """CloudWatch's complaint about syntax, with the character (from 1) and the reason that it does not give."""
    return InvalidInput(f"Invalid syntax at character {at}: {why}")
