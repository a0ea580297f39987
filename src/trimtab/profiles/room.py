"""The room as doors and pages are given it."""

from pathlib import Path

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.uploads import Uploads
from trimtab.profiles.imports import ProfileImports
from trimtab.profiles.store import ProfileStore
from trimtab.store.state.database import State


class ProfilesRoom(Struct, frozen=True):
    """Profiles of runs, and how they come in."""

    store: ProfileStore
    imports: ProfileImports

    @classmethod
    def of(cls, state: State, data_dir: Path, clock: Clock) -> "ProfilesRoom":
        """The room over a state database; files wait in `data_dir` until they are read."""
        store = ProfileStore(state, clock)
        return cls(store, ProfileImports(store, Uploads(data_dir / "profiles" / "uploads"), clock))
