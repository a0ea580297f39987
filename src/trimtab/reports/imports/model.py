"""What an import makes of a foreign dashboard: a body, and everything that it had to leave out or change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Left:
    """Something that was left out or changed: where it stood, and why."""

    what: str
    why: str


@dataclass(slots=True)
class Notes:
    """Gathers what was left out while a document is read."""

    found: list[Left] = field(default_factory=list)

    def add(self, what: str, why: str) -> None:
        """Note one thing, once."""
        left = Left(what, why)
        if left not in self.found:
            self.found.append(left)


@dataclass(frozen=True, slots=True)
class Imported:
    """The body that an import made. `title` is the foreign dashboard's own."""

    title: str
    source: str
    body: Mapping[str, Any]
    left: tuple[Left, ...]
