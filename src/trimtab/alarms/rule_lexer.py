"""Words of a composite alarm's rule: names in quotes or bare, the functions and operators, parentheses and commas."""

import re
from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from trimtab.base.errors import InvalidInput


class Sort(StrEnum):
    """What a token is."""

    WORD = "word"
    QUOTED = "quoted"
    OPEN = "("
    CLOSE = ")"
    COMMA = ","
    END = "end"


class Token(Struct, frozen=True):
    """A token: its sort, its text (of a quoted one what is between the quotes), and where it begins (from 1)."""

    sort: Sort
    text: str
    at: int


_TOKEN = re.compile(r"""\s*(?:(?P<mark>[(),])|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s(),"]+))""")
_MARKS = {"(": Sort.OPEN, ")": Sort.CLOSE, ",": Sort.COMMA}


def tokens(text: str) -> Iterator[Token]:
    """The tokens of `text`, then one END. Raises InvalidInput for a quote that is not closed."""
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise complaint(f"a quote that is not closed at position {at + 1}")
        start = match.start(match.lastgroup or 0) + 1
        if match["mark"]:
            yield Token(_MARKS[match["mark"]], match["mark"], start)
        elif match["quoted"] is not None:
            yield Token(Sort.QUOTED, re.sub(r"\\(.)", r"\1", match["quoted"]), start)
        else:
            yield Token(Sort.WORD, match["word"], start)
        at = match.end()
    yield Token(Sort.END, "the end", len(text) + 1)


def complaint(found: str) -> InvalidInput:
    """The error of a rule that cannot be read."""
    return InvalidInput(f"AlarmRule was syntactically incorrect: got {found}", field="AlarmRule")
