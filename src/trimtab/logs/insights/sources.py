"""Parses `SOURCE`: log groups by name, or by logGroups(namePrefix: […], class: […], accountIdentifiers: […])."""

from trimtab.logs.insights.lexer import Lexeme, QueryProblem
from trimtab.logs.insights.syntax import Source
from trimtab.logs.insights.tokens import Tokens

MAX_GROUPS = 50
"""Log groups that a query may name, as documented."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def source_of(tokens: Tokens) -> Source:
    """The command that `tokens` stands before. Raises QueryProblem."""
    start = tokens.take().start
    parts: dict[str, tuple[str, ...]] = {"nameprefix": (), "class": (), "accountidentifiers": ()}
    names: tuple[str, ...] = ()
    if tokens.word("loggroups"):
        tokens.expect_sign("(")
        while not tokens.sign(")"):
            key = tokens.name("namePrefix, class or accountIdentifiers")
            if key.text.lower() not in parts:
                raise QueryProblem(f"got {key}; expected namePrefix, class or accountIdentifiers", key.start, key.end)
            tokens.expect_sign(":")
            parts[key.text.lower()] = _texts(tokens)
            tokens.sign(",")
    else:
        names = _texts(tokens)
    if len(names) > MAX_GROUPS:
        raise QueryProblem(f"the query names more than {MAX_GROUPS} log groups", start, tokens.passed)
    times: dict[str, int] = {}
    while word := tokens.word("start", "end"):
        tokens.expect_sign("=")
        times[word.text.lower()] = _seconds_ago(tokens)
    return Source(
        names,
        parts["nameprefix"],
        parts["class"],
        parts["accountidentifiers"],
        times.get("start"),
        times.get("end"),
        tokens.place_from(start),
    )


def _texts(tokens: Tokens) -> tuple[str, ...]:
    if not tokens.sign("["):
        found = [tokens.quoted("a name").text]
        while tokens.sign(","):
            found.append(tokens.quoted("a name").text)
        return tuple(found)
    found = []
    while not tokens.sign("]"):
        if found:
            tokens.expect_sign(",")
        found.append(tokens.quoted("a name").text)
    return tuple(found)


def _seconds_ago(tokens: Tokens) -> int:
    """-6h is six hours before now; so is 6h, for nothing is after."""
    tokens.sign("-")
    token = tokens.token
    if token.lexeme is Lexeme.NUMBER and token.text.isdigit():
        return int(tokens.take().text)
    unit = token.text.lstrip("0123456789")
    if token.lexeme is not Lexeme.DURATION or unit not in _SECONDS:
        tokens.fail("expected a time before now, like -6h")
    tokens.take()
    return int(token.text.removesuffix(unit)) * _SECONDS[unit]
