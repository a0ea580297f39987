"""Label matchers. Regular expressions are RE2's: anchored at both ends, `.` matches a line break, linear in the text.

Source: Prometheus, model/labels/regexp.go. Python's own `re` backtracks: one expression of a stranger could hold the
server for hours.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import re2

from trimtab.metrics.promql.language.syntax import Matcher, MatchOp

_MOST_MEMORY = 8 << 20  # bytes of a compiled expression and its states, as RE2's own default


class Match(Protocol):
    """What is used of a match."""

    def expand(self, template: str) -> str:
        """The template with groups filled in."""
        ...

    def group(self, *groups: int | str) -> str | None:
        """A group's text."""
        ...

    def groupdict(self) -> dict[str, str | None]:
        """The named groups."""
        ...

    @property
    def lastindex(self) -> int | None:
        """The number of the last group."""
        ...


class Pattern(Protocol):
    """What is used of a compiled expression."""

    groups: int

    def fullmatch(self, text: str) -> Match | None:
        """The match of the whole text."""
        ...


@lru_cache(maxsize=4096)  # a dashboard repeats its expressions; compiling one takes 20 µs
def compiled(expression: str) -> Pattern:
    """A compiled expression. Raises ValueError that says what is wrong with it."""
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = _MOST_MEMORY
    try:
        made: Pattern = re2.compile(expression, options)
    except re2.error as problem:
        text = problem.args[0] if problem.args else problem
        raise ValueError(text.decode(errors="replace") if isinstance(text, bytes) else str(text)) from None
    return made


def predicate(matcher: Matcher) -> Callable[[str], bool]:
    """Whether a label's value passes; a label that is not there has the value ""."""
    value = matcher.value
    match matcher.op:
        case MatchOp.EQUAL:
            return lambda text: text == value
        case MatchOp.NOT_EQUAL:
            return lambda text: text != value
    pattern = compiled(value)
    if matcher.op is MatchOp.REGEX:
        return lambda text: pattern.fullmatch(text) is not None
    return lambda text: pattern.fullmatch(text) is None
