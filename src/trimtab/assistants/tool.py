"""A tool: its name, what it is for, the record of its arguments, and a function from client and them to an answer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from trimtab.assistants.answer import Answer
from trimtab.base.errors import AccessDenied, NotFound, Unavailable
from trimtab.client.api import Client

T = TypeVar("T")
Run = Callable[[Client, Any], Answer]


class Tool(Struct, frozen=True, kw_only=True):
    """A tool. `about` is all that an assistant knows of it; `arguments` a Struct whose fields have descriptions."""

    name: str
    title: str
    about: str
    arguments: type[Struct]
    run: Run

    def schema(self) -> dict[str, Any]:
        """The arguments as JSON Schema, without what says nothing."""
        whole = msgspec.json.schema(self.arguments)
        [schema] = whole["$defs"].values()
        return {
            "type": "object",
            "properties": {name: _lean(one) for name, one in schema["properties"].items()},
            **({"required": schema["required"]} if schema.get("required") else {}),
            "additionalProperties": False,
        }

    def described(self) -> dict[str, Any]:
        """The tool as `tools/list` tells it."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.about,
            "inputSchema": self.schema(),
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        }


def by_ask(asks: Mapping[str, Run]) -> Run:
    """Answers by the function that the argument `ask` names."""
    return lambda client, arguments: asks[arguments.ask](client, arguments)


def _lean(schema: dict[str, Any]) -> dict[str, Any]:
    """A property without what an assistant does not need: empty defaults, and lengths, which errors tell."""
    lean = {key: value for key, value in schema.items() if key not in _ENFORCED}
    if "items" in lean:
        lean["items"] = _lean(lean["items"])
    return {key: value for key, value in lean.items() if not (key == "default" and value in ("", None, [], False))}


_ENFORCED = ("maxLength", "maxItems", "minimum", "maximum", "pattern")


class Parts(Struct):
    """Parts of an answer that are asked one by one: those that a caller may not have, or that cannot be had now, are
    left out with a note. Where nothing at all can be had, the first error is the answer's.
    """

    notes: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    had: int = 0

    def of(self, what: str, ask: Callable[[], T], otherwise: T) -> T:
        """What `ask` answers, or `otherwise`. `what` is in our words."""
        try:
            answer = ask()
        except (AccessDenied, Unavailable, NotFound) as problem:
            self.errors.append(problem)
            self.notes.append(f"Left out: {what} ({_REASONS[type(problem)]}).")
            return otherwise
        self.had += 1
        return answer

    def check(self) -> Sequence[str]:
        """The notes. Raises the first error where no part could be had."""
        if self.errors and not self.had:
            raise self.errors[0]
        return self.notes


_REASONS: dict[type[Exception], str] = {
    AccessDenied: "this key may not read it",
    Unavailable: "it cannot be had now",
    NotFound: "there is none",
}
