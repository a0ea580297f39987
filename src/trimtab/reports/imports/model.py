"""What an import makes of a foreign dashboard: a body, and everything that it had to leave out or change."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field


class Left(Struct, frozen=True):
    """Something that was left out or changed: where it stood, and why."""

    what: str
    why: str


class Notes(Struct):
    """Gathers what was left out while a document is read."""

    found: list[Left] = field(default_factory=list)

    def add(self, what: str, why: str) -> None:
        """Note one thing, once."""
        left = Left(what, why)
        if left not in self.found:
            self.found.append(left)


class Imported(Struct, frozen=True):
    """The body that an import made. `title` is the foreign dashboard's own."""

    title: str
    source: str
    body: Mapping[str, Any]
    left: tuple[Left, ...]
