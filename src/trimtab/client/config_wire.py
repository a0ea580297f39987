"""Configuration files, as they travel over the REST API. See `wire.py`."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(max_length=4 << 20)]


class ConfigFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file as it is: YAML or JSON. `name` is told where something in it is wrong."""

    name: Annotated[str, Meta(max_length=1024)]
    text: Text


class ConfigFiles(Struct, frozen=True, forbid_unknown_fields=True):
    """The files, read together as one set.

    `prune` removes what the files' sections do not name. `replay_days` is the history on which changed alarms are
    tried; 0 tries none.
    """

    files: Annotated[list[ConfigFile], Meta(min_length=1, max_length=1000)]
    prune: bool = False
    replay_days: Annotated[int, Meta(ge=0, le=90)] = 0


class ConfigField(Struct, frozen=True):
    """One value that differs: where in the document, what it was and what it will be (null: absent)."""

    path: str
    before: Any
    after: Any


class ConfigReplay(Struct, frozen=True):
    """What an alarm would have done in the past days, as it was and as it will be; in words where it cannot be told."""

    days: int
    before: str
    after: str


class ConfigChange(Struct, frozen=True):
    """One document that differs."""

    section: str
    name: str
    action: Literal["add", "change", "remove"]
    fields: list[ConfigField]
    replay: ConfigReplay | None = None


class ConfigDifference(Struct, frozen=True):
    """What files would change, in the order of sections and names."""

    changes: list[ConfigChange]


class ConfigApplied(Struct, frozen=True):
    """What was changed. Where the store refused a change, it is `failed`, and those after it were not tried."""

    changes: list[ConfigChange]
    failed: ConfigChange | None = None
    problem: str = ""
