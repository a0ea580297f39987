"""What travels when the whole state is exported and imported."""

from msgspec import Struct


class ImportState(Struct, frozen=True, forbid_unknown_fields=True):
    """What to do with the file that was sent. `replace`: in the place of a state that is in use. `check`: only try."""

    replace: bool = False
    check: bool = False


class StateFile(Struct, frozen=True):
    """How much of a file the server has, in bytes."""

    bytes: int


class StateImported(Struct, frozen=True):
    """What a file holds: rows by table, who wrote it and when. `missing` must be entered again; it had no secrets.

    `restarting`: the server starts anew and has the state then; else nothing was changed.
    """

    trimtab: str
    revision: str
    made_at: str
    tables: dict[str, int]
    missing: list[str]
    restarting: bool
