"""Where in a pattern's text something is wrong, in the words of AWS's reader of JSON.

    at [Source: (String)"{"int": 42}"; line: 1, column: 11]

The column is the one after what was read when the value was refused: after the bracket or the quote that opens it,
after all of a number or a word, and after all of any value that was read whole.
"""

import json
import re
from collections.abc import Sequence

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_SHOWN = 500
"""Characters of the text that are told. Source: Jackson, JsonLocation.MAX_CONTENT_SNIPPET."""
Path = Sequence[str | int]
"""Keys and indexes that lead to a value, outermost first."""


def whereabouts(text: str, path: Path, *, whole: bool) -> str:
    """Where the value at `path` is in valid JSON; `whole` where it was read to its end."""
    tokens = list(_TOKEN.finditer(text))
    at = 0
    for step in path:
        at = _inner(tokens, at, step)
    opened = not whole and tokens[at][0][0] in '"{['
    past = tokens[at].start() + 1 if opened else tokens[_next(tokens, at) - 1].end()
    line, column = text.count("\n", 0, past) + 1, past - text.rfind("\n", 0, past)
    shown = f'"{text[:_SHOWN]}"' + (f"[truncated {len(text) - _SHOWN} chars]" if len(text) > _SHOWN else "")
    return f" at [Source: (String){shown}; line: {line}, column: {column}]"


def _inner(tokens: Sequence[re.Match[str]], at: int, step: str | int) -> int:
    """The token that begins a member of the value that begins at a token; of a repeated key the last, as decoded."""
    is_object = tokens[at][0] == "{"
    at, index, found = at + 1, 0, at
    while tokens[at][0] not in "}]":
        if is_object:
            key: str | int = json.loads(tokens[at][0], strict=False)
            at += 2  # over the colon
        else:
            key, index = index, index + 1
        if key == step:
            found = at
        at = _next(tokens, at)
        if tokens[at][0] == ",":
            at += 1
    return found


def _next(tokens: Sequence[re.Match[str]], at: int) -> int:
    """The token after the value that begins at a token."""
    depth = 0
    while True:
        depth += (tokens[at][0] in "{[") - (tokens[at][0] in "}]")
        at += 1
        if depth == 0:
            return at
