"""The question of the Logs page, as its URL has it: groups, what to find, and how that is written."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.logs.explore import Question
from trimtab.logs.filters.condition import condition
from trimtab.logs.model import Group, Position
from trimtab.web.view import View

WORDS, PATTERN = "words", "pattern"
IS = "is"
"""A parameter of the address: `is=NAME=VALUE` narrows to a value of an attribute, or of these columns."""
_OF_TABLE = frozenset({"severity", "stream"})
_MOST_WORDS, _MOST_FACETS = 20, 10


class LogQuestion(Struct, frozen=True):
    """What is asked. `complaint` says what is wrong with the text; then it finds nothing."""

    groups: Sequence[Group]
    chosen: tuple[str, ...]
    text: str
    syntax: str
    where: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    complaint: str = ""

    def over(self, start_ms: int, end_ms: int) -> Question:
        """The same as the room takes it."""
        return Question(self.groups, start_ms, end_ms, self.where, self.params)


def read_question(view: View, groups: Sequence[Group]) -> LogQuestion:
    """The question in the URL over the groups that the viewer sees; all of them where it names none."""
    chosen = view.all("group")
    asked = [group for group in groups if group.name in chosen] if chosen else list(groups)
    text, syntax = view.get("q"), PATTERN if view.get("as") == PATTERN else WORDS
    try:
        where, params = condition(text) if text and syntax == PATTERN else _of_words(text.split()[:_MOST_WORDS])
        narrowing, values = _of_facets(facets_of(view))
    except InvalidInput as problem:
        return LogQuestion([], chosen, text, syntax, complaint=str(problem))
    both = " AND ".join(f"({part})" for part in (where, narrowing) if part)
    return LogQuestion(asked, chosen, text, syntax, both, {**params, **values})


def facets_of(view: View) -> list[tuple[str, str]]:
    """The facets that the address narrows by. Raises InvalidInput."""
    found = []
    for text in view.all(IS)[:_MOST_FACETS]:
        name, sign, value = text.partition("=")
        if not name or not sign:
            raise InvalidInput(f"cannot read the facet {text[:80]!r}: expected NAME=VALUE", field=IS)
        found.append((name, value))
    return found


def read_position(text: str) -> Position | None:
    """A position `time.id` of the URL; None for none. Raises InvalidInput."""
    if not text:
        return None
    time, _, id_ = text.partition(".")
    if not (time.isdecimal() and id_.isdecimal() and len(time) < 15 and len(id_) < 21):
        raise InvalidInput(f"cannot read the position {text[:50]!r}: expected TIME.ID", field="before")
    return Position(int(time), int(id_))


def _of_words(words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Every word somewhere in the message, capitals or not."""
    params = {f"q{at}": word for at, word in enumerate(words)}
    return " AND ".join(f"positionCaseInsensitiveUTF8(message, {{{name}:String}}) > 0" for name in params), params


def _of_facets(facets: Sequence[tuple[str, str]]) -> tuple[str, dict[str, str]]:
    """The same as a condition on the table of events, with its parameters."""
    parts, params = [], {}
    for at, (name, value) in enumerate(facets):
        params[f"facet_value{at}"] = value
        if name in _OF_TABLE:
            parts.append(f"{name} = {{facet_value{at}:String}}")
        else:
            params[f"facet_name{at}"] = name
            parts.append(f"attributes[{{facet_name{at}:String}}] = {{facet_value{at}:String}}")
    return " AND ".join(parts), params
