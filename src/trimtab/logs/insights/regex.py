"""Regular expressions as the engine (RE2) takes them, checked before it sees them."""

import re

import re2

from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.syntax import Place

# Java and .NET name groups like this; RE2 of the engine and Python agree on (?P<name>.
_NAMED = re.compile(r"\(\?<(?=[\w@])")
_UNKNOWN_TO_RE2 = re.compile(r"\(\?(?:[=!>(]|<[=!])|\(\?P[=>]|(?<!\\)(?:\\\\)*\\(?:[1-9]|Z)|[*+?}]\+")
_GROUP_NAME = re.compile(r"\(\?P<([^>]*)>")
_MAX_LENGTH = 4000


def _quiet() -> "re2.Options":
    options = re2.Options()
    options.log_errors = False  # what a user wrote is told to the user, not to the server's log
    return options


_QUIET = _quiet()


def checked(pattern: str, place: Place) -> tuple[str, tuple[str | None, ...]]:
    """The pattern as the engine takes it, with the name of each group (None where it has none).

    Raises QueryProblem for what RE2 cannot do (look-around, back references) and for what is no expression.
    """
    if len(pattern) > _MAX_LENGTH:
        raise QueryProblem(f"the regular expression has more than {_MAX_LENGTH} characters", place.start, place.end)
    text = _NAMED.sub("(?P<", pattern)
    if unknown := _UNKNOWN_TO_RE2.search(text):
        why = f"the regular expression has {unknown[0]!r}; look-around, back references and possessive repeats"
        raise QueryProblem(f"{why} cannot be searched for in time that grows with the text", place.start, place.end)
    found = _GROUP_NAME.findall(text)
    names = {name: f"g{count}" for count, name in enumerate(found)}
    if len(names) < len(found):
        raise QueryProblem("two groups of the regular expression have the same name", place.start, place.end)
    # A field may be called @user; a group of Python may not.
    renamed = _GROUP_NAME.sub(lambda match: f"(?P<{names[match[1]]}>", text)
    try:
        compiled = re2.compile(renamed, _QUIET)
    except re2.error as problem:
        told = problem.args[0] if problem.args else ""
        why = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        raise QueryProblem(f"the regular expression is wrong: {why}", place.start, place.end) from None
    original = {short: name for name, short in names.items()}
    groups: list[str | None] = [None] * compiled.groups
    for short, index in compiled.groupindex.items():
        groups[index - 1] = original[short]
    return renamed, tuple(groups)
