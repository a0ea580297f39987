"""Filter patterns of terms, as a condition over `message`: `A B`, `?A ?B`, `-A`, `"a phrase"`.

Source: "Filter pattern syntax" of CloudWatch Logs, unstructured log events. Terms are matched by letter and case.
"""

import re
from typing import Any

from trimtab.base.errors import InvalidInput

_TERM = re.compile(r'\s*([-?]?)("(?:[^"\\]|\\.)*"|[^\s"]+)')


def condition_of(pattern: str) -> tuple[str, dict[str, Any]]:
    """The condition and its bound parameters; "" for a pattern that matches everything. Raises InvalidInput."""
    text = pattern.strip()
    if text[:1] in ("{", "[", "%"):
        raise InvalidInput("cannot use filterPattern: got one of JSON, columns or a regular expression; expected terms")
    params: dict[str, Any] = {}
    needed: list[str] = []
    optional: list[str] = []
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise InvalidInput(f"cannot use filterPattern: got {text[at : at + 40]!r}; expected a closing quote")
        at = match.end()
        term = match[2]
        name = f"term_{len(params)}"
        params[name] = re.sub(r"\\(.)", r"\1", term[1:-1]) if term.startswith('"') else term
        found = f"position(message, {{{name}:String}}) {'=' if match[1] == '-' else '>'} 0"
        (optional if match[1] == "?" else needed).append(found)
    if optional and not any(" > " in one for one in needed):  # beside a term that must be there, they say nothing
        needed.append(f"({' OR '.join(optional)})")
    return " AND ".join(needed), params
