"""What a set of configuration files holds: for each section, named documents."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct

Form = Mapping[str, Any]
"""One document, in the form of the API that defines its kind, without its name."""
Configuration = Mapping[str, Mapping[str, Form]]
"""By section and name."""


class Owner(Struct, frozen=True):
    """Whose configuration it is, and who asks."""

    account: str
    region: str
    by: str


class Kind(Protocol):
    """A section of the files: how its documents are read, checked, stored and removed."""

    @property
    def section(self) -> str:
        """The section's name."""
        ...

    async def stored(self, owner: Owner) -> Mapping[str, Form]:
        """What there is, in the form that `check` answers."""
        ...

    def check(self, owner: Owner, name: str, form: Any) -> Form:
        """The document in its one normal form. Raises InvalidInput."""
        ...

    async def put(self, owner: Owner, name: str, form: Form) -> None:
        """Store a document that was checked. Raises InvalidInput for what only the store can see."""
        ...

    async def delete(self, owner: Owner, name: str) -> None:
        """Remove one that is there. Raises InvalidInput where something needs it."""
        ...


class Action(StrEnum):
    """What a change does."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


class FieldChange(Struct, frozen=True):
    """One value within a document: where, as a path of names and numbers; what it was and will be (None: absent)."""

    path: str
    before: Any
    after: Any


class Change(Struct, frozen=True):
    """One document that differs."""

    section: str
    name: str
    action: Action
    fields: tuple[FieldChange, ...]
    before: Form | None
    after: Form | None
