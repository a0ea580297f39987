"""JSON5 as the event-pattern cases use it, turned to JSON text: comments, trailing commas, single quotes, bare keys.

The text of numbers stays as it is, which a parser to Python values would lose.
"""

import re

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<double>"(?:\\.|[^"\\])*")|(?P<single>'(?:\\.|[^'\\])*')"""
    r"""|(?P<key>[A-Za-z_$][\w$]*)(?=\s*:)|(?P<comma>,)(?=(?:\s|//[^\n]*(?:\n|$)|/\*.*?\*/)*[}\]])|(?P<rest>.)""",
    re.DOTALL,
)

_ESCAPE = re.compile(r"""\\(?P<what>\r\n|.)|\"""", re.DOTALL)


def to_json(text: str) -> str:
    """The same document as JSON."""
    return _TOKEN.sub(_rewritten, text)


def _rewritten(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind in ("comment", "comma"):
        return ""
    if kind in ("single", "double"):
        inner = _ESCAPE.sub(_escaped, match[0][1:-1])
        return f'"{inner}"'
    return f'"{match[0]}"' if kind == "key" else match[0]


def _escaped(match: re.Match[str]) -> str:
    """An escape that JSON has not stands for the character itself, one before a line's end for nothing."""
    what = match["what"]
    if what is None:
        return '\\"'
    if what in ("\n", "\r\n"):
        return ""
    return match[0] if what in '"\\/bfnrtu' else what
