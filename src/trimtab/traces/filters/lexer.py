"""Cuts filter expressions of X-Ray into tokens."""

import json
import re
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput

END = "end"
_TOKEN = re.compile(
    r'(?P<string>"(?:\\.|[^"\\])*")'
    r"|(?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))"
    r"|(?P<json>#)"
    r"|(?P<word>[A-Za-z_@][\w.@\-]*)"
    r"|(?P<sign>!=|<=|>=|[=<>!(){}\[\],:])",
    re.DOTALL,
)
_SPACE = re.compile(r"\s*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_DECODER = json.JSONDecoder()


class Token(Struct, frozen=True):
    """A token; `kind` is string, number, json, word, sign or end, and `at` its place. `value` is what it stands for."""

    kind: str
    text: str
    at: int
    value: Any = None


def wrong(text: str, at: int, expected: str) -> InvalidInput:
    """The error for what stands at a place."""
    found = repr(text[at : at + 20]) if at < len(text) else "the end"
    return InvalidInput(
        f"Invalid filter expression: got {found} at character {at + 1}; expected {expected}", field="FilterExpression"
    )


def tokens(text: str) -> list[Token]:
    """The tokens of an expression, and one of kind end. Raises InvalidInput that names the character."""
    found: list[Token] = []
    at = _after_space(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise wrong(text, at, "a keyword, an operator or a value")
        token, end = _token(text, match)
        found.append(token)
        at = _after_space(text, end)
    return [*found, Token(END, "", len(text))]


def _token(text: str, match: re.Match[str]) -> tuple[Token, int]:
    kind, raw, at = str(match.lastgroup), match[0], match.start()
    if kind == "string":
        return Token(kind, raw, at, _ESCAPE.sub(r"\1", raw[1:-1])), match.end()
    if kind == "number":
        return Token(kind, raw, at, float(raw)), match.end()
    if kind == "json":
        begin = _after_space(text, match.end())
        try:
            value, end = _DECODER.raw_decode(text, begin)
        except (ValueError, RecursionError):
            raise wrong(text, begin, "JSON after #") from None
        return Token(kind, text[at:end], at, value), end
    return Token(kind, raw, at), match.end()


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()
