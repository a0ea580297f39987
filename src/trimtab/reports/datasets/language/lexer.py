"""Splits an expression into tokens. Fields are bare words or `{any text}`, parameters `${name}`, comments `/* … */`."""

import re
from enum import StrEnum

from msgspec import Struct

from trimtab.base.errors import InvalidInput

MOST_CHARACTERS = 10_000
"""Of an expression: a long `switch` fits, a pasted file does not."""


class ExpressionProblem(InvalidInput):
    """An expression that cannot be used. `start` and `end` are the characters at fault, from 0, half-open."""

    def __init__(self, why: str, start: int, end: int, *, where: str = "") -> None:
        place = f"{where}, character {start + 1}" if where else f"character {start + 1}"
        super().__init__(f"cannot use expression at {place}: {why}", field=where or None)
        self.why = why
        self.start = start
        self.end = max(end, start + 1)
        self.where = where

    def at(self, where: str) -> "ExpressionProblem":
        """The same, told of a part of a spec."""
        return ExpressionProblem(self.why, self.start, self.end, where=where)


class Lexeme(StrEnum):
    """What a token is; the value is how messages speak of it."""

    NAME = "a name"
    FIELD = "a field in braces"
    PARAMETER = "a parameter"
    NUMBER = "a number"
    TEXT = "a text in quotes"
    SIGN = "a sign"
    END = "the end"


class Token(Struct, frozen=True):
    """A piece of an expression, from character `start` to `end`; quotes, braces and escapes are taken off."""

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


_SPACE = re.compile(r"(?:\s+|/\*.*?\*/)+", re.DOTALL)
_PATTERNS = (
    (Lexeme.NUMBER, re.compile(r"(\d{1,30}(?:\.\d{1,30})?)(?![A-Za-z0-9_])")),
    (Lexeme.NAME, re.compile(r"([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)")),
    (Lexeme.PARAMETER, re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")),
    (Lexeme.FIELD, re.compile(r"\{([^{}\n]+)\}")),
    (Lexeme.SIGN, re.compile(r"(!=|<>|<=|>=|[=<>+\-*/%(),\[\]])")),
)
_TEXT = re.compile(r"'((?:\\.|''|[^'\\])*)'|\"((?:\\.|\"\"|[^\"\\])*)\"", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)|''|\"\"", re.DOTALL)


def tokens_of(text: str) -> list[Token]:
    """The tokens, the end as the last. Raises ExpressionProblem for a character that begins none."""
    if len(text) > MOST_CHARACTERS:
        raise ExpressionProblem(f"it has {len(text)} characters, of at most {MOST_CHARACTERS}", 0, 1)
    found: list[Token] = []
    at = 0
    while True:
        if space := _SPACE.match(text, at):
            at = space.end()
        if at >= len(text):
            return [*found, Token(Lexeme.END, "", len(text), len(text))]
        token = _next(text, at)
        found.append(token)
        at = token.end


def _next(text: str, at: int) -> Token:
    for lexeme, pattern in _PATTERNS:
        if match := pattern.match(text, at):
            return Token(lexeme, match[1].strip(), at, match.end())
    if match := _TEXT.match(text, at):
        inner = match[1] if match[2] is None else match[2]
        return Token(Lexeme.TEXT, _ESCAPED.sub(lambda one: one[1] or one[0][0], inner), at, match.end())
    if text[at] in "'\"":
        raise ExpressionProblem("the text in quotes does not end", at, len(text))
    raise ExpressionProblem(f"{text[at]!r} begins nothing that is known here", at, at + 1)
