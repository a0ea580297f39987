"""Splits a Metrics Insights query into tokens. Keywords are known in any case; all other text keeps its case."""

import re
from enum import StrEnum

from msgspec import Struct

from trimtab.base.errors import InvalidInput

KEYWORDS = ("SELECT", "FROM", "SCHEMA", "WHERE", "AND", "GROUP", "BY", "ORDER", "ASC", "DESC", "LIMIT")
"""Words that cannot be names unless they are quoted. CloudWatch reserves some 900; only these would be ambiguous."""


class Lexeme(StrEnum):
    """What a token is; the value is how messages speak of it."""

    KEYWORD = "a keyword"
    NAME = "a name"
    VALUE = "a value in single quotes"
    SIGN = "a sign"
    END = "the end"


class Token(Struct, frozen=True):
    """A piece of a query; `at` counts characters from 1. Keywords are in capitals; quotes are taken off."""

    lexeme: Lexeme
    text: str
    at: int

    def __str__(self) -> str:
        """How messages name it."""
        return self.lexeme.value if self.lexeme is Lexeme.END else repr(self.text)


_SPACE = re.compile(r"\s+")
# `tag.team` and `AWS.AccountId` are one name; so is `tag."cost centre"`.
_NAME = re.compile(r'(?:(?:tag|AWS)\.)?(?:[A-Za-z0-9_]+|"((?:\\.|[^"\\])*)")', re.DOTALL)
_VALUE = re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL)
_SIGN = re.compile(r"!=|[=(),]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def split(text: str) -> list[Token]:
    """The tokens of `text`, an END last. Raises InvalidInput naming the character that begins none."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if space := _SPACE.match(text, at):
            at = space.end()
            continue
        token, at = _token(text, at)
        tokens.append(token)
    return [*tokens, Token(Lexeme.END, "", len(text) + 1)]


def invalid(at: int, why: str) -> InvalidInput:
    """The complaint about syntax, with the character (from 1)."""
    return InvalidInput(f"Invalid syntax at character {at}: {why}")


def _token(text: str, at: int) -> tuple[Token, int]:
    if match := _NAME.match(text, at):
        return _named(match), match.end()
    if match := _VALUE.match(text, at):
        return Token(Lexeme.VALUE, _ESCAPED.sub(r"\1", match[1]), at + 1), match.end()
    if match := _SIGN.match(text, at):
        return Token(Lexeme.SIGN, match[0], at + 1), match.end()
    quote = text[at]
    raise invalid(at + 1, f"the text that begins with {quote} has no end" if quote in "'\"" else f"got {quote!r}")


def _named(match: re.Match[str]) -> Token:
    at = match.start() + 1
    if match[1] is None:
        upper = match[0].upper()
        keyword = upper in KEYWORDS
        return Token(Lexeme.KEYWORD if keyword else Lexeme.NAME, upper if keyword else match[0], at)
    prefix = match[0][: match[0].index('"')]
    return Token(Lexeme.NAME, prefix + _ESCAPED.sub(r"\1", match[1]), at)
