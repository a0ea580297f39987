"""Cuts filter patterns into tokens. Terms have rules of their own; JSON and space-delimited patterns share theirs."""

import re
from collections.abc import Iterator

from msgspec import Struct

from trimtab.base.errors import InvalidInput

_STRING = r'"(?:\\.|[^"\\])*"'
_REGEX = r"%(?:\\.|[^%\\])+%"
_KEY = r"""[^\s.\[\]=!<>()&|"'{},%]+"""
_TOKEN = re.compile(
    rf"""(?P<selector>\$(?:\.{_KEY}|\.?\[\s*(?:\d+|"[^"]*"|'[^']*')\s*\])+)"""
    rf"|(?P<string>{_STRING})|(?P<regex>{_REGEX})"
    r"|(?P<sign>&&|\|\||[!<>]=|[=<>(),])"
    r"""|(?P<word>(?:\\.|[^\s=!<>()&|",%\\])+)""",
    re.DOTALL,
)
_TERM = re.compile(rf"(?P<sign>[?-]?)(?:(?P<string>{_STRING})|(?P<regex>{_REGEX})|(?P<word>\S+))", re.DOTALL)
_SPACE = re.compile(r"\s*")
_STEP = re.compile(rf"""\.({_KEY})|\.?\[\s*(?:(\d+)|"([^"]*)"|'([^']*)')\s*\]""")
END = "end"


class Token(Struct, frozen=True):
    """A token; `kind` is selector, string, regex, sign, word or end, and `at` its place in the pattern."""

    kind: str
    text: str
    at: int


def tokens(pattern: str, start: int, end: int) -> list[Token]:
    """The tokens of `pattern[start:end]`, and one of kind end. Raises InvalidInput."""
    found = list(_cut(_TOKEN, pattern, start, end))
    return [Token(str(match.lastgroup), match[0], match.start()) for match in found] + [Token(END, "", end)]


def terms(pattern: str) -> Iterator[tuple[str, Token]]:
    """The terms with the sign before each: `?`, `-` or none. Raises InvalidInput."""
    for match in _cut(_TERM, pattern, 0, len(pattern)):
        kind = str(match.lastgroup)
        yield match["sign"], Token(kind, match[kind], match.start(kind))


def steps(selector: str) -> tuple[str | int, ...]:
    """The path of a selector's text."""
    return tuple(
        int(match[2]) if match[2] else next(part for part in (match[1], match[3], match[4]) if part is not None)
        for match in _STEP.finditer(selector, 1)
    )


def wrong(pattern: str, at: int, expected: str) -> InvalidInput:
    """The error for what stands at a place."""
    found = repr(pattern[at : at + 20]) if at < len(pattern) else "the end"
    return InvalidInput(f"Invalid filter pattern: got {found} at character {at + 1}; expected {expected}")


def _cut(token: re.Pattern[str], pattern: str, start: int, end: int) -> Iterator[re.Match[str]]:
    at = _SPACE.match(pattern, start).end()  # type: ignore[union-attr]  # it matches nothing at all too
    while at < end:
        match = token.match(pattern, at, end)
        if match is None:
            raise wrong(pattern, at, "a selector like $.a, a value or an operator")
        yield match
        at = _SPACE.match(pattern, match.end()).end()  # type: ignore[union-attr]  # as above
