"""The lexer: the text of a query as tokens. Comments (`# …`) and white space are left out."""

import re

from trimtab.metrics.promql.language.tokens import SYMBOLS, Kind, Token
from trimtab.metrics.promql.problems import BadQuery

_SPACE = re.compile(r"(?:[ \t\n\r]+|#[^\n]*)+")
_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DURATION = re.compile(
    r"(?:[0-9]+y)?(?:[0-9]+w)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m(?!s))?(?:[0-9]+s)?(?:[0-9]+ms)?(?![A-Za-z0-9_.])"
)
_NUMBER = re.compile(
    r"(?:0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?)(?![A-Za-z0-9_.])"
)
_QUOTED = {
    '"': re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    "'": re.compile(r"'(?:[^'\\\n]|\\.)*'"),
    "`": re.compile(r"`[^`]*`"),
}
_MOST = 1_000_000  # characters of a query; a form body may bring more


def tokens_of(text: str) -> list[Token]:
    """The tokens of `text`, the last of them the end. Raises BadQuery."""
    if len(text) > _MOST:
        raise BadQuery(f"cannot read a query of {len(text)} characters; expected at most {_MOST}")
    found: list[Token] = []
    at = 0
    braces = brackets = False
    while True:
        space = _SPACE.match(text, at)
        if space:
            at = space.end()
        if at >= len(text):
            found.append(Token(Kind.END, "", len(text), len(text)))
            return found
        token = _next(text, at, braces=braces, brackets=brackets)
        if token.kind is Kind.SYMBOL:
            braces = token.text == "{" or (braces and token.text != "}")
            brackets = token.text == "[" or (brackets and token.text != "]")
        found.append(token)
        at = token.end


def _next(text: str, at: int, *, braces: bool, brackets: bool) -> Token:
    first = text[at]
    if first in _QUOTED:
        quoted = _QUOTED[first].match(text, at)
        if not quoted:
            raise BadQuery("unterminated quoted string", text, at)
        return Token(Kind.STRING, quoted[0], at, quoted.end())
    if first.isdigit() or (first == "." and text[at + 1 : at + 2].isdigit()):
        return _numeric(text, at)
    name = (_LABEL if braces or brackets else _NAME).match(text, at)
    if name:
        return Token(Kind.NAME, name[0], at, name.end())
    for symbol in SYMBOLS:
        if text.startswith(symbol, at):
            return Token(Kind.SYMBOL, symbol, at, at + len(symbol))
    raise BadQuery(f"unexpected character: {first!r}", text, at)


def _numeric(text: str, at: int) -> Token:
    duration = _DURATION.match(text, at)
    if duration and duration[0]:
        return Token(Kind.DURATION, duration[0], at, duration.end())
    number = _NUMBER.match(text, at)
    if number:
        return Token(Kind.NUMBER, number[0], at, number.end())
    end = re.compile(r"[A-Za-z0-9_.]*").match(text, at)
    raise BadQuery(f"bad number or duration syntax: {end[0] if end else text[at]!r}", text, at)
