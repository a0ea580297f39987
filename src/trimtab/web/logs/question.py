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
_MOST_WORDS = 20


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
    if not text:
        return LogQuestion(asked, chosen, "", syntax)
    if syntax == WORDS:
        return LogQuestion(asked, chosen, text, syntax, *_of_words(text.split()[:_MOST_WORDS]))
    try:
        return LogQuestion(asked, chosen, text, syntax, *condition(text))
    except InvalidInput as problem:
        return LogQuestion([], chosen, text, syntax, complaint=str(problem))


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
