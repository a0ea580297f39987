"""A dashboard: a CloudWatch dashboard body under a name, and its parts as the pages read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

COLUMNS = 24
"""Columns of the grid."""
WIDTH, HEIGHT = 6, 6
"""A widget's size where the body names none, in columns and rows."""
MOST_WIDGETS = 500
"""Widgets a body may have, as documented."""
KINDS = ("metric", "text", "log", "alarm", "explorer", "chart", "custom")
"""Types of widgets that a body may have."""


class Widget(Struct, frozen=True):
    """One panel. `index` is its place in the body; x, y, width and height are in columns and rows."""

    index: int
    kind: str
    x: int
    y: int
    width: int
    height: int
    properties: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Its title, or nothing."""
        title = self.properties.get("title", "")
        return title if isinstance(title, str) else ""


class Variable(Struct, frozen=True):
    """A placeholder of the dashboard: `kind` is `pattern` (text replaced) or `property` (a property set).

    `values` are those listed, as (value, label); `search` and `populate_from` make further ones of what is stored.
    """

    id: str
    kind: str
    target: str
    input: str
    label: str
    default: str
    visible: bool
    values: tuple[tuple[str, str], ...] = ()
    search: str = ""
    populate_from: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """A body read. `start` and `end` are as written; `inherit` says that the periods of the widgets are obeyed."""

    start: str
    end: str
    inherit: bool
    widgets: tuple[Widget, ...]
    variables: tuple[Variable, ...]
    raw: Mapping[str, Any] = field(hash=False)


class Stored(Struct, frozen=True):
    """A dashboard in the store. `body` is its JSON text; `version` counts its changes from 1."""

    account: str
    name: str
    body: str
    modified_ms: int
    version: int

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body.encode())


class Message(Struct, frozen=True):
    """Something to say about a body. `path` is a JSON pointer; a body with an `error` cannot be stored."""

    path: str
    text: str
    error: bool = True


class Share(Struct, frozen=True):
    """A read-only link to one dashboard; it ends at `expires_ms`."""

    id: str
    account: str
    dashboard: str
    created_ms: int
    expires_ms: int
    created_by: str
